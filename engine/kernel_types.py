"""The records that the kernel's functions take: named tuples, which numba unpacks at compile time.

They live beside the kernel, not in it, so that a cost model or a test can make one without loading a compiler.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.arrays import BoolArray, FloatArray


class CostTable(NamedTuple):
    """What one order in each asset costs; every field (N,).

    ``rate`` and ``spread`` [fraction of the traded money], ``fixed`` [currency/order], ``per_share`` [currency/share],
    ``minimum`` and ``maximum`` [currency/order], ``maximum_rate`` [fraction of the traded money]; infinity is no bound.
    """

    rate: FloatArray
    fixed: FloatArray
    per_share: FloatArray
    minimum: FloatArray
    maximum: FloatArray
    maximum_rate: FloatArray
    spread: FloatArray


class Order(NamedTuple):
    """One netted vector: some assets go to their weight, others share what is left, the rest stay.

    ``weights`` (N,) are targets of the ``active`` (N,) assets, as shares of ``V1 - withheld``; ``heirs`` (N,) shares of
    the money set free, zero for all when cash takes it; ``release`` [currency] is what cash gives to the heirs.
    ``forced`` heirs also sell, to pay for what the active buy; others only ever gain.
    """

    weights: FloatArray
    active: BoolArray
    heirs: FloatArray
    release: float = 0.0
    withheld: float = 0.0
    forced: bool = False


class Terms(NamedTuple):
    """How orders are filled: ``costs``, ``caps`` (N,) [weight, infinity is none], whole shares or not."""

    costs: CostTable
    caps: FloatArray
    whole: bool
    spend_rest: bool


class Tape(NamedTuple):
    """What the market does: ``prices`` (T, N) carried forward, ``growth`` (T,) of cash into each session."""

    prices: FloatArray
    growth: FloatArray


class Watch(NamedTuple):
    """What is looked at between decisions: bands around ``target`` (N,) at the rows of ``look`` (T,), and caps.

    ``absolute`` and ``relative`` [fraction], infinity is no band; ``caps`` (N,), infinity is not watched.
    """

    target: FloatArray
    look: BoolArray
    absolute: float
    relative: float
    caps: FloatArray


class Guard(NamedTuple):
    """The loss review's machines, one an asset; ``hold`` moves them, the book sets their references.

    ``names`` (N,) which assets are reviewed, ``reference`` (N,) what a loss is measured from [currency/share],
    ``watching`` (N,) which wait for a breach, ``breached`` (N,) which had one since it was last cleared; ``keep`` is
    the share of the reference at which a breach lies, ``peak`` whether the reference rises with the closes.
    """

    on: bool
    names: BoolArray
    reference: FloatArray
    watching: BoolArray
    breached: BoolArray
    keep: float
    peak: bool


class Track(NamedTuple):
    """Where ``hold`` writes: ``value`` (T,), ``cash`` (T,), ``units`` (T, N) at each close."""

    value: FloatArray
    cash: FloatArray
    units: FloatArray
