"""What several test files share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(  # the same cases every time, no clock
    "house", deadline=None, derandomize=True, max_examples=int(os.environ.get("EXAMPLES", "100"))
)
settings.load_profile("house")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it for a job in the background: so would all
    signal.signal(signal.SIGINT, signal.default_int_handler)  # commands that tests start and interrupt


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Find the folder of real prices beside the checkout; they are third-party data, never part of the repository."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder shared/data with real prices is not beside this checkout")
    return folder


@pytest.fixture
def price_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty price store of this test's own."""
    folder = tmp_path / "store"
    monkeypatch.setenv("PORTFOLIO_ENGINE_STORE", str(folder))
    return folder
