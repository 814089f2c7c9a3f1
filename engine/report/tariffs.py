"""Brokers' tariffs on the terminal."""

from __future__ import annotations

from engine.portfolio.costs import Tariff
from engine.report.console import console, print_bullet, print_heading


def print_tariffs(tariffs: dict[str, Tariff]) -> None:
    """Print what every broker charges, in which currency, and where that was read."""
    out = console()
    for name, tariff in tariffs.items():
        print_heading(out, f"{name}: {tariff.title}")
        most = f", for orders up to {tariff.largest_order:,.0f}" if tariff.largest_order else ""
        print_bullet(out, f"an order: {tariff.describe()}, in {tariff.currency}{most}")
        print_bullet(out, f"read: {tariff.source}, {tariff.as_of}")
        if plan := tariff.savings_plan:
            print_bullet(out, f"a purchase of its savings plan: {plan.describe()}")
            print_bullet(out, f"read: {plan.source}, {plan.as_of}")
    out.print()
