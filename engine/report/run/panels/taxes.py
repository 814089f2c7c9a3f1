"""What did taxes take? Growth before tax, held and sold, and the tax of every year by its kind (S19)."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from engine.analysis.tax_figures import TaxFigures
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.stacked_bars import BarPart, stacked_bars
from engine.report.phrases import portfolio_label
from engine.report.run.panel import Panel
from engine.report.run.run_lines import rival_of
from engine.report.run.tax_table import (
    ELSEWHERE,
    KINDS,
    SEEN,
    Taxed,
    difference_rows,
    growth_rows,
    kinds_of_years,
    money_rows,
    sum_row,
    taxed_portfolios,
    year_rows,
)

_TITLE: Final = "What did taxes take?"
_PLACES: Final = {"dividends": 0, "advance": 2, "sales": 3, "interest": 4, "rest": 9}
"""Colours of the kinds among those of layers."""
_TWINS: Final = {
    "gross": "dividends in full and no tax",
    "net_of_withholding": "dividends less what is withheld abroad and inside funds, and no other tax",
}
_BEFORE: Final = (
    "Before tax: the same plan on the same prices, with {dividends}. It is a run of its own, so what taxes would have "
    "earned is in it, which adding the taxes up would leave out."
)
_HOW: Final = (
    (
        "Held: the value at the last close less the tax that is owed and not paid yet. Sold: that less the tax of "
        "selling everything at the last closes, with the losses and the allowance that are left in that year, without "
        "the costs of orders. Losses that are left after it are worth nothing here."
    ),
    (
        "Tax drag: growth a year before tax less growth a year sold. Share of the gain: what of the gain before tax "
        "is missing in the gain that is left when all is sold."
    ),
    (
        "A year's tax is that on its own income, also where it is paid in the next. A negative amount is a refund, or "
        "a loss that lowered the tax of other income. taxes.csv has every booking, lots.csv what is held at the end."
    ),
)


def taxes_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without tax."""
    taxed, currency = taxed_portfolios(run.summary), run.summary.account.currency
    if not taxed or taxed[0].name != "strategy":
        return None
    plan, rival = taxed[0], next((one for one in taxed if one.name == rival_of(run)), None)
    other = rival.tax if rival else None
    rows = list(year_rows(plan.tax, other))
    content = {
        "law": run.summary.tax_law or "",
        "chart": _chart(plan.tax, currency),
        "growths": growth_rows(taxed),
        "differences": difference_rows(run.summary),
        "money": money_rows(taxed),
        "kinds": [KINDS[kind] for kind in kinds_of_years(plan.tax.by_year)],
        "rival": portfolio_label(rival.name) if rival else "",
        "years": rows,
        "whole": sum_row(plan.tax, other),
        "credits": _credits(plan.tax, currency),
        "late": [
            (portfolio_label(one.name), start)
            for one in taxed
            if (start := run.summary.portfolios[one.name].start) > run.summary.window.start
        ],
        "currency": currency,
    }
    before = _BEFORE.format(dividends=_TWINS.get(str(run.section("tax").get("twin")), _TWINS["gross"]))
    return Panel("taxes", "Taxes", _TITLE, "taxes", _answer(run, plan), content, (before, *_HOW, ELSEWHERE))


def _answer(run: FinishedRun, plan: Taxed) -> str:
    """Return what was paid and would be due, what that is of growth, and who was ahead before and after it."""
    tax, currency = plan.tax, run.summary.account.currency
    took = "Tax: " if tax.share is None else f"Taxes took {fmt.percent(tax.share, 1)} of the gain: "
    said = [f"{fmt.money(tax.paid + tax.outside)} {currency} were paid"]
    if tax.withheld_abroad >= SEEN:
        said.append(f"{fmt.money(tax.withheld_abroad)} {currency} withheld abroad")
    due = f"selling everything would cost {fmt.money(tax.accrued_unpaid + tax.latent)} {currency} more"
    text = f"{took}{', '.join(said)}, and {due}. {_rest(run, plan)}{_dearest_year(tax, currency)}"
    before, _, sold = plan.growths
    if before is not None and sold is not None and tax.drag is not None and run.summary.window.years >= 1.0:
        text += (
            f"Sold, the plan grew {fmt.percent(sold)} a year, before tax {fmt.percent(before)}: a tax drag of "
            f"{fmt.percentage_points(tax.drag).removeprefix('+')}. "
        )
    return f"{text}{run.summary.tax_sentence or ''}".strip()


def _rest(run: FinishedRun, plan: Taxed) -> str:
    """Return what the gain lacks beyond the taxes themselves, where they alone are why it is lower."""
    tax, law = plan.tax, run.section("tax")
    taken = tax.paid + tax.withheld_abroad + tax.accrued_unpaid + tax.latent
    rest = plan.before.final_value - plan.after.sold.final_value - taken
    if tax.share is None or tax.outside >= SEEN or rest < SEEN or law.get("twin", "gross") != "gross":
        return ""
    assets = law.get("assets")
    inside = isinstance(assets, dict) and any(
        isinstance(one, dict) and one.get("withheld_inside") for one in assets.values()
    )
    kept = "what was withheld inside funds and " if inside else ""
    return f"The rest, {fmt.money(rest)} {run.summary.account.currency}, is {kept}what all of this would have earned. "


def _dearest_year(tax: TaxFigures, currency: str) -> str:
    """Return the year with the most tax, and what most of it was due on."""
    kinds, years = kinds_of_years(tax.by_year), list(tax.by_year)
    if len(years) < 2 or not kinds:
        return ""
    most = max(range(len(years)), key=lambda at: tax.by_year[years[at]].total)
    kind = max(kinds, key=lambda one: kinds[one][most])
    total, part = tax.by_year[years[most]].total, kinds[kind][most]
    if total < SEEN or not 0.0 < part < total:
        return ""
    said = f"{fmt.money(total)} {currency}, {fmt.money(part)} of it on {KINDS[kind].lower()}"
    return f"The year with the most tax was {years[most]}: {said}. "


def _chart(tax: TaxFigures, currency: str) -> Markup | str:
    kinds = kinds_of_years(tax.by_year)
    if not kinds:
        return ""
    parts = [BarPart(KINDS[kind], amounts, _PLACES[kind]) for kind, amounts in kinds.items()]
    return stacked_bars("chart-taxes", f"Tax of the plan by year, {currency}", list(tax.by_year), parts, "money")


def _credits(tax: TaxFigures, currency: str) -> str:
    """Return what of the tax withheld abroad was set off, what was realised, and which losses are left."""
    gains, losses = fmt.money(tax.realised_gains), fmt.money(abs(tax.realised_losses))
    said = [f"Realised gains of {gains} and losses of {losses} {currency}, before any exemption."]
    if tax.withheld_abroad >= SEEN:
        lost = f", {fmt.money(tax.credit_lost)} were lost" if tax.credit_lost >= SEEN else ""
        said.append(
            f"Of {fmt.money(tax.withheld_abroad)} {currency} withheld abroad {fmt.money(tax.credited)} were set off"
            f"{lost}."
        )
    if tax.outside >= SEEN:
        said.append(f"{fmt.money(tax.outside)} {currency} of it were paid from outside the account.")
    left = {name: amount for name, amount in tax.pots_end.items() if abs(amount) >= SEEN}
    if left:
        pots = ", ".join(f"{name} {fmt.money(amount)}" for name, amount in left.items())
        said.append(f"Losses left to be set off at the end, worth nothing here: {pots} {currency}.")
    return " ".join(said)
