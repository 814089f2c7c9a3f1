"""Folders of orders and of comparisons under verbs that are for folders of runs, and orders without a network."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.cli import main
from engine.core.errors import UnavailableError
from engine.data.sources.network import network, require_network
from tests.support.order_commands import OrdersCommand

YAHOO = ("--set", "data.source={kind: yahoo}", "--set", "data.currencies={}")


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (("verify",), "made from a broker's file that is not kept; run `engine orders` again"),
        (("replay",), "made from a broker's file that is not kept; run `engine orders` again"),
        (("report",), "a folder that `engine run` wrote is expected"),
        (("export", "--to", "csv"), "a folder that `engine run` wrote is expected"),
        (("compare",), "compare takes folders that `engine run` or `engine sweep` wrote"),
    ],
)
def test_a_folder_of_orders_is_called_that_in_one_line(
    verb: tuple[str, ...], says: str, orders: OrdersCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert orders.run("--now") == 0
    folder = str(tmp_path / "out" / "three" / "2026-11-30")
    twice = (folder, str(tmp_path)) if verb == ("compare",) else (folder,)
    monkeypatch.setattr(sys, "argv", ["engine", verb[0], *twice, *verb[1:]])
    assert main() == 1
    told = orders.capture.readouterr().err
    assert told.count("\n") == 1
    assert f"{folder}: holds orders of `engine orders`" in told
    assert says in told


def test_orders_offline_ask_no_server_and_say_what_the_store_lacks(
    orders: OrdersCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: object) -> None:
        raise AssertionError("a server was asked")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("engine.data.sources.yahoo.refresh_series", ask)
    assert orders.run(*YAHOO, "--offline") == 1
    assert "EUNL, SPY, VOD: nothing is fetched with --offline; the store holds nothing of it" in orders.err


def test_only_what_is_within_is_offline() -> None:
    with network(offline=True), network(offline=False), pytest.raises(UnavailableError, match="--offline"):
        require_network()
    require_network()
