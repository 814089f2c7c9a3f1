"""All layouts, and which of them a file is of."""

from __future__ import annotations

from typing import Final

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import DataError
from engine.depot.documents import Document, show_headers
from engine.depot.layouts import (
    comdirect,
    degiro_account,
    degiro_portfolio,
    degiro_transactions,
    dkb,
    ibkr_flex,
    ibkr_statement,
    ibkr_trades,
    plain,
    portfolio_performance_statement,
    portfolio_performance_transactions,
    scalable,
    trade_republic,
    trade_republic_old,
)
from engine.depot.layouts.layout import Layout

LAYOUTS: Final[tuple[Layout, ...]] = (
    plain.LAYOUT,
    ibkr_flex.LAYOUT,
    ibkr_trades.LAYOUT,
    ibkr_statement.LAYOUT,
    comdirect.LAYOUT,
    dkb.LAYOUT,
    degiro_portfolio.LAYOUT,
    degiro_account.LAYOUT,
    degiro_transactions.LAYOUT,
    trade_republic.LAYOUT,
    trade_republic_old.LAYOUT,
    scalable.LAYOUT,
    portfolio_performance_statement.LAYOUT,
    portfolio_performance_transactions.LAYOUT,
)
_VALUES: Final = frozenset({"wert in eur", "marktwert", "kurswert", "value in eur"})
_CODES: Final = frozenset({"isin", "wkn"})
_NAMES: Final = frozenset(
    name
    for layout in LAYOUTS
    if layout.columns
    for names in (*layout.columns.read.values(), layout.columns.known)
    for name in names
)
"""Every name that a column of a layout has."""


def find_layout(document: Document, named: str = "") -> Layout:
    """Return the layout of ``document``: the one the user ``named``, else the only one that recognises it.

    Raises DataError when no layout or more than one does, or no layout has that name.
    """
    if named:
        found = [layout for layout in LAYOUTS if layout.name == named]
        if not found:
            remedy = did_you_mean(named, [layout.name for layout in LAYOUTS])
            raise DataError(f"--layout: found '{named[:60]}', expected the name of a layout; {remedy}")
        return found[0]
    found = [layout for layout in LAYOUTS if layout.recognises(document)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(layout.name for layout in found)
        message = f"found {show_headers(document, _NAMES)}, which the layouts {names} all have"
        raise DataError(f"{document.name}: {message}; say which with --layout NAME")
    raise DataError(_refusal(document))


def _refusal(document: Document) -> str:
    names = {name for header in document.headers for name in header.names}
    if document.is_xml:
        return f"{document.name}: found XML, expected a FlexQueryResponse; export a Flex query or a CSV file"
    if names & _VALUES and names & _CODES:
        message = f"found {show_headers(document, _NAMES)}: the export has values only, expected quantities"
        return f"{document.name}: {message}; export the full Depotübersicht, or give quantities in a plain CSV"
    tables = [(layout.columns.names_found(document), layout) for layout in LAYOUTS if layout.columns]
    count, nearest = max(tables, key=lambda pair: pair[0])
    near = f"the nearest layout is {nearest.name}, which needs {_needs(nearest)}" if count > 1 else "no layout is near"
    remedy = "name one with --layout NAME, or write a table with the columns ticker, isin, quantity"
    return f"{document.name}: found {show_headers(document, _NAMES)}, expected those of one layout; {near}; {remedy}"


def _needs(layout: Layout) -> str:
    columns = layout.columns
    if columns is None:
        return ""
    return ", ".join(" or ".join(columns.read[one][0] for one in word.split("|")) for word in columns.needed)
