"""The money of a plan in words: what it starts with, what is paid in and out, how orders fill, what they cost."""

from __future__ import annotations

from typing import Final

from engine.backtest.plan_words.clauses import Clause, KeyPath, Section, Wording, amount, is_exact, join_and
from engine.backtest.plan_words.schedule import period_text
from engine.core.fields import format_percent

_INVESTED: Final = {
    "pro_rata": ", invested as the portfolio stands",
    "wait": ", invested at the next rebalance",
}
_PLAN_KEYS: Final = frozenset({"amount", "percent", "every", "on", "from", "to", "indexed", "invest"})


def describe_money(account: Section, start: str) -> Clause:
    """Return what an account opens with, and when."""
    told = frozenset({account.path("capital"), account.path("currency")})
    return Clause((Wording(f"{amount(account.number('capital'))} {account.text('currency')} from {start}", told),))


def describe_flows(account: Section) -> Clause:
    """Return what is paid in and withdrawn; nothing where nothing is."""
    place, currency = account.path("contributions"), account.text("currency")
    single = isinstance(account.values.get("contributions"), dict)
    plans = (account.below("contributions"),) if single else account.sections("contributions")
    told: set[KeyPath] = {account.path("when_spent")}
    paid = [(one, *_flow_text(one, currency)) for one in plans]
    said = [text for _, text, _ in paid if text]
    if all(whole for *_, whole in paid) and (single or len(plans) > 1):
        told.add(place)
    invest = _INVESTED.get(plans[0].text("invest"), "") if plans else ""
    stops = account.text("when_spent") == "stop"
    text = f" {', '.join(said)}{invest}{', until that is all there is' if stops else ''}" if said else ""
    if not said:
        told = {place} if all(whole for *_, whole in paid) and single else set()
    short = f" with {len(said)} plans of payments" if len(said) > 1 else " with payments in or out"
    full = Wording(text, frozenset(told))
    return Clause((full, Wording(short)) if said else (full,))


def describe_account(account: Section) -> Clause:
    """Return what is unusual about an account: whole shares, later or limited orders, what cash earns."""
    said: dict[KeyPath, str] = {}
    execution, cash = account.values.get("execution"), account.below("cash")
    if account.text("shares") == "whole":
        said[account.path("shares")] = "only whole shares"
    if execution == "next_close":
        said[account.path("execution")] = "orders fill at the next close"
    if isinstance(execution, dict):
        limit = account.below("execution")
        said[account.path("execution")] = (
            f"orders fill within {format_percent(limit.number('margin'))} of the close before"
        )
    if least := account.number("min_order"):
        said[account.path("min_order")] = f"orders below {amount(least)} {account.text('currency')} are left out"
    if rate := cash.number("rate"):
        said[cash.path("rate")] = f"cash earns {format_percent(rate)} a year"
    told = {account.path(key) for key in ("shares", "execution", "min_order")}
    told |= cash.exact("rate") if isinstance(cash.values.get("rate"), float) else set()
    if isinstance(execution, dict) and not is_exact(execution.get("margin")):
        told.discard(account.path("execution"))
    full = Wording("; ".join(said.values()), frozenset(told))
    return Clause((full, Wording("", frozenset(told - said.keys()))))


def describe_costs(costs: Section) -> Clause:
    """Return what trading costs."""
    kind = costs.text("kind", "none")
    text, told = "trading is free", {costs.path("kind")}
    if kind == "percent":
        text = f"each trade costs {format_percent(costs.number('rate'))}"
        told |= costs.exact("rate")
    elif kind == "per_order":
        text = f"each order costs {_order_text(costs)}"
        told |= costs.exact("rate") | {costs.path(key) for key in ("fixed", "minimum", "maximum")}
    elif kind == "broker":
        plan = " with its savings plan" if costs.values.get("savings_plan") is True else ""
        text = f"orders cost what {costs.text('tariff').replace('_', ' ')} charges{plan}"
        told |= {costs.path("tariff"), costs.path("savings_plan")}
    elif kind != "none":
        text = f"costs are of kind {kind}"
    extras = [
        f"{format_percent(costs.number('fx'))} of trades in another currency" if costs.number("fx") else "",
        f"{format_percent(costs.number('yearly'))} of the account a year" if costs.number("yearly") else "",
    ]
    spread, spread_told = _spread_text(costs)
    told |= costs.exact("fx", "yearly")
    return Clause(
        (
            Wording(_plus(text, [spread, *extras]), frozenset(told | spread_told)),
            Wording(_plus(text, extras), frozenset(told)),
        )
    )


def _plus(text: str, extras: list[str]) -> str:
    there = [one for one in extras if one]
    return f"{text}, plus {join_and(there)}" if there else text


def _order_text(costs: Section) -> str:
    parts = [amount(costs.number("fixed"))] if costs.number("fixed") else []
    parts += [f"{format_percent(costs.number('rate'))} of its money"] if costs.number("rate") else []
    text = " and ".join(parts) or "nothing"
    text += f", at least {amount(costs.number('minimum'))}" if costs.number("minimum") else ""
    return text + (f", at most {amount(costs.number('maximum'))}" if "maximum" in costs.values else "")


def _spread_text(costs: Section) -> tuple[str, set[KeyPath]]:
    """Return half the quoted spread in words [bp], and whether that is all of it."""
    place = costs.path("spread")
    if not isinstance(costs.values.get("spread"), dict):
        spread = costs.number("spread")
        return (f"a spread of {spread!r} bp".replace(".0 bp", " bp") if spread else ""), {place}
    by_name = costs.below("spread")
    named = [f"{by_name.number(name):g} bp for {name}" for name in by_name.values if name != "rest"]
    told = (
        {place} if all(float(f"{by_name.number(name):g}") == by_name.number(name) for name in by_name.values) else set()
    )
    rest = f"{by_name.number('rest'):g} bp for the rest"
    return f"a spread of {join_and([*named, rest])}", told


def _flow_text(plan: Section, currency: str) -> tuple[str, bool]:
    """Return what one plan pays in or takes out, "" for nothing, and whether that is all that the plan says."""
    share, money = plan.number("percent"), plan.number("amount")
    whole = plan.values.keys() <= _PLAN_KEYS and is_exact(plan.values.get("percent"))
    if not share and not money:
        return "", dict(plan.values) == {"amount": 0.0, "every": "month", "invest": "towards_targets"}
    what = f"{format_percent(abs(share))} of the value" if share else f"{amount(abs(money))} {currency}"
    text = f"{'and' if (share or money) > 0.0 else 'less'} {what}"
    if day := plan.text("on"):
        return f"{text} on the first session from {day} on", whole
    text += f" on the first session of each {period_text(plan.text('every', 'month'))}"
    text += f" from {plan.text('from')} on" if plan.text("from") else ""
    text += f" up to {plan.text('to')}" if plan.text("to") else ""
    index = plan.below("indexed")
    if index.values:
        return f"{text} (rising with {index.text('path')})", whole and index.values.keys() == {"path"}
    if "indexed" in plan.values:
        text += f" ({format_percent(plan.number('indexed'))} more every year)"
    return text, whole and is_exact(plan.values.get("indexed"))
