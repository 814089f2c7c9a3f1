"""A run as pandas frames: what ``engine.run`` returns.

Importing this module imports pandas, which takes half a second; only who asks for frames pays it.
"""

from __future__ import annotations

import io
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from engine.analysis.metrics_table import METRICS
from engine.backtest.outputs import trades_csv, weight_columns
from engine.report import number_format as fmt
from engine.report.notebook_table import result_html, table_html
from engine.report.phrases import plural, portfolio_label
from engine.report.run import summary_frames

if TYPE_CHECKING:
    from engine.backtest.finished_run import FinishedRun
    from engine.backtest.outputs import RunResult
    from engine.backtest.run_summary import RunSummary
    from engine.report.charts.chart import Chart

_LINE: Final = 80
"""Characters of a line of the verdict."""


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

    @cached_property
    def returns(self) -> pd.DataFrame:
        """Returns from one session to the next by portfolio, money paid in or out taken out; index named ``date``.

        They are what volatility and Sharpe ratio are computed from: the first session has none. A portfolio that
        begins later has NaN before. ``run.returns["strategy"]``, a Series, is what quantstats, empyrical and pyfolio
        take as it is; of a late benchmark ``run.returns["SPY"].dropna()``.
        """
        return summary_frames.return_frame(self.result.comparison)

    @cached_property
    def intervals(self) -> pd.DataFrame:
        """The strategy's growth a year less that of each other portfolio, with its interval and what that allows."""
        return summary_frames.interval_frame(self.result.comparison.versus)

    @cached_property
    def parts(self) -> pd.DataFrame:
        """What the difference to buy-and-hold is made of, in parts that add up to it [fraction a year] (S18)."""
        return summary_frames.part_frame(self.result.comparison.versus)

    @cached_property
    def drift(self) -> pd.Series[Any]:
        """How far weights were from their targets: mean, highest and when, and at how many closes caps were passed."""
        return summary_frames.drift_series(self._summary)

    @cached_property
    def caps(self) -> pd.DataFrame:
        """The highest weight of each capped asset, when, and at how many closes it stood above its cap."""
        return summary_frames.cap_frame(self._summary)

    @cached_property
    def years(self) -> pd.DataFrame:
        """What each portfolio returned in each calendar year [fraction]."""
        return summary_frames.year_frame(self._summary)

    @cached_property
    def falls(self) -> pd.DataFrame:
        """The strategy's deepest falls, from high to recovery, the deepest first."""
        return summary_frames.fall_frame(self._summary)

    @cached_property
    def starts(self) -> pd.DataFrame:
        """The plan beside buy-and-hold, both bought anew in each year, with intervals."""
        return summary_frames.start_frame(self._summary)

    @cached_property
    def rolling(self) -> pd.DataFrame:
        """Windows of 1, 3 and 5 years: how many, the best and the worst, and how often the strategy was ahead."""
        return summary_frames.rolling_frame(self._summary)

    @cached_property
    def rebalances(self) -> pd.DataFrame:
        """What each rebalance cost, and what it had gained by the next and by the end [currency]."""
        return summary_frames.rebalance_frame(self._summary)

    @cached_property
    def contribution(self) -> pd.DataFrame:
        """What each asset earned [currency], what it cost, and its shares of weight and risk."""
        return summary_frames.contribution_frame(self._summary)

    @cached_property
    def taxes(self) -> pd.DataFrame:
        """The strategy's tax by calendar year and kind [currency]; no rows where nothing is taxed (S19)."""
        return summary_frames.tax_frame(self._summary)

    @cached_property
    def after_tax(self) -> pd.DataFrame:
        """Growth and value of each portfolio before tax, held and sold; no rows where nothing is taxed (S19)."""
        return summary_frames.after_tax_frame(self._summary)

    @cached_property
    def fees(self) -> pd.DataFrame:
        """What was paid in each calendar year by kind, and in all [currency]."""
        return summary_frames.fee_frame(self._summary)

    @property
    def verdict(self) -> str:
        """What can be said of the strategy, in the sentence that heads its report."""
        return self._summary.verdict.sentence if self._summary.verdict else ""

    @property
    def plan(self) -> str:
        """What the config asks for, in a sentence."""
        return self._summary.plan_sentence or self._summary.description

    @property
    def charts(self) -> tuple[str, ...]:
        """The names of the charts that ``plot`` draws of this run."""
        from engine.report.run.charts import run_chart_kinds  # noqa: PLC0415  (only who looks at charts pays for them)

        return run_chart_kinds(self._finished)

    def plot(self, kind: str = "growth") -> Chart:
        """Return a chart of the run's report, which a notebook shows and ``save`` writes.

        Raises
        ------
        EngineError
            When this run has no such chart; the message names those that it has, as ``charts`` does.

        """
        from engine.report.run.charts import run_chart  # noqa: PLC0415  (only who looks at charts pays for them)

        return run_chart(self._finished, kind)

    @property
    def _summary(self) -> RunSummary:
        return self.result.summary

    @cached_property
    def _finished(self) -> FinishedRun:
        """The run as its files have it, which is what charts are drawn from."""
        from engine.backtest.finished_run import read_run  # noqa: PLC0415  (only who looks at charts pays for it)

        with TemporaryDirectory() as folder:
            self.result.write(Path(folder))
            return read_run(Path(folder))

    def _headline(self) -> list[list[str]]:
        """Return heads, and a row for each headline figure."""
        headline = [key for key, metric in METRICS.items() if metric.headline]
        rows = [
            [
                METRICS[key].title,
                *(fmt.metric(None if math.isnan(value) else value, METRICS[key].style) for value in values),
            ]
            for key, values in zip(headline, self.summary.loc[headline].to_numpy().tolist(), strict=True)
        ]
        return [["", *(portfolio_label(str(name)) for name in self.summary.columns)], *rows]

    def _span(self) -> str:
        first, last = self.equity.index[0], self.equity.index[-1]
        return f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, {plural(len(self.equity), 'session')}"

    def _counts(self) -> str:
        return f"{plural(len(self.trades), 'trade')}, {plural(len(self.warnings), 'warning')}"

    def __repr__(self) -> str:
        """Return the window, the headline figures, the verdict and how many warnings there are."""
        table = self._headline()
        title_width, *widths = (max(map(len, column)) for column in zip(*table, strict=True))
        lines = ["  ".join([title.ljust(title_width), *map(str.rjust, cells, widths)]) for title, *cells in table]
        see = "see .summary .returns .weights .trades .warnings .plot()"
        said = [*wrap(self.verdict.replace("\N{MINUS SIGN}", "-"), _LINE), f"{self._counts()}; {see}"]
        return "\n".join([f"{self.name}: {self._span()}", "", *lines, "", *said])

    def _repr_html_(self) -> str:
        heads, *rows = self._headline()
        foot = f"{self._counts()}; see .warnings, .summary, .intervals, .plot()"
        return result_html(self.name, self._span(), [self.verdict], [table_html(heads, rows)], foot)


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
