"""Gains and losses of a year, short- and long-term, set off against each other (IRC § 1211, § 1212, § 1222).

A plain function of floats: the compiled runs call the very same one.
"""

from __future__ import annotations

from typing import NamedTuple


class CarriedLosses(NamedTuple):
    """Losses of earlier years, each of its kind, as amounts of zero or more [currency]."""

    short: float = 0.0
    long: float = 0.0


class NetGains(NamedTuple):
    """What is taxed of a year: gains of each kind, what a loss lowers ordinary income by, and what is carried on."""

    short: float
    long: float
    deducted: float
    carried: CarriedLosses


def net_gains(short: float, long: float, carried: CarriedLosses, limit: float) -> NetGains:
    """Net the signed sums of a year's sales with the losses ``carried`` into it [currency].

    A loss of one kind eats the gain of the other; what is left of a gain keeps its kind. A net loss lowers ordinary
    income by at most ``limit``, short-term first, and the rest is carried with its kind.
    """
    short, long, nothing = short - carried.short, long - carried.long, CarriedLosses(0.0, 0.0)
    if short >= 0.0 and long >= 0.0:
        return NetGains(short, long, 0.0, nothing)
    total = short + long
    if total >= 0.0:
        return NetGains(0.0, total, 0.0, nothing) if short < 0.0 else NetGains(total, 0.0, 0.0, nothing)
    lost_short = -total if long > 0.0 else max(-short, 0.0)
    lost_long = -total if short > 0.0 else max(-long, 0.0)
    deducted = min(limit, lost_short + lost_long)
    from_short = min(lost_short, deducted)
    return NetGains(0.0, 0.0, deducted, CarriedLosses(lost_short - from_short, lost_long - (deducted - from_short)))
