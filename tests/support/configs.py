"""The configs that tests share: those that ship, and ones that are written out in a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.backtest.config import RunConfig
from engine.composition import run_config_class
from engine.core.errors import ConfigError
from engine.core.validation import validate
from engine.core.yaml_document import parse_document

ROOT = Path(__file__).parents[2]
QUICK = ROOT / "configs" / "quickstart.yaml"
CLAIMS = sorted((ROOT / "configs" / "claims").glob("*.yaml"))
"""Every file of claims."""
SHIPPED = sorted(
    path for path in (ROOT / "configs").rglob("*.yaml") if not path.name.startswith("universe") and path not in CLAIMS
)
"""Every config that runs; a universe is an input of others, and claims are checked."""
SELF_CONTAINED = [path for path in SHIPPED if path.stem not in {"quality_gate", "cash_rate"}]
"""Those whose inputs come with them: not a table that docs/fundamentals.md makes, nor a bank's file of rates."""


def config(text: str, *overrides: str) -> RunConfig:
    document = parse_document(text, "plan.yaml")
    for assignment in overrides:
        document.override(assignment)
    return validate(run_config_class(), document)


def message(text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config(text, *overrides)
    return str(caught.value)
