"""A value of an axis that names a ticker without prices refuses its points, counted with the reason; nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.errors import DataError
from tests.support.sweeps import PLAN, sweeping, swept

SOME_UNKNOWN = """
  axes:
    strategy.satellites: {choose: 3, of: [HD, JNJ, PG, XYZQ, UNHH], weight: [2.5%]}
    strategy.core.SIZE: [10%, 15%]
"""
WEIGHTS = """
name: weights
data: {source: {kind: sample}}
window: {start: 2018-01-02, end: 2021-12-30}
strategy: {kind: fixed_mix, weights: {QUAL: 60%, SIZE: 40%}}
sweep:
  axes: {strategy.weights: [{QUAL: 50%, SIZE: 50%}, {QUAL: 50%, QQQQ: 50%}]}
"""


def test_baskets_that_name_unknown_tickers_are_counted_refusals(tmp_path: Path) -> None:
    """Three of five names have prices: one basket is left of ten; each name is said, with what is near it."""
    summary, _ = swept(SOME_UNKNOWN, tmp_path / "small")
    assert (summary.sweep.points, summary.sweep.variants, summary.sweep.refused) == (20, 2, 18)
    reasons = {one.reason: one.count for one in summary.sweep.reasons}
    assert sorted(reasons.values()) == [6, 12]
    assert any("does not hold XYZQ" in reason for reason in reasons)
    assert any("does not hold UNHH; did you mean UNH?" in reason for reason in reasons)


def test_what_has_prices_is_as_it_were_without_the_unknown(tmp_path: Path) -> None:
    """The variants that are left have the bytes of a sweep over the known names alone."""
    some, _ = swept(SOME_UNKNOWN, tmp_path / "some")
    known, _ = swept(SOME_UNKNOWN.replace(", XYZQ, UNHH", ""), tmp_path / "known")
    assert [one.figures for one in some.best] == [one.figures for one in known.best]


def test_a_mapping_that_names_an_unknown_ticker_is_a_counted_refusal(tmp_path: Path) -> None:
    """Not only baskets bring names in."""
    plan, _, axes = WEIGHTS.partition("sweep:\n")
    summary, _ = swept(axes, tmp_path / "weights", plan + "sweep:\n")
    assert (summary.sweep.variants, summary.sweep.refused) == (1, 1)
    assert "QQQQ" in summary.sweep.reasons[0].reason


def test_a_plan_that_names_an_unknown_ticker_itself_is_refused() -> None:
    """Without the plan there is nothing that variants could be compared with."""
    with pytest.raises(DataError, match="does not hold JNJJ"):
        sweeping("\n  axes: {strategy.core.SIZE: [10%, 15%]}\n", PLAN.replace("JNJ:", "JNJJ:"))
