"""Orders that come closest to what a rule asks for: whole ones by a search, others by HiGHS as an integer programme.

Least is ``sum |aim - held afterwards|`` over assets and cash [currency]; of equals the fewest orders, then those as
tested. The cost of orders is piecewise linear in their money and modelled as it is, so that cash is enough at all
limits. Solver: HiGHS (Huangfu and Hall, 2018, doi:10.1007/s12532-017-0130-5) as ``scipy.optimize.milp``.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import FloatArray
from engine.depot.orders.closeness import Balance, BestChoice, Gaps, aims_of, distance, is_better, sides_of
from engine.depot.orders.closest_search import search_closest
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.order_terms import FINEST, ROUNDING, OrderTerms
from engine.depot.orders.rounding import fees_of
from engine.depot.orders.sized_orders import Wanted

_NODES: Final = 2_000
_SECONDS: Final = 10.0
_UNIT: Final = 2.0**20
"""What a depot is worth in the programme: the tolerances of its solver are absolute."""
_TIE: Final = 1e-6


@dataclass
class _Programme:
    """Variables and rows of an integer programme."""

    upper: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    rows: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def add(self, upper: float, *, whole: bool = False) -> int:
        """Return a new variable between 0 and ``upper``."""
        self.upper.append(upper)
        self.whole.append(int(whole))
        return len(self.upper) - 1

    def bound(self, terms: Mapping[int, float], low: float = -math.inf, high: float = math.inf) -> None:
        """Let a sum be between two numbers."""
        self.rows.append((dict(terms), low, high))

    def minimise(self, variables: Sequence[int]) -> tuple[FloatArray | None, bool]:
        """Return where the sum of ``variables`` is least, None where nothing was found, and whether it is proven."""
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415  (slow, and asked for by few)

        cost = np.zeros(len(self.upper))
        cost[list(variables)] = 1.0
        matrix = np.zeros((len(self.rows), len(self.upper)))
        for at, (terms, _, _) in enumerate(self.rows):
            matrix[at, list(terms)] = list(terms.values())
        limits = LinearConstraint(matrix, [low for _, low, _ in self.rows], [high for _, _, high in self.rows])
        with _silence():
            found = milp(
                cost,
                integrality=np.array(self.whole),
                bounds=Bounds(0.0, np.array(self.upper)),
                constraints=limits,
                options={"mip_rel_gap": 0.0, "node_limit": _NODES, "time_limit": _SECONDS},
            )
        return found.x, bool(found.status == 0)


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Let nothing that compiled code prints get to standard output: HiGHS prints lines that no option of it stops."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, TypeError, AttributeError):  # what C has buffered, where C can be asked
            ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


class _Side(NamedTuple):
    """Purchases or sales of one asset: whole ``steps``, ``parts`` of its money, ``used`` for each linear part."""

    one: Wanted
    sign: float
    step: float
    steps: int
    parts: tuple[int, ...]
    used: tuple[int, ...]


class _Model:
    """The programme of one depot; money in it is in units that make its solver's tolerances small."""

    def __init__(self, wanted: Sequence[Wanted], balance: Balance, terms: OrderTerms, fee: OrderFees) -> None:
        """Start without an order."""
        self.wanted, self.balance, self.terms, self.fee = wanted, balance, terms, fee
        self.unit = 2.0 ** math.floor(math.log2(balance.value / _UNIT)) if balance.value > 0.0 else 1.0
        self.programme = _Programme()
        self.sides: list[_Side] = []
        self.fees: dict[int, float] = {}
        self.moved: dict[str, dict[int, float]] = {one.ticker: {} for one in wanted}
        self.worst: dict[int, float] = {}
        self.gaps: list[int] = []

    def add_asset(self, one: Wanted, signs: Sequence[float], aim: float, reach: float) -> None:
        """Let ``one`` be traded so that it ends within ``reach`` of its ``aim`` [currency]."""
        dearest = sum(self.fee(other.ticker, self.balance.value) for other in self.wanted)
        used = list[int]()
        for sign in signs:
            most = sign * (aim - one.owned * one.price) + reach + (dearest if sign < 0.0 else 0.0)
            side = self._add_side(one, sign, most)
            self.sides.append(side)
            used += side.used
            limit = (self.terms.buy_limit if sign > 0.0 else self.terms.sell_limit)(one.price, one.spread)
            ratio = limit / one.price - sign * one.spread  # who fills at a limit has paid the spread in it
            for part in side.parts:
                self.moved[one.ticker][part] = sign
                self.worst[part] = max(ratio, 1.0) if sign > 0.0 else -min(ratio, 1.0)
        if used:
            self.programme.bound(dict.fromkeys(used, 1.0), high=1.0)

    def _add_side(self, one: Wanted, sign: float, most: float) -> _Side:
        """Add purchases or sales of up to ``most`` money [currency]."""
        shares = self.terms.shares_of(one.ticker)
        step = shares.buy if sign > 0.0 else shares.sell
        step = step if step > FINEST else 0.0  # as good as any quantity, which the programme is fast with
        size = step or 1.0
        units = max(most, 0.0) / one.price if sign > 0.0 else min(max(most, 0.0) / one.price, one.sellable)
        steps = float(math.floor(units / size + ROUNDING)) if step else units
        count = self.programme.add(steps, whole=bool(step))
        parts, used = [], []
        for low, high, fixed, rate in self._linear_parts(one, steps * size * one.price):
            part, flag = self.programme.add(high / self.unit), self.programme.add(1.0, whole=True)
            self.programme.bound({part: 1.0, flag: -high / self.unit}, high=0.0)
            self.programme.bound({part: 1.0, flag: -low / self.unit}, low=0.0)
            self.fees |= {part: rate, flag: fixed / self.unit}
            parts.append(part)
            used.append(flag)
        self.programme.bound({count: size * one.price / self.unit, **dict.fromkeys(parts, -1.0)}, low=0.0, high=0.0)
        return _Side(one, sign, step, count, tuple(parts), tuple(used))

    def _linear_parts(self, one: Wanted, most: float) -> Iterator[tuple[float, float, float, float]]:
        """Yield from and up to which money orders are worth placing, and their cost there: fixed, and a share."""
        ends = [0.0, *(bend for bend in self.fee.bends(one.ticker) if bend < most), most]
        for low, high in itertools.pairwise(ends):
            near, far = low + (high - low) / 3.0, low + (high - low) / 1.5
            if not far > near:
                continue
            cost = self.fee(one.ticker, near)
            rate = (self.fee(one.ticker, far) - cost) / (far - near)
            fixed, least, dearest = cost - rate * near, max(low, self.terms.min_order), high
            if rate < self.terms.max_fee:
                least = max(least, fixed / (self.terms.max_fee - rate))
            elif fixed < 0.0:
                dearest = min(dearest, fixed / (self.terms.max_fee - rate)) if rate > self.terms.max_fee else dearest
            elif fixed > 0.0 or rate > self.terms.max_fee:
                continue
            if least <= dearest:
                yield least, dearest, fixed, rate

    def add_gap(self, moved: Mapping[int, float], before: float, share: float, money: float, reach: float) -> None:
        """Add how far ``before`` [currency] and what is ``moved`` are from a share of the value and ``money``."""
        gap = self.programme.add(reach / self.unit)
        difference = _sum({at: -share * cost for at, cost in self.fees.items()}, {at: -by for at, by in moved.items()})
        short = (before - money - share * self.balance.value) / self.unit
        self.programme.bound(_sum(difference, {gap: -1.0}), high=short)
        self.programme.bound(_sum(difference, {gap: 1.0}), low=short)
        self.gaps.append(gap)

    def bound_caps(self) -> None:
        """Let every cap be kept that the exact trades keep."""
        value = self.balance.value
        exact = value - fees_of(self.wanted, {one.ticker: one.units for one in self.wanted}, self.fee)
        for one in self.wanted:
            held = one.owned * one.price
            if one.cap < math.inf and held + one.units * one.price <= one.cap * exact * (1.0 + ROUNDING):
                room = (one.cap * value - held) / self.unit
                costs = {at: one.cap * cost for at, cost in self.fees.items()}
                self.programme.bound(_sum(self.moved[one.ticker], costs), high=room)

    def quantities(self, answer: FloatArray) -> dict[str, float]:
        """Return signed quantities by ticker [shares] of an answer."""
        found = dict.fromkeys(self.moved, 0.0)
        for side in self.sides:
            units = float(np.rint(answer[side.steps])) * side.step if side.step else float(answer[side.steps])
            shares = self.terms.shares_of(side.one.ticker)
            rounded = (
                shares.purchase(units, side.one.price) if side.sign > 0.0 else shares.part(units, side.one.sellable)
            )
            found[side.one.ticker] += side.sign * rounded if rounded > ROUNDING else 0.0
        return found


class Found(NamedTuple):
    """Signed ``quantities`` by ticker [shares], and ``told`` who looked for them and whether none are closer."""

    quantities: dict[str, float]
    told: str


def find_best(
    wanted: Sequence[Wanted],
    balance: Balance,
    terms: OrderTerms,
    fee: OrderFees,
    *,
    choice: BestChoice,
    start: Mapping[str, float],
) -> Found:
    """Return the quantities that come closest to the aims; an order that is not worth placing is none.

    ``start`` are quantities that are possible, from which the answer is never further away. HiGHS is asked where any
    quantity of an asset can be ordered, and where there are too many whole ones to be searched.
    """
    searched = search_closest(wanted, balance, terms, fee, choice=choice, start=start)
    if searched.room == 0.0:
        return Found(searched.quantities, "no other whole orders come closer: proven by the engine's own search")
    if searched.room < math.inf:
        told = f"other whole orders may come up to {searched.room:,.2f} closer: the engine's own search was cut short"
        return Found(searched.quantities, told)
    aims, best = aims_of(wanted, balance, fee, choice.aim), searched.quantities
    reach = distance(wanted, best, balance, fee, aims) * (1.0 + _TIE) + _TIE
    for wider in (4.0 * reach + balance.value, reach):  # HiGHS finds no answer, or not the best, in bounds too tight
        solved, proven = _solve(_Model(wanted, balance, terms, fee), aims, choice, wider)
        if solved is not None:
            break
    if solved is not None and is_better(wanted, (solved, best), balance, fee, aims):
        best = solved
    if proven:
        return Found(best, "no other orders come closer, as HiGHS has it, within its tolerances")
    return Found(best, "HiGHS has not proven that no other orders come closer")


def _solve(model: _Model, aims: Gaps, choice: BestChoice, reach: float) -> tuple[dict[str, float] | None, bool]:
    """Return the quantities that leave nothing further than ``reach`` from its aim [currency], and as find_best."""
    wanted, balance = model.wanted, model.balance
    for one in wanted:
        aim = aims.share[one.ticker] * balance.value + aims.money[one.ticker]
        model.add_asset(one, sides_of(one, wanted, choice.aim), aim, reach)
    for one in wanted:
        held, share, money = one.owned * one.price, aims.share[one.ticker], aims.money[one.ticker]
        model.add_gap(model.moved[one.ticker], held, share, money, reach)
    flows = _sum(*model.moved.values())
    paid = {at: -by for at, by in _sum(flows, model.fees).items()}
    model.add_gap(paid, balance.cash, aims.cash_share, aims.cash_money, reach)
    programme, used = model.programme, [at for side in model.sides for at in side.used]
    programme.bound(_sum(model.worst, model.fees), high=balance.free / model.unit)
    model.bound_caps()
    if not used:
        return None, True
    if choice.fewest is not None:
        programme.bound(dict.fromkeys(used, 1.0), high=float(choice.fewest))
    first, proven = programme.minimise(model.gaps)
    if first is None:
        return None, proven
    programme.bound(dict.fromkeys(model.gaps, 1.0), high=float(first[model.gaps].sum()) + _TIE)
    second = programme.minimise(used)[0] if proven else None
    return model.quantities(first if second is None else second), proven


def _sum(*parts: Mapping[int, float]) -> dict[int, float]:
    """Return the sum of linear forms."""
    total: dict[int, float] = {}
    for part in parts:
        for at, factor in part.items():
            total[at] = total.get(at, 0.0) + factor
    return total
