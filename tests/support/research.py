"""A config with every kind of research data, to read it as a strategy would."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml

from engine.backtest.config import to_plain_data
from engine.core.errors import ConfigError
from engine.core.fields import ConfigModel
from engine.core.validation import validate
from engine.core.yaml_document import parse_document
from engine.data.research.formula import Criterion, Measure
from engine.data.research.fundamentals import Fundamentals
from engine.data.research.universe import UniverseOrPath
from engine.data.research.verdicts import Verdicts


class ResearchConfig(ConfigModel):
    """Stands in for a strategy: every research type as a field, and one field more whose faults must not get lost."""

    universe: UniverseOrPath | None = None
    table: Fundamentals | None = None
    criteria: tuple[Criterion, ...] = ()
    rank: Measure | None = None
    verdicts: Verdicts | None = None
    count: int = 0


def research_config(text: str) -> ResearchConfig:
    return validate(ResearchConfig, parse_document(text, "plan.yaml"))


def message(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        research_config(text)
    return str(caught.value)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def reread(config: ResearchConfig) -> ResearchConfig:
    return research_config(yaml.safe_dump(to_plain_data(config), allow_unicode=True))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
