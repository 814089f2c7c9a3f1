"""A run replayed from its own files: orders, holdings, cash, levels and figures, each recomputed from the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Final

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.backtest.outputs import Trade
from engine.backtest.session_flows import session_flows
from engine.core.arrays import BoolArray, DateArray, FloatArray
from engine.core.conventions import CASH_DAYS_PER_YEAR
from engine.data.sessions import calendar_years
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.portfolio.account import Account

_MOST_SPLIT_SHARES: Final = 50
"""Shares that one split is taken to make at most of a whole number of others."""
_SMALL_SHARE: Final = 1e-3
"""The share of the capital below which money is measured by it."""

_ORDERS = FigureGroup("orders", "trades.csv: value = quantity x price, and the sums in summary.json")
_HOLDINGS = FigureGroup("holdings", "shares added up from trades.csv, beside weights.parquet x equity.parquet")
_CASH = FigureGroup("cash", "the cash before, interest, flows, orders, costs and fees, beside weights.parquet")
_WEIGHTS = FigureGroup("weights", "weights.parquet: their sums, and the highest ones in summary.json")
_LEVELS = FigureGroup("levels", "equity.parquet, flows, costs and fees, beside levels.parquet")


@dataclass(frozen=True)
class ReplayedRun:
    """The strategy of a finished run, by session: what its files say of it."""

    run: FinishedRun

    @cached_property
    def account(self) -> Account:
        """The account of the config."""
        return self.run.account

    @cached_property
    def dates(self) -> DateArray:
        """(T,) sessions."""
        return self.run.weights.dates

    @cached_property
    def value(self) -> FloatArray:
        """(T,) at each close [currency]."""
        return self.series("equity", "strategy")[1]

    @cached_property
    def flows(self) -> FloatArray:
        """(T,) paid in or out, as the config plans it [currency]."""
        return session_flows(self.run).flows

    @cached_property
    def order_costs(self) -> FloatArray:
        """(T,) of the strategy's orders [currency]."""
        return self.sum_by_session(self.run.trades, [one.cost for one in self.run.trades])

    @cached_property
    def fees(self) -> FloatArray:
        """(T,) yearly fees as the config plans them, of the value before flows, costs and the fee itself [currency]."""
        return session_flows(self.run).fees

    @property
    def risk_free(self) -> float | None:
        """The risk-free rate a year; None where it is a dated series, which is not in the folder."""
        rate = self.run.section("compare").get("risk_free", 0.0)
        return float(rate) if isinstance(rate, float | int) else None

    def flows_of(self, name: str, dates: DateArray) -> FloatArray | None:
        """Return (T,) what is paid in or out on a portfolio's sessions ``dates``, as the config plans it [currency].

        None where it is a percentage of a value before costs that are not in the files.
        """
        if name == "strategy":
            return self.flows.copy()
        found = np.zeros(len(dates))
        for row, (amount, share) in self.account.flows_by_row(dates, 0).items():
            if share:
                return None
            found[row] = amount
        if (last := self.run.summary.portfolios[name].last_withdrawal) is not None:
            found[-1] = -last.paid
        return found

    @property
    def may_split(self) -> bool:
        """Whether shares are those of the day, whose number splits change; adjusted closes have none."""
        return self.run.summary.data.closes != "adjusted"

    @property
    def pays_dividends(self) -> bool:
        """Whether dividends may have been paid into cash; which is not in the files."""
        use = self.run.section("data").get("dividends", self.account.default_dividends)
        return self.may_split and (use != "reinvest" or self.run.taxes is not None)

    @cached_property
    def taxes(self) -> FloatArray:
        """(T,) what ``taxes.csv`` says of each session: tax and what was withheld, less the dividends [currency].

        What is booked but owed at the end is taken off the last one.
        """
        found, lines = np.zeros(len(self.dates)), self.run.taxes or ()
        rows = np.searchsorted(self.dates, np.array([one.date for one in lines], dtype="datetime64[D]"))
        paid = [one.tax + one.withheld - (one.gain if one.kind == "dividend" else 0.0) for one in lines]
        np.add.at(found, rows, paid)
        told = self.run.summary.portfolios["strategy"].tax
        if told is not None:
            found[-1] -= sum(one.tax for one in lines) - told.paid - told.outside
        return found

    @cached_property
    def scale(self) -> FloatArray:
        """(T,) by what differences of money are measured [currency]."""
        return np.maximum(self.value, _SMALL_SHARE * self.run.summary.account.capital)

    def has_frequency_of(self, name: str) -> bool:
        """Return whether a portfolio's sessions are as frequent as the strategy's: only then they are the same."""
        portfolios = self.run.summary.portfolios
        return portfolios[name].frequency == portfolios["strategy"].frequency

    def series(self, file: str, name: str) -> tuple[DateArray, FloatArray]:
        """Return the dates and values of a portfolio in ``equity`` or ``levels``, where it has any."""
        table = getattr(self.run, file)
        there = ~np.isnan(table.columns[name])
        return table.dates[there], table.columns[name][there]

    def sum_by_session(self, trades: Sequence[Trade], amounts: Sequence[float]) -> FloatArray:
        """Return (T,) the sum of ``amounts`` by the session of their trades."""
        found = np.zeros(len(self.dates))
        rows = np.searchsorted(self.dates, np.array([one.date for one in trades], dtype="datetime64[D]"))
        np.add.at(found, rows, amounts)
        return found


def widest(
    group: FigureGroup, name: str, expected: FloatArray, found: FloatArray, dates: DateArray | Sequence[str]
) -> Iterator[ReferenceFigure]:
    """Yield the pair that is furthest apart, with its date; nothing where there is none."""
    if len(expected):
        apart = np.abs(expected - found) / np.maximum(1.0, np.abs(expected))
        at = int(np.where(np.isnan(apart), np.inf, apart).argmax())
        yield group.figure(f"{name}, {dates[at]}", float(expected[at]), float(found[at]))


def replay_run(run: FinishedRun) -> Iterator[ReferenceFigure]:
    """Yield what the strategy's files say of each other."""
    replayed = ReplayedRun(run)
    yield from _orders(replayed)
    yield from _holdings(replayed)
    yield from _cash(replayed)
    yield from _weights(replayed)
    for name in run.summary.portfolios:
        yield from _levels(replayed, name)


def _orders(replayed: ReplayedRun) -> Iterator[ReferenceFigure]:
    trades = replayed.run.trades
    values, products = (np.array(x) for x in ([t.value for t in trades], [t.quantity * t.price for t in trades]))
    yield from widest(_ORDERS, "value of an order", values, products, [t.date for t in trades])
    metrics = replayed.run.summary.portfolios["strategy"].metrics
    orders = [one for one in trades if not one.is_payout]
    yield _ORDERS.figure("trades", metrics.get("trades") or 0, len(orders))
    yield _ORDERS.figure(
        "costs", metrics.get("costs") or 0.0, sum(one.cost for one in trades) + float(replayed.fees.sum())
    )
    yearly = replayed.run.summary.portfolios["strategy"].yearly_fees
    yield _ORDERS.figure("yearly fees among the costs", yearly or 0.0, float(replayed.fees.sum()))
    years = calendar_years(replayed.dates)
    for year in replayed.run.summary.fees or ():
        paid = sum(one.cost for one in trades if one.date.startswith(f"{year.year}-"))
        yield _ORDERS.figure(f"fees of {year.year}", year.total, paid + float(replayed.fees[years == year.year].sum()))


def _holdings(replayed: ReplayedRun) -> Iterator[ReferenceFigure]:
    """Yield for each asset the order before which its shares differ most from what was left after the one before.

    Shares after an order are the money in the asset at that close over the price of the order. Where dividends made
    them more by an amount that is not in the files, nothing is yielded.
    """
    if replayed.may_split and not replayed.pays_dividends:
        return
    by_asset: dict[str, dict[str, list[Trade]]] = {}
    for one in replayed.run.trades:
        by_asset.setdefault(one.asset, {}).setdefault(one.date, []).append(one)
    for asset, by_date in by_asset.items():
        rows = np.searchsorted(replayed.dates, np.array(list(by_date), dtype="datetime64[D]"))
        money = replayed.run.weights.columns[asset][rows] * replayed.value[rows]
        price = np.array([orders[-1].price for orders in by_date.values()])
        traded = np.array([sum(one.quantity for one in orders) for orders in by_date.values()])
        after = np.divide(money, price, out=np.zeros(len(rows)), where=price != 0.0)
        before, kept = after - traded, np.concatenate([[0.0], after[:-1]])
        factor = _split_factors(kept, before) if replayed.may_split else 1.0
        share = price / replayed.scale[rows]
        yield from widest(_HOLDINGS, asset, kept * factor * share, before * share, list(by_date))


def _split_factors(kept: FloatArray, found: FloatArray) -> FloatArray:
    """Return by what splits can have multiplied ``kept`` shares: a ratio of small whole numbers, or 1."""
    factors = np.ones(len(kept))
    for k in np.flatnonzero(kept > 0.0).tolist():
        ratio = float(found[k] / kept[k])
        near = float(Fraction(ratio).limit_denominator(_MOST_SPLIT_SHARES))
        factors[k] = near if near > 0.0 and abs(ratio / near - 1.0) < 1e-9 else 1.0
    return factors


def _cash(replayed: ReplayedRun) -> Iterator[ReferenceFigure]:
    value, dates, trades = replayed.value, replayed.dates, replayed.run.trades
    cash = replayed.run.weights.columns["cash"] * value
    days = np.diff(dates) / np.timedelta64(1, "D")
    rate = replayed.account.cash.rate
    if not isinstance(rate, float):  # its series is not in the folder
        return
    growth = np.power(1.0 + rate, days / CASH_DAYS_PER_YEAR)
    before = np.concatenate([[replayed.run.summary.account.capital], cash[:-1] * growth])
    spent = replayed.sum_by_session(trades, [one.value + one.cost for one in trades])
    explained = before + replayed.flows - spent - replayed.fees - replayed.taxes
    scale = replayed.scale
    if replayed.pays_dividends:
        explained = np.maximum(explained, cash)  # what is there beyond that was paid as dividends
    yield from widest(_CASH, "cash over value", cash / scale, explained / scale, dates)


def _weights(replayed: ReplayedRun) -> Iterator[ReferenceFigure]:
    columns = replayed.run.weights.columns
    total = np.sum(list(columns.values()), axis=0)
    there = replayed.value != 0.0
    yield from widest(_WEIGHTS, "sum of all", np.ones(int(there.sum())), total[there], replayed.dates[there])
    for asset, peak in replayed.run.summary.portfolios["strategy"].max_weight.items():
        path = columns[asset]
        yield _WEIGHTS.figure(f"highest of {asset}", peak.weight, float(path.max()))
        yield _WEIGHTS.figure(f"date of the highest of {asset}", peak.date, str(replayed.dates[path.argmax()]))
        over = int((path > peak.cap * (1.0 + 1e-9)).sum())
        yield _WEIGHTS.figure(f"closes of {asset} above its cap", peak.sessions_over_cap, over)


def _levels(replayed: ReplayedRun, name: str) -> Iterator[ReferenceFigure]:
    """Yield where a portfolio's level grew otherwise than S12 has it.

    Costs are in the files for the strategy only: of other portfolios, and where taxes are paid, sessions with flows are
    left out.
    """
    dates, value = replayed.series("equity", name)
    level_dates, level = replayed.series("levels", name)
    yield _LEVELS.figure(f"{name}: sessions", len(dates), len(level_dates))
    if not np.array_equal(dates, level_dates):
        yield _LEVELS.figure(f"{name}: dates of equity and levels", "equal", "different")
        return
    flows, costs, known = np.zeros(len(dates)), np.zeros(len(dates)), np.ones(len(dates), dtype=np.bool_)
    known[list(replayed.account.flows_by_row(dates, 0))] = False
    if name == "strategy":
        flows = replayed.flows
        costs = replayed.order_costs + replayed.fees
        if replayed.run.taxes is None:  # of which some are due before a flow, and some after it
            known = np.ones(len(dates), dtype=np.bool_)
    grown, there = _growth(value, flows, costs), known[1:] & (level[:-1] > 0.0)
    found = np.divide(level[1:], level[:-1], out=np.zeros(len(grown)), where=level[:-1] > 0.0)
    yield _LEVELS.figure(f"{name}: first level", float(value[0]), float(level[0]))
    yield from widest(_LEVELS, f"{name}: growth", grown[there], found[there], dates[1:][there])


def _growth(value: FloatArray, flows: FloatArray, costs: FloatArray) -> FloatArray:
    """Return (T-1,) the factors of S12: of the costs at a flow, what came in bears its share."""
    paid_in, paid_out = np.maximum(flows, 0.0), np.maximum(-flows, 0.0)
    before = value - flows + costs
    kept = np.divide(value + paid_out, before + paid_in, out=np.zeros(len(value)), where=before + paid_in > 0.0)
    moved: BoolArray = flows[1:] != 0.0
    plain = np.divide(value[1:], value[:-1], out=np.zeros(len(value) - 1), where=value[:-1] > 0.0)
    linked = np.divide(before[1:] * kept[1:], value[:-1], out=np.zeros(len(value) - 1), where=value[:-1] > 0.0)
    return np.where(moved, linked, plain)
