"""SweepConfig: a run's config with a ``sweep:`` beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Generic, Literal, TypeAlias

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from engine.backtest.config import RunConfig
from engine.backtest.config_sections import StrategyT
from engine.core.fields import ConfigModel, FieldFault, WholeNumber, validates_fields
from engine.core.plug_in_entries import installed_plug_ins
from engine.core.plug_ins import refusals
from engine.sweep.axes import MAX_AXIS_VALUES, AnyAxis

MAX_AXES: Final = 100
MAX_SAMPLES: Final = 5_000_000
"""Points that a sweep samples."""

RANKING_SIGNS: Final[Mapping[str, int]] = {
    "sharpe": 1,
    "sortino": 1,
    "cagr": 1,
    "total_return": 1,
    "final_value": 1,
    "calmar": 1,
    "max_drawdown": 1,
    "best_year": 1,
    "worst_year": 1,
    "volatility": -1,
    "ulcer": -1,
    "longest_drawdown": -1,
    "turnover": -1,
    "costs": -1,
    "max_weight": -1,
    "sessions_over_cap": -1,
}
"""What variants can be ranked by: 1 where more is better (a drawdown is negative), -1 where less is."""
AFTER_TAX_SIGNS: Final[Mapping[str, int]] = {
    "sold_cagr": 1,
    "held_cagr": 1,
    "sold_value": 1,
    "held_value": 1,
    "tax_paid": -1,
}
"""What taxed variants can be ranked by besides."""
ALL_SIGNS: Final[Mapping[str, int]] = {**RANKING_SIGNS, **AFTER_TAX_SIGNS}


def ranking_signs(*, taxed: bool, rank_by: str = "") -> Mapping[str, int]:
    """Return what the variants of a sweep can be ranked by, with the sign of each; of plug-ins ``rank_by`` alone."""
    signs = ALL_SIGNS if taxed else RANKING_SIGNS
    return signs if not rank_by or rank_by in ALL_SIGNS else {**signs, rank_by: ranking_sign(rank_by)}


def ranking_sign(metric: str) -> int:
    """Return 1 where more of a metric is better, -1 where less is; 0 where a plug-in does not say."""
    if metric in ALL_SIGNS:
        return ALL_SIGNS[metric]
    from engine.analysis.metrics_table import plug_in_metrics  # noqa: PLC0415  (a schema needs no compiler)

    if metric not in plug_in_metrics():
        return 0
    return {"high": 1, "low": -1}.get(plug_in_metrics()[metric].better, 0)


_OF_PLUG_INS: Final = tuple(one.kind for one in installed_plug_ins() if one.group == "metrics")


class Grid(ConfigModel):
    """Every combination of the axes' values."""

    kind: Literal["grid"] = "grid"


class Random(ConfigModel):
    """``samples`` points drawn independently, the n-th from ``seed`` and n alone."""

    kind: Literal["random"] = "random"
    samples: Annotated[WholeNumber, Field(ge=1, le=MAX_SAMPLES)]
    seed: Annotated[WholeNumber, Field(ge=0)]


class Sobol(ConfigModel):
    """``samples`` points of a scrambled Sobol sequence, which fills the space more evenly than chance does.

    Owen scrambling as scipy.stats.qmc has it (doi:10.1145/641876.641879 for the sequence).
    """

    kind: Literal["sobol"] = "sobol"
    samples: Annotated[WholeNumber, Field(ge=1, le=MAX_SAMPLES)]
    seed: Annotated[WholeNumber, Field(ge=0)]


def _expand_kind(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


class _ModeSchema:
    """What a mode looks like in a file: its word where that says all."""

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"const": "grid"}, handler(core)]}


AnyMode: TypeAlias = Annotated[
    Grid | Random | Sobol, Field(discriminator="kind"), BeforeValidator(_expand_kind), _ModeSchema()
]
"""Everything `mode:` can be."""


class Sweep(ConfigModel):
    """What varies, how its values are combined, and what variants are ranked by."""

    mode: AnyMode = Grid()
    axes: dict[str, AnyAxis] = Field(min_length=1, max_length=MAX_AXES)
    rank_by: Literal[(*ALL_SIGNS, *_OF_PLUG_INS)] = "sharpe"  # type: ignore[valid-type]

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        count = sum(
            len(axis) if isinstance(axis, tuple) else axis.count for axis in self.axes.values() if axis != "all"
        )
        if count > MAX_AXIS_VALUES:
            message = f"{count:,} values, all axes together have at most {MAX_AXIS_VALUES:,}"
            yield ("axes",), f"{message}; take larger steps, or name fewer"


class SweepConfig(RunConfig[StrategyT], Generic[StrategyT]):
    """A run and its variants."""

    sweep: Sweep

    @validates_fields
    def _ranking_faults(self) -> Iterator[FieldFault]:
        rank_by = self.sweep.rank_by
        if not ranking_sign(rank_by):
            why = refusals("metrics").get(rank_by, f"{rank_by} does not say which end of it is better")
            yield ("sweep", "rank_by"), f"{why}; rank by another figure, as rank_by: cagr"
        if self.sweep.rank_by in AFTER_TAX_SIGNS and self.tax.kind == "none":
            message = f"{self.sweep.rank_by} is a figure after tax, and nothing is taxed; write a tax, or rank_by: cagr"
            yield ("sweep", "rank_by"), message
