"""DEGIRO, account: every booking has its words in the customer's language; of what they say only the kind is kept."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Final

from engine.depot.cells import DASHED, EITHER, CellError, parse_number, to_currency
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.layouts.layout import table_layout
from engine.depot.records import Codes, Statement, Transaction, TransactionKind
from engine.depot.table import Columns, Row, open_table

_COLUMNS: Final = Columns(
    read={
        "date": ("datum", "date", "fecha", "data"),
        "value date": ("valutadatum", "valuta", "value date", "date de valeur", "fecha valor"),
        "name": ("product", "produkt", "produit", "producto", "prodotto", "produto"),
        "isin": ("isin",),
        "words": ("omschrijving", "beschreibung", "description", "descripción", "descrizione", "descrição"),
        "rate": ("fx", "tipo"),
        "money": ("mutatie", "änderung", "change", "mouvements", "variación", "variazioni", "mudança"),
    },
    needed=("date", "value date", "words", "money"),
    known=frozenset(
        {"tijd", "uhrzeit", "time", "hora", "heure", "ora", "saldo", "balance", "solde", "order id", "order-id"}
    ),
    numbers=EITHER,
    days=DASHED,
)
_TRADE: Final = re.compile(
    r"(?P<before>[^:]*: ?)?(?P<verb>\w+) (?P<shares>[0-9.,]+(?: [0-9]{3})*(?:[.,][0-9]+)?)(?: [^@]*)?@ ?"
    r"(?P<price>[0-9][0-9.,]*) (?P<unit>[A-Z]{3})\b.*",
    re.IGNORECASE,
)
_BOUGHT: Final = frozenset({"koop", "kauf", "buy", "compra", "achat", "acquisto"})
_SOLD: Final = frozenset({"verkoop", "verkauf", "sell", "venta", "vente", "vendita", "venda"})
_SKIPPED: Final = (
    "cash sweep|reservation|processed flatex|overboeking|überweisung|transfer from your cash|transfer to your cash"
)
_EXCHANGE: Final = "valuta |fx credit|fx debit|de divisa|währungswechsel|opération de change|cambio valuta"
_KINDS: Final[tuple[tuple[str, TransactionKind], ...]] = (
    ("dividendbelasting|dividendensteuer|dividend tax|sur dividende|sobre dividendo|del dividendo|withholding", "tax"),
    ("kosten|gebühr|fee|frais|comiss|costes|costi|custo", "fee"),
    ("dividend", "dividend"),
    ("terugstorting|auszahlung|withdrawal|retirada|retrait|prelievo|levantamento", "withdrawal"),
    ("interest|rente|zins|intérêt|interés|variation fonds|courtesy|geldmarktfonds", "interest"),
    ("deposit|einzahlung|storting|ingreso|dépôt|depósito|versement", "deposit"),
)
_ZERO: Final = Decimal(0)


def _read(document: Document, faults: Faults) -> Statement:
    table = open_table(document, _COLUMNS, faults)
    statement = Statement(notes=table.notes)
    exchanged = 0
    for row in table.rows():
        if not row.text("date") and not row.text("money") and not row.right_of("money"):
            continue  # the rest of the row above, which was too long
        if re.search(_EXCHANGE, row.word("words")):
            exchanged += 1
        elif not row.text("date"):
            row.fault("found no day", "export the account once more")
        elif (day := row.day("date")) is not None and (booking := _read_row(row, day)):
            statement.transactions.append(booking)
    if exchanged:
        statement.notes.append(f"exchanges of currency that are not read: {exchanged}")
    return statement


def _read_row(row: Row, day: dt.date) -> Transaction | None:
    words = " ".join(row.text("words")[:300].split())  # narrow spaces between thousands too
    trade = _TRADE.fullmatch(words)
    if trade and trade["verb"].lower() in _BOUGHT | _SOLD and "cash fund" not in row.word("name"):
        return _read_trade(row, day, trade)
    beside = row.right_of("money")
    money = row.parse("money", lambda _: parse_number(beside, EITHER))
    folded = row.word("words")
    if not money or re.search(_SKIPPED, folded) or (trade and "cash fund" in row.word("name")):
        return None
    kind = next((kind for pattern, kind in _KINDS if re.search(pattern, folded)), None)
    if kind is None:
        row.fault("found a booking of a kind that is not known", "leave it out of a copy of the file")
        return None
    codes = row.codes(isin="isin") if kind in {"dividend", "tax"} else Codes()
    currency, rate = row.currency("money"), row.number("rate")
    return Transaction(day, kind, codes, _ZERO, None, money, _ZERO, _ZERO, currency, rate, "", row.line)


def _read_trade(row: Row, day: dt.date, trade: re.Match[str]) -> Transaction | None:
    """Return a purchase or a sale; one with words before it is an event of the company, and no trade."""
    beside = row.right_of("money")
    money = row.parse("money", lambda _: parse_number(beside, EITHER)) or _ZERO
    codes, currency = row.codes(isin="isin"), row.currency("money")
    bought = trade["verb"].lower() in _BOUGHT
    try:
        price = parse_number(trade["price"], EITHER) or _ZERO
        unit, price_in_currency = to_currency(trade["unit"], price)
        shares = _shares(trade["shares"], price_in_currency or _ZERO, money if unit == currency else _ZERO)
    except CellError as error:
        row.fault(f"found a trade whose numbers do not fit each other, expected {error}", "correct it in a copy")
        return None
    if not codes.key or not shares:
        row.fault("found a trade without shares or without an ISIN, expected both", "export the account once more")
        return None
    kind: TransactionKind = "buy" if bought else "sell"
    if trade["before"]:
        kind = "transfer_in" if bought else "transfer_out"
    quantity = shares if bought else -shares
    rate, name = row.number("rate"), row.name("name")
    return Transaction(
        day, kind, codes, quantity, price_in_currency, money, _ZERO, _ZERO, currency, rate, "", row.line, name
    )


def _shares(text: str, price: Decimal, money: Decimal) -> Decimal:
    """Return the number of shares: a separator before three digits may part thousands, which the money tells."""
    numbers = set()
    for one in (text.replace(" ", ""), text.split(" ", maxsplit=1)[0]):  # what follows may start the name
        for plain in (one, re.sub(r"[.,](?=[0-9]{3}(?![0-9]))", "", one)):
            if re.fullmatch(r"[0-9]{1,15}([.,][0-9]{1,12})?", plain):
                numbers.add(Decimal(plain.replace(",", ".")))
    if money and price:
        fitting = {one for one in numbers if abs(one * price - abs(money)) <= abs(money) / 50 + Decimal("0.01")}
        numbers = fitting or (numbers if len(numbers) == 1 else set())
    if len(numbers) != 1:
        raise CellError("one number of shares")
    return numbers.pop()


LAYOUT: Final = table_layout("degiro-account", "DEGIRO, account", _COLUMNS, transactions=_read)
