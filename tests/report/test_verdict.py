"""What is said of a difference never says more than its figures: sentences by the book, and read back from random ones."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.comparison import RelativePerformance
from engine.analysis.verdict import PlanVerdictFigures, TaxedDifference, state_verdict
from engine.report.run.verdict import CALIBRATION, ascii_minus, describe_difference
from tests.support.verdicts import contradictions, verdict_faults

ORACLES = Path(__file__).parents[3] / "shared" / "data" / "oracles" / "report.json"


def versus(
    difference: float | None,
    interval: tuple[float, float] | None,
    years: float = 10.0,
    sessions: int = 2517,
    own: float = 0.0,
    theirs: float = 0.0,
) -> RelativePerformance:
    """Return a difference with what its words depend on."""
    missing = "" if interval else "too few sessions for an interval"
    return RelativePerformance(
        "2008-03-28", sessions, years, own, theirs, difference, interval, missing, None, None, None, None
    )


@pytest.mark.skipif(not ORACLES.exists(), reason="the folder shared/data is not beside this checkout")
@pytest.mark.parametrize("case", range(1, 21))
def test_sentences_are_those_of_the_specification(case: int) -> None:
    """Each of the twenty cases has exactly the sentence and class that were written down."""
    written = json.loads(ORACLES.read_text())[f"verdict/{case}"]
    stated = dict(written["given"])
    tax, bounds = stated.pop("tax", None), stated.pop("ci")
    found = state_verdict(
        PlanVerdictFigures(
            rival=stated.pop("rival") or "",
            years=stated.pop("years"),
            sessions=stated.pop("sessions"),
            level=0.95,
            difference=stated.pop("d"),
            interval=bounds and tuple(bounds),
            tax=tax and TaxedDifference(**tax),
            **stated,
        )
    )
    assert (found.kind, found.sentence) == (written["class"], written["value"])


def verdict_on(found: RelativePerformance, **others: object) -> tuple[str, str]:
    """Return the class of what is said of a plan beside "B", and the sentence as a terminal prints it."""
    figures = PlanVerdictFigures(
        "B",
        found.years,
        found.sessions,
        0.95,
        difference=found.cagr_difference,
        interval=found.cagr_difference_interval,
        **others,
    )
    verdict = state_verdict(figures)
    return verdict.kind, ascii_minus(verdict.sentence)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (versus(0.02, (0.01, 0.03)), "excludes zero"),
        (versus(0.02, (0.01, 0.03), 2.99), "excludes zero, but 2.9 years are too short to judge"),
        (versus(0.02, (-0.01, 0.03)), "includes zero"),
        (versus(0.02, (0.0, 0.03)), "includes zero"),
        (versus(2e-8, (1e-9, 0.03)), "includes zero"),
        (versus(-0.02, (0.01, 0.03)), "does not agree with that figure"),
        (versus(0.050004, (0.05001, 0.06)), "does not agree with that figure"),
        (versus(0.0, (0.0, 0.0)), "the same growth"),
        (versus(0.02, None), "too few sessions for an interval"),
    ],
)
def test_words_follow_from_figures(found: RelativePerformance, said: str) -> None:
    """Zero on the bound is included, as is what prints as zero."""
    assert describe_difference(found).words == said


def test_without_common_sessions_nothing_is_compared() -> None:
    """The true reason is said, not a loss that nobody had."""
    kind, sentence = verdict_on(versus(None, None, 0.0, 0))
    assert kind == "none"
    assert "no sessions in common" in sentence


def test_a_line_a_hair_above_another_is_not_called_the_same() -> None:
    """Growth that differs by less than can be printed is said to, of equal returns that they are equal."""
    assert "differ by less than 0.0001 pp" in verdict_on(versus(1e-9, (1e-9, 1e-9)))[1]
    assert "same return on every session" in verdict_on(versus(0.0, (0.0, 0.0)))[1]


figures = st.one_of(
    st.floats(-0.99, 3.0), st.floats(-3e-5, 3e-5), st.floats(-3e-8, 3e-8), st.sampled_from([0.0, -0.0, 5e-7, 0.01])
)


@given(
    difference=figures,
    bounds=st.none() | st.lists(figures, min_size=2, max_size=2),
    years=st.floats(1.0, 40.0),
)
def test_no_words_contradict_their_figures(difference: float, bounds: list[float] | None, years: float) -> None:
    """Whatever the figures are, what is read back from row and sentence agrees with itself and with them."""
    found = versus(difference, (min(bounds), max(bounds)) if bounds else None, years)
    told = describe_difference(found)
    exact = {"cagr_difference": difference, "cagr_difference_interval": found.cagr_difference_interval}
    interval = f", 95 % interval {told.interval}," if bounds else ";"
    row = f"CAGR against B: {told.difference}{interval} {told.words}"
    sentence = verdict_on(found)[1]
    assert list(itertools.chain(contradictions(row, exact), contradictions(sentence, exact))) == []


taxes = st.none() | st.builds(TaxedDifference, before=figures, held=figures)


@given(
    difference=st.none() | figures,
    bounds=st.none() | st.lists(figures, min_size=2, max_size=2),
    years=st.floats(0.05, 40.0),
    tax=taxes,
    p=st.none() | st.floats(0.0, 1.0) | st.sampled_from([0.0, 0.05, 0.0501, 0.0009, 1.0]),
    tried=st.sampled_from([0, 1, 2, 4200]),
    rival=st.sampled_from(["", "buy and hold", "A-1.5 % B", "ACWI"]),
    since=st.sampled_from(["", "2008-03-28"]),
)
@settings(max_examples=400)
def test_no_verdict_contradicts_its_figures(
    difference: float | None,
    bounds: list[float] | None,
    years: float,
    tax: TaxedDifference | None,
    p: float | None,
    tried: int,
    rival: str,
    since: str,
) -> None:
    """With taxes, with p values and with rivals that begin late, class and sentence say what the figures allow."""
    interval = (min(bounds), max(bounds)) if bounds else None
    own = PlanVerdictFigures(
        rival, years, int(252 * years), 0.95, 0.1, -0.05, difference, interval, since=since, tax=tax, p=p, tried=tried
    )
    told = state_verdict(own)
    found = {"class": told.kind, "sentence": told.sentence, "figures": dataclasses.asdict(own)}
    assert list(verdict_faults(found)) == []


def test_the_reader_of_verdicts_finds_contradictions() -> None:
    """Neither a class, nor a word, nor a number can be another one unnoticed."""
    figures = PlanVerdictFigures("B", 10.0, 2517, 0.95, 0.1, 0.1, 0.0062, (0.001, 0.012), p=0.31, tried=4200)
    told = state_verdict(figures)
    found = {"class": told.kind, "sentence": told.sentence, "figures": dataclasses.asdict(figures)}
    assert list(verdict_faults(found)) == []
    for old, new in (
        ("excludes", "includes"),
        ("0.31", "0.03"),
        ("more", "less"),
        ("0.62", "0.61"),
        ("+0.10", "-0.10"),
    ):
        assert list(verdict_faults({**found, "sentence": told.sentence.replace(old, new)})), (old, new)
    assert list(verdict_faults({**found, "class": "ahead"}))
    assert list(verdict_faults({**found, "figures": {**found["figures"], "years": 2.0}}))
    taxed = dataclasses.replace(figures, p=None, tried=0, tax=TaxedDifference(0.0046, 0.002))
    sold = state_verdict(taxed)
    found = {"class": sold.kind, "sentence": sold.sentence, "figures": dataclasses.asdict(taxed)}
    assert list(verdict_faults(found)) == []
    for name, value in (("held", -0.002), ("before", 0.0056)):
        tax = {**dataclasses.asdict(taxed.tax), name: value}
        assert list(verdict_faults({**found, "figures": {**found["figures"], "tax": tax}}))


@pytest.mark.parametrize(
    ("p", "tried", "kind", "words"),
    [
        (0.05, 4200, "ahead", "excludes zero, and luck alone does as well with p = 0.050."),
        (0.0501, 4200, "open", "luck alone does as well with p = 0.051 among 4,200 tried"),
        (0.0, 4200, "ahead", "p < 0.001."),
        (None, 1, "ahead", "excludes zero."),
        (None, 2, "open", "does not count the 2 variants tried on these prices: run engine luck."),
    ],
)
def test_luck_has_the_last_word_on_what_is_ahead(p: float | None, tried: int, kind: str, words: str) -> None:
    """A p value is rounded up, and none is needed where only one plan was tried."""
    told = verdict_on(versus(0.0062, (0.001, 0.012)), p=p, tried=tried)
    assert told[0] == kind
    assert words in told[1]
    assert verdict_on(versus(-0.0062, (-0.012, -0.001)), p=p, tried=tried)[0] == "behind"


def test_what_is_said_of_intervals_is_what_was_measured() -> None:
    """Each share in the table of the study lies in the range that is printed beside intervals."""
    page = (Path(__file__).parents[2] / "benchmarks" / "studies" / "intervals.md").read_text()
    said = [int(number) for both in re.findall(r"(\d\d) to (\d\d) %", CALIBRATION) for number in both]
    tables = [[float(share) for share in re.findall(r"([\d.]+) % (?=\|)", part)] for part in page.split("## ")]
    assert "10,000 simulated pairs" in page
    assert [len(shares) for shares in tables] == [32, 9]
    for shares, low, high in zip(tables, said[::2], said[1::2], strict=True):
        assert low <= min(shares) <= max(shares) <= high
    assert (said[2], said[3]) == (int(min(tables[1])), round(max(tables[1])))


def test_the_reader_finds_contradictions() -> None:
    """It does not pass for want of looking."""
    exact = {"cagr_difference": 0.01, "cagr_difference_interval": (0.005, 0.02)}
    row = "CAGR against B: +1.00 pp, 95 % interval +0.50 to +2.00 pp, {}"
    assert not list(contradictions(row.format("excludes zero"), exact))
    assert list(contradictions(row.format("includes zero"), exact))
    assert list(contradictions(row.format("excludes zero"), exact | {"cagr_difference": -0.01}))
    assert list(contradictions("The plan grew 1.00 pp a year less than B: too few sessions.", exact))
