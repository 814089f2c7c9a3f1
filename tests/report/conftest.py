"""The runs that tests of the report show."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.backtest.outputs import RunResult
from tests.support.runs import eventful_run, make_run


@pytest.fixture(scope="session")
def eventful() -> RunResult:
    return eventful_run()


@pytest.fixture(scope="session")
def run() -> RunResult:
    return make_run()


@pytest.fixture
def folder(run: RunResult, tmp_path: Path) -> Path:
    run.write(tmp_path)
    return tmp_path
