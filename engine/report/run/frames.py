"""A run as pandas frames: what ``engine.run`` returns.

Importing this module imports pandas, which takes half a second; only who asks for frames pays it.
"""

from __future__ import annotations

import io
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import pandas as pd

from engine.analysis.metrics_table import METRICS
from engine.backtest.outputs import trades_csv, weight_columns
from engine.report import number_format as fmt
from engine.report.phrases import plural, portfolio_label

if TYPE_CHECKING:
    from engine.backtest.outputs import RunResult


@dataclass(frozen=True, eq=False, repr=False)
class RunFrames:
    """The tables of a run; prints as its headline figures.

    Attributes
    ----------
    name : of the run
    equity : value of each portfolio at each close, NaN before a late one begins [currency]
    weights : the strategy's weights at each close, cash last [fraction]
    trades : date, asset, quantity, price, value, cost, reason; one row an order
    events : date, kind (listed, delisted, review, choice), asset, text; one row an event
    decisions : of an optimised strategy, as the ``steps`` of ``summary.json``; no rows for others
    summary : metrics x portfolios, NaN where a figure does not exist
    warnings : what the run cannot know
    result : the run itself, of which all of these are

    """

    name: str
    equity: pd.DataFrame
    weights: pd.DataFrame
    trades: pd.DataFrame
    events: pd.DataFrame
    decisions: pd.DataFrame
    summary: pd.DataFrame
    warnings: tuple[str, ...]
    result: RunResult

    @classmethod
    def from_run(cls, run: RunResult) -> RunFrames:
        """Return the frames of a run."""
        portfolios = run.comparison.portfolios
        ledgers = {name: portfolio.ledger for name, portfolio in portfolios.items()}
        values = {name: pd.Series(one.value, index=pd.DatetimeIndex(one.dates)) for name, one in ledgers.items()}
        figures = {name: portfolio.metrics for name, portfolio in portfolios.items()}
        return cls(
            name=run.name,
            equity=pd.DataFrame(values).sort_index().rename_axis("date"),
            weights=_weight_frame(run),
            trades=pd.read_csv(
                io.StringIO(trades_csv(run.comparison)),
                parse_dates=["date"],
                dtype={"asset": str},
                keep_default_na=False,  # there are tickers called NULL and NAN
            ),
            events=_event_frame(run),
            decisions=_decision_frame(run),
            summary=pd.DataFrame(figures, index=list(METRICS), dtype="float64").rename_axis("metric"),
            warnings=run.warnings,
            result=run,
        )

    def __repr__(self) -> str:
        """Return the window, the headline figures and how many warnings there are."""
        headline = [key for key, metric in METRICS.items() if metric.headline]
        rows = [
            [
                METRICS[key].title,
                *(fmt.metric(None if math.isnan(value) else value, METRICS[key].style) for value in values),
            ]
            for key, values in zip(headline, self.summary.loc[headline].to_numpy().tolist(), strict=True)
        ]
        table = [["", *(portfolio_label(str(name)) for name in self.summary.columns)], *rows]
        title_width, *widths = (max(map(len, column)) for column in zip(*table, strict=True))
        lines = ["  ".join([title.ljust(title_width), *map(str.rjust, cells, widths)]) for title, *cells in table]
        first, last = self.equity.index[0], self.equity.index[-1]
        head = f"{self.name}: {first:%Y-%m-%d} to {last:%Y-%m-%d}, {plural(len(self.equity), 'session')}"
        foot = f"{plural(len(self.trades), 'trade')}, {plural(len(self.warnings), 'warning')}"
        return "\n".join([head, "", *lines, "", f"{foot}; see .equity .weights .trades .events .summary .warnings"])


def _weight_frame(run: RunResult) -> pd.DataFrame:
    dates = run.comparison.strategy.ledger.dates
    return pd.DataFrame(weight_columns(run.comparison), index=pd.DatetimeIndex(dates, name="date"))


def _event_frame(run: RunResult) -> pd.DataFrame:
    events = run.comparison.events
    texts = {name: pd.Series([getattr(one, name) for one in events], dtype="str") for name in ("kind", "asset", "text")}
    return pd.DataFrame({"date": pd.DatetimeIndex([one.date for one in events]), **texts})


def _decision_frame(run: RunResult) -> pd.DataFrame:
    walk = run.summary.optimiser
    frame = pd.DataFrame([asdict(step) for step in walk.steps] if walk else [])
    days = [name for name in ("date", "decided", "train_first", "train_last") if name in frame]
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in days})
