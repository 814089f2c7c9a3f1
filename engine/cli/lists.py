"""The verbs that print what is known without a config: its schema, the tariffs, and what was tried."""

from __future__ import annotations

from typing import Annotated

import typer

from engine import composition
from engine.cli.messages import print_json


def schema() -> None:
    """Print the JSON Schema of a config, for editors.

    `engine init` writes the line by which editors find it; `engine config` prints the same for people.

    Example: engine schema > portfolio-engine.schema.json
    """
    print_json(composition.json_schema())


def tariffs(json: Annotated[bool, typer.Option("--json", help="Print them as JSON and nothing else.")] = False) -> None:
    """Print the brokers' tariffs that a config can name.

    As `costs: {kind: broker, tariff: NAME}`; each with its source and the date it was read.
    """
    from engine.portfolio.tariffs import load_tariffs
    from engine.report.tariffs import print_tariffs

    if json:
        print_json({name: tariff.model_dump(mode="json", exclude_none=True) for name, tariff in load_tariffs().items()})
    else:
        print_tariffs(load_tariffs())


def trials(json: Annotated[bool, typer.Option("--json", help="Print them as JSON and nothing else.")] = False) -> None:
    """Print how many plans were tried on which prices.

    On this machine, variants of sweeps included: the more were tried, the less the best of them says.
    """
    from engine.evidence.trial_registry import read_registries
    from engine.report.evidence.trials_terminal import print_trials, trials_json

    registries = read_registries()
    if json:
        print_json(trials_json(registries))
    else:
        print_trials(registries)
