"""The page of ``engine depot``: one sentence, parts that add up as they are printed, every deviation by name."""

from __future__ import annotations

import random
import re
from decimal import Decimal

import numpy as np
import pytest

from engine.depot.comparison.records import ComparedFigure, DifferencePart, PartKind
from engine.report.charts.waterfall import whole_units
from engine.report.depot.comparison_page import render_depot_comparison
from engine.report.depot.comparison_words import printed_parts, verdict
from tests.report.test_hostile_text import PAYLOADS
from tests.support.depot_comparisons import KINDS, compare
from tests.support.runs import Skeleton

EXAMPLE: dict[PartKind, list[float]] = {"late": [-32.0], "price": [8.0], "size": [-40.0], "fees": [-1.0]}


def words(page: str) -> str:
    return " ".join(" ".join(Skeleton(page).text).split())


@pytest.mark.parametrize(
    ("money", "sentence"),
    [
        (EXAMPLE, "65.00 EUR less than the plan: mostly trading other amounts (-40.00)."),
        ({"not_done": [-900.0], "fees": [-10.0]}, "910.00 EUR less than the plan: mostly trades that were not done "),
        ({"not_planned": [640.0]}, "640.00 EUR more than the plan: trades that the plan does not have (+640.00)."),
        ({"late": [-400.0], "size": [-350.0], "price": [-300.0]}, "mainly trading late or early (-400.00) and trading"),
        ({"not_done": [-900.0], "not_planned": [890.0]}, "not done (-900.00) outweighed trades that the plan does not"),
        ({}, "What was done is worth the same as the plan."),
        ({"late": [-5.0], "price": [5.0]}, "the same as the plan: its parts cancel out."),
    ],
)
def test_the_sentence_names_what_most_of_the_difference_comes_from(
    money: dict[PartKind, list[float]], sentence: str
) -> None:
    assert sentence in verdict(compare(money))


def test_printed_amounts_add_up_to_the_cent_whatever_was_rounded() -> None:
    draw = random.Random(19)
    for _ in range(300):
        found = compare({kind: [draw.gauss(0.0, 50.0) for _ in range(draw.randrange(4))] for kind in KINDS})
        parts = printed_parts(found)
        for part, exact in zip(parts, found.parts, strict=True):
            amounts = [Decimal(f"{money:.2f}") for _, money in part.deviations]
            assert sum(amounts, Decimal(0)) == Decimal(f"{part.money:.2f}")
            assert part.money == pytest.approx(exact.money, abs=0.0101)
        total = sum((Decimal(f"{part.money:.2f}") for part in parts), Decimal(0))
        assert total == Decimal(f"{found.difference:.2f}")
    assert whole_units([0.0, 1.004, 0.0, 1.004]) == [0.0, 1.0, 0.0, 1.01]


def test_what_of_a_part_has_no_name_is_the_rest_of_it() -> None:
    found = compare({"fees": [-1.0]})
    part = DifferencePart("fees", "fees", -1.5, found.parts[5].deviations)
    whole = compare({}, difference=-1.5, parts=(*found.parts[:5], part, *found.parts[6:]))
    fees = printed_parts(whole)[5]
    assert [(one.words, money) for one, money in fees.deviations] == [("bought 8", -1.0), ("the rest", -0.5)]
    assert fees.money == -1.5


def test_the_page_shows_every_part_and_every_deviation_with_the_largest_first() -> None:
    page = render_depot_comparison(compare(EXAMPLE, notes=("Cash earns nothing.",), warnings=("No price of XYZ.",)))
    text = words(page)
    for shown in ("−32.00", "+8.00", "−40.00", "−1.00", "−65.00", "Cash earns nothing.", "No price of XYZ."):  # noqa: RUF001
        assert shown in text
    rows = re.findall(r'<td class="n own" data-head="Worth">([^<]*)', page)
    assert rows == ["−40.00", "−32.00", "+8.00", "−1.00"]  # noqa: RUF001
    assert "A calculation from your own rule, no advice." in text
    assert "after tax 4.00 %" in text
    assert render_depot_comparison(compare(EXAMPLE)) == render_depot_comparison(compare(EXAMPLE))


def test_the_first_screen_has_the_value_and_the_returns_that_there_are() -> None:
    figures = (
        ComparedFigure("value at the end", 1135.0, 1200.0, "money"),
        ComparedFigure("gain", 134.0, 199.0, "money"),
        ComparedFigure("time-weighted return", 0.1339, 0.1988, "percent"),
        ComparedFigure("time-weighted, a year", None, None, "percent"),
    )
    page = render_depot_comparison(compare(EXAMPLE, figures=figures))
    cards = re.findall(r'<div class="card"><span>([^<]*)</span><strong>([^<]*)', page)
    assert [title for title, _ in cards] == [
        "Difference at the end",
        "Value at the end",
        "Gain",
        "Time-weighted return",
    ]
    assert [figure.replace("\N{NO-BREAK SPACE}", " ") for _, figure in cards][1:] == ["1,135", "134.00", "13.39 %"]
    assert ">1\N{EN DASH}4</b>" in page, "deviations of one day stand there together"


def test_the_page_is_whole_without_a_network_and_for_a_screen_reader() -> None:
    page = Skeleton(render_depot_comparison(compare({kind: [-1.0, 2.0] for kind in KINDS})))
    kinds = [tag for tag, _ in page.tags]
    named = [value for _, attributes in page.tags for key, value in attributes if key == "id"]
    assert len(named) == len(set(named))
    assert kinds.count("h1") == 1
    assert kinds.count("table") == kinds.count("caption") == 3, "the folded rows are a table of their own"
    for _, attributes in page.tags:
        facts = dict(attributes)
        assert all(one in named for one in (facts.get("aria-labelledby") or "").split())
        assert not {"src", "href"} & facts.keys() or str(facts.get("href")).startswith("#")


@pytest.mark.parametrize("flat", [True, False])
def test_a_plan_that_was_followed_and_a_depot_that_was_emptied_have_a_page(flat: bool) -> None:
    found = compare({} if flat else EXAMPLE)
    if not flat:
        found = compare(EXAMPLE, mine=np.where(np.arange(40) > 30, 0.0, found.mine), flows=np.full(40, -1.0))
    page = render_depot_comparison(found)
    text = words(page)
    assert ("Every part is zero" in text) == flat
    assert ('id="data"' in page) == flat, "a level that ends cannot be packed"
    assert ("What was done otherwise?" in text) != flat


def test_no_text_of_a_file_becomes_markup() -> None:
    def page(texts: list[str]) -> Skeleton:
        first, second, third, fourth = texts
        found = compare(EXAMPLE, first, name=second, notes=(third,), warnings=(fourth,))
        return Skeleton(render_depot_comparison(found))

    harmless = page(["a plan"] * 4)
    for start in range(0, len(PAYLOADS) - 4, 4):
        found = page(PAYLOADS[start : start + 4])
        assert [tag for tag, _ in found.tags] == [tag for tag, _ in harmless.tags]
    assert not set("".join(page(["\u202eabc", "\x00", "\x1b[2J", "x" * 9_000]).text)) & {"\u202e", "\x00", "\x1b"}
