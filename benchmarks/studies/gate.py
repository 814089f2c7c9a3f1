"""The small-cap plan on large companies with a quality gate and without, as ``benchmarks/studies/gate.md``.

``python benchmarks/studies/gate.py --prices FILE --filings FILE``, or ``make gate``. The filings are a point-in-time table with
``net_income, total_assets, equity, free_cash_flow`` of single quarters.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.analysis.comparison import PortfolioResult
from engine.analysis.fees import YearFees
from engine.backtest import workflow
from engine.backtest.config import RunConfig
from engine.backtest.config_sections import Benchmark, Compare
from engine.backtest.outputs import RunResult
from engine.composition import load_run
from engine.core.files import atomic_write
from engine.report import number_format as fmt
from engine.report.run.fees_table import fees_table
from engine.report.run.verdict import describe_difference

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "benchmarks" / "studies" / "gate.md"
PLAN = ROOT / "configs" / "us_small_caps.yaml"
NAMES = ("ADP", "CAT", "DUK", "HD", "JNJ", "JPM", "KO", "MCD", "MRK", "MSFT", "PEP", "UNH", "WFC", "WMT", "XOM")
CRITERIA = ("free_cash_flow > 0", "net_income / equity > 3%", "total_assets - equity < 3 * equity")
CHOICES = {
    "momentum": "{kind: top, count: 4, by: momentum, lookback: 252, skip: 21}",
    "quality": "{kind: top, count: 4, by: quality, measure: net_income / equity}",
}
SPREADS = "spread: {SPY: 0.01%, rest: 0.02%}"
BROKERS = {
    "comdirect, contributions by its savings plan": f"{{kind: broker, tariff: comdirect, savings_plan: true, fx: 0.25%, {SPREADS}}}",
    "Interactive Brokers, tiered": f"{{kind: broker, tariff: interactive_brokers_tiered, fx: 0.003%, {SPREADS}}}",
}
EURO_ACCOUNT = (
    "account={capital: 40000, currency: EUR, contributions: {amount: 500, every: month}}",
    "data.fx={kind: ecb}",
)
GATES = {"gate, unknown out": "out", "gate, unknown in": "in"}
HEADER = (
    "plan",
    "CAGR",
    "volatility",
    "max drawdown",
    "costs",
    "satellites a January",
    "CAGR less that without (95 % interval)",
    "chance",
)

INTRODUCTION = """\
# A quality gate on one history

Made by `make gate` (`benchmarks/studies/gate.py`); nothing here is typed by hand. `configs/us_small_caps.yaml` with four satellites
at 2.5 % each that are chosen every January among {names}; 2010-01-01 to 2025-10-31, 100,000 USD, 0.1 % a trade.
The gate: `{criteria}`, of the last quarter that was filed by the last close seen. The table has no operating income, debt or cash:
return on equity of a quarter and all liabilities stand for the return on capital and the debt that it cannot give (`docs/fundamentals.md`).
What the gate shuts out and what nobody replaces goes to SPY and VB.
"""
BROKER_INTRODUCTION = """\
## The same with a broker's costs

40,000 EUR and 500 EUR a month from 2010-01-04 on, the four best by momentum. Between Januaries a contribution buys what lies below its target.
The tariffs are those of `engine tariffs`; assumed: spreads of 0.01 % (SPY) and 0.02 %, and for exchanging dollars 0.25 % (comdirect) or 0.003 % of each order (Interactive Brokers).
Exchange fees and taxes are left out.
"""


def main() -> None:
    """Run everything, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, required=True, metavar="FILE")
    parser.add_argument("--filings", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    text = "\n".join([*page(options.prices.resolve(), options.filings.resolve()), ""])
    atomic_write(PAGE, text.encode())
    print(text)


def page(prices: Path, filings: Path) -> Iterator[str]:
    """Yield the lines of the page."""
    yield INTRODUCTION.format(names=", ".join(NAMES), criteria="; ".join(CRITERIA))
    for by, choose in CHOICES.items():
        runs = {label: run(prices, filings, choose, unknown) for label, unknown in GATES.items()}
        yield from (f"## The four best by {by}", "", *table(runs), "")
        yield from kept_out(next(iter(runs.values())))
    yield from broker_costs(prices, filings)
    yield f"{len(CHOICES) * len(GATES) + len(BROKERS)} comparisons on the same prices, one path of one market, companies that are known to have lasted, and thresholds that nobody derived: a figure here is no forecast."


def run(prices: Path, filings: Path, choose: str, unknown: str, *terms: str) -> RunResult:
    """Return a plan with the gate beside the same plan without."""
    gated, free = (plan(prices, filings, choose, gate, *terms) for gate in (unknown, None))
    beside = Benchmark[Any](name="free", strategy=free.strategy)
    compare = Compare[Any].model_construct(buy_and_hold=False, benchmarks=(beside,))
    return workflow.run_backtest(gated.model_copy(update={"compare": compare}))


def plan(prices: Path, filings: Path, choose: str, unknown: str | None, *terms: str) -> RunConfig[Any]:
    """Return the plan with a gate, without one where ``unknown`` is None."""
    names = ", ".join(f"{{ticker: {name}, name: {name}, sector: any, brokers: [any]}}" for name in NAMES)
    asked = ", ".join(f"'{one}'" for one in CRITERIA)
    table = f"table: {{path: '{filings}'}}"
    source = (
        "data.source.kind=files",
        f"data.source.path={prices}",
        "compare.benchmarks=[]",
        "window.start=2010-01-01",
    )
    gate = "" if unknown is None else f", where: [{asked}], {table}, unknown: {unknown}"
    choose = choose.replace("measure", f"{table}, measure") if unknown is None else choose
    common = f"universe: {{names: [{names}]}}, choose: {choose}, weight: 2.5%, count: {{min: 1, max: 5}}"
    return load_run(PLAN, (*source, *terms, f"strategy.satellites={{{common}{gate}}}"))


def broker_costs(prices: Path, filings: Path) -> Iterator[str]:
    """Yield what each broker charges an account in euros, by kind and year, with the gate and without."""
    yield BROKER_INTRODUCTION
    choose = CHOICES["momentum"]
    for broker, costs in BROKERS.items():
        terms = (*EURO_ACCOUNT, f"costs={costs}")
        gated = run(prices, filings, choose, "out", *terms)
        free = workflow.run_backtest(plan(prices, filings, choose, None, *terms), intervals=False, parts=False)
        yield from (f"### {broker}", "", *table({"gate, unknown out": gated}), "")
        yield from fee_tables({"With the gate": gated.summary.fees or (), "Without": free.summary.fees or ()})


def fee_tables(fees: Mapping[str, Sequence[YearFees]]) -> Iterator[str]:
    """Yield what was paid by kind and year, in euros, of each plan."""
    for label, years in fees.items():
        heads, *rows = fees_table(years)
        yield from (f"{label}, fees in EUR:", "", f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}")
        yield from (f"| {' | '.join(row)} |" for row in rows)
        yield ""


def table(runs: Mapping[str, RunResult]) -> Iterator[str]:
    """Yield a Markdown table: the plan without a gate, then each with one."""
    yield from (f"| {' | '.join(HEADER)} |", f"| --- {'| ---: ' * (len(HEADER) - 2)}| --- |")
    without = next(iter(runs.values())).comparison.portfolios["free"]
    yield f"| {' | '.join([*cells('no gate', without), fmt.DASH, fmt.DASH])} |"
    for label, one in runs.items():
        told = describe_difference(one.comparison.versus["free"])
        row = [*cells(label, one.comparison.portfolios["strategy"]), f"{told.difference} ({told.interval})", told.words]
        yield f"| {' | '.join(row)} |"


def cells(label: str, portfolio: PortfolioResult) -> list[str]:
    """Return what a portfolio earned and held."""
    figures, held = portfolio.metrics, held_by_january(portfolio)
    percents = [fmt.percent(figures[name]) for name in ("cagr", "volatility", "max_drawdown")]
    return [label, *percents, fmt.money(figures["costs"]), f"{sum(map(len, held.values())) / len(held):.2f}"]


def held_by_january(portfolio: PortfolioResult) -> dict[int, list[str]]:
    """Return the satellites of each rebalance by the row of its session, the opening included."""
    ledger = portfolio.ledger
    events = [event for event, whole in enumerate(ledger.rebalances) if whole]
    return {
        int(ledger.rows[event]): [
            name
            for name, weight in zip(ledger.assets, ledger.targets[event], strict=True)
            if name in NAMES and weight > 0
        ]
        for event in events
    }


def kept_out(found: RunResult) -> Iterator[str]:
    """Yield for every rebalance who passed, failed and was unknown, and whom the plan without a gate held instead."""
    mine, free = (found.comparison.portfolios[name] for name in ("strategy", "free"))
    own, other = held_by_january(mine), held_by_january(free)
    yield from (
        "Who was kept out, unknown ones too:",
        "",
        "| decision | passed | failed | unknown | held | held without a gate, not with it |",
    )
    yield "| --- | --- | --- | --- | --- | --- |"
    failed, unknown = Counter[str](), Counter[str]()
    for row, held in own.items():
        by_outcome = {
            outcome: [one.ticker for one in mine.ledger.findings[row] if one.outcome == outcome]
            for outcome in ("passed", "failed", "unknown")
        }
        lost = [name for name in other[row] if name not in held]
        for one in mine.ledger.findings[row]:
            for criterion, holds in zip(one.criteria, one.holds, strict=True):
                failed[criterion] += holds is False
                unknown[criterion] += holds is None
        lists = [", ".join(names) or fmt.DASH for names in (*by_outcome.values(), held, lost)]
        yield f"| {' | '.join([str(mine.ledger.dates[row]), *lists])} |"
    told = "; ".join(f"`{one}` not met {failed[one]} times, unknown {unknown[one]} times" for one in failed)
    yield from ("", f"Of {len(own) * len(NAMES)} findings: {told}.", *column_warning(failed, unknown), "")


def column_warning(failed: Mapping[str, int], unknown: Mapping[str, int]) -> Iterator[str]:
    """Yield which criteria shut out by nothing but missing figures."""
    for criterion, count in failed.items():
        if not count and unknown[criterion]:
            yield f"No known figure ever failed `{criterion}`: whom it kept out, it kept out for an empty cell of the table."


if __name__ == "__main__":
    main()
