"""Reading the files of a run or a sweep, each checked against its SHA-256 in ``manifest.json`` and its schema."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from engine.backtest.manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, REPORT_FILE, Manifest, is_manifest_sealed
from engine.core.errors import DataError, EngineError, OutputError, shorten
from engine.core.json_files import json_depth
from engine.core.regular_files import read_regular, regular_sha256
from engine.core.yaml_tree import MAX_DEPTH

MAX_FILE_BYTES: Final = 1 << 30
"""Of a file that is read whole: orders of 500 names on each of 10,000 days take half of it."""
MAX_TABLE_BYTES: Final = 1 << 32
"""Of a sweep's table, which is read by columns: some thirty million variants."""

ModelT = TypeVar("ModelT", bound=BaseModel)
ManifestT = TypeVar("ManifestT", bound=Manifest)


@dataclass(frozen=True)
class SignedFiles:
    """The files of one ``kind`` of folder; ``remedy`` is what a user does to have them written again."""

    kind: str
    remedy: str

    def damage_error(self, path: Path, why: str) -> DataError:
        """Return the fault of a file that is not as it was written."""
        return DataError(f"{path}: damaged: {why}; {self.remedy} to write it anew")

    def read_bytes(self, path: Path, most: int = MAX_FILE_BYTES) -> bytes:
        """Return a file's content; raises OutputError when it is not there or cannot be read."""
        with self.located(path):
            return read_regular(path, most)

    def sha256(self, path: Path) -> str:
        """Return the SHA-256 of a table; raises as ``read_bytes`` does."""
        with self.located(path):
            return regular_sha256(path, MAX_TABLE_BYTES)

    @contextmanager
    def located(self, path: Path) -> Iterator[None]:
        """Name the file that cannot be read, and the way out."""
        try:
            yield
        except FileNotFoundError:
            raise OutputError(f"{path}: is missing; {self.remedy} to write it") from None
        except OSError as error:
            raise OutputError(f"{path}: cannot be read: {error.strerror}; mend that or {self.remedy}") from error

    def parse_record(self, path: Path, content: bytes, record: type[ModelT]) -> ModelT:
        """Return the content of a JSON file as a ``record``; raises DataError when it is not one."""
        if json_depth(content) > MAX_DEPTH:
            raise self.damage_error(path, f"more than {MAX_DEPTH} levels deep")
        try:
            return record.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self.damage_error(path, f"{where}: {first['msg']}" if where else str(first["msg"])) from None


RUN_FILES: Final = SignedFiles("run", "run the config again")
SWEEP_FILES: Final = SignedFiles("sweep", "sweep again")


class SignedFolder(Generic[ManifestT]):
    """A folder with its manifest; what is wrong with its files is gathered, to be told together.

    Only files that are asked for by name are read, whatever else the manifest lists. One that is not as it was written
    cannot tell of the others whether they are; what is in them is checked all the same.
    """

    def __init__(self, path: Path, files: SignedFiles, record: type[ManifestT]) -> None:
        """Read the manifest; raises EngineError when there is none, or it is no ``record``."""
        self.path, self.files = path, files
        self.faults: list[EngineError] = []
        place = path / MANIFEST_FILE
        content = files.read_bytes(place, MAX_MANIFEST_BYTES)
        self.is_sealed = is_manifest_sealed(content)
        if not self.is_sealed:
            why = "it does not match the SHA-256 at its end, so it was changed or is of an earlier version"
            self.faults.append(files.damage_error(place, why))
        try:
            self.manifest = files.parse_record(place, content, record)
        except EngineError as error:
            raise (self.faults or [error])[0] from None

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Keep a fault until ``raise_faults``."""
        try:
            yield
        except EngineError as error:
            self.faults.append(error)

    def raise_faults(self) -> None:
        """Raise all that was gathered, and of a page that was changed, too: one line for each file."""
        if not self.faults:
            return
        signs_page = self.is_sealed and REPORT_FILE in self.manifest.files
        page = page_fault(self.path, self.manifest) if signs_page else None
        faults = [*self.faults, page] if page else self.faults
        raise faults[0] if len(faults) == 1 else DataError(*(line for error in faults for line in error.args))

    def read(self, name: str) -> bytes:
        """Return a file's content if it is the one that the manifest signs: neither changed nor another's."""
        content = self.files.read_bytes(self.path / name)
        self._verify(name, hashlib.sha256(content).hexdigest())
        return content

    def verify_table(self, name: str) -> None:
        """Raise EngineError when a table, which is not read as a whole, is not the one that the manifest signs."""
        self._verify(name, self.files.sha256(self.path / name))

    def read_record(self, name: str, record: type[ModelT]) -> ModelT:
        """Return the content of a signed JSON file as a ``record``."""
        return self.files.parse_record(self.path / name, self.read(name), record)

    def _verify(self, name: str, digest: str) -> None:
        if self.is_sealed and self.manifest.files.get(name) != digest:
            why = "it is not the file that manifest.json signs, so it was changed or is of another"
            raise self.files.damage_error(self.path / name, f"{why} {self.files.kind}")


@contextmanager
def fit_together(folder: Path) -> Iterator[None]:
    """Tell of sound files that contradict each other: who signs one again that was changed may write anything into it.

    While a run or sweep is made nothing of this is caught: what fails then is a bug.
    """
    try:
        with warnings.catch_warnings(action="ignore", category=RuntimeWarning):  # numpy's, of numbers that are none
            yield
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise DataError(f"{folder}: its files do not fit together ({shorten(why, 200)}); make them anew") from error


def page_fault(folder: Path, manifest: Manifest) -> EngineError | None:
    """Return what is wrong with ``report.html``, which can be built anew from the others: None when it is as written.

    A page that was changed is a DataError, one that cannot be read an OutputError.
    """
    path, remedy = folder / REPORT_FILE, f"`engine report {folder}` makes it anew"
    try:
        digest = regular_sha256(path, MAX_FILE_BYTES)
    except FileNotFoundError:
        return OutputError(f"{path}: is missing; {remedy}")
    except OSError as error:
        return OutputError(f"{path}: cannot be read: {error.strerror}; move it away, then {remedy}")
    if manifest.files.get(REPORT_FILE) == digest:
        return None
    return DataError(f"{path}: damaged: it is not the page that manifest.json signs, so it was changed; {remedy}")
