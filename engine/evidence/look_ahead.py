"""Certificate of no look-ahead (S2): every close after a session is replaced, and nothing up to it may move."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.core.errors import EngineError
from engine.core.plug_ins import plug_in_of
from engine.core.waiting import WAITING
from engine.data.market import Market
from engine.evidence.fresh_process import Terms, fresh_process
from engine.evidence.later_closes import REPLACEMENTS, Replacement, replace_later_closes

if TYPE_CHECKING:
    from engine.backtest.config import RunConfig
    from engine.backtest.prices import LoadedPrices
    from engine.core.json_files import Json
    from engine.portfolio.account import Account
    from engine.portfolio.cost_table import CostTable
    from engine.portfolio.policy import Policy, PolicyT
    from engine.simulation.ledger import Ledger
    from engine.tax.book import Taxation

SESSIONS: Final = 50
"""Sessions t of a run after which closes are replaced."""
_AROUND_DECISIONS: Final = 36
"""How many of them are sessions of decisions, those before and those after."""
_FRESH_SESSIONS: Final = 8
"""Sessions t of a plug-in's run after which closes are replaced in a process of its own."""


@dataclass(frozen=True)
class Movement:
    """What moved first: a decision, a trade or the value at the session ``date``, of ``asset`` where it is of one.

    ``known``: the last session whose closes it may use; it moved when those after the session ``replaced_after`` became
    what ``replacement`` says.
    """

    kind: Literal["decision", "trade", "value"]
    date: str
    asset: str
    known: str
    replaced_after: str
    replacement: Replacement

    def __str__(self) -> str:
        """Return it as one line with its remedy."""
        whose = f" ({self.asset})" if self.asset else ""
        what = f"the decision filled on {self.date}" if self.kind == "decision" else f"the {self.kind} of {self.date}"
        how = REPLACEMENTS[self.replacement]
        return (
            f"look-ahead: {what}{whose} may use closes up to {self.known}, and moved when those after "
            f"{self.replaced_after} were {how}; let the strategy read prices from the history it is given alone"
        )


@dataclass(frozen=True)
class LookAheadCertificate:
    """What replacing later closes showed of one run: ``moved`` is None where no decision, trade or value did.

    ``sessions`` after which closes were replaced, each in every one of ``replacements``; ``decisions`` of the run:
    rebalances, whole or into bands, and loss reviews; ``trades``: its orders.
    """

    sessions: int
    replacements: tuple[Replacement, ...]
    decisions: int
    trades: int
    moved: Movement | None

    def to_plain(self) -> dict[str, Json]:
        """Return it as JSON has it."""
        moved = None if self.moved is None else dataclasses.asdict(self.moved)
        return {**dataclasses.asdict(self), "replacements": list(self.replacements), "moved": moved}


def certify_run(
    config: RunConfig[PolicyT],
    prices: LoadedPrices,
    ledger: Ledger,
    prepare: Callable[[], object] | None = None,
) -> LookAheadCertificate:
    """Certify the strategy of a config, whose run over its ``prices`` was ``ledger``; ``prepare`` as in ``certify``."""
    own, market = prices.sessions_of(config.strategy), prices.market
    costs = config.costs.cost_table(market.assets, market.foreign)
    terms = (config.strategy, config.account, costs)
    return certify(own.market, *terms, start=own.start, ledger=ledger, taxation=prices.taxation, prepare=prepare)


def certify(  # noqa: PLR0913  (all that ``simulate`` takes)
    market: Market,
    policy: Policy,
    account: Account,
    costs: CostTable,
    *,
    start: int = 0,
    ledger: Ledger | None = None,
    taxation: Taxation | None = None,
    prepare: Callable[[], object] | None = None,
) -> LookAheadCertificate:
    """Run a plan again over markets whose closes after t are replaced, and compare what was decided and traded up to t.

    What is replaced are closes in the account's currency and the dividends beside them. The sessions, rates of cash and
    of currencies, dated lists and filings stay: they are read by their dates. Up to t events, trades, prices, costs and
    values are compared to the bit; where assets live on also what is decided on closes up to t and filled after it.
    Each run ends soon after its t. A strategy of a plug-in runs also where only the replaced closes exist, in a process
    of its own (:mod:`.fresh_process`).

    Parameters
    ----------
    market : closes up to the end of the run; rows before the opening are history
    policy, account, costs : as ``simulate`` takes them
    start : first row of the window
    ledger : the run over ``market`` as it is, where it was made already
    taxation : by what law its gains are taxed, None by none
    prepare : what a process of its own calls before it is sent a strategy, so that plug-ins are taken in as here

    Raises
    ------
    EngineError
        When a run over replaced closes cannot go on for another reason than that its money is spent.

    """
    terms = Terms(policy, account, costs, start, taxation)
    clean = terms.run(market) if ledger is None else ledger
    plan = _Plan(market, terms, clean)
    rows = sessions_to_test(market, clean, account.fill_delay)
    tests = [(t, replacement) for t in rows.tolist() for replacement in REPLACEMENTS]
    moved: Movement | None = None
    with WAITING.until_over():
        WAITING.start("runs over replaced closes", 0, len(tests))
        for done, (t, replacement) in enumerate(tests):
            WAITING.advance(done)
            moved = _test_session(plan, t, replacement, terms.run_until_spent)
            if moved is not None:
                break
        if moved is None and plug_in_of(policy) is not None:
            moved = _test_in_fresh_process(plan, rows, prepare)
    decisions = int((clean.rebalances | clean.partial_rebalances).sum()) + len(clean.reviews)
    orders = int(np.count_nonzero(clean.trades[~clean.payouts]))
    return LookAheadCertificate(len(rows), tuple(REPLACEMENTS), decisions, orders, moved)


def sessions_to_test(market: Market, ledger: Ledger, delay: int, count: int = SESSIONS) -> IntArray:
    """Return at most ``count`` rows t of ``market``, from the opening on to the last that another session follows.

    Most are sessions of rebalances and reviews (``delay`` before the fill), those before and those after, evenly
    chosen; the others are spread evenly over the run.
    """
    opening = ledger.opening_row(market)
    last = min(opening + len(ledger.dates) - 1, len(market.dates) - 2)
    if last - opening < count:
        return np.arange(opening, last + 1)
    reviewed = np.array([one.row for one in ledger.reviews], dtype=np.int64)
    fills = opening + np.union1d(ledger.rows[ledger.rebalances | ledger.partial_rebalances], reviewed)
    decided = fills[_spread(len(fills), _AROUND_DECISIONS // 3)] - delay
    around = (decided[:, None] + np.array([-1, 0, 1])).ravel()
    chosen = np.unique(np.append(around[(around >= opening) & (around <= last)], [opening, last]))
    others = np.setdiff1d(np.arange(opening, last + 1), chosen)
    return np.sort(np.append(chosen, others[_spread(len(others), count - len(chosen))]))


def _spread(size: int, count: int) -> IntArray:
    """Return ``count`` of ``size`` places, evenly spread with the first and the last; all where there are fewer."""
    return np.arange(size) if size <= count else np.arange(count) * (size - 1) // max(count - 1, 1)


class _Plan(NamedTuple):
    """A market as it was, what runs over it, and the run that came of it."""

    market: Market
    terms: Terms
    clean: Ledger

    @property
    def opening(self) -> int:
        """The row of the market at which the run begins."""
        return self.clean.opening_row(self.market)


def _test_in_fresh_process(plan: _Plan, rows: IntArray, prepare: Callable[[], object] | None) -> Movement | None:
    """Return what moves first where the closes that were replaced never were in the process at all."""
    delay = plan.terms.account.fill_delay
    fills = plan.opening + plan.clean.rows[plan.clean.rebalances]
    before = rows[np.isin(rows + 1 + delay, fills)]
    candidates = before if len(before) else rows
    chosen = candidates[_spread(len(candidates), _FRESH_SESSIONS)]
    with fresh_process(plan.terms, prepare) as run:
        for replacement in ("reversed", "missing"):
            for t in chosen.tolist():
                WAITING.tick()
                moved = _test_session(plan, t, replacement, run)
                if moved is not None:
                    return moved
    return None


def _test_session(plan: _Plan, t: int, replacement: Replacement, run: Callable[[Market], Ledger]) -> Movement | None:
    """Return what moves first in the plan's clean run when ``run`` finds the closes after row ``t`` replaced."""
    dates, delay = plan.market.dates, plan.terms.account.fill_delay
    known = t if replacement == "missing" else t + 1 + delay  # what has ended may not be bought at a later fill
    end = min(known + 1, len(dates) - 1)  # the last session of all would be taken for the last of its month
    other = replace_later_closes(plan.market, t, replacement).truncate(dates[end])
    try:
        changed = run(other)
    except EngineError as error:
        how = f"--certify: with the closes after {dates[t]} {REPLACEMENTS[replacement]}"
        raise EngineError(*(f"{how}: {line}" for line in error.args)) from None
    opening = plan.opening
    found = _first_moved(plan.clean, changed, t - opening, known - opening)
    if found is None:
        return None
    row, kind, asset = found
    seen = opening + row - (1 + delay if kind == "decision" and row else 0)
    return Movement(kind, str(dates[opening + row]), asset, str(dates[seen]), str(dates[t]), replacement)


_Found: TypeAlias = tuple[int, Literal["decision", "trade", "value"], str]
"""The session of a run at which something moved, what did, and of which asset."""


def _first_moved(clean: Ledger, other: Ledger, until: int, known: int) -> _Found | None:
    """Return the earliest that ``other`` has otherwise up to the session ``until``, of decisions up to ``known``."""
    found = [*_moved_events(clean, other, until), *_moved_decisions(clean, other, until, known)]
    return min(found, key=lambda one: one[0]) if found else _moved_value(clean, other, until)


def _moved_events(clean: Ledger, other: Ledger, until: int) -> Iterator[_Found]:
    """Yield the first event up to the session ``until`` that one has otherwise, or that only one has."""
    sizes = [int(np.searchsorted(one.rows, until, side="right")) for one in (clean, other)]
    size = min(sizes)
    pairs = [[getattr(one, name)[:size] for one in (clean, other)] for name in ("targets", "trades", "prices", "costs")]
    decided, *traded = (_differ(*pair) for pair in pairs)
    whole, reasons = ([getattr(one, name)[:size] for one in (clean, other)] for name in ("rebalances", "reasons"))
    other_event = (clean.rows[:size] != other.rows[:size]) | (whole[0] != whole[1])
    other_event |= np.array([a != b for a, b in zip(*reasons, strict=True)], dtype=np.bool_)
    moved = other_event | np.any([decided, *traded], axis=(0, 2))
    k = int(moved.argmax()) if moved.any() else size
    if k == max(sizes):
        return
    having = [one for one, count in zip((clean, other), sizes, strict=True) if k < count]
    first = min(having, key=lambda one: int(one.rows[k]))
    differing = np.any([decided[k], *(one[k] for one in traded)], axis=0) if k < size else np.zeros(0, dtype=np.bool_)
    columns = np.flatnonzero(differing if differing.any() else first.trades[k])
    is_decision = bool(first.rebalances[k]) and (k >= size or bool(other_event[k]) or bool(decided[k].any()))
    yield int(first.rows[k]), "decision" if is_decision else "trade", first.assets[columns[0]]


def _moved_decisions(clean: Ledger, other: Ledger, until: int, known: int) -> Iterator[_Found]:
    """Yield the first review up to session ``known`` that differs, and the first targets of a fill after ``until``."""
    reviews = [[one for one in ledger.reviews if one.row <= known] for ledger in (clean, other)]
    for k in range(max(map(len, reviews))):
        pair = [own[k] for own in reviews if k < len(own)]
        if len(pair) == 1 or pair[0] != pair[1]:
            first = min(pair, key=lambda one: one.row)
            yield first.row, "decision", first.asset
            break
    for row in range(until + 1, known + 1):
        targets = [one.targets[(one.rows == row) & one.rebalances] for one in (clean, other)]
        if len(targets[0]) == len(targets[1]) and (moved := _differ(*targets).any(axis=0)).any():
            yield row, "decision", clean.assets[int(moved.argmax())]
            return


def _moved_value(clean: Ledger, other: Ledger, until: int) -> _Found | None:
    """Return the first session up to ``until`` at whose close the account has another value or other cash."""
    size = min(until + 1, len(clean.dates))
    if len(other.dates) < size:
        return len(other.dates), "value", ""
    moved = _differ(clean.value[:size], other.value[:size]) | _differ(clean.cash[:size], other.cash[:size])
    return (int(moved.argmax()), "value", "") if moved.any() else None


def _differ(one: FloatArray, other: FloatArray) -> BoolArray:
    """Return where two arrays of one shape differ by a bit."""
    return np.asarray(one.view(np.uint64) != other.view(np.uint64))
