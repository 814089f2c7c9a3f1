"""Accounting: closed forms of the fee fixpoint, and ten years of a synthetic market that three engines agree on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import numpy as np

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.diagnostics.verify.market import build_synthetic_market
from engine.portfolio.account import Account
from engine.portfolio.costs import NoCosts, PercentCosts
from engine.portfolio.policy import Policy
from engine.simulation.kernel.records import Order, OrderFills, OrderTerms, Quotes
from engine.simulation.kernel.trade import trade
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate

FEE_CASES: Final = (
    # holdings, cash, targets, rate, value after, fee, trades
    ([0.0], 100.0, [1.0], 0.01, 100 / 1.01, 0.990099009901, [99.0099009901]),
    ([0.0, 0.0], 100.0, [0.6, 0.4], 0.01, 99.009900990099, 0.990099009901, [59.4059405941, 39.6039603960]),
    ([60.0, 40.0], 0.0, [0.5, 0.5], 0.01, 99.8, 0.2, [-10.1, 9.9]),
    (
        [100.0, 0.0, 0.0],
        0.0,
        [0.2, 0.3, 0.5],
        0.01,
        98.409542743539,
        1.590457256461,
        [-80.3180914513, 29.5228628231, 49.2047713718],
    ),
    ([70.0, 30.0], 0.0, [0.0, 0.0], 0.01, 99.0, 1.0, [-70.0, -30.0]),
    ([55.0, 45.0], 0.0, [0.5, 0.4], 0.002, 99.979963935083, 0.020036064917, [-5.0100180325, -5.008014426]),
    (
        [40000.0, 35000.0, 25000.0],
        0.0,
        [1 / 3, 1 / 3, 1 / 3],
        0.0002,
        99996.666444429633,
        3.333555570371,
        [-6667.7778518568, -1667.7778518568, 8332.2221481432],
    ),
)
YEAR_ENDS: Final = {
    "2014-12-31": 99900.0999001,
    "2015-12-31": 118147.079582,
    "2016-12-30": 129685.101616,
    "2017-12-29": 116201.309151,
    "2018-12-31": 110819.620480,
    "2019-12-31": 105255.782301,
    "2020-12-31": 108898.945443,
    "2021-12-31": 107252.209981,
    "2022-12-30": 118578.429144,
    "2023-12-29": 115315.834948,
    "2024-12-31": 134624.560586,
}
PEAK_WEIGHTS: Final = {
    "A": (0.468089687, "2021-10-14"),
    "B": (0.369236401, "2018-12-24"),
    "C": (0.252743494, "2023-06-13"),
    "D": (0.127991721, "2017-11-08"),
}

FixedMixFactory = Callable[[Mapping[str, float]], Policy]
"""Makes the policy that is rebalanced to weights by ticker every January."""


def fee_fixpoint_figures() -> Iterator[ReferenceFigure]:
    """Yield value, fee and trades of seven rebalances that pay their own costs."""
    origin = FigureGroup("fee fixpoint", "closed forms of V' = V - c sum |w V' - h|")
    for row, (h, cash, w, rate, after, fee, trades) in enumerate(FEE_CASES, 1):
        units, fills = np.array(h), OrderFills.allocate(len(h))
        order = Order(np.array(w), np.ones(len(h), dtype=np.bool_), np.zeros(len(h)))
        costs, uncapped = PercentCosts(rate=rate).cost_table(len(h)), np.full(len(h), np.inf)
        terms = OrderTerms(costs, uncapped, whole_shares=False, spend_remainder=True)
        _, _, left = trade(
            units, cash, Quotes(np.ones(len(h)), np.ones(len(h)), 1.0, np.zeros(len(h), np.uint8)), order, terms, fills
        )
        yield origin.figure(f"row {row}, value after", after, float(units.sum()) + left, 1e-12)
        yield origin.figure(f"row {row}, fee", fee, float(fills.fees.sum()), 1e-11)
        yield from origin.figures(f"row {row}, trade", trades, fills.dq, 1e-10)


def synthetic_market_figures(make_policy: FixedMixFactory) -> Iterator[ReferenceFigure]:
    """Yield the market, and final values, shares, fees and drifts of 40/30/20/10 rebalanced every January."""
    origin = FigureGroup("synthetic market", "vectorbt 1.2.0, bt 1.4.1 and a reference of twenty lines")
    market = build_synthetic_market()
    yield origin.figure("sum of all prices", 1138673.729906967, float(market.prices.sum()), 1e-13)
    last = [127.2838005495, 178.0420711756, 90.5890249455, 93.0170101244]
    yield from origin.figures("last price", last, market.prices[-1], 1e-11)
    policy = make_policy({"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1})
    free = simulate(market, policy, Account(), NoCosts().cost_table(4))
    shares = [460.007692241, 195.138523067, 295.630642798, 158.945772917]
    yield from _ledger_figures(origin, "no costs", free, (134859.946407215, -0.299020936639, 0.0), shares)
    weights = free.weights(market)
    for j, (ticker, (weight, day)) in enumerate(PEAK_WEIGHTS.items()):
        yield origin.figure(f"highest weight of {ticker}", weight, float(weights[:, j].max()), 1e-9)
        yield origin.figure(f"day of it, {ticker}", day, str(free.dates[weights[:, j].argmax()]))
    paid = simulate(market, policy, Account(), PercentCosts(rate=0.001).cost_table(4))
    shares = [459.204790481, 194.797926450, 295.114646288, 158.668347467]
    yield from _ledger_figures(origin, "10 bp", paid, (134624.560586007, -0.299292908072, 184.571871748), shares)
    for day, value in YEAR_ENDS.items():
        yield origin.figure(f"value on {day}", value, float(paid.value[paid.dates == np.datetime64(day)][0]), 1e-11)


def _ledger_figures(
    origin: FigureGroup, case: str, ledger: Ledger, expected: tuple[float, float, float], shares: list[float]
) -> Iterator[ReferenceFigure]:
    found = compute_metrics(Performance.from_ledger(ledger))
    for name, value in zip(("final_value", "max_drawdown", "costs"), expected, strict=True):
        yield origin.figure(f"{case}, {name.replace('_', ' ')}", value, found[name], 1e-11)
    yield from origin.figures(f"{case}, shares", shares, ledger.units[-1], 1e-11)
