"""Numbers, days and money of cells are read as the layout writes them, or not at all."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.depot.cells import (
    COMMA,
    COMPACT,
    DASHED,
    DOTTED,
    EITHER,
    ENGLISH,
    GERMAN,
    ISO,
    ISO_OR_DOTTED,
    PLAIN,
    CellError,
    DayForm,
    NumberForm,
    decimal_form,
    parse_day,
    parse_number,
    split_money,
    to_currency,
)


@pytest.mark.parametrize(
    ("text", "form", "number"),
    [
        ("1.234", GERMAN, "1234"),
        ("1.234", ENGLISH, "1.234"),
        ("-1.004,99", GERMAN, "-1004.99"),
        ("1,234.5", ENGLISH, "1234.5"),
        ("1\u202f234,5 €", GERMAN, "1234.5"),
        ("\u22125,5", GERMAN, "-5.5"),
        ("+7", PLAIN, "7"),
        ("1E-3", PLAIN, "0.001"),
        ("-10,84", EITHER, "-10.84"),
        ("-24.999996", EITHER, "-24.999996"),
        ("11000,00", COMMA, "11000"),
    ],
)
def test_a_number_that_its_layout_can_have_written(text: str, form: NumberForm, number: str) -> None:
    assert parse_number(text, form) == Decimal(number)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1.23", GERMAN),
        ("12.34.567", GERMAN),
        ("1,234", PLAIN),
        ("1.234,5", EITHER),
        ("1 2", PLAIN),
        ("1€2", GERMAN),
        ("1_000", PLAIN),
        ("nan", PLAIN),
        ("1e99", PLAIN),
        ("١٢", PLAIN),
        ("9" * 39, PLAIN),
        ("12a", GERMAN),
        ("=1+1", PLAIN),
    ],
)
def test_what_does_not_fit_is_no_number(text: str, form: NumberForm) -> None:
    with pytest.raises(CellError):
        parse_number(text, form)


@pytest.mark.parametrize("text", ["", " ", "-", "-,--", "-,-- €", "\xa0"])
def test_nothing_is_written_in_several_ways(text: str) -> None:
    assert parse_number(text, GERMAN) is None


@given(st.decimals(min_value=Decimal("-1e9"), max_value=Decimal("1e9"), places=3))
def test_what_a_layout_writes_it_reads(number: Decimal) -> None:
    english = f"{number:,.3f}"
    assert parse_number(english, ENGLISH) == number
    assert parse_number(english.translate(str.maketrans(",.", ".,")), GERMAN) == number
    assert parse_number(f"{number:.3f}", PLAIN) == number


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-11-27", ISO),
        ("2026-11-27T00:00", ISO),
        ("27.11.2026", DOTTED),
        ("27-11-2026", DASHED),
        ("20261127;093000", COMPACT),
        ("2026-11-27, 09:30:00", COMPACT),
        ("27.11.2026", ISO_OR_DOTTED),
        ("2026-11-27T00:00", ISO_OR_DOTTED),
    ],
)
def test_a_day_that_its_layout_can_have_written(text: str, form: DayForm) -> None:
    assert parse_day(text, form) == dt.date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("31.02.2026", DOTTED),
        ("11/27/2026", ISO),
        ("27-11-2026", ISO),
        ("1899-01-01", ISO),
        ("2026-11-27x", ISO),
        ("27.11.26", DOTTED),
        ("2026-1-7", ISO),
    ],
)
def test_no_day_is_guessed(text: str, form: DayForm) -> None:
    with pytest.raises(CellError):
        parse_day(text, form)


def test_money_has_its_currency_on_either_side_or_not_at_all() -> None:
    assert split_money("USD 1234.12") == ("1234.12", "USD")
    assert split_money("-5,00 €") == ("-5,00", "EUR")
    assert split_money("12") == ("12", "")


def test_pence_and_cents_are_hundredths_and_what_is_no_currency_is_refused() -> None:
    assert to_currency("GBp.", Decimal(100)) == ("GBP", Decimal(1))
    assert to_currency("ZAc", Decimal(100)) == ("ZAR", Decimal(1))
    assert to_currency("ILA", Decimal(100)) == ("ILS", Decimal(1))
    with pytest.raises(CellError):
        to_currency("EURO!", None)


def test_a_file_has_one_sign_before_decimals() -> None:
    assert decimal_form(["1,5", "2", ""]) is COMMA
    assert decimal_form(["1.5", "2", "-"]) is PLAIN
    for cells in (["1,5", "1.5"], ["1.234,5"]):
        with pytest.raises(CellError):
            decimal_form(cells)
