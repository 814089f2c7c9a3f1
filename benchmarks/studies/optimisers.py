"""Every objective walked forward on real prices, beside the same job in skfolio and cvxportfolio.

``python benchmarks/studies/optimisers.py --prices FILE``, or ``make optimisers``, writes ``benchmarks/studies/optimisers.md``. Ten
funds without satellites come first, for there other libraries can pose the same problem: they are given the same
sessions at the same decisions, and their weights are set beside the engine's. Then the small-cap plan of
``configs/optimised.yaml`` under every objective. Every number comes from the runs.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.analysis.comparison import PortfolioResult
from engine.backtest import workflow
from engine.backtest.config import RunConfig
from engine.backtest.outputs import RunResult
from engine.composition import load_run
from engine.core.arrays import FloatArray
from engine.core.files import atomic_write
from engine.core.validation import validate
from engine.core.yaml_document import parse_document
from engine.portfolio.optimiser_step import OptimiserStep
from engine.report import number_format as fmt
from engine.report.run.verdict import describe_difference
from strategies import AnyStrategy

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "benchmarks" / "studies" / "optimisers.md"
FUNDS = ("EFA", "IWM", "MDY", "QQQ", "SPY", "XLE", "XLF", "XLI", "XLK", "XLV")
DEFAULTS = "min_variance at defaults"
LOOKBACK, CAP, AVERSION, TAIL = 756, 0.4, 4.0, 0.95
SCHEDULES = {"annual": "{kind: annual, month: january}", "monthly": "{kind: every, period: month}"}
OBJECTIVES = {
    "min_variance": "",
    "max_sharpe": "",
    "mean_variance": f", risk_aversion: {AVERSION:g}",
    "risk_parity": "",
    "min_cvar": f", level: {100 * TAIL:g}%",
    "max_diversification": "",
    "min_tracking_error": ", to: {SPY: 60%, EFA: 40%}",
    "equal_weight": "",
    "inverse_volatility": "",
}
TO_TRACK = {"min_tracking_error": ", to: {SPY: 75%, VB: 15%, MDY: 10%}"}
CONFIG = """\
name: funds
data: {{source: {{kind: files, path: {prices}, closes: adjusted}}}}
window: {{start: 2005-01-01, end: 2025-12-31}}
strategy:
  kind: optimised
  core: [{core}]
  core_cap: 40%
  objective: {{kind: {objective}}}
  estimates: {{covariance: ledoit_wolf, mean: sample, lookback: 756}}
  rebalance: {schedule}
costs: {{kind: percent, rate: 0.1%}}
compare:
  buy_and_hold: false
  benchmarks:
    - {{name: equal weight, kind: fixed_mix, weights: {{{equal}}}, rebalance: {schedule}}}
    - {{name: equal, kind: buy_and_hold, weights: {{{equal}}}}}
    - SPY
"""
HEADER = [
    "objective",
    "decides",
    "CAGR",
    "volatility",
    "Sharpe",
    "max drawdown",
    "turnover a year",
    "costs",
    "no answer",
]
Weights = dict[np.datetime64, FloatArray]


@dataclass(frozen=True)
class ObjectiveRow:
    """One walk forward."""

    objective: str
    schedule: str
    run: RunResult
    seconds: float

    @property
    def strategy(self) -> PortfolioResult:
        """The portfolio that was optimised."""
        return self.run.comparison.strategy

    @property
    def steps(self) -> tuple[OptimiserStep, ...]:
        """Its decisions."""
        return self.strategy.ledger.steps

    def cells(self, rivals: tuple[str, ...]) -> list[str]:
        """Return the line of a table."""
        figures = self.strategy.metrics
        without = sum(bool(step.fallback) for step in self.steps)
        versus = [self.run.comparison.versus[name] for name in rivals]
        return [
            self.objective.replace("_", " "),
            self.schedule,
            *(fmt.percent(figures[key]) for key in ("cagr", "volatility")),
            fmt.ratio(figures["sharpe"]),
            *(fmt.percent(figures[key]) for key in ("max_drawdown", "turnover")),
            fmt.money(figures["costs"]),
            f"{without} of {len(self.steps)}",
            *(f"{told.difference} ({told.interval})" for told in map(describe_difference, versus)),
        ]


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, required=True, metavar="FILE")
    parser.add_argument("--out", type=Path, default=PAGE, metavar="FILE")
    options = parser.parse_args()
    prices, out = options.prices.resolve(), options.out.resolve()
    os.chdir(ROOT)
    atomic_write(out, page(prices).encode())
    print(out.name, "written")


def page(prices: Path) -> str:
    """Return the whole page."""
    funds = [funds_row(prices, objective, schedule) for objective in OBJECTIVES for schedule in SCHEDULES]
    plan = [plan_row(prices, objective, schedule) for objective in OBJECTIVES for schedule in SCHEDULES]
    window = f"{funds[0].strategy.ledger.dates[0]} to {funds[0].strategy.ledger.dates[-1]}"
    parts = [
        "# Objectives walked forward on one history",
        "",
        "Made by `make optimisers` (`benchmarks/studies/optimisers.py`); nothing here is typed by hand. Each decision estimates on the",
        f"last {LOOKBACK} daily returns before it (Ledoit-Wolf), solves, proves the answer and trades it at 0.1 %; total-return",
        "closes, 100,000 USD. *No answer*: decisions at which the objective had none, so that what was held stayed (equal",
        "weights at the opening). Differences are of CAGR, with the 95 % interval of `docs/semantics.md` (*Performance*).",
        "",
        f"## Ten funds, {window}",
        "",
        f"{', '.join(FUNDS)}, nothing above {100 * CAP:g} %, expected returns as sampled.",
        "",
        *table(
            [*HEADER, "less equal weight, rebalanced alike", "less SPY"],
            [r.cells(("equal weight", "SPY")) for r in funds],
        ),
        "",
        *references(funds, ("equal weight", "equal", "SPY")),
        "",
        "## The same decisions elsewhere",
        "",
        *elsewhere(funds),
        "",
        f"## The small-cap plan, {plan[0].strategy.ledger.dates[0]} to {plan[0].strategy.ledger.dates[-1]}",
        "",
        "`configs/optimised.yaml` under every objective: three to five satellites at 2 to 3 %, small and mid caps at most 30 %,",
        "at most 40 % exchanged a decision, no penalty for costs (not every objective has a price for them), shrunk means.",
        "",
        *table(
            [*HEADER, "less the plan by hand", "less equal weight", "less buy-and-hold"],
            [row.cells(("by hand", "equal weight", "buy_and_hold")) for row in plan],
        ),
        "",
        *references(plan[:1], ("by hand", "equal weight", "SPY")),
        "",
        "## What the data say",
        "",
        *(f"{number}. {note}" for number, note in enumerate(notes(funds, plan), 1)),
        "",
        f"Prices of the ten funds: SHA-256 {funds[0].run.summary.data.sha256[:12]}.",
        "",
    ]
    return "\n".join(parts)


def funds_row(prices: Path, objective: str, schedule: str) -> ObjectiveRow:
    """Return one objective on the ten funds."""
    equal = ", ".join(f"{name}: {100.0 / len(FUNDS):g}%" for name in FUNDS)
    text = CONFIG.format(
        prices=prices,
        core=", ".join(FUNDS),
        equal=equal,
        objective=objective + OBJECTIVES[objective],
        schedule=SCHEDULES[schedule],
    )
    return timed(objective, schedule, validate(RunConfig[AnyStrategy], parse_document(text, "funds")))


def plan_row(prices: Path, objective: str, schedule: str) -> ObjectiveRow:
    """Return one objective on the small-cap plan."""
    kind = objective + TO_TRACK.get(objective, OBJECTIVES[objective])
    overrides = (
        "data.source.kind=files",
        f"data.source.path={prices}",
        "window.start=2005-01-01",
        "window.end=2025-12-31",
        f"strategy.objective={{kind: {kind}}}",
        f"strategy.rebalance={SCHEDULES[schedule]}",
        "strategy.turnover.penalty=none",
    )
    return timed(objective, schedule, load_run(ROOT / "configs" / "optimised.yaml", overrides))


def timed(objective: str, schedule: str, config: RunConfig[Any]) -> ObjectiveRow:
    """Return a run and how long it took."""
    began = time.perf_counter()
    run = workflow.run_backtest(config)
    return ObjectiveRow(objective, schedule, run, time.perf_counter() - began)


def table(header: list[str], rows: list[list[str]], words: int = 2) -> list[str]:
    """Return a Markdown table, the first columns words, the others numbers."""
    lines = [header, [*["---"] * words, *["---:"] * (len(header) - words)], *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def references(rows: list[ObjectiveRow], names: tuple[str, ...]) -> list[str]:
    """Return the benchmarks' own figures, once for each schedule of the rows."""
    cells = []
    for row in rows[: len(SCHEDULES)]:
        for name in names:
            figures = row.run.comparison.portfolios[name].metrics
            numbers = [fmt.percent(figures["cagr"]), fmt.percent(figures["volatility"]), fmt.ratio(figures["sharpe"])]
            held = not figures["turnover"]
            cells.append(
                [name if name != "equal" else "equal, never rebalanced", "never" if held else row.schedule, *numbers]
            )
    unique = [cell for at, cell in enumerate(cells) if cell not in cells[:at]]
    return table(["reference", "decides", "CAGR", "volatility", "Sharpe"], unique)


# ---- the same problem elsewhere -------------------------------------------------------------------------------------


def elsewhere(rows: list[ObjectiveRow]) -> list[str]:
    """Return what other libraries find at the same decisions."""
    lines = []
    for row in rows:
        own = weights_of(row)
        for library, solve in LIBRARIES.items():
            found = solve(row)
            if found is None:
                continue
            theirs, seconds, sharpe = found
            apart = np.array([np.abs(own[day] - theirs[day]).max() for day in own if day in theirs])
            lines.append(
                [
                    row.objective.replace("_", " "),
                    row.schedule,
                    library,
                    str(len(apart)),
                    f"{apart.max():.1e}",
                    f"{np.median(apart):.1e}",
                    fmt.ratio(sharpe),
                    f"{1e3 * seconds / len(theirs):.1f}",
                ]
            )
    head = [
        "objective",
        "decides",
        "library",
        "decisions",
        "weights apart, most",
        "median",
        "Sharpe there",
        "ms a decision",
    ]
    words = [
        "Each library is given the same returns at the same decisions, at tight tolerances where it lets one choose (Clarabel, 1e-12",
        "or below; in skfolio with the objective scaled by 1,000, for its daily variances are as small as its tolerances);",
        "*weights apart* is the largest difference of any weight from the engine's. skfolio walks forward by",
        "`cross_val_predict` over these very sessions, with Ledoit-Wolf and sampled means; its Sharpe ratio holds weights constant",
        "within a period and knows no costs. cvxportfolio's `MarketSimulator` is given the engine's estimates, for it has no",
        "Ledoit-Wolf, and trades without costs. Where a library aims at something else, that is said below. Times are of one",
        "run on a machine that did other things too; `benchmarks/time_optimiser.py` measures.",
        "",
    ]
    return [
        *words,
        *table(head, lines, words=3),
        "",
        "skfolio's `RiskBudgeting` solves to a tolerance of its own, `BenchmarkTracker` tracks the benchmark's sampled returns rather",
        "than its weights under the shrunk covariance: those two rows compare neighbours, not the same problem. Decisions at which the",
        "engine has no answer (a highest Sharpe ratio below zero) are left out. cvxportfolio cannot express ratios, parity or CVaR.",
    ]


def weights_of(row: ObjectiveRow) -> Weights:
    """Return the targets of every decision that was solved, in the order of FUNDS."""
    ledger = row.strategy.ledger
    dates = row.run.comparison.market.dates
    solved = {dates[step.row] for step in row.steps if not step.fallback}
    days = ledger.dates[ledger.rows]
    columns = [ledger.assets.index(name) for name in FUNDS]
    return {
        day: ledger.targets[event, columns]
        for event, day in enumerate(days)
        if ledger.rebalances[event] and day in solved
    }


def windows(row: ObjectiveRow) -> Iterator[tuple[np.datetime64, FloatArray, FloatArray]]:
    """Yield day, returns of the lookback, and returns until the next decision, of every decision."""
    market = row.run.comparison.market
    columns = [market.column_index(name) for name in FUNDS]
    returns = market.prices[1:, columns] / market.prices[:-1, columns] - 1.0  # row k is the return of session k + 1
    fills = [step.row for step in row.steps] + [len(market.dates) - 1]
    for at, fill in enumerate(fills[:-1]):
        yield market.dates[fill], returns[fill - 1 - LOOKBACK : fill - 1], returns[fill : fills[at + 1]]


class Same:
    """A splitter that yields the engine's own sessions: training up to the close before, testing from the fill on."""

    def __init__(self, row: ObjectiveRow) -> None:
        """Remember the rows."""
        last = len(row.run.comparison.market.dates) - 1
        fills = [step.row for step in row.steps]
        ends = [*fills[1:], last]
        self.parts = [
            (np.arange(f - 1 - LOOKBACK, f - 1), np.arange(f, e)) for f, e in zip(fills, ends, strict=True) if e > f
        ]

    def split(self, X: object, y: object = None, groups: object = None) -> Iterator[tuple[Any, Any]]:  # noqa: ARG002
        """Yield training and test rows."""
        yield from self.parts

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None) -> int:  # noqa: ARG002
        """Return how many there are."""
        return len(self.parts)


def by_skfolio_defaults(row: ObjectiveRow) -> tuple[Weights, float, float] | None:
    """Return the same at skfolio's own tolerances, for the minimum variance."""
    return by_skfolio(row, DEFAULTS) if row.objective == "min_variance" else None


def by_skfolio(row: ObjectiveRow, which: str = "") -> tuple[Weights, float, float] | None:
    """Return skfolio's weights, the time it took, and the Sharpe ratio it reports."""
    from skfolio.model_selection import cross_val_predict

    model = skfolio_models().get(which or row.objective)
    if model is None:
        return None
    market = row.run.comparison.market
    closes = pd.DataFrame(market.prices, index=pd.DatetimeIndex(market.dates), columns=list(market.assets))
    returns = closes[list(FUNDS)].pct_change().iloc[1:]
    target = returns["SPY"] * 0.6 + returns["EFA"] * 0.4 if row.objective == "min_tracking_error" else None
    split = Same(row)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = cross_val_predict(model(), returns, target, cv=split)
    seconds = time.perf_counter() - began
    days = [market.dates[test[0]] for _, test in split.parts]
    return (
        {day: np.asarray(p.weights) for day, p in zip(days, found.portfolios, strict=True)},
        seconds,
        sharpe_of(found.returns),
    )


@cache
def skfolio_models() -> dict[str, Callable[[], Any]]:
    """Return skfolio's estimator of each objective it has."""
    from skfolio import RiskMeasure
    from skfolio.moments import EmpiricalMu, LedoitWolf
    from skfolio.optimization import (
        BenchmarkTracker,
        EqualWeighted,
        InverseVolatility,
        MaximumDiversification,
        MeanRisk,
        ObjectiveFunction,
        RiskBudgeting,
    )
    from skfolio.prior import EmpiricalPrior

    tight = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12, "max_threads": 1}
    prior = EmpiricalPrior(mu_estimator=EmpiricalMu(), covariance_estimator=LedoitWolf())
    common = {"max_weights": CAP, "solver": "CLARABEL", "solver_params": tight}
    risky = {**common, "prior_estimator": prior}
    fine = {**risky, "scale_objective": 1e3}
    return {
        "min_variance": lambda: MeanRisk(**fine),
        DEFAULTS: lambda: MeanRisk(prior_estimator=prior, max_weights=CAP, solver="CLARABEL"),
        "max_sharpe": lambda: MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_RATIO, fallback=EqualWeighted(), **fine
        ),
        "mean_variance": lambda: MeanRisk(
            objective_function=ObjectiveFunction.MAXIMIZE_UTILITY, risk_aversion=AVERSION / 2.0, **fine
        ),
        "risk_parity": lambda: RiskBudgeting(**risky),
        "min_cvar": lambda: MeanRisk(risk_measure=RiskMeasure.CVAR, cvar_beta=TAIL, **fine),
        "max_diversification": lambda: MaximumDiversification(**fine),
        "min_tracking_error": lambda: BenchmarkTracker(risk_measure=RiskMeasure.STANDARD_DEVIATION, **common),
        "equal_weight": EqualWeighted,
        "inverse_volatility": lambda: InverseVolatility(prior_estimator=prior),
    }


def by_cvxportfolio(row: ObjectiveRow) -> tuple[Weights, float, float] | None:
    """Return cvxportfolio's weights from the engine's own estimates, the time, and the Sharpe ratio of its path."""
    if row.objective not in {"min_variance", "mean_variance"}:
        return None
    try:
        import cvxportfolio as cvx
    except ImportError:
        return None
    from engine.optimisation.estimates import Estimates

    days, periods, sigmas, means = [], [], {}, {}
    for day, train, test in windows(row):
        moments = Estimates(mean="sample", lookback=LOOKBACK).moments(np.ascontiguousarray(train))
        days.append(pd.Timestamp(day))
        periods.append(np.prod(1.0 + test, axis=0) - 1.0)
        sigmas[days[-1]] = pd.DataFrame(moments.covariance, index=list(FUNDS), columns=list(FUNDS))
        means[days[-1]] = pd.Series(moments.mean, index=list(FUNDS))
    returns = pd.DataFrame(periods, index=pd.DatetimeIndex(days), columns=list(FUNDS))
    returns["cash"] = 0.0
    returns.loc[days[0] - pd.Timedelta(days=30)] = 0.0  # it wants one period before its first
    returns = returns.sort_index()
    risk = cvx.FullCovariance(pd.concat(sigmas))
    objective = (
        -risk if row.objective == "min_variance" else cvx.ReturnsForecast(pd.DataFrame(means).T) - AVERSION / 2 * risk
    )
    tight = {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-12}
    rules = [cvx.LongOnly(), cvx.NoCash(), cvx.MaxWeights(CAP)]
    policy = cvx.SinglePeriodOptimization(objective, rules, solver="CLARABEL", **tight)
    data = cvx.UserProvidedMarketData(returns=returns, cash_key="cash", min_history=pd.Timedelta(0))
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = cvx.MarketSimulator(market_data=data, costs=[]).backtest(policy, start_time=days[0], end_time=days[-1])
    seconds = time.perf_counter() - began
    chosen = (result.w + result.z)[list(FUNDS)]
    theirs = {np.datetime64(day, "D"): w.to_numpy() for day, w in chosen.iterrows() if np.isfinite(w).all()}
    path = [theirs[np.datetime64(day, "D")] for day in days if np.datetime64(day, "D") in theirs]
    daily = [held(w, test) for w, (_, _, test) in zip(path, windows(row), strict=False)]
    return theirs, seconds, sharpe_of(np.concatenate(daily))


def held(w: FloatArray, returns: FloatArray) -> FloatArray:
    """Return the daily returns of weights that are bought and then drift."""
    value = np.concatenate([[1.0], np.cumprod(1.0 + returns, axis=0) @ w])
    return value[1:] / value[:-1] - 1.0


def sharpe_of(returns: Any) -> float:
    """Return mean over standard deviation (n - 1) of daily returns, a year."""
    series = np.asarray(returns, dtype=np.float64)
    return float(series.mean() / series.std(ddof=1) * np.sqrt(252.0))


LIBRARIES: dict[str, Callable[[ObjectiveRow], tuple[Weights, float, float] | None]] = {
    "skfolio": by_skfolio,
    "skfolio, its own tolerances": by_skfolio_defaults,
    "cvxportfolio": by_cvxportfolio,
}


# ---- what it says ---------------------------------------------------------------------------------------------------


def notes(funds: list[ObjectiveRow], plan: list[ObjectiveRow]) -> Iterator[str]:
    """Yield what the tables say, in words that follow from them."""
    for title, rows, rival in (("ten funds", funds, "equal weight"), ("small-cap plan", plan, "by hand")):
        versus = {(row.objective, row.schedule): row.run.comparison.versus[rival] for row in rows}
        ahead = [key for key, one in versus.items() if (one.cagr_difference or 0.0) > 0.0]
        apart = [key for key, one in versus.items() if describe_difference(one).leaves_zero_out]
        sure, worse = ([key for key in apart if (key in ahead) == better] for better in (True, False))
        yield (
            f"**Against {'the plan by hand' if rival == 'by hand' else rival}, {title}.** {len(ahead)} of {len(versus)} walks ended ahead; "
            f"the 95 % interval lies above zero for {named(sure)} and below it for {named(worse)}."
        )
    calmest = min(funds, key=lambda row: float(row.strategy.metrics["volatility"] or 0.0))
    spread = {row.schedule: [] for row in funds}
    for row in funds:
        spread[row.schedule].append(float(row.strategy.metrics["turnover"] or 0.0))
    yield (
        f"**Volatility and trading, ten funds.** The calmest walk is {calmest.objective.replace('_', ' ')} ({calmest.schedule}) at "
        f"{fmt.percent(calmest.strategy.metrics['volatility'])}. Deciding monthly rather than annually took turnover from "
        f"{fmt.percent(float(np.mean(spread['annual'])))} to {fmt.percent(float(np.mean(spread['monthly'])))} a year, on average over the objectives."
    )
    steps = [step for row in [*funds, *plan] for step in row.steps if not step.fallback]
    asked = sum(len(row.steps) for row in [*funds, *plan])
    yield (
        f"**Proof.** Of {asked:,} decisions {len(steps):,} were solved; no limit was broken by more than {max(s.residual for s in steps):.1e}, "
        f"and no admissible weights are better by more than {max(s.gap for s in steps):.1e} in units of the objective."
    )
    yield (
        f"**What this is not.** One history, {len(funds) + len(plan)} walks tried on it: the best of them looks better than it is. The funds "
        "and the satellites are survivors named with hindsight, nobody pays taxes, and expected returns from three years of prices are "
        "mostly noise."
    )


def named(keys: list[tuple[str, str]]) -> str:
    """Return walks as text."""
    return ", ".join(f"{objective.replace('_', ' ')} ({schedule})" for objective, schedule in keys) or "none"


if __name__ == "__main__":
    main()
