"""An independent engine's word: the trades of every portfolio replayed through vectorbt, values compared by session."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from engine.backtest.outputs import RunResult
from engine.core.arrays import FloatArray, IntArray
from engine.core.errors import ContradictionError, OutputError
from engine.core.extras import install_command, is_installed
from engine.data.market import Market
from engine.simulation.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST_DIFFERENCE: Final = 1e-9
"""Of a value to vectorbt's that rounding can explain [fraction]."""
_SMALL_SHARE: Final = 1e-3
"""The share of all money paid in below which a value is measured by it: of less, sums keep fewer digits."""


@dataclass(frozen=True)
class Replay:
    """What vectorbt makes of a ledger's orders.

    ``value`` (T,) [currency]; ``size`` (R, N) signed and ``paid`` (R, N) are the shares that it traded and what it
    charged for them; ``paid_in`` is all the money that the account ever had from outside [currency].
    """

    value: FloatArray
    size: FloatArray
    paid: FloatArray
    paid_in: float

    def differences(self, ledger: Ledger) -> FloatArray:
        """Return (T,) how far the ledger's value is from the replay's [fraction]; 1 where there is no number."""
        sizes = np.maximum(np.abs(ledger.value), np.abs(self.value))
        found = np.abs(ledger.value - self.value) / np.maximum(sizes, _SMALL_SHARE * self.paid_in)
        return np.where(np.isfinite(found), found, 1.0)


class _OrderArrays(NamedTuple):
    """Orders as vectorbt takes them, (L, M): a line a session, more where events share it, of M assets ever traded.

    ``at`` (L,) is the session of each line, ``lines`` (R,) the line of each event.
    """

    size: FloatArray
    price: FloatArray
    fees: FloatArray
    at: IntArray
    lines: IntArray


def audit_run(run: RunResult) -> RunResult:
    """Return the run with the largest relative difference of each portfolio's value to vectorbt's."""
    portfolios = run.comparison.portfolios
    found = {name: largest_difference(one.ledger, one.market) for name, one in portfolios.items()}
    return dataclasses.replace(run, audit=found)


def require_agreement(run: RunResult, folder: Path) -> None:
    """Raise ContradictionError where vectorbt values a portfolio otherwise; it names the first differing order."""
    worst = {name: one for name, one in (run.audit or {}).items() if not one <= _LARGEST_DIFFERENCE}
    if not worst:
        return
    lines = []
    for name, difference in worst.items():
        portfolio = run.comparison.portfolios[name]
        first = _describe_first(portfolio.ledger, replay(portfolio.ledger, portfolio.market))
        lines.append(
            f"{run.name}: {name} differs from its replay in vectorbt by {difference:.1e} of its value; {first}"
        )
    raise ContradictionError(*lines, folder=folder)


def largest_difference(ledger: Ledger, market: Market) -> float:
    """Return the largest difference between the ledger's value and vectorbt's over all sessions [fraction]."""
    return float(replay(ledger, market).differences(ledger).max())


def require_vectorbt() -> None:
    """Raise OutputError, which says what to install, where vectorbt is not: it is not imported."""
    if not is_installed("vectorbt"):
        raise OutputError(f"--audit: vectorbt is not installed; run `{install_command('audit')}`")


def replay(ledger: Ledger, market: Market) -> Replay:
    """Return what vectorbt makes of the ledger's orders.

    vectorbt knows no flows, interest, dividends or taxes: it starts with all the cash that ever comes in, and what had
    come in by each session is put to its account beside its value. It refuses a sale that brings less than its fee: an
    order of less than its fee is made without, and the fee leaves the account as cash, as a yearly fee does. Shares,
    prices, other fees, cash and values are its own.
    """
    require_vectorbt()
    import vectorbt as vbt  # noqa: PLC0415  (an extra, and seconds to import)

    offset = ledger.opening_row(market)
    used = np.flatnonzero(ledger.trades.any(axis=0))
    apart = np.where(ledger.costs > np.abs(ledger.order_values), ledger.costs, 0.0)
    orders = _order_arrays(ledger, used, np.nan_to_num(market.prices[offset:, used], nan=1.0), ledger.costs - apart)
    interest = np.concatenate([[0.0], ledger.cash[:-1] * market.cash_rate[offset + 1 :]])
    inflow = interest + ledger.flows + ledger.dividends(market)
    if ledger.taxes is not None:
        inflow -= ledger.taxes.paid + ledger.taxes.withheld
    reserve = float(np.maximum(inflow, 0.0).sum())
    inflow -= ledger.fees
    np.subtract.at(inflow, ledger.rows, apart.sum(axis=1))
    if not len(used):
        nothing = np.zeros_like(ledger.trades)
        return Replay(ledger.capital + np.cumsum(inflow), nothing, nothing, ledger.capital + reserve)
    portfolio = vbt.Portfolio.from_orders(
        close=np.nan_to_num(market.prices[offset:, used], nan=1.0)[orders.at],
        size=orders.size,
        price=orders.price,
        fixed_fees=orders.fees,
        init_cash=ledger.capital + reserve,
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
        freq="1D",
    )
    value = np.asarray(portfolio.value(), dtype=np.float64).reshape(-1)
    last = np.concatenate([orders.at[1:] != orders.at[:-1], [True]])
    records = portfolio.orders.values
    size, paid = np.zeros_like(orders.size), np.zeros_like(orders.size)
    size[records["idx"], records["col"]] = np.where(records["side"] == 0, 1.0, -1.0) * records["size"]
    paid[records["idx"], records["col"]] = records["fees"]
    by_event = np.zeros((2, *ledger.trades.shape))
    by_event[:, :, used] = size[orders.lines], paid[orders.lines]
    return Replay(value[last] - reserve + np.cumsum(inflow), by_event[0], by_event[1] + apart, ledger.capital + reserve)


def _order_arrays(ledger: Ledger, used: IntArray, close: FloatArray, costs: FloatArray) -> _OrderArrays:
    """Return the orders of the assets ``used`` (M,) with the fees ``costs`` (R, N) at the sessions of ``close``."""
    at = np.sort(np.concatenate([np.setdiff1d(np.arange(len(close)), ledger.rows), ledger.rows]))
    within = np.arange(len(ledger.rows)) - np.searchsorted(ledger.rows, ledger.rows)  # of events that share a session
    lines = np.searchsorted(at, ledger.rows) + within
    size = np.zeros((len(at), len(used)))
    price = close[at].copy()
    fees = np.zeros_like(size)
    size[lines] = ledger.trades[:, used]
    traded = ledger.trades[:, used] != 0.0
    paid = np.maximum(ledger.prices[:, used], np.finfo(float).tiny)  # vectorbt refuses a payout at a price of zero
    price[lines] = np.where(traded, paid, price[lines])
    fees[lines] = costs[:, used]
    return _OrderArrays(size, price, fees, at, lines)


def _describe_first(ledger: Ledger, replayed: Replay) -> str:
    """Return since when values differ, and the first order that vectorbt did not fill as the ledger has it."""
    row = int((replayed.differences(ledger) > _LARGEST_DIFFERENCE).argmax())
    said = f"first on {ledger.dates[row]}: {ledger.value[row]:.10g} here, {replayed.value[row]:.10g} there"
    wrong = ~np.isclose(ledger.trades, replayed.size, rtol=_LARGEST_DIFFERENCE, atol=1e-12)  # vectorbt's own tolerance
    wrong |= ~np.isclose(ledger.costs, replayed.paid, rtol=_LARGEST_DIFFERENCE, atol=1e-12)
    if not wrong.any():
        events = np.flatnonzero(ledger.rows <= row)
        before = str(ledger.dates[ledger.rows[events[-1]]]) if len(events) else "none"
        return f"{said}; every order was filled as here, the last one until then on {before}"
    event, j = (int(x) for x in np.argwhere(wrong)[0])
    ours = _describe_order(ledger.assets[j], ledger.trades[event, j], ledger.costs[event, j])
    theirs = _describe_order(ledger.assets[j], replayed.size[event, j], replayed.paid[event, j])
    return f"{said}; first differing order on {ledger.dates[ledger.rows[event]]}: {ours} here, {theirs} there"


def _describe_order(asset: str, size: float, cost: float) -> str:
    return f"{'buy' if size > 0.0 else 'sell'} {abs(size):.8g} {asset} for {cost:.6g}" if size else "none"
