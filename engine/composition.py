"""The composition root: from a file to what can be run, where the engine meets the strategies, and nowhere else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import TypeAdapter

    from engine.backtest.config import RunConfig
    from engine.backtest.outputs import Json
    from engine.core.yaml_document import Document
    from engine.data.sources.base import Request
    from engine.portfolio.policy import Policy
    from engine.sweep.config import SweepConfig
    from engine.sweep.space import Space
    from strategies import AnyStrategy

    AnyRun: TypeAlias = RunConfig[AnyStrategy]


def schema() -> type[RunConfig[Any]]:
    """Return the class that validates a run's config, with every strategy there is."""
    from engine.backtest.config import RunConfig
    from strategies import AnyStrategy

    return RunConfig[AnyStrategy]


def json_schema() -> dict[str, Json]:
    """Return the JSON Schema of a config, with or without a sweep."""
    from engine.sweep.config import SweepConfig
    from strategies import AnyStrategy

    found = SweepConfig[AnyStrategy].model_json_schema(by_alias=True)
    return {**found, "title": "Config", "required": [key for key in found["required"] if key != "sweep"]}


def strategy_of(data: Mapping[str, object]) -> Policy:
    """Return the strategy that plain data states, as it would stand below ``strategy:``."""
    return _strategies().validate_python(data)


@cache
def _strategies() -> TypeAdapter[Policy]:
    from pydantic import TypeAdapter

    from strategies import AnyStrategy

    return TypeAdapter(AnyStrategy)


def document_of(path: Path, overrides: Sequence[str] = ()) -> Document:
    """Read a config file, with keys overridden."""
    from engine.backtest.loading import opened

    return opened(path, tuple(overrides))


def checked(document: Document) -> AnyRun:
    """Return the run that a document without a sweep states."""
    from engine.backtest.loading import checked as valid

    return valid(document, schema())


def loaded(path: Path, overrides: Sequence[str] = ()) -> AnyRun:
    """Return a config file's run; of a sweep its own plan."""
    return run_of(document_of(path, overrides))


def run_of(document: Document, variant: str = "") -> AnyRun:
    """Return a config's run; of a sweep its own plan, or the variant that is named."""
    if "sweep" not in document.tree and not variant:
        return checked(document)
    from engine.sweep.variant_lookup import variant_of

    _, plan, space = spanned(document)
    return variant_of(plan, space, variant) if variant else plan


def requested(path: Path, overrides: Sequence[str]) -> tuple[AnyRun, Request]:
    """Return a config with what it asks of its source; a sweep asks for what any of its variants may hold."""
    from engine.backtest.loading import request_of

    document = document_of(path, overrides)
    if "sweep" not in document.tree:
        plan = checked(document)
        return plan, request_of(plan)
    from engine.sweep import computation as run

    _, plan, space = spanned(document)
    return plan, run.requested(plan, space)


def spanned(document: Document) -> tuple[SweepConfig[AnyStrategy], AnyRun, Space]:
    """Return a sweep's config, its own plan, and the space around it."""
    from engine.backtest.loading import checked as valid
    from engine.sweep.computation import plan_of
    from engine.sweep.config import SweepConfig
    from engine.sweep.preflight import refuse_empty
    from engine.sweep.space_builder import space_of
    from strategies import AnyStrategy

    config = cast("SweepConfig[AnyStrategy]", valid(document, SweepConfig[AnyStrategy]))
    plan = plan_of(config, schema())
    space = space_of(config.sweep, plan, document)
    refuse_empty(plan, space, document)
    return config, plan, space
