"""What taxes leave of every portfolio, before tax, held and sold, and tax by year: page and terminal (S19)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import fsum
from typing import Final, TypeAlias

from engine.analysis.tax_figures import AfterTax, TaxFigures, ValueAndGrowth, YearTax
from engine.backtest.run_summary import PortfolioSummary, RunSummary
from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label

Row: TypeAlias = tuple[str, ...]
SEEN: Final = 0.005
"""An amount that is not printed as zero [currency]."""
ELSEWHERE: Final = (
    "All figures that are not of taxes, as metrics, years, falls and rolling windows, are of the accounts: after the "
    "tax that was paid, before what is owed or due on a sale."
)
"""What a taxed run's other figures have of taxes."""
_REST: Final = "rest"
KINDS: Final = {
    "dividends": "Dividends",
    "advance": "Advance lump sum",
    "sales": "Sales",
    "interest": "Interest",
    _REST: "Other",
}
"""What a year's tax is made of; other is what the kinds leave of it, as a tax on wealth."""


@dataclass(frozen=True)
class Taxed:
    """A portfolio that is taxed: its name, its figures, and the growth before tax, held and sold."""

    name: str
    tax: TaxFigures
    before: ValueAndGrowth
    after: AfterTax

    @property
    def growths(self) -> tuple[float | None, float | None, float | None]:
        """Growth a year before tax, held and sold [fraction]."""
        return self.before.cagr, self.after.held.cagr, self.after.sold.cagr


def taxed_portfolios(summary: RunSummary) -> list[Taxed]:
    """Return the portfolios that are taxed, the strategy first; none without tax."""
    found = (_taxed(name, portfolio) for name, portfolio in summary.portfolios.items())
    return [one for one in found if one is not None]


def _taxed(name: str, portfolio: PortfolioSummary) -> Taxed | None:
    if portfolio.tax is None or portfolio.pre_tax is None or portfolio.after_tax is None:
        return None
    return Taxed(name, portfolio.tax, portfolio.pre_tax, portfolio.after_tax)


HEADS: Final = ("portfolio", "before tax", "held", "sold", "drag", "tax paid", "owed", "on a sale")
"""Growth a year three times, what taxes cost of it in percentage points, and money."""


def after_tax_rows(taxed: list[Taxed]) -> list[Row]:
    """Return a row a portfolio, as the terminal shows it.

    Tax that the investor paid from elsewhere is among what was paid; what was withheld abroad is not, as on the page.
    """
    return [
        (
            portfolio_label(one.name),
            *map(fmt.percent, one.growths),
            fmt.percentage_points(one.tax.drag),
            fmt.money(one.tax.paid + one.tax.outside),
            fmt.money(one.tax.accrued_unpaid),
            fmt.money(one.tax.latent),
        )
        for one in taxed
    ]


def growth_rows(taxed: list[Taxed]) -> list[Row]:
    """Return a row a portfolio: name, growth a year before tax, held and sold."""
    return [(portfolio_label(one.name), *(fmt.percent(growth) for growth in one.growths)) for one in taxed]


def difference_rows(summary: RunSummary) -> list[Row]:
    """Return by how much the plan is ahead of each other portfolio before tax, held and sold, on common sessions."""
    found = ((name, versus.after_tax) for name, versus in summary.versus.items())
    return [
        (
            f"Plan minus {_after(name)}",
            *(fmt.percentage_points(difference) for difference in (one.before, one.held, one.sold)),
        )
        for name, one in found
        if one is not None
    ]


def _after(name: str) -> str:
    return "buy & hold" if name == "buy_and_hold" else portfolio_label(name)


def money_rows(taxed: list[Taxed]) -> list[Row]:
    """Return a row a portfolio: values before tax, held and sold, tax paid and due, drag, share of the gain."""
    return [
        (
            portfolio_label(one.name),
            *(fmt.money(value.final_value) for value in (one.before, one.after.held, one.after.sold)),
            fmt.money(one.tax.paid + one.tax.outside),
            fmt.money(one.tax.withheld_abroad),
            fmt.money(one.tax.accrued_unpaid),
            fmt.money(one.tax.latent),
            fmt.percentage_points(one.tax.drag),
            fmt.percent(one.tax.share, 1),
        )
        for one in taxed
    ]


def money_sentence(taxed: list[Taxed], currency: str) -> str:
    """Return what a sale of everything leaves of the plan and of buy-and-hold."""
    plan = taxed[0]
    text = f"If all is sold at the end, the plan leaves {fmt.money(plan.after.sold.final_value)} {currency}"
    if rival := next((one for one in taxed if one.name == "buy_and_hold"), None):
        text += f", buy and hold {fmt.money(rival.after.sold.final_value)}"
    return f"{text}."


def drag_sentence(taxed: list[Taxed]) -> str:
    """Return what tax took from growth a year of the plan, and of buy-and-hold, if all is sold."""
    plan = taxed[0]
    text = f"Tax took {fmt.percentage_points(plan.tax.drag).removeprefix('+')} a year of the plan's growth, all sold"
    if rival := next((one for one in taxed if one.name == "buy_and_hold"), None):
        text += f"; of buy and hold's {fmt.percentage_points(rival.tax.drag).removeprefix('+')}"
    return f"{text}."


def kinds_of_years(years: Mapping[str, YearTax]) -> dict[str, list[float]]:
    """Return the amounts of each kind by year, without kinds of which no year has any."""
    found = {kind: [_amount(one, kind) for one in years.values()] for kind in KINDS}
    return {kind: amounts for kind, amounts in found.items() if any(abs(amount) >= SEEN for amount in amounts)}


def _amount(one: YearTax, kind: str) -> float:
    if kind == _REST:
        rest = one.total - fsum((one.dividends, one.advance, one.sales, one.interest))
        return rest if abs(rest) >= SEEN else 0.0
    return float(getattr(one, kind))


def year_rows(strategy: TaxFigures, rival: TaxFigures | None) -> Iterator[Row]:
    """Yield a row a year, the latest first, then that of all: year, each kind, all of it, the rival's."""
    kinds = kinds_of_years(strategy.by_year)
    years = list(strategy.by_year)
    for at in reversed(range(len(years))):
        other = () if rival is None else (_total(rival.by_year.get(years[at])),)
        amounts = [fmt.cents(amounts[at]) for amounts in kinds.values()]
        yield (years[at], *amounts, _total(strategy.by_year[years[at]]), *other)


def sum_row(strategy: TaxFigures, rival: TaxFigures | None) -> Row:
    """Return the sums of all years."""
    kinds = kinds_of_years(strategy.by_year)
    totals = [fsum(one.total for one in tax.by_year.values()) for tax in (strategy, rival) if tax is not None]
    return ("All", *(fmt.cents(fsum(amounts)) for amounts in kinds.values()), *(fmt.cents(total) for total in totals))


def _total(one: YearTax | None) -> str:
    return fmt.DASH if one is None else fmt.cents(one.total)


def withheld_text(taxed: list[Taxed], currency: str) -> str:
    """Return what was withheld abroad beside the tax paid, by portfolio; nothing where nothing was."""
    found = [
        f"{fmt.money(one.tax.withheld_abroad)} {currency} of {portfolio_label(one.name)}"
        for one in taxed
        if one.tax.withheld_abroad >= SEEN
    ]
    return f"Withheld abroad out of dividends, and not in the tax paid: {', '.join(found)}." if found else ""


def years_beside_paid(tax: TaxFigures, currency: str) -> str:
    """Return what the taxes of the years have beside the tax paid; nothing where they have no more."""
    owed = tax.accrued_unpaid
    if abs(owed) < SEEN:
        return ""
    sign, when = ("and", "is owed") if owed > 0.0 else ("less", "comes back")
    return f"The years are the tax paid {sign} {fmt.money(abs(owed))} {currency} that {when} after the end."
