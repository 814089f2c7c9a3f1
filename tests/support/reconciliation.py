"""``python -m tests.support.reconciliation``: total returns from raw closes and events beside a vendor's adjusted ones.

Every day on which the two differ by more than 1e-5 is printed with its cause; a count by cause stands at the end.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from engine.data.events import apply_events
from tests.support.price_files import load

TOLERANCE = 1e-5
SESSIONS = 5
"""Within which a print that one vendor has alone is taken back, and a conflict that is named concerns a large gap."""


class Difference(NamedTuple):
    """One day on which a total return is not the vendor's, both as simple returns of that day."""

    ticker: str
    date: str
    ours: float
    vendor: float
    cause: str


def engine_returns(folder: Path, ticker: str) -> pd.Series:
    """Return the daily total returns that a run on ``raw.parquet`` sees."""
    market = apply_events(load(folder / "raw.parquet", ticker), "reinvest").to_market("USD")
    return pd.Series(market.prices[:, 0], pd.DatetimeIndex(market.dates)).pct_change()


def reconcile(folder: Path) -> list[Difference]:
    """Return every day above the tolerance, by ticker and date."""
    raw, adjusted = pd.read_parquet(folder / "raw.parquet"), pd.read_parquet(folder / "prices.parquet")
    actions = pd.read_csv(folder / "corporate_actions_15.csv", parse_dates=["date"]).dropna(subset="conflict")
    found: list[Difference] = []
    for ticker, rows in raw.groupby("ticker"):
        table = rows.set_index("date").sort_index()[["close", "dividend", "split"]]
        table["before"] = table.close.shift()
        table["ours"], table["vendor"] = (
            engine_returns(folder, ticker),
            adjusted[ticker].reindex(table.index).pct_change(),
        )
        formula = table.close * table.split / (table.before - table.dividend * table.split) - 1.0
        table["rest"] = formula - table.vendor
        conflicts = actions[actions.ticker == ticker].set_index("date").conflict
        for row in np.flatnonzero((table.ours - table.vendor).abs() > TOLERANCE):
            day = table.iloc[row]
            found.append(Difference(ticker, str(day.name.date()), day.ours, day.vendor, cause(table, row, conflicts)))
    return found


def cause(table: pd.DataFrame, row: int, conflicts: pd.Series) -> str:
    """Say why the two returns of a day differ; ``rest`` is what the vendor's own formula leaves of it."""
    day = table.iloc[row]
    large = abs(day.ours - day.vendor) > 2e-3
    named = conflicts[abs(conflicts.index - day.name) <= pd.Timedelta(days=SESSIONS if large else 0)]
    if len(named):
        return f"named: {named.iloc[0]}"
    if abs(day.rest) <= TOLERANCE:
        return "vendor's formula: divides by 1 - d/p of the day before"
    if _is_taken_back(table.rest.to_numpy(), row):
        return "another close: one of the two has a print that is taken back within a week"
    if day.dividend:
        theirs = (day.before - day.close * day.split / (1.0 + day.vendor)) / day.split
        return f"another dividend: the vendor's is {max(theirs, 0.0):.4f}, ours {day.dividend:.4f}"
    if abs(day.rest) <= 1e-4 * (1.0 / day.close + 1.0 / day.before):
        return "rounding: closes of four decimals"
    return "unexplained"


def _is_taken_back(rest: np.ndarray, row: int) -> bool:
    """Return whether what is left of a day's difference and of some beside it add up to nothing."""
    for first in range(max(row - SESSIONS + 1, 0), row + 1):
        for last in range(row, min(first + SESSIONS, len(rest))):
            if last > first and abs(rest[first : last + 1].sum()) <= 0.25 * abs(rest[row]):
                return True
    return False


def main() -> None:
    """Print all differences and a count of each cause."""
    found = reconcile(Path(__file__).parents[3] / "shared" / "data")
    for one in found:
        sys.stdout.write(
            f"{one.ticker:5} {one.date} {one.ours:+.6f} {one.vendor:+.6f} {one.ours - one.vendor:+.1e}  {one.cause}\n"
        )
    for text, count in Counter(one.cause.split(":")[0] for one in found).most_common():
        sys.stdout.write(f"{count:5} {text}\n")


if __name__ == "__main__":
    main()
