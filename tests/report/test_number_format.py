"""Figures and intervals as text."""

from __future__ import annotations

import pytest

from engine.analysis.published_comparison import PublishedDifference
from engine.core.errors import escape_controls
from engine.report import number_format as fmt
from engine.report.phrases import published_rows


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (fmt.money(948310.94), "948,311"),
        (fmt.money(366.2), "366.20"),
        (fmt.money(0.0), "0"),
        (fmt.money(None), "\N{EN DASH}"),
        (fmt.percent(0.10899), "10.90 %"),
        (fmt.percent(-0.00001), "0.00 %"),
        (fmt.percentage_points(0.0031797), "+0.32 pp"),
        (fmt.percentage_points(-0.00001), "0.00 pp"),
        (fmt.ratio(0.6285), "0.628"),
        (fmt.count(5474), "5,474"),
        (fmt.days(1591), "1,591 d"),
        (fmt.quantity(-12.5), "-12.5000"),
        (fmt.quantity(3.0), "+3"),
        (fmt.price(0.01234), "0.01234"),
        (fmt.residual(0.0), "0"),
        (fmt.residual(4.44e-16), "4.4e-16"),
        (fmt.short_percent(0.025), "2.5 %"),
    ],
)
def test_numbers_are_shown_as_a_reader_expects_them(shown: str, expected: str) -> None:
    """A figure has separators, a sign where it is a difference, a dash where it does not exist, and no minus zero."""
    assert shown == expected


def test_a_printed_percentage_keeps_the_digits_it_was_printed_with() -> None:
    """10.77 % read from text has two decimals although dividing by 100 left none of them exact."""
    assert [fmt.printed_decimals(float(text) / 100.0) for text in ("10.77", "10.7", "11", "-55.46")] == [2, 1, 0, 2]


def test_a_published_figure_is_compared_in_its_last_printed_digit() -> None:
    """A figure agrees when it rounds to what was printed, and otherwise says by how much it does not."""
    rows = [("strategy", "cagr", 0.1091, 0.108995), ("SPY", "cagr", 0.1061, 0.10608), ("SPY", "volatility", 0.2, None)]
    first, second, third = published_rows([PublishedDifference(*row) for row in rows])
    assert (first.here, first.remark, first.agrees) == ("10.90 %", "last printed digit off by 1", False)
    assert (second.here, second.remark, second.agrees) == ("10.61 %", "agrees as printed", True)
    assert (third.here, third.remark, third.agrees) == ("\N{EN DASH}", "no figure here", False)


def test_control_characters_are_spelled_out() -> None:
    """Text from outside cannot move the cursor, ring the bell, or run from right to left."""
    assert escape_controls("a\x1b[31mb\x07\u202ec\n") == "a\\x1b[31mb\\x07\\u202ec\\n"
    assert escape_controls("Zürich 東京 \N{EN DASH}") == "Zürich 東京 \N{EN DASH}"
