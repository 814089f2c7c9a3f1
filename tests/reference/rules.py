"""What the reference ledger asks: costs and roots, band geometry, choosing satellites and loss review.

Everything here is a question with an answer in exact fractions; `tests.reference.ledger` keeps the account and trades.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count, pairwise

ZERO, ONE = Fraction(0), Fraction(1)
WIDTH = Fraction(1, 10**9)  # Band: what rounding may leave beyond a width, as a share of it
TOUCH = Fraction(1, 10**12)  # Loss review, limit orders: at or below includes rounding of this

FINENESS = 16  # S3: steps in which the costs at the value before them are searched for the value after them
EVEN = Fraction(1, 10**12)  # Band geometry: a weight up to this is rounding

Closes = Sequence[Sequence[Fraction | None]]
Span = tuple[Fraction, Fraction]
Piecewise = Callable[[Fraction], tuple[Fraction, object]]


class LedgerError(Exception):
    """The run cannot go on by the rules."""


class NoSolution(LedgerError):
    """S3: no value after costs solves the equation, so nothing is traded."""


class WaitedTooLong(LedgerError):
    """S9: the order of `ticker`, made at row `since`, has found no price up to `row`."""

    def __init__(self, ticker: str, row: int, since: int) -> None:
        super().__init__(f"{ticker}: no price at row {row} for the order of row {since}")
        self.ticker, self.row, self.since = ticker, row, since


@dataclass(frozen=True)
class Cost:
    """What an order of money in one asset costs (S3)."""

    fixed: Fraction = ZERO
    rate: Fraction = ZERO
    per_share: Fraction = ZERO
    minimum: Fraction = ZERO
    maximum: Fraction | None = None
    maximum_rate: Fraction | None = None
    spread: Fraction = ZERO

    def of(self, money: Fraction, price: Fraction, dust: Fraction) -> tuple[Fraction, str]:
        """Return the cost of an order, and the linear piece of the schedule that it lies on."""
        if money <= dust:
            return ZERO, "none"
        fee, piece = self.fixed + self.rate * money + self.per_share * money / price, "plain"
        if fee < self.minimum:
            fee, piece = self.minimum, "minimum"
        if self.maximum is not None and fee > self.maximum:
            fee, piece = self.maximum, "maximum"
        if self.maximum_rate is not None and fee > self.maximum_rate * money:
            fee, piece = self.maximum_rate * money, "maximum_rate"
        return fee + self.spread * money, piece


def tidy(x: Fraction) -> Fraction:
    """Round to a multiple of 10**-30, so that denominators stay small."""
    return Fraction(round(x * 10**30), 10**30)


def root(evaluate: Piecewise, top: Fraction) -> Fraction:
    """Return the highest zero in [0, top] of a piecewise linear function (S3), exactly within one piece.

    Fixed fees begin where an order does, so that there may be several: they are looked for from above, in small steps.

    `evaluate(y)` gives the function and a name of its linear piece. Where the function jumps over zero, the point
    left of the jump is returned; `top` where the function is not positive there.
    """
    high, (f_high, piece_high) = top, evaluate(top)
    if f_high <= 0:
        return top
    low = max(top - 2 * f_high, ZERO)
    f_low, piece_low = evaluate(low)
    if f_low <= 0 and piece_low == piece_high:
        return low - f_low * (high - low) / (f_high - f_low)
    low, step = top, f_high / FINENESS
    for k in count():
        low, step = max(low - step, ZERO), 2 * step if k > 2 * FINENESS else step
        f_low, piece_low = evaluate(low)
        if f_low <= 0:
            break
        if low == 0:
            raise NoSolution("the costs exceed the account")
        high, f_high, piece_high = low, f_low, piece_low
    while piece_low != piece_high and high - low > top / 10**26:
        middle = (low + high) / 2
        f_middle, piece_middle = evaluate(middle)
        if f_middle <= 0:
            low, f_low, piece_low = middle, f_middle, piece_middle
        else:
            high, f_high, piece_high = middle, f_middle, piece_middle
    return low - f_low * (high - low) / (f_high - f_low) if piece_low == piece_high else low


def settled_root(evaluate: Piecewise, top: Fraction, dust: Fraction) -> Fraction:
    """Return the highest zero found in [0, top]; where the function only jumps over zero there is none (S3).

    It jumps where an order begins or ends: below such a point another zero may lie, looked for in small steps.
    """
    y = root(evaluate, top)
    steps = 256
    for k in range(steps):
        below = y * (steps - k) / steps
        if abs(evaluate(below)[0]) <= dust and below > 0:
            return below
        if evaluate(below)[0] > 0:
            y = root(evaluate, below)
            if abs(evaluate(y)[0]) <= dust and y > 0:
                return y
    raise NoSolution("the costs exceed the account")


def normalised(weights: Mapping[int, Fraction]) -> dict[int, Fraction]:
    """Scale the positive weights to a sum of one."""
    total = sum((w for w in weights.values() if w > 0), ZERO)
    return {i: w / total for i, w in weights.items() if w > 0}


def ranked(amounts: Mapping[int, Fraction], dust: Fraction) -> list[tuple[int, Fraction]]:
    """Sort by amount, the largest first; of those that are as large but for dust, the first by ticker."""
    left, order = dict(sorted(amounts.items())), list[tuple[int, Fraction]]()
    while left:
        best = next(iter(left))
        for i, amount in left.items():
            best = i if amount > left[best] + dust else best
        order.append((best, left.pop(best)))
    return order


@dataclass(frozen=True)
class Gate:
    """Quality gate: a name passes while the figure it filed last is above zero."""

    filings: Mapping[str, Sequence[tuple[int, Fraction | None]]]  # by row, in order; None: filed without the figure
    unknown: str = "out"  # out | in
    on_fail: str = "sell"  # sell | keep

    def admits(self, name: str, seen: int, held: bool) -> bool:
        """Quality gate: tell whether a name may be held by what was filed up to the row that was seen."""
        filed = [figure for row, figure in self.filings.get(name, ()) if row <= seen]
        passes = self.unknown == "in" if not filed or filed[-1] is None else filed[-1] > 0
        return passes or (self.on_fail == "keep" and held)


@dataclass(frozen=True)
class Choose:
    """Choosing satellites: the universe, how it is ranked, and what a chosen name gets."""

    names: Sequence[str]
    count: int
    weight: Fraction
    lookback: int
    by: str = "momentum"  # momentum | low_volatility | named: all of them, whatever their past
    skip: int = 0
    min_history: int = 0
    limits: Sequence[tuple[Sequence[str], Fraction]] = ()  # names that together weigh at most so much
    gate: Gate | None = None
    members: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)  # first and last rows; else always
    cut_to: Mapping[str, Fraction] = field(default_factory=dict)  # caps that the weight of a chosen name is cut to

    def weight_of(self, names: Iterable[str]) -> Fraction:
        """Caps, over_cap: return what chosen names weigh together."""
        return sum((min(self.weight, self.cut_to.get(name, ONE)) for name in names), ZERO)

    def is_member(self, name: str, row: int) -> bool:
        """Dated universe: tell whether a name belongs to the universe on the day of a row."""
        return name not in self.members or any(first <= row <= last for first, last in self.members[name])


@dataclass(frozen=True)
class Review:
    """Loss review: which satellites, what is a breach, what is thought of it, and what is done."""

    names: Sequence[str]
    trigger: Fraction
    reference: str = "cost"  # cost | rebalance | peak
    thesis: str = "never"  # always | never | trend | list
    sessions: int = 0  # of the trend
    verdicts: Mapping[str, Sequence[tuple[int, bool]]] = field(default_factory=dict)  # of the list, by row
    intact: str = "keep"  # top_up | keep
    broken: str = "exit"  # exit | keep
    unknown: str = "keep"  # keep | top_up | exit
    proceeds: str = "core"  # core | cash
    reenter: str = "next_rebalance"  # next_rebalance | never


@dataclass
class ReviewState:
    """Loss review: the state of one satellite that is held, with each of its reference prices."""

    cost: Fraction
    rebalance: Fraction
    peak: Fraction
    state: str = "watching"  # watching | reviewed; one that is out has no state

    def average(self, held: Fraction, bought: Fraction, price: Fraction) -> None:
        """Loss review: a purchase averages in."""
        self.cost = (self.cost * held + price * bought) / (held + bought)

    def breached(self, review: Review, close: Fraction) -> bool:
        """Loss review: tell whether a close is at or below the threshold."""
        reference = {"cost": self.cost, "rebalance": self.rebalance, "peak": self.peak}[review.reference]
        return close <= reference * (1 - review.trigger) * (1 + TOUCH)


def close_at(prices: Closes, i: int, row: int) -> Fraction | None:
    """Return the close of an asset at a row, carried over gaps; None before its first."""
    return next((prices[t][i] for t in range(row, -1, -1) if prices[t][i] is not None), None)


# -- Band geometry


@dataclass(frozen=True)
class Broken:
    """Band geometry: the money in each asset and the cash at the close at which a band broke."""

    money: Sequence[Fraction]
    cash: Fraction


def outside(weight: Fraction, target: Fraction, absolute: Fraction | None, relative: Fraction | None) -> bool:
    """Band: tell whether a weight has left a target by more than one of the widths, rounding aside."""
    widths = [width for width in (absolute, None if relative is None else relative * target) if width is not None]
    return any(abs(weight - target) > width * (1 + WIDTH) for width in widths)


def span(target: Fraction, width: Fraction, trade_to: str, inside: Fraction, cap: Fraction | None) -> Span:
    """Band geometry: the least and the greatest weight of an asset's destination."""
    within = {"inside": max(width - inside, ZERO), "of_band": width * inside}
    d = {"target": ZERO, "edge": width, **within}[trade_to]
    top = target + d if cap is None else min(target + d, cap)
    return min(max(target - d, ZERO), top), top


def part_of_the_way(weights: Mapping[int, Fraction], targets: Sequence[Fraction], spans: Sequence[Span]) -> Fraction:
    """Band geometry: the smallest part of its way to target that brings every asset to its destination."""
    part = ZERO
    for i, w in weights.items():
        low, high = spans[i]
        to = min(max(w, low), high)
        if abs(to - w) > EVEN:
            part = max(part, (to - w) / (targets[i] - w) if targets[i] != w else ONE)
    return min(part, ONE)


def take_the_missing(
    weights: Mapping[int, Fraction],
    goals: Mapping[int, Fraction],
    targets: Sequence[Fraction],
    partners: Iterable[int],
) -> tuple[dict[int, Fraction], dict[int, Fraction]]:
    """Band geometry: where the drifted assets go, and how their partners share what that frees or needs."""
    freed = sum((weights[i] - a for i, a in goals.items()), ZERO)
    side = 1 if freed > EVEN else -1 if freed < -EVEN else 0
    gaps = {j: side * (targets[j] - weights[j]) for j in partners}
    rooms = {j: gap if gap > EVEN else ZERO for j, gap in gaps.items()}
    ways = {i: max(side * (targets[i] - a), ZERO) for i, a in goals.items()}
    missing, way = max(abs(freed) - sum(rooms.values(), ZERO), ZERO), sum(ways.values(), ZERO)
    part = min(missing / way, ONE) if way else ZERO
    moved = {i: a + side * part * ways[i] for i, a in goals.items()}
    return moved, rooms if any(rooms.values()) else {j: targets[j] for j in rooms}


def flow_alone(broken: Broken, flow: Fraction, targets: Sequence[Fraction], usable: Iterable[int]) -> list[Fraction]:
    """Band geometry, flows first: the weights after the flow alone, costs aside."""
    money, value = list(broken.money), broken.cash + sum(broken.money) + flow
    spare = broken.cash - (1 - sum(targets)) * value
    sign = 1 if flow > 0 else -1
    left = spare + flow if flow > 0 else -flow - max(spare, ZERO)
    gaps = {i: sign * (targets[i] * value - money[i]) for i in usable}
    for i, gap in sorted(gaps.items(), key=lambda item: (-item[1], item[0])):
        step = min(gap, left)
        if step > 0:
            money[i] += sign * step
            left -= step
    return [x / value for x in money]


# -- Choosing satellites


def score(choose: Choose, prices: Closes, i: int, seen: int) -> Fraction:
    """Choosing satellites: the higher, the better; the variance stands for the standard deviation."""
    closes = [close_at(prices, i, row) for row in range(seen - choose.lookback, seen - choose.skip + 1)]
    known = [price for price in closes if price is not None]
    if choose.by == "momentum":
        return known[-1] / known[0] - 1
    returns = [after / before - 1 for before, after in pairwise(known)]
    mean = sum(returns, ZERO) / len(returns)
    return -sum(((r - mean) ** 2 for r in returns), ZERO) / len(returns)


def old_enough(first: int, seen: int, sessions: int) -> bool:
    """Choosing satellites: tell whether the first close is `sessions - 1` sessions before what was seen, or more."""
    return seen - first >= sessions - 1


def chosen(choose: Choose, scores: Mapping[str, Fraction]) -> list[str]:
    """Choosing satellites: take names from the top while every limit is kept, ties by ticker."""
    names: list[str] = []
    for name in sorted(scores, key=lambda name: (-scores[name], name)):
        more = [*names, name]
        if len(names) < choose.count and all(
            choose.weight_of(set(more) & set(group)) <= most for group, most in choose.limits
        ):
            names = more
    return names


# -- Caps


def cut_to_caps(
    targets: Mapping[str, Fraction], core: Mapping[str, Fraction], caps: Mapping[str, Fraction]
) -> dict[str, Fraction]:
    """Caps, over_cap: return targets cut to caps, with what is cut shared by the core."""
    cut = {name: max(weight - caps[name], ZERO) for name, weight in targets.items() if name in caps}
    total, core_weight = sum(cut.values(), ZERO), sum(core.values(), ZERO)
    return {
        name: weight - cut.get(name, ZERO) + (total * core.get(name, ZERO) / core_weight if core_weight else ZERO)
        for name, weight in targets.items()
    }


# -- Loss review


def verdict(review: Review, prices: Closes, ticker: str, i: int, row: int) -> str:
    """Loss review: what is thought of a breach at a close, with data up to it: intact, broken or unknown."""
    if review.thesis in {"always", "never"}:
        return "intact" if review.thesis == "always" else "broken"
    if review.thesis == "list":
        said = [intact for day, intact in sorted(review.verdicts.get(ticker, ())) if day <= row]
        return "unknown" if not said else "intact" if said[-1] else "broken"
    rows = range(row - review.sessions + 1, row + 1)
    closes = [price for t in rows if t >= 0 and (price := close_at(prices, i, t)) is not None]
    if len(closes) < review.sessions:
        return "unknown"
    return "intact" if closes[-1] * len(closes) >= sum(closes, ZERO) else "broken"
