"""What follows from readings: a table of cases, and which word of a sentence decides."""

from __future__ import annotations

import pytest

from engine.evidence.claims.check import find_turns, reach_verdict
from engine.evidence.claims.claimed import AgreeingFigures, ClaimedRange, half_last_digit
from engine.evidence.claims.computation import Reading

RANGE = AgreeingFigures(0.005, 0.01)


def readings(*figures: float | tuple[float, float, float]) -> tuple[Reading, ...]:
    return tuple(
        Reading({"at": str(at)}, one)
        if isinstance(one, float)
        else Reading({"at": str(at)}, one[1], interval=(one[0], one[2]))
        for at, one in enumerate(figures)
    )


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ([0.006, 0.009], "holds"),
        ([0.005, 0.01], "holds"),
        ([0.006, 0.011], "cannot be told from this data"),
        ([0.012, 0.011], "does not hold"),
        ([0.001, -0.011], "does not hold"),
        ([0.001, 0.011], "cannot be told from this data"),
        ([(0.005, 0.007, 0.009), 0.006], "holds"),
        ([(0.004, 0.007, 0.009), 0.006], "cannot be told from this data"),
        ([(-0.02, -0.01, 0.004), 0.001], "does not hold"),
        ([(-0.02, -0.01, 0.006), 0.001], "cannot be told from this data"),
        ([(-0.02, -0.01, 0.006)], "cannot be told from this data"),
        ([(0.011, 0.02, 0.03)], "does not hold"),
        ([(0.009, 0.02, 0.03), 0.02], "cannot be told from this data"),
    ],
)
def test_all_readings_or_none_decide_and_anything_between_them_does_not(figures, verdict: str) -> None:
    assert reach_verdict(RANGE, readings(*figures)) == verdict


def test_an_interval_that_leaves_out_its_own_figure_does_not_hide_it() -> None:
    """Basic bootstrap intervals can: a figure of 0.7 % is not below a range that it lies in."""
    assert reach_verdict(RANGE, readings((0.001, 0.007, 0.004))) == "cannot be told from this data"


def test_zero_and_what_is_rounding_is_neither_positive_nor_negative() -> None:
    for sign, inside in (("positive", 1e-6), ("negative", -1e-6)):
        agreeing = AgreeingFigures.of(sign, None)
        assert reach_verdict(agreeing, readings(inside)) == "holds"
        assert reach_verdict(agreeing, readings(-inside)) == "does not hold"
        assert not agreeing.contain(0.0)
        assert not agreeing.contain(1e-16)


def test_a_figure_agrees_when_it_rounds_to_what_was_printed() -> None:
    assert [half_last_digit(one) for one in (0.0824, 0.089, 0.24, -0.5864, 0.005)] == [5e-5, 5e-4, 5e-3, 5e-5, 5e-4]
    agreeing = AgreeingFigures.of(0.0824, None)
    assert [agreeing.contain(one) for one in (0.08234, 0.08236, 0.08244, 0.08246)] == [False, True, True, False]
    assert AgreeingFigures.of(0.24, 0.0).contain(0.24)
    assert not AgreeingFigures.of(0.24, 0.0).contain(0.2401)


def test_a_range_has_the_tolerance_at_both_ends() -> None:
    claimed = ClaimedRange.model_validate({"from": "-60%", "to": "-50%"})
    assert AgreeingFigures.of(claimed, 0.01) == AgreeingFigures(-0.61, -0.49)
    assert AgreeingFigures.of(claimed, None).contain(-0.604)


def test_a_word_decides_when_it_alone_is_meant_otherwise() -> None:
    ways = [("total", "daily"), ("price", "daily"), ("total", "monthly"), ("price", "monthly")]
    found = [
        Reading({"closes": closes, "sampling": sampling}, figure)
        for (closes, sampling), figure in zip(ways, (0.007, 0.02, 0.008, 0.03), strict=True)
    ]
    (turn,) = find_turns(RANGE, tuple(found[:3]), tuple(found[3:]))
    assert (turn.key, [one.figure for one in turn.readings]) == ("closes", [0.02])
    assert find_turns(RANGE, (), ()) == ()
