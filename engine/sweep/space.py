"""The space of a sweep: axes in a fixed order, and its points by number."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.core.yaml_document import KeyPath
from engine.sweep.axes import AxisValue, ParameterValue
from engine.sweep.config import Grid, Random, Sweep

COLUMN_ALIASES: Final = {"costs": "costs.model"}
"""Axes that are called as a figure of the results, and what their column is called instead."""

AxisIndices = npt.NDArray[np.int32]
"""(n, D) which value of each axis a point has."""


@dataclass(frozen=True)
class Axis:
    """One axis: ``path`` into the config, its ``values``, the result ``columns`` they fill.

    ``independent``: no rule of the config reads this key together with another, so its values are validated by themselves.
    """

    name: str
    path: KeyPath
    values: tuple[AxisValue, ...]
    columns: tuple[str, ...]
    independent: bool

    @property
    def section(self) -> str:
        """The config's section that the axis changes."""
        return str(self.path[0])


@dataclass(frozen=True)
class Parameter:
    """A column of the results: which of ``labels`` each value of the axis at ``axis_number`` in the digits has.

    ``codes`` (values of the axis,) are positions in ``labels``, which are all text or all numbers; those of a
    ``is_basket`` are names with a space between. ``is_derived``: it follows from another, as the size of a basket.
    """

    name: str
    axis_number: int
    codes: npt.NDArray[np.int32]
    labels: tuple[ParameterValue, ...]
    is_basket: bool = False
    is_derived: bool = False


@dataclass(frozen=True)
class Space:
    """Axes, the slowest first, how their values are combined, and ``where`` the file lists them."""

    axes: tuple[Axis, ...]
    sweep: Sweep
    where: str = ""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def requested_count(self) -> int:
        """How many points there are before any is found invalid or drawn twice."""
        mode = self.sweep.mode
        return math.prod(self.sizes) if isinstance(mode, Grid) else mode.samples

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters' columns in the results, in the order in which the config writes the axes."""
        written = list(self.sweep.axes)
        columns = []
        for place, axis in sorted(enumerate(self.axes), key=lambda item: written.index(item[1].name)):
            for at, name in enumerate(axis.columns):
                cells = [value.parameters[at] for value in axis.values]
                labels = {cell: code for code, cell in enumerate(dict.fromkeys(cells))}
                codes = np.array([labels[cell] for cell in cells], dtype=np.int32)
                basket = at == 0 and len(axis.columns) > 1
                derived = at == 1 and len(axis.columns) > 1
                columns.append(Parameter(COLUMN_ALIASES.get(name, name), place, codes, tuple(labels), basket, derived))
        return tuple(columns)

    def points(self) -> Points:
        """Return all points of the sweep, by number."""
        if isinstance(self.sweep.mode, Grid):
            return Points(self.sizes, None, math.prod(self.sizes))
        drawn = self._sample_indices()
        _, first = np.unique(drawn, axis=0, return_index=True)
        kept = np.sort(first)
        return Points(self.sizes, drawn[kept], len(kept))

    def _sample_indices(self) -> AxisIndices:
        mode = self.sweep.mode
        if isinstance(mode, Grid):
            raise TypeError(mode)
        u = (
            uniform_samples(mode.seed, mode.samples, len(self.sizes))
            if isinstance(mode, Random)
            else self._sobol_samples()
        )
        sizes = np.array(self.sizes)
        digits: AxisIndices = np.minimum(u * sizes, sizes - 1).astype(np.int32)
        return digits

    def _sobol_samples(self) -> npt.NDArray[np.float64]:
        from scipy.stats import qmc  # noqa: PLC0415  (slow)

        mode = self.sweep.mode
        if isinstance(mode, Grid):
            raise TypeError(mode)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a count that is no power of two is the user's to choose
            source = qmc.Sobol(len(self.sizes), scramble=True, rng=np.random.default_rng(mode.seed))
            drawn: npt.NDArray[np.float64] = source.random(mode.samples)
        return drawn

    def parameter_values(self, digits: Sequence[int]) -> dict[str, ParameterValue]:
        """Return a point's parameters by column."""
        return {one.name: one.labels[one.codes[digits[one.axis_number]]] for one in self.parameters}


@dataclass(frozen=True)
class Points:
    """The points of a space; ``sampled`` (count, D) when they were sampled, else they are a grid of ``sizes``."""

    sizes: tuple[int, ...]
    sampled: AxisIndices | None
    count: int

    def indices_between(self, first: int, last: int) -> AxisIndices:
        """Return (last - first, D) the digits of the points ``first`` to ``last``, the last axis changing first."""
        if self.sampled is not None:
            return self.sampled[first:last]
        return self.indices(np.arange(first, last))

    def indices(self, numbers: npt.NDArray[np.int64]) -> AxisIndices:
        """Return (n, D) the digits of points by number."""
        if self.sampled is not None:
            return self.sampled[numbers]
        return np.stack(np.unravel_index(numbers, self.sizes), axis=1).astype(np.int32)

    def indices_along(self, numbers: npt.NDArray[np.int64], place: int) -> npt.NDArray[np.int64]:
        """Return (n,) one digit of points by number."""
        digits: npt.NDArray[np.int64]
        if self.sampled is not None:
            digits = self.sampled[numbers, place].astype(np.int64)
        else:
            digits = numbers // math.prod(self.sizes[place + 1 :]) % self.sizes[place]
        return digits


def uniform_samples(seed: int, count: int, width: int) -> npt.NDArray[np.float64]:
    """Return (count, width) numbers in [0, 1): row n follows from ``seed`` and n alone (a counter-based generator).

    Philox 4x64 (doi:10.1145/2063384.2063405): each step of the counter gives four numbers.
    """
    steps = -(-width // 4)
    raw = np.random.Philox(key=seed).random_raw(count * steps * 4).reshape(count, steps * 4)[:, :width]
    numbers: npt.NDArray[np.float64] = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers
