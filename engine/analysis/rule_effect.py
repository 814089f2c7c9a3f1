"""What one rule of a plan gained or cost: its run less the same run without it."""

from __future__ import annotations

from collections.abc import Callable

from engine.analysis.performance import Performance
from engine.core.errors import EngineError
from engine.simulation.ledger import Ledger


def measure_effect(
    ledger: Ledger, run_without: Callable[[], Ledger], periods_per_year: float
) -> tuple[float | None, float | None]:
    """Return the CAGR [fraction a year] and the final value [currency] of ``ledger`` less those of ``run_without``.

    None where that run fails or ends on another day, or one of the two has no CAGR.
    """
    try:
        other = run_without()
    except EngineError:
        return None, None
    if other.dates[-1] != ledger.dates[-1]:
        return None, None
    mine, others = (Performance.from_ledger(one, 0.0, periods_per_year).cagr for one in (ledger, other))
    growth = None if mine is None or others is None else mine - others
    return growth, float(ledger.value[-1] - other.value[-1])
