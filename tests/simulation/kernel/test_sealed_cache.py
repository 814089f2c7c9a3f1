"""Machine code on disk is loaded only where it is whole and what was asked for, and a full disk ends nothing."""

from __future__ import annotations

from pathlib import Path

import numba
import pytest
from numba.core import event as numba_events

from engine.simulation.kernel import jit
from tests.support.kernels import compiled_only

pytestmark = compiled_only


def triple(x):
    return 3 * x


@pytest.fixture
def folder(monkeypatch, tmp_path: Path) -> Path:
    """Where machine code is kept, empty."""
    monkeypatch.setattr(jit, "CACHE_FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def compiled() -> list[object]:
    """Whatever is compiled."""

    class Listener(numba_events.Listener):
        def on_start(self, event):
            found.append(event.data["args"])

        def on_end(self, event):
            pass

    found: list[object] = []
    with numba_events.install_listener("numba:compile", Listener()):
        yield found


def call(argument: float) -> float:
    """Call as a process of its own would: a new dispatcher, the same files."""
    return jit.njit_cached(triple)(argument)


def test_what_is_on_disk_is_not_compiled_again(folder: Path, compiled) -> None:
    """Each type of an argument has its own machine code."""
    assert [call(2), call(2), call(0.5), call(2)] == [6, 6, 1.5, 6]
    assert compiled == [(numba.int64,), (numba.float64,)]


@pytest.mark.parametrize("end", ["nbi", "nbc"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content[:-100] + bytes([content[-100] ^ 128]) + content[-99:],
    ],
)
def test_a_damaged_file_is_as_good_as_none_and_is_replaced(folder: Path, compiled, end: str, damage) -> None:
    """Cut short by a power failure, or with one bit turned."""
    assert call(2) == 6
    (file,) = folder.rglob(f"*.{end}")
    file.write_bytes(damage(file.read_bytes()))
    assert [call(2), call(2)] == [6, 6]
    assert len(compiled) == 2


def test_machine_code_for_other_types_is_not_run(folder: Path, compiled) -> None:
    """Two processes that compile for two types at once give both the same name: the later file wins."""
    call(2)
    (file,) = folder.rglob("*.1.nbc")
    call(0.5)
    file.with_name(file.name.replace(".1.", ".2.")).replace(file)
    assert [call(2), call(2)] == [6, 6]
    assert compiled == [(numba.int64,), (numba.float64,), (numba.int64,)]


def test_a_disk_that_is_full_keeps_nothing_and_ends_nothing(folder: Path, monkeypatch) -> None:
    """The result is not less for that."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.simulation.kernel.sealed_cache.SealedFiles._save_index", full)
    assert call(2) == 6
    assert not list(folder.rglob("*.nb?"))


def test_where_no_file_can_be_made_any_more_nothing_is_kept(folder: Path, monkeypatch) -> None:
    """The folder was there when the process began."""
    monkeypatch.setattr(jit, "CACHE_FOLDER", folder / "file" / "folder")
    (folder / "file").touch()
    assert call(2) == 6
