"""From a config to a finished run: load prices, check them, simulate, compare. Knows no strategy by name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.analysis.after_tax import TaxTerms
from engine.analysis.breakdown.breakdown import break_down
from engine.analysis.caveats import caveats
from engine.analysis.comparison import ComparisonTerms, compare
from engine.analysis.difference_parts import Plan, PlanTax
from engine.analysis.fees import fees_by_year, uncharged_fees
from engine.backtest.config import RunConfig
from engine.backtest.loading import config_tickers
from engine.backtest.outputs import RunResult
from engine.backtest.prices import LoadedPrices, load_prices
from engine.backtest.tax_words import describe_law
from engine.core.plug_ins import plug_in_of, plug_in_versions
from engine.data.quality.findings import limit_findings
from engine.portfolio.costs import BrokerCosts
from engine.portfolio.policy import PolicyT
from engine.portfolio.policy_abilities import DescribesRules

MAX_WARNINGS_PER_KIND: Final = 3
"""Warnings about data of one kind; more become one line with their count and the worst (S15)."""
_KINDS_OF_CAVEATS: Final = frozenset({"survivors", "ended", "no_close"})
"""Kinds of findings that a caveat says already."""


def run_backtest(
    config: RunConfig[PolicyT],
    prices: LoadedPrices | None = None,
    *,
    intervals: bool = True,
    parts: bool = True,
    breakdown: bool = True,
) -> RunResult:
    """Simulate the config and all it is compared with; draw ``intervals`` around differences, find their ``parts``.

    With ``breakdown`` the run is taken apart for its page.
    """
    prices = prices or load_prices(config)
    terms = config.compare
    market = prices.market
    costs = config.costs.cost_table(market.assets, market.foreign)
    evidence = config.evidence if intervals else None
    tax, untaxed = None, prices.untaxed
    if prices.taxation is not None and untaxed is not None:
        tax = TaxTerms(prices.taxation, untaxed.sessions_of)
    comparison = compare(
        market,
        prices.sessions_of,
        config.strategy,
        config.account,
        costs,
        ComparisonTerms(
            others={benchmark.name: benchmark.strategy for benchmark in terms.benchmarks},
            buy_and_hold=terms.buy_and_hold is not False,
            late_purchases=terms.late_purchases,
            published=terms.published,
            evidence=evidence,
            parts=parts,
            tax=tax,
        ),
    )
    start, end = (np.datetime64(day) if day else None for day in (config.window.start, config.window.end))
    own = prices.sessions_of(config.strategy)
    warnings = caveats(comparison, config.strategy, (start, end), own.start)
    ledger = comparison.strategy.ledger
    plan = Plan(own, config.strategy, config.account, costs, ledger, PlanTax.of(tax, config.strategy))
    opening = ledger.opening_row(own.market)
    if ledger.taxes is not None:
        first_year = int(ledger.dates[0].astype("datetime64[Y]").astype(int)) + 1970
        warnings += [*config.tax.caveats(config_tickers(config), first_year), *ledger.taxes.record.notes]
    warnings += config.account.describe_idle_plans(own.market.dates, opening)
    said = [one for one in prices.findings if one.severity == "warning" and one.kind not in _KINDS_OF_CAVEATS]
    warnings += [finding.message for finding in limit_findings(said, MAX_WARNINGS_PER_KIND)]
    warnings += uncharged_fees(ledger, comparison.strategy.market, config.costs)
    return RunResult(
        name=config.name,
        description=config.description,
        config=config.canonical(),
        config_sha256=config.sha256(),
        comparison=comparison,
        fees=fees_by_year(
            ledger,
            comparison.strategy.market,
            config.costs.tables_by_kind(market.assets, market.foreign),
        ),
        fee_terms=config.costs.describe() if isinstance(config.costs, BrokerCosts) else "",
        warnings=tuple(dict.fromkeys(warnings)),
        tax_law=describe_law(config.tax, config_tickers(config)),
        plug_ins=plug_in_versions(config),
        own_words=tuple(_plug_in_words(config)),
        published_source=terms.published.source if terms.published else "",
        rates_sha256="" if isinstance(own.risk_free, float) else hashlib.sha256(own.risk_free.tobytes()).hexdigest(),
        breakdown=break_down(comparison, plan, evidence, late_purchases=terms.late_purchases) if breakdown else None,
    )


def _plug_in_words(config: RunConfig[PolicyT]) -> Iterator[str]:
    """Yield sentences of what a strategy and costs of plug-ins say of themselves; nothing for the engine's own."""
    strategy = config.strategy
    if plug_in_of(strategy) and isinstance(strategy, DescribesRules):
        for title, lines in strategy.rules().items():
            yield f"{title}: {'; '.join(lines)}."
    if plug_in_of(config.costs):
        yield f"Costs: {config.costs.describe()}."
