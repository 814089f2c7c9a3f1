"""Random plans of the rule book, and the triggers that each close of a run must cause."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from engine.data.market import Market
from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import NoCosts, PercentCosts, PerOrderCosts
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from tests.support.markets import account, market_of
from tests.support.random_markets import closes

CORE = {"A": "rest", "B": "20%"}
SATELLITES = {"C": "5%", "D": "5%", "E": "4%"}
NAMES = ("C", "D", "E", "F")
UNIVERSE = {
    "names": [
        {"ticker": "C", "name": "c", "sector": "X", "brokers": ["b"]},
        {"ticker": "D", "name": "d", "sector": "X", "brokers": ["b"]},
        {"ticker": "E", "name": "e", "sector": "Y", "brokers": ["b"]},
        {"ticker": "F", "name": "f", "sector": "Z", "brokers": ["b"]},
    ]
}
MONTHLY = {"kind": "every", "period": "month"}
DRIFT = {"kind": "band", "absolute": "2%", "relative": "25%"}
BANDS = [
    DRIFT,
    {"kind": "band", "absolute": "3%"},
    {"kind": "band", "relative": "15%", "look": "week"},
    {"kind": "band", "absolute": "1.5%", "relative": "50%", "look": "two_weeks"},
    {"kind": "band", "absolute": "5%"},
]
VERDICTS = [
    {"date": f"2020-{month:02d}-{day:02d}", "ticker": name, "verdict": "broken" if (month + day) % 3 else "intact"}
    for month in range(1, 13)
    for day in (3, 17)
    for name in "CD"
    if (month * 7 + day + ord(name)) % 4
]
THESES: list[dict[str, Any]] = [
    {"kind": "always"},
    {"kind": "never"},
    {"kind": "trend", "sessions": 12},
    {"kind": "list", "verdicts": VERDICTS},
]

bands = st.sampled_from(BANDS)
rebalances = st.sampled_from(
    [MONTHLY, {"kind": "every", "period": "week"}, {"kind": "annual", "month": "march"}, {"kind": "never"}]
    + [{"kind": "any", "of": [MONTHLY, band]} for band in BANDS]
    + BANDS[:2]
)
geometries = st.fixed_dictionaries(
    {
        "trade_to": st.sampled_from(["target", "edge", {"inside": "0.5%"}]),
        "trade_only": st.sampled_from(["all", "drifted"]),
    }
)
reviews = st.fixed_dictionaries(
    {
        "trigger": st.sampled_from(["5%", "10%", "20%"]),
        "from": st.sampled_from(["cost", "rebalance", "peak"]),
        "thesis": st.sampled_from(THESES),
        "unknown": st.sampled_from(["keep", "top_up", "exit"]),
        "proceeds": st.sampled_from(["core", "cash"]),
        "reenter": st.sampled_from(["next_rebalance", "never"]),
    }
)
named = st.sampled_from(
    [
        SATELLITES,
        {
            "universe": UNIVERSE,
            "choose": {"kind": "named", "names": ["C", "D", "F"]},
            "weight": "5%",
            "min_history": 7,
        },
    ]
)
chosen = st.fixed_dictionaries(
    {
        "universe": st.just(UNIVERSE),
        "choose": st.fixed_dictionaries(
            {
                "kind": st.just("top"),
                "count": st.sampled_from([2, 3]),
                "by": st.sampled_from(["momentum", "low_volatility"]),
                "lookback": st.sampled_from([4, 10]),
                "skip": st.sampled_from([0, 2]),
            }
        ),
        "count": st.just({"min": 2, "max": 4}),
        "weight": st.just("5%"),
        "min_history": st.sampled_from([0, 15]),
    }
)
cost_models = st.sampled_from(
    [
        NoCosts(),
        PercentCosts(rate=0.001),
        PercentCosts(rate=0.01, spread=10),
        PerOrderCosts(fixed=1, rate=0.001, minimum=2, maximum=30),
    ]
)
accounts = st.sampled_from(
    [
        {},
        {"execution": "next_close"},
        {"shares": "whole"},
        {"shares": "whole", "execution": "next_close"},
        {"cash": {"rate": "3%"}, "contributions": {"amount": 900, "every": "week"}},
        {"contributions": {"amount": -300}},
        {"contributions": {"amount": 500, "invest": "pro_rata"}, "execution": "next_close"},
    ]
)
executions = st.sampled_from(["close", "next_close"])


@st.composite
def lives(draw: st.DrawFn) -> np.ndarray:
    """Six assets that move a lot; some list late, end early or miss a close."""
    prices = draw(closes(assets=6, most=130)).copy()
    sessions = len(prices)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    for j in range(2, 6):
        fate = rng.integers(4)
        if fate == 1:
            prices[: rng.integers(1, sessions // 2), j] = np.nan
        elif fate == 2:
            prices[rng.integers(sessions // 2, sessions) :, j] = np.nan
        elif fate == 3:
            holes = rng.integers(1, sessions - 1, 4)
            prices[holes, j] = np.nan
    return prices


@st.composite
def wild(draw: st.DrawFn, assets: int = 6) -> np.ndarray:
    """Assets that all live throughout; the satellites move far more than the core, so that rules have work."""
    sessions = draw(st.integers(40, 130))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = np.array([0.01, 0.012, *[draw(st.sampled_from([0.03, 0.06]))] * (assets - 2)])
    steps = np.clip(rng.normal(0.0, 1.0, (sessions, assets)) * scale, -0.4, 0.6)
    return np.round(rng.uniform(5.0, 200.0, assets) * np.cumprod(1.0 + steps, axis=0), 4) + 0.01


def plan_of(satellites: Any = SATELLITES, **keys: Any) -> CoreSatellite:
    return CoreSatellite.model_validate({"core": CORE, "satellites": satellites, "cap": "6%", **keys})


@st.composite
def plans(draw: st.DrawFn, satellites: st.SearchStrategy[Any] = named | chosen) -> CoreSatellite:
    """Any rule with any other."""
    rebalance = draw(rebalances)
    shape = draw(geometries) if "band" in str(rebalance) else {}
    review = {"loss_review": draw(reviews)} if draw(st.booleans()) else {}
    return plan_of(
        draw(satellites),
        cap=draw(st.sampled_from(["5%", "6%"])),
        caps=draw(st.sampled_from(["always", "at_rebalance"])),
        rebalance=rebalance,
        before_listing=draw(st.sampled_from(["redistribute", "cash", {"proxy": "B"}])),
        after_delisting={"to": draw(st.sampled_from(["redistribute", "cash"])), "haircut": "30%"},
        **shape,
        **review,
    )


def run(prices: np.ndarray, plan: Policy, costs: Any = NoCosts(), **fields: Any) -> tuple[Ledger, Market]:
    market = market_of(prices)
    return simulate(market, plan, account(**fields), costs.cost_table(len(market.assets))), market


def same(one: Ledger, other: Ledger) -> bool:
    """Tell whether two runs are the same to the bit."""
    arrays = (
        "value",
        "cash",
        "units",
        "flows",
        "rows",
        "targets",
        "trades",
        "prices",
        "costs",
        "rebalances",
        "partial_rebalances",
    )
    equal = all(getattr(one, name).tobytes() == getattr(other, name).tobytes() for name in arrays)
    return (
        equal
        and one.reasons == other.reasons
        and one.asset_reasons == other.asset_reasons
        and one.reviews == other.reviews
    )


# Expected triggers, beside the engine: which rule each close breaks, from the ledger's trades and the prices alone ----------


@dataclass
class Asked:
    """What was asked for at the close of row ``close``, to be done at row ``fill``."""

    close: int
    fill: int
    over: tuple[int, ...] = ()
    band: bool = False
    breaches: dict[int, float] = field(default_factory=dict)


@dataclass
class ExpectedTriggers:
    """Walks through a run that opens at row 0 and writes down every trigger that docs/semantics.md asks for."""

    ledger: Ledger
    market: Market
    plan: CoreSatellite
    delay: int
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        market, ledger, plan = self.market, self.ledger, self.plan
        count = len(market.assets)
        infinite = np.full(count, np.inf)
        self.caps = np.array([plan.caps().get(name, np.inf) for name in market.assets])
        self.watched = self.caps if plan.watch_caps else infinite
        self.band = plan.schedule.band(market.dates)
        self.reviewed = [market.column_index(name) for name in plan.caps()] if plan.loss_review else []
        self.weights = ledger.weights(market)
        self.reference = np.zeros(count)
        self.watching = np.ones(count, dtype=bool)
        self.wholes = {int(row) for row in ledger.rows[ledger.rebalances]}
        self._walk()

    def _walk(self) -> None:
        ledger, pending, target = self.ledger, None, np.zeros(len(self.market.assets))
        held = np.zeros(len(self.market.assets))
        for t in range(len(ledger.dates)):
            for event in np.flatnonzero(ledger.rows == t):
                self._bought(held, ledger.trades[event], ledger.prices[event])
                held = held + ledger.trades[event]
                target = ledger.targets[event]
            if t in self.wholes:
                self._rebalanced(t)
            for j in pending.breaches if pending and pending.fill == t else ():
                if self.market.age[t, j] > 0:  # no close, so nothing was done: it is looked at again
                    self.watching[j] = True
            if pending and t in self.wholes and t <= pending.fill:
                pending.over, pending.band = (), False  # settled
                pending = pending if pending.breaches and pending.fill > t else None
            armed = pending is None or pending.fill <= t
            asked = Asked(t, t + 1 + self.delay)
            asked.breaches = self._breaches(t, armed)
            if armed:
                asked.band = self.out_of_band(t, target)
                asked.over = () if asked.band and self.band.is_full_rebalance else self.over(t)
                if (asked.breaches or asked.band or asked.over) and asked.fill < len(ledger.dates):
                    self.asked.append(asked)
                    pending = asked

    def _bought(self, held: np.ndarray, trades: np.ndarray, prices: np.ndarray) -> None:
        kind = self.plan.loss_review.since if self.plan.loss_review else ""
        for j in self.reviewed:
            if trades[j] <= 0.0:
                continue
            if held[j] == 0.0:
                self.watching[j] = True
                self.reference[j] = 0.0 if kind == "peak" else prices[j]
            elif kind == "cost":
                money = self.reference[j] * held[j] + prices[j] * trades[j]
                self.reference[j] = money / (held[j] + trades[j])

    def _rebalanced(self, t: int) -> None:
        if self.plan.loss_review and self.plan.loss_review.since == "rebalance":
            for j in self.reviewed:
                self.reference[j] = self.market.prices[t, j]

    def _breaches(self, t: int, armed: bool) -> dict[int, float]:
        found = {}
        for j in self.reviewed:
            price = self.market.prices[t, j]
            if self.ledger.units[t, j] == 0.0:
                self.watching[j] = True
                continue
            if self.plan.loss_review.since == "peak":
                self.reference[j] = max(self.reference[j], price)
            if price > self.reference[j] * (1.0 - self.plan.loss_review.trigger) * (1.0 + 1e-12):
                self.watching[j] = True
            elif armed and self.watching[j]:
                self.watching[j] = False
                found[j] = price / self.reference[j] - 1.0
        return found

    def over(self, t: int) -> tuple[int, ...]:
        return tuple(int(j) for j in np.flatnonzero(self.weights[t] > self.watched * (1.0 + 1e-9)))

    def out_of_band(self, t: int, target: np.ndarray) -> bool:
        if self.band is None or not self.band.check_rows[t]:
            return False
        width = np.minimum(self.band.absolute, np.where(target > 0.0, self.band.relative, 1.0) * target)
        return bool((np.abs(self.weights[t] - target) > width * (1.0 + 1e-9)).any())

    def answers(self) -> dict[int, Asked]:
        return {one.fill: one for one in self.asked}


def can_be_watched(plan: CoreSatellite, fields: dict) -> bool:
    """Tell whether drift is measured from the targets, which a ledger shows, not from what whole shares reached."""
    return not ("band" in str(plan.rebalance) and fields.get("shares") == "whole")


def cheapest(costs: CostTable, money: float, j: int) -> float:
    """What an order of ``money`` costs, from the tariff's own words."""
    fee = costs.fixed[j] + costs.rate[j] * money
    return float(min(max(fee, costs.minimum[j]), costs.maximum[j]) + costs.spread[j] * money)


TOP = {"universe": UNIVERSE, "count": {"min": 2, "max": 4}, "weight": "5%"}


def stormy(sessions: int = 200) -> np.ndarray:
    rng = np.random.default_rng(23)
    walk = 50.0 * np.cumprod(1.0 + rng.normal(0.0004, [0.01, 0.01, 0.03, 0.03, 0.03, 0.03], (sessions, 6)), axis=0)
    walk[:40, 3] = np.nan  # lists late
    walk[150:, 4] = np.nan  # is delisted
    return walk
