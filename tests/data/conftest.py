"""What the tests of sources share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.yahoo_server import FakeYahoo, redirect, serving


@pytest.fixture
def yahoo(price_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeYahoo]:
    """Serve a local Yahoo with an empty store."""
    fake = FakeYahoo()
    with serving(fake) as base:
        redirect(base, monkeypatch)
        yield fake
