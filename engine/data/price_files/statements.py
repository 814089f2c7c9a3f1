"""Broker statements: lists of transactions or holdings, which hold prices but no series of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.data.price_files.roles import fold_name

_WORDS: Final = {
    "identity": "isin|wkn",
    "amount": "quantity|qty|no of shares|number of shares|shares|anzahl|stuck|stucke|stuckzahl|stuck nominale|bestand|"
    "aantal",
    "deal": "buy sell|transaction type|transactietype|action|order id|order type|kauf verkauf|depotnummer",
    "charge": "fee|fees|tax|withholding tax|kosten|gebuhr|gebuhren|provision|belasting|steuer|einstiegskurs|kaufkurs",
    "value": "marktwert|market value|wert|kurswert|cash flow|amount",
}
_CLASSES: Final = {word: name for name, words in _WORDS.items() for word in words.split("|")}
_FIRST_ROWS: Final = 12
"""Rows among which the header of a statement is looked for."""


def statement_header(rows: Sequence[list[str]]) -> tuple[str, ...]:
    """Return the columns that only a broker's statement has together, none where no row names two kinds of them.

    >>> statement_header([["Datum", "ISIN", "Anzahl", "Kurs"]])
    ('ISIN', 'Anzahl')
    """
    for row in (rows[at] for at in range(min(_FIRST_ROWS, len(rows)))):
        found = {name: _CLASSES[fold_name(name)] for name in row if fold_name(name) in _CLASSES}
        if len(set(found.values())) > 1:
            return tuple(found)
    return ()
