"""Names, numbers of accounts, IBANs, notes and descriptions go no further than the file; the file stays as it is."""

from __future__ import annotations

import socket
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import pytest

from engine.core.errors import DataError
from engine.depot.holdings import read_holdings, read_transactions
from tests.support.depot_files import CANARY, FILES, WITH_HOLDINGS


def records(path: str) -> list[object]:
    """Return everything that is kept of a file, or the error it is refused with."""
    kept: list[object] = []
    for read in (read_holdings, read_transactions):
        try:
            kept.append(asdict(read(path)))
        except DataError as error:
            kept.append(error)
    return kept


def test_the_canary_is_in_the_files() -> None:
    assert sum(CANARY.encode() in raw for _, raw in FILES.values()) >= 12


@pytest.mark.parametrize("name", FILES)
def test_nothing_private_is_kept(tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_bytes(FILES[name][1])
    told = "".join(map(repr, records(str(tmp_path / name)))) + "".join(capfd.readouterr())
    assert CANARY not in told
    assert "DE8937" not in told


@pytest.mark.parametrize("name", FILES)
def test_nothing_private_is_in_what_a_damaged_file_is_refused_with(tmp_path: Path, name: str) -> None:
    """A wrong number and a wrong day in every row of numbers: the message shows those cells alone."""
    raw = FILES[name][1].replace(b"100", b"1x0").replace(b"2025", b"20x5").replace(b"27.11.", b"27.13.")
    (tmp_path / name).write_bytes(raw)
    told = "".join(map(repr, records(str(tmp_path / name))))
    assert "Error" in told
    assert CANARY not in told


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("private", [CANARY, "Erika Mustermann"])
def test_nothing_private_is_told_of_a_file_without_its_header(tmp_path: Path, name: str, private: str) -> None:
    text = FILES[name][1].decode("cp1252" if name == "comdirect.csv" else "utf-8").replace(CANARY, private)
    lines = text.splitlines(keepends=True)
    (tmp_path / name).write_text("".join(lines[2 if name == "comdirect.csv" else 1 :]), encoding="utf-8")
    assert private.lower() not in "".join(map(repr, records(str(tmp_path / name)))).lower()


def test_a_number_of_an_account_among_the_columns_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("isin;Depot 501234567;date\n")
    with pytest.raises(DataError, match=r"found the columns isin, \.\.\., date, expected"):
        read_holdings(str(tmp_path / "a.csv"))


@pytest.mark.parametrize("name", WITH_HOLDINGS)
def test_files_that_nobody_may_write_are_read_unchanged_and_no_network_is_asked(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I13."""

    def refuse(*_: object, **__: object) -> socket.socket:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    path = tmp_path / name
    path.write_bytes(FILES[name][1])
    path.chmod(0o444)
    assert read_holdings(str(path)).sha256 == sha256(FILES[name][1]).hexdigest()
    assert path.read_bytes() == FILES[name][1]
