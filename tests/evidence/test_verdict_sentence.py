"""The sentence of a sweep, read back by a program that knows nothing but its grammar and the figures beside it."""

from __future__ import annotations

import random
import re

import pytest

from engine.evidence.verdict import VerdictFigures, verdict_sentence

SENTENCE = re.compile(
    r"The best of (?P<count>[0-9,]+) variants? is (?P<not>not )?distinguishable from luck "
    r"\(p (?P<sign>[=<]) (?P<p>[01]\.[0-9]{3})(?P<but>, but (?P<against>[^()]+))?\)\."
)
UNTOLD = re.compile(r"Whether the best of ([0-9,]+) variants? is distinguishable from luck cannot be told: (.+)\.")


def read_sentence(sentence: str) -> tuple[int, bool | None]:
    """Return how many variants a sentence speaks of, and whether it claims that the best is better than luck."""
    if untold := UNTOLD.fullmatch(sentence):
        return int(untold[1].replace(",", "")), None
    found = SENTENCE.fullmatch(sentence)
    assert found, sentence
    return int(found["count"].replace(",", "")), found["not"] is None


def expected(evidence: dict, level: float) -> bool | None:
    """Return what a sentence may claim by the figures of ``summary.json`` alone; None where it may claim nothing."""
    if evidence["superiority"] is None:
        return None
    deflated, overfitting = evidence["deflated_sharpe"], evidence["overfitting"]
    return (
        evidence["superiority"]["consistent"] <= 1.0 - level + 1e-12
        and evidence["step_m"]["has_best"]
        and deflated is not None
        and deflated["value"] >= level
        and overfitting is not None
        and overfitting["probability"] <= 0.5
    )


def agrees(evidence: dict) -> bool:
    """Tell whether a sentence says what the figures beside it say, p among them."""
    count, claim = read_sentence(evidence["sentence"])
    if (count, claim) != (evidence["trials"]["compared"], expected(evidence, evidence["level"])):
        return False
    if claim is None:
        return evidence["sentence"].endswith(f"{evidence['missing']['superiority']}.")
    found, p = SENTENCE.fullmatch(evidence["sentence"]), evidence["superiority"]["consistent"]
    printed = float(found["p"])
    small = p <= 1.0 - evidence["level"] + 1e-12
    if ("StepM does not name it" in evidence["sentence"]) != (small and not evidence["step_m"]["has_best"]):
        return False
    if (found["sign"] == "<") != (p < 0.001):
        return False
    return printed > p if found["sign"] == "<" else -1e-9 <= printed - p < 0.001 + 1e-9


@pytest.mark.parametrize("seed", range(20))
def test_a_sentence_says_what_its_figures_say(seed: int) -> None:
    """Of 500 random sets of figures, many of them on a bound or one missing, at several levels."""
    draw = random.Random(seed)
    for _ in range(500):
        level = draw.choice([0.9, 0.95, 0.99])
        p = draw.choice([None, 0.0, 1.0, 1.0 - level, draw.random(), 1.0 - level + 1e-6, 0.04999, 0.0009999, 0.001])
        deflated = draw.choice([None, level, level - 1e-9, draw.random(), 1.0, 0.999])
        overfitting = draw.choice([None, 0.5, 0.5 + 1e-9, draw.random(), 0.0, 0.2])
        count, named = draw.choice([12, 1_000, 439_992]), draw.random() < 0.7
        figures = VerdictFigures(p, deflated, overfitting, named)
        evidence = {
            "sentence": verdict_sentence(count, figures, level, "why: a, b"),
            "level": level,
            "trials": {"compared": count},
            "superiority": None if p is None else {"consistent": p},
            "step_m": {"has_best": named},
            "deflated_sharpe": None if deflated is None else {"value": deflated},
            "overfitting": None if overfitting is None else {"probability": overfitting},
            "missing": {"superiority": "why: a, b"},
        }
        assert agrees(evidence), evidence


def test_a_small_p_alone_is_no_claim() -> None:
    """What speaks against the best, or is missing, stands behind p, and is not printed as the bound it misses."""
    sentence = verdict_sentence(96, VerdictFigures(0.01, 0.94999, 0.50001), 0.95)
    assert sentence == (
        "The best of 96 variants is not distinguishable from luck (p = 0.010, but the deflated Sharpe ratio is 0.949 "
        "and the probability of overfitting is 0.501)."
    )
    assert read_sentence(verdict_sentence(96, VerdictFigures(0.01, None, 0.1), 0.95)) == (96, False)
    assert read_sentence(verdict_sentence(96, VerdictFigures(0.01, 0.96, None), 0.95)) == (96, False)
    assert read_sentence(verdict_sentence(96, VerdictFigures(0.01, 0.96, 0.5), 0.95)) == (96, True)
    assert read_sentence(verdict_sentence(96, VerdictFigures(0.01, 1.0, 0.1, is_named=False), 0.95)) == (96, False)
