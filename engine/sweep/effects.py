"""What each value of an axis does: its distance from a common baseline, with the band of noise around it.

The baseline is the plan's own value, or the first where the plan's is not among them. The effect of a value is the mean
over matched pairs, ``mean_m [f(value, m) - f(baseline, m)]``, ``m`` what the other axes say, of pairs that are there on
both sides. Where nothing can be matched (sampled points, the size of a basket, a name that baskets hold) it is the
difference of two means. Values of one axis are a family: of many, some leave the band by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray, finite_or_none
from engine.sweep.axes import ParameterValue
from engine.sweep.noise_band import Band, standard_error
from engine.sweep.space import Parameter, Space


@dataclass(frozen=True)
class ValueEffect:
    """One value of a parameter: ``count`` variants have it, with their ``mean``, and its ``effect`` over ``pairs``.

    ``band`` of the effect is None where there is none; ``near_best`` counts variants no further from the best than
    noise.
    """

    label: ParameterValue
    count: int
    mean: float | None
    effect: float | None = None
    pairs: int = 0
    band: Band | None = None
    near_best: int | None = None

    @property
    def is_beyond_noise(self) -> bool:
        """Whether there is a band that leaves out zero."""
        return self.band is not None and (self.band[0] > 0.0 or self.band[1] < 0.0)


@dataclass(frozen=True)
class AxisEffects:
    """The values of a parameter; ``baseline`` is None for names that baskets hold: each against baskets without it.

    ``matched``: effects are of pairs that differ in nothing else.
    """

    baseline: ParameterValue | None
    matched: bool
    values: tuple[ValueEffect, ...]

    @property
    def judged(self) -> int:
        """How many values have a band."""
        return sum(one.band is not None for one in self.values)

    @property
    def beyond_noise(self) -> int:
        """How many values have a band that leaves out zero."""
        return sum(one.is_beyond_noise for one in self.values)


class PairSums:
    """Sums over pairs of variants that differ in one parameter alone.

    ``partners`` (V,) are the values that each is compared with, -1 for none; ``own`` and ``base`` (K, V) are sums of
    both sides, ``pairs`` (V,) how many there are.
    """

    def __init__(self, axis: int, partners: IntArray, stride: int, kinds: int) -> None:
        """Begin with no pair along ``axis``, where neighbours are ``stride`` points apart."""
        self.axis, self.partners, self.stride = axis, partners, stride
        self.own, self.base = np.zeros((kinds, len(partners))), np.zeros((kinds, len(partners)))
        self.pairs = np.zeros(len(partners), dtype=np.int64)
        bases, place, counts = np.unique(partners[partners >= 0], return_inverse=True, return_counts=True)
        self._place = np.full(len(partners), -1)
        self._place[bases] = np.arange(len(bases))
        self._followers = np.full((len(bases), int(counts.max(initial=0))), -1)
        known = np.flatnonzero(partners >= 0)
        order = np.argsort(place, kind="stable")
        first = np.repeat(np.cumsum(counts) - counts, counts)
        self._followers[place[order], np.arange(len(order)) - first] = known[order]

    def set_complete(self, sums: AxisSums) -> None:
        """Take the sums of an axis on which every point is there."""
        has = self.partners >= 0
        self.own[:, has], self.base[:, has] = sums.own[:, has], sums.own[:, self.partners[has]]
        self.pairs[has] = sums.counts[has]

    def add(self, points: IntArray, values: IntArray, figures: FloatArray, there: BoolArray) -> None:
        """Add rows by their points, values along the axis and ``figures`` (K, rows); ``there`` are all points."""
        partners = self.partners[values]
        known = np.flatnonzero(partners >= 0)
        paired = known[there[points[known] + (partners[known] - values[known]) * self.stride]]
        _add_by_value(self.own, values[paired], figures, paired)
        self.pairs += np.bincount(values[paired], minlength=len(self.partners))
        rows = np.flatnonzero(self._place[values] >= 0)
        others = self._followers[self._place[values[rows]]]  # (rows, most that one is compared with), -1 for no more
        at = points[rows, None] + np.where(others >= 0, others - values[rows, None], 0) * self.stride
        found, which = np.nonzero((others >= 0) & there[at])
        _add_by_value(self.base, others[found, which], figures, rows[found])


class AxisSums:
    """Sums over all variants by value of an axis: ``own`` (K, V), ``counts`` and those ``near`` the best (V,)."""

    def __init__(self, size: int, kinds: int) -> None:
        """Begin with none."""
        self.own, self.counts = np.zeros((kinds, size)), np.zeros(size, dtype=np.int64)
        self.near = np.zeros(size, dtype=np.int64)

    def add(self, values: IntArray, figures: FloatArray, near: BoolArray) -> None:
        """Add rows by their values along the axis, with ``figures`` (K, rows)."""
        size = len(self.counts)
        for kind, figure in enumerate(figures):
            self.own[kind] += np.bincount(values, weights=figure, minlength=size)
        self.counts += np.bincount(values, minlength=size)
        self.near += np.bincount(values[near], minlength=size)


def _add_by_value(totals: FloatArray, values: IntArray, figures: FloatArray, rows: IntArray) -> None:
    for kind, figure in enumerate(figures):
        totals[kind] += np.bincount(values, weights=figure[rows], minlength=totals.shape[1])


def pair_partners(space: Space, parameter: Parameter, baseline: ParameterValue) -> IntArray | None:
    """Return (V,) which value of its axis each is compared with: the one that differs in the parameter alone.

    -1 where there is none; None for what follows from another parameter, as the size of a basket.
    """
    if parameter.is_derived:
        return None
    siblings = [
        one.codes
        for one in space.parameters
        if one.axis_number == parameter.axis_number and one is not parameter and not one.is_derived
    ]
    others = (
        list(zip(*(codes.tolist() for codes in siblings), strict=True)) if siblings else [()] * len(parameter.codes)
    )
    at_base = np.flatnonzero(parameter.codes == parameter.labels.index(baseline)).tolist()
    partner = {others[at]: at for at in at_base}
    return np.array([partner.get(other, -1) for other in others], dtype=np.int64)


@dataclass(frozen=True)
class LabelSums:
    """L labels: how many variants have each and how many of them are ``near`` the best (L,), and their sums (K, L).

    Of the K sums the first is the metric's; where there is noise to tell, the others are of it without each block.
    """

    labels: Sequence[ParameterValue]
    counts: FloatArray
    near: FloatArray
    totals: FloatArray

    def effects(
        self, found: FloatArray, compared: FloatArray, width: float, base: int | None = None
    ) -> tuple[ValueEffect, ...]:
        """Return each label with its effect ``found`` (K, L) over ``compared`` (L,) pairs; ``base`` has none.

        Bands reach ``width`` standard errors to each side.
        """
        banded = len(found) > 1
        errors = standard_error(found[1:]) if banded else np.full(len(self.labels), np.nan)
        result = []
        for at, label in enumerate(self.labels):
            count, effect, reach = int(self.counts[at]), float(found[0, at]), width * float(errors[at])
            if not count:
                result.append(ValueEffect(label, 0, None))
                continue
            has_band = at != base and np.isfinite(effect) and np.isfinite(reach)
            result.append(
                ValueEffect(
                    label,
                    count,
                    mean=float(self.totals[0, at]) / count,
                    effect=finite_or_none(effect),
                    pairs=int(compared[at]),
                    band=(effect - reach, effect + reach) if has_band else None,
                    near_best=int(self.near[at]) if banded else None,
                )
            )
        return tuple(result)


def compare_values(
    parameter: Parameter, baseline: ParameterValue, sums: AxisSums, pairs: PairSums | None, width: float
) -> AxisEffects:
    """Return the effects of a parameter's values, of matched ``pairs`` where there are such."""
    size = len(parameter.labels)

    def by_label(values: FloatArray | IntArray) -> FloatArray:
        return np.bincount(parameter.codes, weights=values, minlength=size).astype(np.float64)

    totals = np.array([by_label(own) for own in sums.own])
    labels = LabelSums(parameter.labels, by_label(sums.counts), by_label(sums.near), totals)
    base = parameter.labels.index(baseline)
    if pairs is None:
        means, compared = _mean(totals, labels.counts), labels.counts
        found = means - means[:, [base]]
    else:
        compared = by_label(pairs.pairs)
        found = _mean(np.array([by_label(one) for one in pairs.own - pairs.base]), compared)
    return AxisEffects(baseline, pairs is not None, labels.effects(found, compared, width, base))


def compare_names(parameter: Parameter, sums: AxisSums, width: float) -> AxisEffects:
    """Return the effects of names that the baskets of a parameter hold: with it less without it."""
    baskets = [str(label).split() for label in parameter.labels]
    names = list(dict.fromkeys(name for basket in baskets for name in basket))
    holds = np.array([[name in basket for basket in baskets] for name in names])[:, parameter.codes]
    counts, near = (np.array([float(one[held].sum()) for held in holds]) for one in (sums.counts, sums.near))
    totals = np.array([[own[held].sum() for held in holds] for own in sums.own])
    without = _mean(sums.own.sum(axis=1)[:, None] - totals, sums.counts.sum() - counts)
    found = _mean(totals, counts) - without
    return AxisEffects(None, matched=False, values=LabelSums(names, counts, near, totals).effects(found, counts, width))


def _mean(totals: FloatArray, counts: FloatArray) -> FloatArray:
    """Return (K, L) means of totals of ``counts`` (L,) values, NaN of none."""
    return totals / np.where(counts > 0, counts, np.nan)
