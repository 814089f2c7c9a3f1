"""What a run's summary says beyond its figures, as pandas frames: the very records that the page and the files show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from engine.analysis.fees import FEE_KINDS
from engine.report.run.tax_table import taxed_portfolios
from engine.report.run.verdict import describe_difference

if TYPE_CHECKING:
    from engine.analysis.comparison import Comparison, RelativePerformance
    from engine.backtest.run_summary import RunSummary

_INTERVALS = ("difference", "low", "high", "words", "since", "sessions", "years")
_RELATIVE = ("tracking_error", "information_ratio", "beta", "correlation")
_TAXES = ("dividends", "advance", "sales", "interest", "total")
_GROWTHS = ("before", "held", "sold")
_AFTER_TAX = (*_GROWTHS, *(f"value_{one}" for one in _GROWTHS), "paid", "owed", "due_on_sale", "drag", "share")
_CAPS = ("cap", "weight", "date", "sessions_over_cap")


def return_frame(comparison: Comparison) -> pd.DataFrame:
    """Return the daily returns of each portfolio by date, those that its metrics are computed from."""
    series = {
        name: pd.Series(one.performance.returns, index=pd.DatetimeIndex(one.performance.dates[1:]))
        for name, one in comparison.portfolios.items()
    }
    return pd.DataFrame(series).sort_index().rename_axis("date")


def interval_frame(versus: Mapping[str, RelativePerformance]) -> pd.DataFrame:
    """Return the difference to each other portfolio with its interval, and what that says of chance."""
    rows = {}
    for name, one in versus.items():
        low, high = one.cagr_difference_interval or (None, None)
        rows[name] = {
            **dict(zip(_INTERVALS, (one.cagr_difference, low, high), strict=False)),
            "words": describe_difference(one).words,
            "since": pd.Timestamp(one.start),
            "sessions": one.sessions,
            "years": one.years,
            **{key: getattr(one, key) for key in _RELATIVE},
        }
    return _by_name(
        rows, (*_INTERVALS, *_RELATIVE), "portfolio", words=("words",), days=("since",), counts=("sessions",)
    )


def part_frame(versus: Mapping[str, RelativePerformance]) -> pd.DataFrame:
    """Return each part of the difference of CAGRs to buy-and-hold; of less than a year no rows, as on the page."""
    against = versus.get("buy_and_hold")
    parts = asdict(against.parts) if against and against.parts and against.years >= 1.0 else {}
    return pd.DataFrame({"difference": pd.Series(parts, dtype="float64")}).rename_axis("part")


def tax_frame(summary: RunSummary) -> pd.DataFrame:
    """Return the strategy's tax by calendar year and kind [currency]; no rows of a run that is not taxed."""
    tax = summary.portfolios["strategy"].tax
    rows = {int(year): asdict(one) for year, one in tax.by_year.items()} if tax else {}
    return _by_name(rows, _TAXES, "year")


def after_tax_frame(summary: RunSummary) -> pd.DataFrame:
    """Return what taxes leave of each portfolio; no rows of a run that is not taxed."""
    rows = {}
    for one in taxed_portfolios(summary):
        values = (one.before.final_value, one.after.held.final_value, one.after.sold.final_value)
        tax = one.tax
        paid = (tax.paid + tax.outside, tax.accrued_unpaid, tax.latent, tax.drag, tax.share)
        rows[one.name] = dict(zip(_AFTER_TAX, (*one.growths, *values, *paid), strict=True))
    return _by_name(rows, _AFTER_TAX, "portfolio")


def fee_frame(summary: RunSummary) -> pd.DataFrame:
    """Return what was paid in each calendar year by kind, and in all [currency]."""
    rows = {year.year: {**asdict(year), "total": year.total} for year in summary.fees or ()}
    return _by_name(rows, (*FEE_KINDS, "total"), "year")


def cap_frame(summary: RunSummary) -> pd.DataFrame:
    """Return the highest weight of each capped asset, when that was, and how many closes it stood above its cap."""
    rows = {name: asdict(peak) for name, peak in summary.portfolios["strategy"].max_weight.items()}
    return _by_name(rows, _CAPS, "asset", days=("date",), counts=("sessions_over_cap",))


def drift_series(summary: RunSummary) -> pd.Series[Any]:
    """Return how far weights were from their targets; nothing of a run without targets."""
    found = asdict(summary.drift) if summary.drift else {}
    if found.get("highest_date"):
        found["highest_date"] = pd.Timestamp(found["highest_date"])
    return pd.Series(found, dtype="object", name="drift")


def year_frame(summary: RunSummary) -> pd.DataFrame:
    """Return what each portfolio returned in each calendar year [fraction]."""
    rows = {one.year: one.returns for one in summary.by_year or ()}
    return _by_name(rows, tuple(summary.portfolios), "year")


def fall_frame(summary: RunSummary) -> pd.DataFrame:
    """Return the strategy's deepest falls, the deepest first."""
    found = _records(summary.falls.deepest if summary.falls else ())
    return _with_days(found, ("peak", "trough", "recovery"))


def start_frame(summary: RunSummary) -> pd.DataFrame:
    """Return the plan beside buy-and-hold, both bought anew in each year, with intervals."""
    rows = []
    for one in summary.start_years.starts if summary.start_years else ():
        row = asdict(one)
        row["low"], row["high"] = row.pop("interval") or (None, None)
        rows.append(row)
    return _with_days(pd.DataFrame(rows), ("start",))


def rebalance_frame(summary: RunSummary) -> pd.DataFrame:
    """Return what each rebalance did."""
    done = summary.rebalances_done
    return _with_days(_records(done.rebalances if done else ()), ("date",))


def contribution_frame(summary: RunSummary) -> pd.DataFrame:
    """Return what each asset earned [currency], its share of the capital, its mean weight and its share of the risk."""
    found = summary.contribution
    rows = {name: asdict(one) for name, one in found.strategy.assets.items()} if found else {}
    risk = summary.risk.assets if summary.risk else {}
    frame = _by_name(rows, ("gain", "costs", "share", "linked", "mean_weight"), "asset")
    shares = {name: one.share for name, one in risk.items()}
    return frame.assign(risk=pd.Series(shares, dtype="float64").reindex(frame.index))


def rolling_frame(summary: RunSummary) -> pd.DataFrame:
    """Return the best, the worst and how many of the windows of 1, 3 and 5 years."""
    return _with_days(_records(summary.rolling or ()), ("best_date", "worst_date"))


def _records(found: Sequence[Any]) -> pd.DataFrame:
    return pd.DataFrame([asdict(one) for one in found])


def _with_days(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in names if name in frame})


def _by_name(
    rows: Mapping[Any, Mapping[str, Any]],
    columns: Sequence[str],
    index: str,
    *,
    words: Sequence[str] = (),
    days: Sequence[str] = (),
    counts: Sequence[str] = (),
) -> pd.DataFrame:
    """Return a row for each key of ``rows``, with the same columns and types where there is none."""
    kinds = {
        **dict.fromkeys(columns, "float64"),
        **dict.fromkeys(words, "str"),
        **dict.fromkeys(days, "datetime64[ns]"),
        **dict.fromkeys(counts, "int64"),
    }
    found = {
        name: pd.Series([row.get(name) for row in rows.values()], index=list(rows), dtype=kinds[name])
        for name in columns
    }
    return pd.DataFrame(found, columns=list(columns)).rename_axis(index)
