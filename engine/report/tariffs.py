"""Brokers' tariffs on the terminal."""

from __future__ import annotations

from engine.portfolio.tariffs import Tariff
from engine.report.console import console, print_bullet, print_heading


def print_tariffs(tariffs: dict[str, Tariff]) -> None:
    """Print what every broker charges, in which currency, and where that was read."""
    out = console()
    for name, tariff in tariffs.items():
        print_heading(out, f"{name}: {tariff.title}")
        print_bullet(out, f"an order: {tariff.describe()}, in {tariff.currency}")
        if other := tariff.other_orders:
            print_bullet(out, f"not charged, told by the run: orders {other.describe()} cost {other.fixed:,.2f}")
        if exchange := tariff.exchange:
            read = f"{exchange.source}, {exchange.as_of}"
            print_bullet(
                out, f"not charged, told by the run: an exchange of currency costs {exchange.describe()} ({read})"
            )
        if tariff.subscription:
            print_bullet(out, f"not charged, told by the run: {tariff.subscription:,.2f} a year")
        print_bullet(out, f"read: {tariff.source}, {tariff.as_of}")
        if plan := tariff.savings_plan:
            print_bullet(out, f"a purchase of its savings plan: {plan.describe()}")
            print_bullet(out, f"read: {plan.source}, {plan.as_of}")
    out.print()
