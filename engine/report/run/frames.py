"""A run as pandas frames: what ``engine.run`` returns."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.analysis.performance import METRICS
from engine.analysis.walk_forward import walk_forward
from engine.backtest.outputs import decision_summary, trades_csv
from engine.report import number_format as fmt
from engine.report.phrases import plural, portfolio_label

if TYPE_CHECKING:
    import pandas as pd

    from engine.backtest.outputs import RunResult


@dataclass(frozen=True, eq=False, repr=False)
class Frames:
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

    """

    name: str
    equity: pd.DataFrame
    weights: pd.DataFrame
    trades: pd.DataFrame
    events: pd.DataFrame
    decisions: pd.DataFrame
    summary: pd.DataFrame
    warnings: tuple[str, ...]

    @classmethod
    def from_run(cls, run: RunResult) -> Frames:
        """Return the frames of a run."""
        import pandas as pd  # noqa: PLC0415  (half a second, and only who asks for frames pays it)

        portfolios = run.comparison.portfolios
        equity = pd.DataFrame(
            {name: pd.Series(p.ledger.value, index=pd.DatetimeIndex(p.ledger.dates)) for name, p in portfolios.items()}
        ).sort_index()
        figures = {name: portfolio.metrics() for name, portfolio in portfolios.items()}
        return cls(
            name=run.name,
            equity=equity.rename_axis("date"),
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
        )

    def __repr__(self) -> str:
        """Return the window, the headline figures and how many warnings there are."""
        headline = [key for key, metric in METRICS.items() if metric.headline]
        rows = [
            [METRICS[key].title, *(fmt.figure(_nan_to_none(value), METRICS[key].style) for value in values)]
            for key, values in zip(headline, self.summary.loc[headline].to_numpy().tolist(), strict=True)
        ]
        table = [["", *(portfolio_label(str(name)) for name in self.summary.columns)], *rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines = ["  ".join(_align_cells(row, widths)) for row in table]
        first, last = self.equity.index[0], self.equity.index[-1]
        head = f"{self.name}: {first:%Y-%m-%d} to {last:%Y-%m-%d}, {plural(len(self.equity), 'session')}"
        foot = f"{plural(len(self.trades), 'trade')}, {plural(len(self.warnings), 'warning')}"
        return "\n".join([head, "", *lines, "", f"{foot}; see .equity .weights .trades .events .summary .warnings"])


def _weight_frame(run: RunResult) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  (as above)

    ledger = run.comparison.strategy.ledger
    held = [j for j in range(len(ledger.assets)) if ledger.units[:, j].any() or ledger.targets[:, j].any()]
    weights = ledger.weights(run.comparison.market)
    columns = {ledger.assets[j]: weights[:, j] for j in held}
    columns["cash"] = ledger.cash / ledger.value
    return pd.DataFrame(columns, index=pd.DatetimeIndex(ledger.dates, name="date"))


def _event_frame(run: RunResult) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415  (as above)

    found = run.comparison.events
    return pd.DataFrame(
        {
            "date": pd.DatetimeIndex([one.date for one in found]),
            "kind": pd.Series([one.kind for one in found], dtype="str"),
            "asset": pd.Series([one.asset for one in found], dtype="str"),
            "text": pd.Series([one.text for one in found], dtype="str"),
        }
    )


def _align_cells(row: list[str], widths: list[int]) -> list[str]:
    """Return the title padded to the right, the figures to the left."""
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]


def _nan_to_none(value: float) -> float | None:
    """Return None for NaN: the frame's way to say that a figure does not exist."""
    return None if value != value else value  # noqa: PLR0124  (only NaN differs from itself)


def _decision_frame(run: RunResult) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415

    walk = walk_forward(run.comparison.strategy.ledger, run.comparison.market)
    frame = pd.DataFrame([decision_summary(stride) for stride in walk.steps] if walk else [])
    days = [name for name in ("date", "decided", "train_first", "train_last") if name in frame]
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in days})
