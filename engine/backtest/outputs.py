"""What a run leaves behind: summary, tables and manifest, as data and as files.

Same config, data and version give the same bytes: no clock, no host name, no random order.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import yaml

from engine.analysis.breakdown.breakdown import Breakdown
from engine.analysis.breakdown.series_table import SeriesTable
from engine.analysis.comparison import Comparison, PortfolioResult
from engine.analysis.currency_parts import split_gain
from engine.analysis.fees import YearFees
from engine.analysis.gate_findings import list_gate_findings
from engine.analysis.verdict import confidence_level
from engine.analysis.walk_forward import summarise_walk_forward
from engine.backtest.manifest import MANIFEST_FILE
from engine.backtest.output_folders import CONFIG_FILE, KEPT_FILE, SUMMARY_FILE
from engine.backtest.plan_words.sentence import describe_plan
from engine.backtest.run_summary import (
    AccountSummary,
    DataSummary,
    PortfolioSummary,
    PublishedSummary,
    RunManifest,
    RunSummary,
    WindowSummary,
    package_versions,
)
from engine.backtest.run_verdict import judge_run
from engine.backtest.tax_files import tax_files
from engine.backtest.tax_words import tax_sentence
from engine.core.arrays import FloatArray
from engine.core.files import atomic_write
from engine.core.json_files import to_json
from engine.core.parquet_files import dated_table, table_bytes
from engine.simulation.ledger import Ledger
from engine.simulation.trade_events import TAXED_DIVIDEND

_CONTENTS: Final = {
    "equity": "value of each portfolio at each close [currency]",
    "levels": "value of each portfolio at each close, flows taken out [currency]",
    "weights": "the strategy's weights at each close, cash last [fraction]",
    "months": "return of each portfolio by calendar month, called by its last session [fraction]",
    "rolling": "growth, volatility, Sharpe ratio and beta of the 1, 3 and 5 years to each month's end",
}
"""What the tables with a row a date say that they hold."""


class Trade(NamedTuple):
    """One order of a portfolio: a row of ``trades.csv``; ``quantity`` and ``value`` are signed, bought positive.

    Quantity and price are those of the day's shares, where splits are known, whatever was split since (S10).
    """

    date: str
    asset: str
    quantity: float
    price: float
    value: float
    cost: float
    reason: str

    @property
    def is_payout(self) -> bool:
        """Whether nobody ordered it: a delisting, what a split left of a whole share, a dividend that bought more."""
        paid_out = self.quantity < 0.0 and self.reason.startswith(("delisted: ", "split: "))
        return paid_out or self.is_reinvested

    @property
    def is_reinvested(self) -> bool:
        """Whether a dividend bought it, after its tax (S19)."""
        return self.reason == TAXED_DIVIDEND


@dataclass(frozen=True)
class RunResult:
    """A finished run: its comparison, what it cannot know, and the resolved config it answers to.

    ``kept`` is the content of ``kept_prices.zip``, empty where nobody asked for it; ``tax_law`` what it is taxed by in
    words, empty where nothing is; ``plug_ins`` the packages of others that took part, with their versions,
    and ``own_words`` what their strategy and costs say of themselves.
    """

    name: str
    description: str
    config: Mapping[str, object]
    config_sha256: str
    comparison: Comparison
    warnings: tuple[str, ...]
    fees: tuple[YearFees, ...] = ()
    fee_terms: str = ""
    published_source: str = ""
    audit: Mapping[str, float] | None = None
    rates_sha256: str = ""
    breakdown: Breakdown | None = None
    kept: bytes = b""
    tax_law: str = ""
    plug_ins: Mapping[str, str] = field(default_factory=dict)
    own_words: tuple[str, ...] = ()

    @cached_property
    def summary(self) -> RunSummary:
        """The content of ``summary.json``."""
        found = self._figures()
        return found.model_copy(
            update={
                "plan_sentence": " ".join([describe_plan(self.config, found.window.start).sentence, *self.own_words]),
                "verdict": judge_run(found, confidence_level(self.config)),
                "tax_law": self.tax_law or None,
                "plug_ins": dict(self.plug_ins) or None,
                "tax_sentence": tax_sentence(found, self.config) or None,
            }
        )

    def _figures(self) -> RunSummary:
        comparison, market = self.comparison, self.comparison.market
        ledger, printed = comparison.strategy.ledger, comparison.published
        summary = RunSummary(
            name=self.name,
            description=self.description,
            window=window_of(ledger),
            account=AccountSummary(capital=ledger.capital, currency=market.currency),
            portfolios={name: _portfolio_summary(item) for name, item in comparison.portfolios.items()},
            versus=dict(comparison.versus),
            checks=comparison.checks,
            data=DataSummary(
                source=market.provenance.source, closes=market.provenance.closes, sha256=market.provenance.sha256
            ),
            events=comparison.events,
            gate=list_gate_findings(ledger),
            fees=self.fees or None,
            fee_terms=self.fee_terms or None,
            warnings=self.warnings,
            optimiser=summarise_walk_forward(ledger, comparison.strategy.market),
            published=PublishedSummary(source=self.published_source, figures=printed) if printed else None,
            limit_orders=comparison.limit_orders,
            never_sold=comparison.never_sold,
            audit=dict(self.audit) if self.audit is not None else None,
        )
        return summary.model_copy(update=self.breakdown.figures) if self.breakdown else summary

    def write(self, folder: Path) -> None:
        """Write every file but the report into ``folder``, each whole or not at all.

        Raises
        ------
        OutputError
            When ``folder`` cannot be written to; files of an earlier run stay as they were or are replaced whole.

        """
        files = {
            **{f"{name}.parquet": self._table_bytes(name, table) for name, table in self._tables().items()},
            "trades.csv": trades_csv(self.comparison).encode(),
            **tax_files(self.comparison.strategy),
            CONFIG_FILE: yaml.safe_dump(dict(self.config), sort_keys=False, allow_unicode=True).encode(),
            SUMMARY_FILE: to_json(self.summary.to_plain()),
            **({KEPT_FILE: self.kept} if self.kept else {}),
        }
        manifest = RunManifest(
            versions=package_versions(self.plug_ins),
            config_sha256=self.config_sha256,
            data_sha256=self.summary.data.sha256,
            rates_sha256=self.rates_sha256 or None,
            trades_sha256=hashlib.sha256(files["trades.csv"]).hexdigest(),
            files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        )
        files[MANIFEST_FILE] = manifest.to_bytes()
        for name, content in files.items():
            atomic_write(folder / name, content)

    def _tables(self) -> dict[str, pa.Table]:
        """Return the tables with a row a date, by name."""
        found, portfolios = self.breakdown, self.comparison.portfolios
        made = {"months": found.month_table, "rolling": found.rolling_table} if found else {}
        return {
            "equity": _portfolio_table(self.comparison, {n: p.ledger.value for n, p in portfolios.items()}),
            "levels": _portfolio_table(self.comparison, {n: p.performance.level[1:] for n, p in portfolios.items()}),
            "weights": dated_table(self.comparison.strategy.ledger.dates, weight_columns(self.comparison)),
            **{name: _series_table(table) for name, table in made.items() if table},
        }

    def _table_bytes(self, name: str, table: pa.Table) -> bytes:
        """Return a table as Parquet that says what it is of."""
        about = {"name": self.name, "currency": self.comparison.market.currency, "config_sha256": self.config_sha256}
        return table_bytes(table, {**about, "content": _CONTENTS[name]}, index="date")


def list_trades(portfolio: PortfolioResult) -> Iterator[Trade]:
    """Yield a portfolio's orders, in the order they were filled."""
    ledger, shares = portfolio.ledger, portfolio.market.shares
    offset = ledger.opening_row(portfolio.market)
    for event, row in enumerate(ledger.rows):
        for j in np.flatnonzero(ledger.trades[event]).tolist():
            numbers = (x[event, j] for x in (ledger.trades, ledger.prices, ledger.order_values, ledger.costs))
            quantity, price, value, cost = map(float, numbers)
            if shares is not None:
                one = float(shares[offset + row, j])
                quantity, price = _without_rounding(quantity * one), _without_rounding(price / one)
            date, reason = str(ledger.dates[row]), ledger.reason(event, j)
            yield Trade(date, ledger.assets[j], quantity, price, value, cost, reason)


def _without_rounding(x: float) -> float:
    """Return a number to 12 digits: what a product of many factors leaves behind them was in no file."""
    return float(f"{x:.12g}")


def trades_csv(comparison: Comparison) -> str:
    """Return the strategy's trades: date, asset, quantity, price, value, cost, reason."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([Trade._fields, *list_trades(comparison.strategy)])
    return text.getvalue()


def weight_columns(comparison: Comparison) -> dict[str, FloatArray]:
    """Return (T,) weights at each close of every asset that the strategy ever held or wanted, and of cash."""
    ledger = comparison.strategy.ledger
    weights = ledger.weights(comparison.strategy.market)
    held = np.flatnonzero((ledger.units != 0.0).any(axis=0) | (ledger.targets != 0.0).any(axis=0)).tolist()
    cash = np.divide(ledger.cash, ledger.value, out=np.zeros_like(ledger.cash), where=ledger.value != 0.0)
    return {**{ledger.assets[j]: weights[:, j] for j in held}, "cash": cash}


def window_of(ledger: Ledger) -> WindowSummary:
    """Return the sessions of a ledger."""
    return WindowSummary(start=str(ledger.dates[0]), end=str(ledger.dates[-1]), sessions=len(ledger.dates))


def _portfolio_summary(portfolio: PortfolioResult) -> PortfolioSummary:
    taxed = portfolio.taxed
    return PortfolioSummary(
        **window_of(portfolio.ledger).model_dump(),
        metrics=portfolio.metrics,
        frequency=None if portfolio.market.frequency == "daily" else portfolio.market.frequency,
        max_weight=dict(portfolio.peak_weights),
        currency_parts=split_gain(portfolio.ledger, portfolio.market),
        yearly_fees=float(portfolio.ledger.fees.sum()) if portfolio.ledger.fees.any() else None,
        last_withdrawal=portfolio.ledger.last_withdrawal,
        tax=taxed.tax if taxed else None,
        after_tax=taxed.after_tax if taxed else None,
        pre_tax=taxed.pre_tax if taxed else None,
    )


def _portfolio_table(comparison: Comparison, series: Mapping[str, FloatArray]) -> pa.Table:
    """Return a table with a date column and one column a portfolio, empty where it has no session."""
    dates = {name: portfolio.ledger.dates for name, portfolio in comparison.portfolios.items()}
    together = reduce(np.union1d, dates.values())
    columns, there = {}, {}
    for name, values in series.items():
        rows = np.searchsorted(together, dates[name])
        columns[name], there[name] = np.zeros(len(together)), np.zeros(len(together), dtype=np.bool_)
        columns[name][rows], there[name][rows] = values, True
    return dated_table(together, columns, there)


def _series_table(table: SeriesTable) -> pa.Table:
    """Return a table of Arrow, empty where it has no value."""
    there = {name: np.isfinite(column) for name, column in table.columns.items()}
    return dated_table(table.dates, {name: np.nan_to_num(c) for name, c in table.columns.items()}, there)
