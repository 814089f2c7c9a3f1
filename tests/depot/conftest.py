"""What tests of depots share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.order_commands import OrdersCommand


@pytest.fixture
def orders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> OrdersCommand:
    """Return the command in an empty folder."""
    return OrdersCommand(tmp_path, monkeypatch, capsys)
