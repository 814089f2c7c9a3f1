"""What a plan can do about its taxes, on one history: ``benchmarks/studies/after_tax.md``.

``python benchmarks/studies/after_tax.py --prices FILE``, or ``make after-tax``; closes as traded, dividends and splits.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from engine.analysis.comparison import PortfolioResult
from engine.backtest import workflow
from engine.backtest.config import RunConfig
from engine.composition import load_run
from engine.core.files import atomic_write
from engine.report import number_format as fmt

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "benchmarks" / "studies" / "after_tax.md"
ANNUAL: Final = "annual, first session of January"
SAVING: Final = "annual, 500 a month paid in"
MONTHLY: Final = "account.contributions={amount: 500, every: month, invest: towards_targets}"
BANDS: Final = "{kind: band, absolute: 5%, relative: 25%, look: day}"


class Measure(NamedTuple):
    """A plan that differs from another one, ``than``, by what it does about its taxes."""

    name: str
    overrides: tuple[str, ...] = ()
    than: str = ANNUAL


NEVER: Final = Measure("never (bought and held)", ("strategy.rebalance={kind: never}",))
COMMON: Final = (
    Measure(ANNUAL),
    NEVER,
    Measure("annual, last session of January", ("strategy.rebalance.session=last",)),
    Measure("annual, first session of July", ("strategy.rebalance.month=july",)),
    Measure("annual, every second January", ("strategy.rebalance.every=2",)),
    Measure("bands 5/25, every day", (f"strategy.rebalance={BANDS}",)),
    Measure("bands 5/25 and every January", (f"strategy.rebalance={{kind: any, of: [{BANDS}, {{kind: annual}}]}}",)),
    Measure("annual, tax budget of 500 a year", ("tax.budget=500",)),
    Measure("annual, tax budget of nothing", ("tax.budget=0",)),
)
SAVINGS: Final = (
    Measure(SAVING, (MONTHLY,), SAVING),
    Measure("never, 500 a month towards the targets", (MONTHLY, "strategy.rebalance={kind: never}"), SAVING),
    Measure("bands 5/25, 500 a month", (MONTHLY, f"strategy.rebalance={BANDS}"), SAVING),
    Measure(
        "bands 5/25, 500 a month, flows first",
        (MONTHLY, f"strategy.rebalance={BANDS}", "strategy.funding=flows_first"),
        SAVING,
    ),
)
SMALL: Final = "annual, 25,000 instead of 100,000"
QUARTER: Final = "account.capital=25000"
OWN: Final = {
    "germany": (
        Measure("annual, use_allowance", ("tax.use_allowance=true",)),
        Measure("never, use_allowance", (*NEVER.overrides, "tax.use_allowance=true")),
        Measure("annual, harvest", ("tax.harvest=year_end",)),
        Measure("annual, use_allowance and harvest", ("tax.use_allowance=true", "tax.harvest=year_end")),
        Measure(SMALL, (QUARTER,), SMALL),
        Measure("annual, 25,000, use_allowance", (QUARTER, "tax.use_allowance=true"), SMALL),
        Measure("never, 25,000", (QUARTER, *NEVER.overrides), SMALL),
        Measure("never, 25,000, use_allowance", (QUARTER, *NEVER.overrides, "tax.use_allowance=true"), SMALL),
    ),
    "united_states": (
        Measure("annual, lots: hifo", ("tax.lots=hifo",)),
        Measure("annual, lots: min_tax", ("tax.lots=min_tax",)),
        Measure("annual, harvest", ("tax.harvest=year_end",)),
        Measure("annual, harvest, lots: hifo", ("tax.harvest=year_end", "tax.lots=hifo")),
        Measure("bands 5/25, lots: hifo", (f"strategy.rebalance={BANDS}", "tax.lots=hifo")),
    ),
}
"""What only one of the laws knows."""

COLUMNS: Final = (
    "plan", "before tax", "held", "sold", "tax paid", "owed", "on a sale", "drag", "tax alpha", "= before tax", "+ taxes", "off target",
)  # fmt: skip

INTRODUCTION: Final = """\
# What a plan can do about its taxes

Made by `make after-tax` (`benchmarks/studies/after_tax.py`); nothing here is typed by hand. The small-cap plan of
`configs/us_small_caps_germany.yaml` and `configs/us_small_caps_united_states.yaml`, 100,000 from 2004-02-02 to 2024-03-08, orders
free of cost, with what its first column says. Growth is a year; *before tax* is the same plan untaxed, dividends in full; *owed*
is due and not paid at the end, *on a sale* what selling everything that day would add. *Drag* is growth before tax less growth
sold. *Tax alpha* is growth sold less that of the first plan of its block, in percentage points, and the sum of what the two differ by
before tax, and of what taxes do to that; the twin before tax of a plan with a budget has none. *Off target* is the part of the portfolio that is not where its targets want it, on
average over all closes: who trades less is less taxed, and further away. One history, one plan, no advice.
"""


@dataclass(frozen=True)
class Outcome:
    """What became of one plan [fractions, currency]."""

    before: float
    held: float
    sold: float
    paid: float
    owed: float
    latent: float
    off_target: float

    @classmethod
    def of(cls, result: PortfolioResult) -> Outcome:
        """Return the figures of a taxed portfolio."""
        taxed = result.taxed
        if taxed is None:
            raise SystemExit(f"{result.name} is not taxed")
        growth = [one.cagr for one in (taxed.pre_tax, taxed.after_tax.held, taxed.after_tax.sold)]
        before, held, sold = (value for value in growth if value is not None)
        tax = taxed.tax
        return cls(before, held, sold, tax.paid, tax.accrued_unpaid, tax.latent, off_target(result))


def off_target(result: PortfolioResult) -> float:
    """Return half of what the weights are off the plan's in all, on average over all closes [fraction]."""
    ledger = result.ledger
    return float(0.5 * np.abs(ledger.weights(result.market) - ledger.targets[0]).sum(axis=1).mean())


def main() -> None:
    """Run every measure in both countries, print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, required=True, help="closes as traded, dividends and splits")
    prices = parser.parse_args().prices
    found = {country: outcomes(country, prices) for country in OWN}
    tables = {country: list(table(country, results)) for country, results in found.items()}
    pieces = [line for country in OWN for line in (f"## {title(country)}", "", *tables[country], "")]
    text = "\n".join([INTRODUCTION, *pieces])
    atomic_write(PAGE, text.encode())
    print(text)


def title(country: str) -> str:
    """Return a country as a heading."""
    return {"germany": "Germany, in euros", "united_states": "United States, in dollars"}[country]


def measures(country: str) -> Iterator[Measure]:
    """Yield what is compared in a country, what it is compared with first."""
    yield from (*COMMON, *OWN[country], *SAVINGS)


def outcomes(country: str, prices: Path) -> dict[Measure, Outcome]:
    """Run every measure of a country."""
    return {measure: run(load(country, prices, measure)) for measure in measures(country)}


def load(country: str, prices: Path, measure: Measure) -> RunConfig[Any]:
    """Return the config of a measure, with the prices of a file."""
    source = ("data.source.kind=files", f"data.source.path={prices}", "compare.benchmarks=[]")
    path = ROOT / "configs" / f"us_small_caps_{country}.yaml"
    return load_run(path, (*source, "compare.buy_and_hold=false", *measure.overrides))


def run(config: RunConfig[Any]) -> Outcome:
    """Run a config and its twin before tax."""
    result = workflow.run_backtest(config, intervals=False, parts=False, breakdown=False)
    return Outcome.of(result.comparison.portfolios["strategy"])


def table(country: str, results: Mapping[Measure, Outcome]) -> Iterator[str]:
    """Yield the rows of one country."""
    yield row(COLUMNS)
    yield row(["---", *["---:"] * (len(COLUMNS) - 1)])
    base = {measure.name: one for measure, one in results.items()}
    for measure in measures(country):
        yield row([measure.name, *cells(results[measure], base[measure.than], is_base=measure.name == measure.than)])


def cells(one: Outcome, base: Outcome, *, is_base: bool) -> Iterator[str]:
    """Yield the figures of a row beside those of the plan it is compared with."""
    yield from (percent(value) for value in (one.before, one.held, one.sold))
    yield from (f"{value:,.0f}" for value in (one.paid, one.owed, one.latent))
    yield fmt.percentage_points(one.before - one.sold, 2)
    alpha, before = one.sold - base.sold, one.before - base.before
    yield from ([fmt.DASH] * 3 if is_base else [points(value) for value in (alpha, before, alpha - before)])
    yield f"{100.0 * one.off_target:.2f} %"


def percent(value: float) -> str:
    """Return growth a year as text."""
    return f"{100.0 * value:.3f} %"


def points(value: float) -> str:
    """Return a difference of growth a year as text."""
    return fmt.percentage_points(value, 3)


def row(values: Sequence[str]) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(values)} |"


if __name__ == "__main__":
    main()
