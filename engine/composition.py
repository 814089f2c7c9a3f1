"""The composition root: from a file to what can be run, where the engine meets the strategies, and nowhere else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import TypeAdapter

    from engine.backtest.config import RunConfig
    from engine.core.json_files import Json
    from engine.core.yaml_document import Document
    from engine.data.sources.base import PriceRequest
    from engine.diagnostics.replay.folder import Makers
    from engine.evidence.claims.claim_file import ClaimFile
    from engine.evidence.luck.summary import LuckSummary
    from engine.portfolio.policy import Policy
    from engine.sweep.computation import PreparedSweep
    from engine.sweep.config import SweepConfig
    from engine.sweep.evidence_record import SweepEvidence
    from engine.sweep.examination import Examine, ExaminedSweep
    from engine.sweep.space import Space
    from strategies import AnyStrategy

    AnyRunConfig: TypeAlias = RunConfig[AnyStrategy]


def run_config_class() -> type[RunConfig[Any]]:
    """Return the class that validates a run's config, with every strategy there is."""
    from engine.backtest.config import RunConfig
    from strategies import AnyStrategy

    return RunConfig[AnyStrategy]


def json_schema() -> dict[str, Json]:
    """Return the JSON Schema of a config, with or without a sweep."""
    from engine.backtest.config_schema import describe_schema
    from engine.sweep.config import SweepConfig
    from strategies import AnyStrategy

    return describe_schema(SweepConfig[AnyStrategy].model_json_schema(by_alias=True))


def build_strategy(data: Mapping[str, object]) -> Policy:
    """Return the strategy that plain data states, as it would stand below ``strategy:``."""
    return _strategy_adapter().validate_python(data)


def build_fixed_mix(weights: Mapping[str, float]) -> Policy:
    """Return the strategy that is rebalanced to given weights every January."""
    return build_strategy({"kind": "fixed_mix", "weights": dict(weights)})


@cache
def _strategy_adapter() -> TypeAdapter[Policy]:
    from pydantic import TypeAdapter

    from strategies import AnyStrategy

    return TypeAdapter(AnyStrategy)


def open_document(path: Path, overrides: Sequence[str] = ()) -> Document:
    """Read a config file, with keys overridden."""
    from engine.backtest import loading

    return loading.open_document(path, tuple(overrides))


def override_keys(document: Document, overrides: Sequence[str]) -> Document:
    """Override keys of a document, as ``--set`` does; what is wrong with that is among its faults."""
    from engine.backtest import loading

    return loading.override_keys(document, overrides)


def validate_run(document: Document) -> AnyRunConfig:
    """Return the run that a document without a sweep states."""
    from engine.backtest import loading

    return loading.validate_run(document, run_config_class())


def validate_plain(config: Mapping[str, object]) -> AnyRunConfig:
    """Return the run that a config as plain data states; raises ConfigError."""
    import yaml

    from engine.core.yaml_document import parse_document

    text = yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True)
    return validate_run(parse_document(text, "config.resolved.yaml"))


def load_run(path: Path, overrides: Sequence[str] = ()) -> AnyRunConfig:
    """Return a config file's run; of a sweep the base config."""
    return select_run(open_document(path, overrides))


def select_run(document: Document, variant: str = "") -> AnyRunConfig:
    """Return a config's run; of a sweep the base config, or the variant that is named."""
    if "sweep" not in document.tree and not variant:
        return validate_run(document)
    from engine.sweep.computation import prepare
    from engine.sweep.variant_lookup import find_variant_config

    config, base_config, space = validate_sweep(document)
    if not variant:
        return base_config

    def plan() -> str:
        return prepare(config, base_config, space, run_config_class).plan_sha256

    return find_variant_config(base_config, space, variant, plan)


def load_request(path: Path, overrides: Sequence[str]) -> tuple[AnyRunConfig, PriceRequest]:
    """Return a config with what it asks of its source; a sweep asks for what any of its variants may hold."""
    return request_of(open_document(path, overrides))


def request_of(document: Document) -> tuple[AnyRunConfig, PriceRequest]:
    """Return a document's config with what it asks of its source, as ``load_request`` does."""
    from engine.backtest.loading import price_request

    if "sweep" not in document.tree:
        config = validate_run(document)
        return config, price_request(config)
    from engine.sweep.computation import request_for_sweep

    _, base_config, space = validate_sweep(document)
    return base_config, request_for_sweep(base_config, space)


def load_claims(path: Path, overrides: Sequence[str] = ()) -> ClaimFile:
    """Return a file of claims, whose plans can be run."""
    from pydantic import ValidationError

    from engine.core.errors import ConfigError, Fault
    from engine.core.validation import validate
    from engine.evidence.claims.claim_file import ClaimFile

    document = open_document(path, overrides)
    file, faults = validate(ClaimFile, document), []
    for at, claim in enumerate(file.claims):
        place = ("claims", at, "compute")
        try:
            for plan in claim.compute.plans():
                build_strategy(plan)
        except ValidationError as error:
            message, _, remedy = error.errors()[0]["msg"].partition("; ")
            faults.append(Fault(document.locate(place), ".".join(map(str, place)), message, remedy))
    if faults:
        raise ConfigError(faults)
    return file


def measure_luck(config: AnyRunConfig, universe: str = "", threads: int = 1) -> LuckSummary:
    """Return how much of a config's result is luck; ``universe`` is a file of names, "" for the plan's own."""
    from engine.data.research.universe import read_universe
    from engine.evidence.luck.pick import Picks
    from engine.evidence.luck.summary import PlanChanges, load_luck_prices
    from engine.evidence.luck.summary import measure_luck as measure
    from strategies.moved_calendar import move_calendar
    from strategies.other_names import hold_names, name_weights, universe_of

    names = read_universe(universe) if universe else universe_of(config.strategy)
    changes = PlanChanges(move_calendar, Picks(name_weights, hold_names))
    return measure(config, load_luck_prices(config, names), changes, names, threads)


def prepare_sweep(path: Path) -> PreparedSweep[AnyStrategy]:
    """Return a sweep's config with its closes, ready to run."""
    from engine.sweep.computation import prepare

    return prepare(*validate_sweep(open_document(path)), run_config_class)


def replay_makers(universe: str, threads: int) -> Makers[AnyStrategy]:
    """Return what makes a finished run, sweep or luck again; ``universe`` is what ``engine luck`` was given."""
    from engine.diagnostics.replay.folder import Makers
    from engine.report.evidence.luck_page import publish_luck
    from engine.report.run.page import publish_run
    from engine.report.sweep.page import render_sweep

    return Makers(
        load_run,
        publish_run,
        prepare_sweep,
        sweep_examination(threads),
        render_sweep,
        lambda config: measure_luck(config, universe, threads),
        publish_luck,
    )


def sweep_examination(threads: int) -> Examine[AnyStrategy]:
    """Return the function that a sweep asks whether its best is better than luck; what takes over a second is shown."""
    import time

    from engine.core.waiting import WAITING
    from engine.evidence.sweep_evidence import examine_sweep

    def examine(examined: ExaminedSweep[AnyStrategy]) -> SweepEvidence:
        since, shown = time.monotonic(), False

        def tell() -> None:
            nonlocal shown
            if shown:
                WAITING.tick()
            elif time.monotonic() - since > 1.0:
                shown = True
                WAITING.start("evidence")

        with WAITING.until_over():
            return examine_sweep(examined, threads, tell)

    return examine


def validate_sweep(document: Document) -> tuple[SweepConfig[AnyStrategy], AnyRunConfig, Space]:
    """Return a sweep's config, the base config without the sweep, and the space around it."""
    from engine.backtest import loading
    from engine.core.did_you_mean import limit_suggestions
    from engine.core.errors import ConfigError
    from engine.sweep.computation import extract_base_config, request_for_sweep
    from engine.sweep.config import SweepConfig
    from engine.sweep.preflight import require_valid_point, swept_spread_faults
    from engine.sweep.space_builder import build_space
    from strategies import AnyStrategy

    config = cast("SweepConfig[AnyStrategy]", loading.validate_run(document, SweepConfig[AnyStrategy]))
    base_config = extract_base_config(config, run_config_class())
    space = build_space(config.sweep, base_config, document)
    require_valid_point(base_config, space, document)
    known = request_for_sweep(base_config, space).tickers
    with limit_suggestions():
        faults = [*loading.spread_faults(base_config, known, document), *swept_spread_faults(space, known, document)]
    if faults:
        raise ConfigError(faults)
    return config, base_config, space
