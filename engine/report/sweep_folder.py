"""What a sweep left in its folder, checked against its manifest, as the report reads it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from engine.arrays import FloatArray
from engine.errors import DataError, OutputError
from engine.results import SWEEP, kind_in
from engine.sweep.evidence import numbers_of, values_of
from engine.sweep.publish import CONFIG
from engine.sweep.table import NAME as RESULTS

ModelT = TypeVar("ModelT", bound=BaseModel)

Label = str | float
_FIRST: Final = "final_value"
"""The first figure's column: parameters stand before it, after number and id."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Reason(_Part):
    """Why points are no variants."""

    reason: str
    count: int
    example: dict[str, Label]


class Extent(_Part):
    """What was swept."""

    mode: dict[str, Label]
    rank_by: str
    axes: dict[str, int]
    baskets: tuple[str, ...] = ()
    points: int
    drawn_twice: int
    variants: int
    distinct: int
    refused: int
    reasons: tuple[Reason, ...]


class Standing(_Part):
    """Where a portfolio stands."""

    value: float | None
    rank: int | None
    better_than: float | None


class Variant(_Part):
    """A variant of a list."""

    number: int
    id: str
    parameters: dict[str, Label]
    figures: dict[str, float | None]


class Effect(_Part):
    """The variants that share a label."""

    label: Label
    count: int
    mean: float | None
    median: float | None


class Window(_Part):
    """Sessions of the plan itself."""

    start: str
    end: str
    sessions: int


class Data(_Part):
    """Where prices came from."""

    source: str
    closes: str


class SweepSummary(_Part):
    """The content of a sweep's ``summary.json`` as far as the page needs it."""

    name: str
    description: str = ""
    window: Window
    sweep: Extent
    distribution: dict[str, dict[str, float | None]]
    standings: dict[str, dict[str, Standing]]
    best: tuple[Variant, ...]
    worst: tuple[Variant, ...]
    effects: dict[str, tuple[Effect, ...]]
    data: Data
    warnings: tuple[str, ...]


class _Manifest(_Part):
    config_sha256: str
    data_sha256: str
    versions: dict[str, str]
    files: dict[str, str]


@dataclass(frozen=True)
class Column:
    """A parameter: (S,) ``codes`` into its ``labels``, which in a ``basket`` are names with a space between."""

    name: str
    labels: tuple[Label, ...]
    codes: npt.NDArray[np.int32]
    basket: bool = False


@dataclass(frozen=True)
class SweepFolder:
    """A finished sweep."""

    path: Path
    summary: SweepSummary
    manifest: _Manifest
    config_text: str

    @cached_property
    def _table(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path / RESULTS, page_checksum_verification=True)

    def figure(self, name: str) -> FloatArray:
        """Return (S,) a figure, NaN where it does not exist."""
        return self._numbers(name)

    @cached_property
    def parameters(self) -> tuple[Column, ...]:
        """Every parameter, in the order of the columns."""
        names = self._table.schema_arrow.names
        return tuple(self._column(name) for name in names[2 : names.index(_FIRST)])

    def _column(self, name: str) -> Column:
        if pa.types.is_dictionary(self._table.schema_arrow.field(name).type):
            whole = self._read(name)
            labels = tuple(str(label) for label in whole.dictionary.to_pylist())
            codes = values_of(whole.indices, np.dtype("<i4")).astype(np.int32)
            return Column(name, labels, codes, name in self.summary.sweep.baskets)
        values = self._numbers(name)
        numbers = np.unique(values)
        return Column(name, tuple(numbers.tolist()), np.searchsorted(numbers, values).astype(np.int32))

    def _numbers(self, name: str) -> FloatArray:
        try:
            return numbers_of(self._table, name, "<f8").astype(np.float64, copy=False)
        except (pa.ArrowException, OSError, KeyError) as error:
            raise self._damaged(error) from None

    def _read(self, name: str) -> pa.DictionaryArray:
        try:
            return self._table.read(columns=[name]).column(name).unify_dictionaries().combine_chunks()
        except (pa.ArrowException, OSError, KeyError) as error:
            raise self._damaged(error) from None

    def _damaged(self, error: Exception) -> DataError:
        words = " ".join(str(error).split())[:200]
        return DataError(f"{self.path / RESULTS}: damaged: {words}; sweep again to write it anew")


def is_sweep(folder: Path) -> bool:
    """Tell whether ``folder`` holds a sweep rather than a run."""
    return kind_in(folder) == SWEEP


def read_sweep(folder: Path) -> SweepFolder:
    """Read the files of a sweep.

    Raises
    ------
    OutputError
        When a file is missing or cannot be read.
    DataError
        When a file's content is damaged or was changed after the sweep.

    """
    manifest = _model(folder / "manifest.json", _bytes(folder / "manifest.json"), _Manifest)
    signed: dict[str, bytes] = {}
    for name in ("summary.json", CONFIG):
        signed[name] = _bytes(folder / name)
        _verify(folder / name, hashlib.sha256(signed[name]).hexdigest(), manifest.files)
    try:
        with (folder / RESULTS).open("rb") as file:
            _verify(folder / RESULTS, hashlib.file_digest(file, "sha256").hexdigest(), manifest.files)
    except OSError as error:
        raise OutputError(f"{folder / RESULTS}: cannot be read ({error.strerror}); sweep again to write it") from error
    summary = _model(folder / "summary.json", signed["summary.json"], SweepSummary)
    return SweepFolder(folder, summary, manifest, signed[CONFIG].decode("utf-8", "replace"))


def _verify(path: Path, digest: str, files: Mapping[str, str]) -> None:
    if files.get(path.name) != digest:
        raise DataError(
            f"{path}: damaged: it is not the file that manifest.json signs, so it was changed or is of another sweep; "
            "sweep again to write it anew"
        )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); sweep again to write it") from error


def _model(path: Path, content: bytes, kind: type[ModelT]) -> ModelT:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: damaged: {where}: {first['msg']}; sweep again to write it anew") from None
