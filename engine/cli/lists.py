"""The verbs that print what is known without a config: its schema, the tariffs, and what was tried."""

from __future__ import annotations

from typing import Annotated

import typer

from engine import composition
from engine.cli.messages import print_json


def schema() -> None:
    """Print the JSON Schema of a config, for editors."""
    print_json(composition.json_schema())


def tariffs(json: Annotated[bool, typer.Option("--json", help="Print them as JSON and nothing else.")] = False) -> None:
    """Print the brokers' tariffs that `costs: {kind: broker, tariff: NAME}` can name."""
    from engine.portfolio.tariffs import load_tariffs
    from engine.report.tariffs import print_tariffs

    if json:
        print_json({name: tariff.model_dump(mode="json", exclude_none=True) for name, tariff in load_tariffs().items()})
    else:
        print_tariffs(load_tariffs())


def trials(json: Annotated[bool, typer.Option("--json", help="Print them as JSON and nothing else.")] = False) -> None:
    """Print how many plans and variants were tried on which prices on this machine."""
    from engine.evidence.trial_registry import read_registries
    from engine.report.evidence.trials_terminal import print_trials, trials_json

    registries = read_registries()
    if json:
        print_json(trials_json(registries))
    else:
        print_trials(registries)
