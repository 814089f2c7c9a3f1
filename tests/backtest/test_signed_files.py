"""A folder's files are read when they are the ones its sealed manifest signs; whatever is wrong is told together."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from engine.backtest.manifest import FileRecord, Manifest, is_manifest_sealed
from engine.backtest.signed_files import RUN_FILES, SWEEP_FILES, SignedFolder, fit_together, page_fault
from engine.core.errors import DataError, EngineError, OutputError

OTHER = "it is not the file that manifest.json signs, so it was changed or is of another run"
PAGE = "it is not the page that manifest.json signs, so it was changed"
UNSEALED = "it does not match the SHA-256 at its end, so it was changed or is of an earlier version"


class Figures(FileRecord):
    """A signed JSON file's content."""

    value: float
    more: dict[str, int] | None = None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three signed files."""
    manifest = Manifest(kind="run", versions={}, config_sha256="c", data_sha256="d", files={"table": "another"})
    for name, content in (("table", b"rows"), ("figures.json", b'{"value": 1, "new": 2}'), ("report.html", b"page")):
        (tmp_path / name).write_bytes(content)
        manifest = manifest.sign(name, content)
    (tmp_path / "manifest.json").write_bytes(manifest.to_bytes())
    return tmp_path


def opened(folder: Path) -> SignedFolder[Manifest]:
    return SignedFolder(folder, RUN_FILES, Manifest)


def damaged(path: Path, why: str) -> str:
    return f"{path}: damaged: {why}; run the config again to write it anew"


def test_a_manifest_ends_with_its_files_and_its_seal_and_leaves_out_what_it_has_not() -> None:
    """The same content has the same bytes; a name that is signed twice has the later digest."""
    manifest = Manifest(kind="run", versions={}, config_sha256="c", data_sha256="d", files={})
    signed = manifest.sign("a", b"").sign("a", b"x").sign("b", b"")
    assert list(json.loads(signed.to_bytes())) == [
        "kind",
        "versions",
        "config_sha256",
        "data_sha256",
        "files",
        "sha256",
    ]
    assert signed.files["a"].startswith("2d711642")
    assert signed.files["b"].startswith("e3b0c442")
    assert is_manifest_sealed(signed.to_bytes())
    assert not is_manifest_sealed(signed.to_bytes()[:-1])
    assert Figures(value=1.0).to_plain() == {"value": 1.0}


def test_a_record_is_what_it_must_hold_and_cannot_be_changed() -> None:
    """Other keys are left out; a number that is none is refused."""
    record = Figures.model_validate_json('{"value": 1, "new": 2}')
    assert record.model_dump() == {"value": 1.0, "more": None}
    with pytest.raises(ValidationError, match="frozen"):
        record.value = 2.0
    with pytest.raises(ValidationError, match="finite"):
        Figures.model_validate_json('{"value": NaN}')


def test_files_that_are_as_they_were_written_are_read(folder: Path) -> None:
    """Content, records and tables; nothing is told."""
    signed = opened(folder)
    assert signed.is_sealed
    assert signed.manifest.kind == "run"
    assert signed.read("table") == b"rows"
    signed.verify_table("table")
    assert signed.read_record("figures.json", Figures) == Figures(value=1.0)
    assert page_fault(folder, signed.manifest) is None
    signed.raise_faults()


def test_a_changed_file_is_told_with_the_page_if_it_was_changed_too(folder: Path) -> None:
    """One line for each file; alone the fault keeps its kind."""
    (folder / "table").write_bytes(b"others")
    for page, lines in ((b"page", []), (b"changed", [f"{folder}/report.html: damaged: {PAGE}; "])):
        (folder / "report.html").write_bytes(page)
        signed = opened(folder)
        for read in (signed.read, signed.verify_table):
            with pytest.raises(DataError) as told:
                read("table")
            assert str(told.value) == damaged(folder / "table", OTHER)
        with signed.gather():
            signed.read("table")
        with pytest.raises(DataError) as told:
            signed.raise_faults()
        remedy = f"`engine report {folder}` makes it anew"
        assert told.value.args == (damaged(folder / "table", OTHER), *(line + remedy for line in lines))


def test_a_page_that_is_not_signed_is_not_told_of(folder: Path) -> None:
    """A run has none before it is reported."""
    (folder / "report.html").unlink()
    plain = opened(folder).manifest
    files = {"table": "0"}
    (folder / "manifest.json").write_bytes(plain.model_copy(update={"files": files}).to_bytes())
    signed = opened(folder)
    with signed.gather():
        signed.read("table")
    with pytest.raises(DataError) as told:
        signed.raise_faults()
    assert told.value.args == (damaged(folder / "table", OTHER),)


def test_without_a_seal_no_digest_is_believed(folder: Path) -> None:
    """The manifest is what is told, not the files that it does not sign."""
    content = (folder / "manifest.json").read_bytes().replace(b'"d"', b'"e"')
    (folder / "manifest.json").write_bytes(content)
    (folder / "table").write_bytes(b"others")
    (folder / "report.html").write_bytes(b"others")
    signed = opened(folder)
    assert signed.read("table") == b"others"
    with pytest.raises(DataError) as told:
        signed.raise_faults()
    assert told.value.args == (damaged(folder / "manifest.json", UNSEALED),)


@pytest.mark.parametrize("content", [b"{}", b"", b"[1]"])
def test_a_manifest_that_is_none_is_told_by_its_seal(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(DataError) as told:
        opened(folder)
    assert str(told.value) == damaged(folder / "manifest.json", UNSEALED)


def test_a_sealed_manifest_of_another_kind_is_told_by_what_it_lacks(folder: Path) -> None:
    class Sweep(Manifest):
        points: dict[str, int]

    with pytest.raises(DataError) as told:
        SignedFolder(folder, SWEEP_FILES, Sweep)
    path = folder / "manifest.json"
    assert str(told.value) == f"{path}: damaged: points: Field required; sweep again to write it anew"


def test_what_a_record_does_not_fit_is_told_by_its_place(folder: Path) -> None:
    """The first fault with all its keys; a text that is too deep is not taken apart."""
    place = folder / "figures.json"
    for content, why in (
        (b'{"value": 1, "more": {"a": "x"}, "z": []}', "more.a: Input should be a valid integer, unable to parse "),
        (b"{", "Invalid JSON: "),
        (b'{"value": 1, "x": ' + b"[" * 50 + b"]" * 50 + b"}", "more than 50 levels deep; run the config again"),
    ):
        with pytest.raises(DataError) as told:
            RUN_FILES.parse_record(place, content, Figures)
        assert str(told.value).startswith(f"{place}: damaged: {why}")
    deepest = b'{"value": 1, "x": ' + b"[" * 49 + b"]" * 49 + b"}"
    assert RUN_FILES.parse_record(place, deepest, Figures) == Figures(value=1.0)


def test_what_cannot_be_read_is_told_with_the_way_out(folder: Path) -> None:
    """Files that are missing, folders, and content above the bound, of either reader and of the page."""
    manifest = opened(folder).manifest
    with pytest.raises(OutputError) as told:
        RUN_FILES.read_bytes(folder / "table", 3)
    expected = "4 bytes, at most 3 are read; mend that or run the config again"
    assert str(told.value) == f"{folder / 'table'}: cannot be read: {expected}"
    for name in ("table", "report.html"):
        (folder / name).unlink()
    for read in (RUN_FILES.read_bytes, RUN_FILES.sha256):
        with pytest.raises(OutputError) as told:
            read(folder / "table")
        assert str(told.value) == f"{folder / 'table'}: is missing; run the config again to write it"
    page, remedy = folder / "report.html", f"`engine report {folder}` makes it anew"
    missing = page_fault(folder, manifest)
    assert isinstance(missing, OutputError)
    assert str(missing) == f"{page}: is missing; {remedy}"
    page.mkdir()
    fault = page_fault(folder, manifest)
    assert isinstance(fault, OutputError)
    assert str(fault) == f"{page}: cannot be read: a folder, a plain file is expected; move it away, then {remedy}"


def test_a_bound_is_named_where_a_file_or_a_table_is_above_it(folder: Path) -> None:
    """A file is read up to 1 GiB, a table up to 4, a manifest up to 1 MB: files with holes, of which nothing is read."""
    for name, most in (("file", 1 << 30), ("table", 1 << 32), ("manifest.json", 1_000_000)):
        with (folder / name).open("wb") as file:
            file.truncate(most + 1)
        reads = {"file": RUN_FILES.read_bytes, "table": RUN_FILES.sha256}
        read = reads.get(name, lambda path: opened(path.parent))
        with pytest.raises(OutputError, match=f"at most {most:,} are read"):
            read(folder / name)
    with (folder / "manifest.json").open("wb") as file:
        file.truncate(1_000_000)
    with pytest.raises(DataError, match="it does not match"):
        opened(folder)


@pytest.mark.parametrize("fault", [ZeroDivisionError("no"), KeyError("a"), TypeError("a\nb"), ValueError("x" * 300)])
def test_sound_files_that_contradict_each_other_are_one_line(folder: Path, fault: Exception) -> None:
    """On one line, of at most 200 characters of what Python says; numpy's warnings are not shown, other faults are."""

    def contradict() -> None:
        with fit_together(folder):
            np.float64(1.0) / np.float64(0.0)
            raise fault

    with warnings.catch_warnings(action="error"), pytest.raises(DataError) as told:
        contradict()
    said = str(told.value)
    assert said.startswith(f"{folder}: its files do not fit together ({type(fault).__name__}: ")
    assert said.endswith("); make them anew")
    assert len(said) <= len(f"{folder}: its files do not fit together (); make them anew") + 200
    assert "\n" not in said

    def fail() -> None:
        with fit_together(folder):
            raise EngineError("x") from None

    with pytest.raises(EngineError, match=r"^x$"):
        fail()


def test_the_words_of_a_folder_cannot_be_changed() -> None:
    assert replace(RUN_FILES, kind="other").remedy == "run the config again"
    with pytest.raises(AttributeError):
        RUN_FILES.kind = "other"
