"""Which column holds the closes, and whether splits and dividends are in them; two that may be meant are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from engine.core.errors import DataError
from engine.data.price_files.price_columns import CloseKind, FieldColumns
from engine.data.price_files.roles import Role, column_currency, fold_name

_STOOQ_POLISH: Final = frozenset({"data", "otwarcie", "najwyzszy", "najnizszy", "zamkniecie"})
_STOOQ_BULK: Final = frozenset({"ticker", "per", "date", "time", "close", "openint"})
_YFINANCE: Final = frozenset({"open", "high", "low", "close", "dividends", "stock splits"})
_YFINANCE_PRICE: Final = frozenset({"price", "close", "high", "low", "open", "volume", "ticker"})
_INVESTING: Final = frozenset({"date", "price", "open", "high", "low", "vol", "change %"})
_ADJUSTING: Final = re.compile(r"adj(?!\w*flag)", re.IGNORECASE)
_TURNOVER: Final = frozenset({"value", "wert"})
"""What the money that changed hands may be called beside open, high, low and close."""
_HOLDS_CLOSES: Final[tuple[Role, ...]] = ("close", "adjusted", "unadjusted", "doubtful", "variant")
_MEANINGS: Final[Mapping[Role, str]] = {
    "adjusted": "adjusted close",
    "close": "close",
    "unadjusted": "close as traded",
}


@dataclass(frozen=True)
class NamedColumn:
    """A column, what its header calls it, and what that means."""

    at: int
    name: str
    role: Role
    said: bool = False
    """Whether the owner says so."""
    above: str = ""
    """The name in the other row of a header of two."""


def choose_close_columns(
    where: str, columns: Sequence[NamedColumn], header: frozenset[str]
) -> tuple[FieldColumns, tuple[str, ...]]:
    """Return the columns of one ticker and what a reader should know about its closes.

    Parameters
    ----------
    where : file, and line of the header
    columns : those that belong to the ticker
    header : the folded names of the whole header, which tell the vendor

    Raises
    ------
    DataError
        When several columns may be the one that is meant.

    """
    columns, remarks = _yfinance_price(columns, header)
    columns = _without_turnover(where, columns)
    of = {role: [column for column in columns if column.role == role] for role in _HOLDS_CLOSES}
    _refuse_several(where, of)
    chosen: dict[CloseKind, NamedColumn] = {"adjusted": of["adjusted"][0]} if of["adjusted"] else {}
    events = {role: [column.at for column in columns if column.role == role] for role in ("dividend", "gains", "split")}
    raw, notes = _choose_raw(where, of, has_splits=bool(events["split"]))
    if raw and chosen:
        chosen["raw"] = raw
    elif raw:
        kind, rule = _kind_of_sole_close(where, raw, columns, header)
        chosen[kind] = raw
        notes = (*notes, *rule)
    currency = [column.at for column in columns if column.role == "currency"]
    stated = {column_currency(column.name) for column in chosen.values()} - {""}
    fields = FieldColumns(
        {kind: column.at for kind, column in chosen.items()},
        (*events["dividend"], *events["gains"]),
        _only(where, events["split"], "split"),
        _only(where, currency, "currency"),
        stated.pop() if len(stated) == 1 and not currency else "",
    )
    return fields, (*remarks, *notes)


def _without_turnover(where: str, columns: Sequence[NamedColumn]) -> Sequence[NamedColumn]:
    """Leave out what is called value beside other fields of a day, where another column has the closes."""
    turnover = [one for one in columns if one.role == "close" and fold_name(one.name) in _TURNOVER and not one.said]
    beside = [one for one in columns if one.role in {"range", ""} or fold_name(one.name) in {"volume", "vol"}]
    if not turnover or not any(one.name for one in beside):
        return columns
    if not any(one.role in {"close", "adjusted"} and one not in turnover for one in columns):
        _refuse(where, turnover, "which may be the money that changed hands")
    return [replace(one, role="other") if one in turnover else one for one in columns]


def _yfinance_price(
    columns: Sequence[NamedColumn], header: frozenset[str]
) -> tuple[Sequence[NamedColumn], tuple[str, ...]]:
    """Read Price as the adjusted close in yfinance's header of two rows, where it stands in the place of Adj Close."""
    prices = {column.at for column in columns if "price" in {fold_name(column.name), fold_name(column.above)}}
    if not prices or not header >= _YFINANCE_PRICE:
        return columns, ()
    found = [replace(one, role="adjusted") if one.at in prices and not one.said else one for one in columns]
    return found, ("the column Price beside Close is taken as the adjusted close",)


def _refuse_several(where: str, of: Mapping[Role, Sequence[NamedColumn]]) -> None:
    """Raise DataError where several columns may be the close that is meant, and their owner settles none."""
    if of["doubtful"] and not any(column.said for role in ("close", "adjusted") for column in of[role]):
        _refuse(where, [*of["doubtful"], *of["close"], *of["adjusted"]], "something adjusted that may be the close")
    if of["variant"] and of["close"] and not of["adjusted"] and not of["close"][0].said:
        _refuse(where, [*of["close"], *of["variant"]], "columns that may be the close")
    for role, meaning in _MEANINGS.items():
        if len(of[role]) > 1:
            _refuse(where, of[role], f"{len(of[role])} columns that may be the {meaning}")


def _refuse(where: str, columns: Sequence[NamedColumn], what: str) -> NoReturn:
    """Raise DataError that names columns and the key for each; by number where two have the same name."""
    names = [column.name for column in columns]
    unique = [names.count(name) == 1 for name in names]
    numbered = [(name, f"#{column.at + 1}", one) for name, column, one in zip(names, columns, unique, strict=True)]
    listed = " and ".join(name if one else f"{name} ({number})" for name, number, one in numbered)
    key = "adjusted" if columns[0].role in {"adjusted", "doubtful"} else "close"
    ways = " or ".join(f'`columns: {{{key}: "{name if one else number}"}}`' for name, number, one in numbered)
    raise DataError(f"{where}: found {listed}, {what}, expected one; write {ways} in data.source")


def _only(where: str, columns: Sequence[int], name: str) -> int | None:
    """Return the only column of that name, None for none; raises DataError where there are several."""
    if len(columns) > 1:
        shown = " or ".join(f'`columns: {{{name}: "#{at + 1}"}}`' for at in columns)
        raise DataError(f"{where}: found {len(columns)} columns of {name}, expected one; write {shown} in data.source")
    return columns[0] if columns else None


def _choose_raw(
    where: str, of: Mapping[Role, Sequence[NamedColumn]], *, has_splits: bool
) -> tuple[NamedColumn | None, tuple[str, ...]]:
    """Return the closes that are not adjusted: as traded where the splits are stated, else without their jumps."""
    closes, traded = of["close"], of["unadjusted"]
    if not closes or not traded:
        return next(iter([*closes, *traded]), None), ()
    if not of["adjusted"]:
        _refuse(where, [*closes, *traded], "2 columns that may be the close")
    taken, left = (traded[0], closes[0]) if has_splits else (closes[0], traded[0])
    return taken, (f"of the closes that are not adjusted for dividends {taken.name} is taken, {left.name} left aside",)


def _kind_of_sole_close(
    where: str, close: NamedColumn, columns: Sequence[NamedColumn], header: frozenset[str]
) -> tuple[CloseKind, tuple[str, ...]]:
    """Return what the only column of closes holds, as far as the header or its vendor's rule says."""
    roles = {column.role for column in columns}
    if close.role == "unadjusted":
        return "raw", ()
    if header >= _STOOQ_POLISH or header >= _STOOQ_BULK:
        return "adjusted", ("stooq adjusts its closes for splits and dividends",)
    if {"dividends", "stock splits"} <= header and not close.said:
        if not header >= _YFINANCE:
            name = close.name
            raise DataError(
                f"{where}: found {name} beside Dividends and Stock Splits, where yfinance writes adjusted closes and "
                f"others closes as traded; write `columns: {{adjusted: {name}}}` or `columns: {{close: {name}}}` in "
                "data.source"
            )
        return "adjusted", (f"{close.name} beside Dividends is yfinance's adjusted close",)
    if header >= _INVESTING and fold_name(close.name) == "price":
        return "raw", ("investing.com prices hold no dividends",)
    others = [column.name for column in columns if column.role == "other" and _ADJUSTING.search(column.name)]
    if others and not close.said:
        return "raw", (f"closes as traded: {others[0]} beside them says that they are not adjusted",)
    if roles & {"dividend", "split"}:
        return "raw", ("closes as traded, with dividends or splits beside them",)
    return "unsaid", ()
