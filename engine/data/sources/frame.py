"""Prices that a program holds: a frame in memory, read as a Parquet file of the same columns is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, Literal

from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.currency_codes import QuotedCurrency
from engine.data.market import Provenance
from engine.data.price_files.close_kinds import WantedCloses, choose_closes
from engine.data.price_files.grid import ReadingKeys
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series
from engine.data.sources.files import series_of_table

if TYPE_CHECKING:
    import pyarrow as pa

PLACE: Final = "prices"
"""What messages call a frame, as the argument of the function that takes it."""

_PROVIDED: ContextVar[tuple[str, pa.Table] | None] = ContextVar("frame", default=None)


def table_sha256(table: pa.Table) -> str:
    """Return the SHA-256 of what a table's columns are called and hold."""
    import pyarrow as pa  # noqa: PLC0415  (a config is checked without it)

    sink, bare = pa.BufferOutputStream(), table.replace_schema_metadata(None).combine_chunks()
    with pa.ipc.new_stream(sink, bare.schema) as stream:
        stream.write_table(bare)
    return hashlib.sha256(sink.getvalue()).hexdigest()


@contextmanager
def provide_frame(table: pa.Table, sha256: str) -> Iterator[None]:
    """Have a table read, within this block and thread, by the source that names its SHA-256."""
    token = _PROVIDED.set((sha256, table))
    try:
        yield
    finally:
        _PROVIDED.reset(token)


class Frame(ReadingKeys):
    """A frame that a program handed to ``engine.run`` and the like; a config names it by what it holds.

    It was in that program's memory and is in no file: only the program can have the run again.
    """

    kind: Literal["frame"] = "frame"
    sha256: str
    """SHA-256 of its columns."""
    closes: WantedCloses = "auto"
    """Which closes are taken where there are several, as of files."""
    currency: QuotedCurrency | None = None
    """In which closes are quoted where the columns do not say."""

    def load(self, request: PriceRequest) -> Closes:
        """Return the closes of the requested tickers; raises DataError where the frame is not provided, or unusable."""
        import pyarrow as pa  # noqa: PLC0415

        from engine.data.price_files.arrow_prices import TableInMemory, parse_arrow_prices  # noqa: PLC0415

        provided = _PROVIDED.get()
        if provided is None or provided[0] != self.sha256:
            found = f"the prices were a frame in a program's memory ({self.sha256[:12]}), which is in no file"
            raise DataError(f"data.source: {found}; hand it to engine.run again, or write it to a file and name that")
        tickers = tuple(dict.fromkeys(request.tickers))
        try:
            table = parse_arrow_prices(PLACE, TableInMemory(provided[1]), tickers, self)
        except pa.ArrowException as error:
            said = str(error).partition("\n")[0]
            raise DataError(f"{PLACE}: found columns that cannot be read ({said}); convert them") from error
        series, notes = series_of_table(PLACE, table, tickers, (), "name each column after its ticker")
        chosen = choose_closes(series, self.closes)
        provenance = Provenance("frame", chosen.kind, notes=(*notes, *chosen.notes), contained=chosen.contained)
        return combine_series(chosen.series, request, provenance)
