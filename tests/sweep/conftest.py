"""What the tests of sweeps start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sweeps import PLAN, SMALL, engine


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small sweep as a file, and its finished folder."""
    place = tmp_path_factory.mktemp("sweep")
    config = place / "small.yaml"
    config.write_text(PLAN + SMALL)
    engine("sweep", config, "--json", cwd=place)
    return config, place / "runs" / "small.sweep"
