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

from engine.core.yaml_tree import KeyPath
from engine.sweep.axes import AxisValue, ParameterValue
from engine.sweep.config import Grid, Random, Sweep

COLUMN_ALIASES: Final = {"costs": "costs.model"}
"""Axes that are called as a metric of the results, and what their column is called instead."""

AxisIndices = npt.NDArray[np.int32]
"""(n, D) which value of each axis a point has."""


@dataclass(frozen=True)
class Axis:
    """One axis: ``path`` into the config, its ``values``, the result ``columns`` they fill.

    ``independent``: no rule of the config reads this key together with another, so it is validated by itself.
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
    """A column of the results: which of ``labels`` each value of the axis at ``axis_number`` has.

    ``codes`` (values of the axis,) are positions in ``labels``, which are all text or all numbers; those of a
    basket are names with a space between. ``is_derived``: it follows from another, as the size of a basket.
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
        """Return all points of the sweep, by number; of a sample each once, where it was drawn first."""
        mode = self.sweep.mode
        if isinstance(mode, Grid):
            return Points(self.sizes)
        draw = uniform_samples if isinstance(mode, Random) else sobol_samples
        sizes = np.array(self.sizes)
        sampled: AxisIndices = np.minimum(draw(mode.seed, mode.samples, len(sizes)) * sizes, sizes - 1).astype(np.int32)
        _, first = np.unique(sampled, axis=0, return_index=True)
        return Points(self.sizes, sampled[np.sort(first)])

    def parameter_values(self, indices: Sequence[int]) -> dict[str, ParameterValue]:
        """Return a point's parameters by column."""
        return {one.name: one.labels[one.codes[indices[one.axis_number]]] for one in self.parameters}


@dataclass(frozen=True)
class Points:
    """The points of a space; ``sampled`` (n, D) when they were sampled, else they are a grid of ``sizes``.

    >>> Points((2, 3)).indices_between(2, 5).tolist()
    [[0, 2], [1, 0], [1, 1]]
    """

    sizes: tuple[int, ...]
    sampled: AxisIndices | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return math.prod(self.sizes) if self.sampled is None else len(self.sampled)

    def indices_between(self, first: int, last: int) -> AxisIndices:
        """Return (last - first, D) the indices of the points ``first`` to ``last``, the last axis changing first."""
        return self.indices(np.arange(first, last))

    def indices(self, numbers: npt.NDArray[np.int64]) -> AxisIndices:
        """Return (n, D) the indices of points by number."""
        if self.sampled is not None:
            return self.sampled[numbers]
        return np.stack(np.unravel_index(numbers, self.sizes), axis=1).astype(np.int32)

    def stride(self, axis: int) -> int:
        """Return how many points of a grid lie between neighbours along an axis."""
        return math.prod(self.sizes[axis + 1 :])

    def indices_along(self, numbers: npt.NDArray[np.int64], axis: int) -> npt.NDArray[np.int64]:
        """Return (n,) the indices of points along one axis."""
        if self.sampled is None:
            return np.asarray(numbers // self.stride(axis) % self.sizes[axis])
        return np.asarray(self.sampled[numbers, axis], dtype=np.int64)


def uniform_samples(seed: int, count: int, width: int) -> npt.NDArray[np.float64]:
    """Return (count, width) numbers in [0, 1): row n follows from ``seed`` and n alone (a counter-based generator).

    Philox 4x64 (doi:10.1145/2063384.2063405): each step of the counter gives four numbers.
    """
    steps = -(-width // 4)
    raw = np.random.Philox(key=seed).random_raw(count * steps * 4).reshape(count, steps * 4)[:, :width]
    numbers: npt.NDArray[np.float64] = (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers


def sobol_samples(seed: int, count: int, width: int) -> npt.NDArray[np.float64]:
    """Return (count, width) numbers in [0, 1) that fill the space more evenly than chance does."""
    from scipy.stats import qmc  # noqa: PLC0415  (slow)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a count that is no power of two is the user's to choose
        sequence = qmc.Sobol(width, scramble=True, rng=np.random.default_rng(seed))
        samples: npt.NDArray[np.float64] = sequence.random(count)
    return samples
