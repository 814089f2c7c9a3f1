"""``engine.orders``: holdings from a file or from a program, and the orders for them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from engine import composition
from engine.core.errors import DataError, EngineError, shorten
from engine.library.opened_configs import open_config
from engine.library.type_words import type_words

if TYPE_CHECKING:
    import pandas as pd

    from engine.depot.orders.order_flags import OrderFlags
    from engine.library.opened_configs import Config
    from engine.library.order_frames import OrderFrames
    from engine.library.price_tables import Prices

    Holdings = str | PurePath | Mapping[str, float] | pd.Series[float] | pd.DataFrame

_FILE: Final = "holdings.csv"
_EXPECTED: Final = "a path, a mapping or Series of shares by ticker, or a frame with the columns of a table of your own"


def orders(
    config: Config,
    overrides: Sequence[str],
    holdings: Holdings,
    flags: OrderFlags,
    prices: Prices | None,
    out: str | Path | None,
) -> OrderFrames:
    """Return orders as ``engine.orders`` does."""
    from engine.depot.orders.answer_orders import answer_orders
    from engine.library.compilation_warning import warn_of_compilation
    from engine.library.order_frames import OrderFrames

    opened = open_config(config, overrides, prices)
    loaded = composition.select_run(opened.document)
    warn_of_compilation()
    with _holdings_file(holdings) as path, opened.provide_prices("--", path, *flags.files):
        answer = answer_orders(loaded, path, flags)
    if out is not None:
        from engine.report.depot.publication import write_orders

        write_orders(loaded, answer, Path(out))
    return OrderFrames.from_answer(loaded, answer)


@contextmanager
def _holdings_file(holdings: object) -> Iterator[Path]:
    """Yield the file that holdings are in; those of a program are in one of its own while they are read."""
    if isinstance(holdings, str | PurePath):
        yield Path(holdings)
        return
    from engine.core.scratch import scratch_folder

    content = _table(holdings)
    with scratch_folder() as folder:
        path = folder / _FILE
        path.write_text(content, encoding="utf-8")
        path.chmod(0o600)
        try:
            yield path
        except EngineError as error:
            error.args = tuple(str(line).replace(str(path), "holdings") for line in error.args)
            raise


def _table(holdings: object) -> str:
    """Return holdings as a table of one's own has them."""
    text = io.StringIO()
    to_dict, columns = getattr(holdings, "to_dict", None), getattr(holdings, "columns", None)
    if columns is not None and callable(to_dict) and hasattr(holdings, "to_csv"):
        holdings.to_csv(text, index="ticker" not in columns and "isin" not in columns, index_label="ticker")
        return text.getvalue()
    shares = holdings if isinstance(holdings, Mapping) else to_dict() if callable(to_dict) else None
    if not isinstance(shares, Mapping):
        raise DataError(f"holdings: found {type_words(holdings)}, expected {_EXPECTED}; convert it")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["ticker", "quantity"])
    writer.writerows([str(ticker), _number(str(ticker), count)] for ticker, count in shares.items())
    return text.getvalue()


def _number(ticker: str, count: object) -> str:
    try:
        number = float(count)  # type: ignore[arg-type]  # what is no number is refused
    except (TypeError, ValueError, OverflowError):
        raise DataError(
            f"holdings: {ticker}: found {shorten(repr(count), 40)}, expected a number of shares; correct it"
        ) from None
    return f"{number:.17g}" if number % 1 else f"{number:.0f}"
