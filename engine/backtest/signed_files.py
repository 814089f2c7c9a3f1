"""Reading the files of a run or a sweep, each checked against its SHA-256 in ``manifest.json`` and its schema."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from engine.core.errors import DataError, OutputError

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class SignedFiles:
    """The files of one ``kind`` of folder; ``remedy`` is what a user does to have them written again."""

    kind: str
    remedy: str

    def damage_error(self, path: Path, why: str) -> DataError:
        """Return the fault of a file that is not as it was written."""
        return DataError(f"{path}: damaged: {why}; {self.remedy} to write it anew")

    def read_bytes(self, path: Path) -> bytes:
        """Return a file's content; raises OutputError when it is not there or cannot be read."""
        self.require_file(path)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise OutputError(f"{path}: is missing; {self.remedy} to write it") from None
        except OSError as error:
            raise OutputError(f"{path}: cannot be read ({error.strerror}); mend that or {self.remedy}") from error

    def require_file(self, path: Path) -> None:
        """Raise OutputError where something else than a file is in its place: a pipe has no end."""
        if path.exists() and not path.is_file():
            raise OutputError(f"{path}: is no file; {self.remedy} to write it")

    def read_signed(self, path: Path, files: Mapping[str, str]) -> bytes:
        """Return a file's content if its SHA-256 is that of ``files``, by name: it is neither changed nor another's."""
        content = self.read_bytes(path)
        self.verify_digest(path, hashlib.sha256(content).hexdigest(), files)
        return content

    def verify_digest(self, path: Path, digest: str, files: Mapping[str, str]) -> None:
        """Raise DataError when a file's SHA-256 is not the one that ``files`` has of its name."""
        if files.get(path.name) != digest:
            why = "it is not the file that manifest.json signs, so it was changed or is of another"
            raise self.damage_error(path, f"{why} {self.kind}")

    def read_record(self, path: Path, record: type[ModelT], files: Mapping[str, str] | None = None) -> ModelT:
        """Return the content of a JSON file as a ``record``; raises DataError when it is not one."""
        content = self.read_bytes(path) if files is None else self.read_signed(path, files)
        try:
            return record.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise self.damage_error(path, f"{where}: {first['msg']}" if where else str(first["msg"])) from None


RUN_FILES: Final = SignedFiles("run", "run the config again")
SWEEP_FILES: Final = SignedFiles("sweep", "sweep again")
