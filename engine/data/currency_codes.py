"""What a currency is called: ISO 4217, and the hundredths in which some exchanges quote (S17)."""

from __future__ import annotations

import re
from typing import Annotated, Final, NamedTuple, TypeAlias

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from engine.core.errors import DataError
from engine.core.fields import quote_value


class QuotedUnit(NamedTuple):
    """The unit of a close: ``parts`` of it make one of ``currency``; 100 for pence, 1 for pounds."""

    currency: str
    parts: int


class StatedUnit(NamedTuple):
    """What a config says of the unit of closes, ``""`` for nothing, by which ``key``; ``scaled``: by another key."""

    text: str
    key: str
    scaled: bool = False


_PARTS: Final = {
    **dict.fromkeys(("GBX", "GBp", "GBx", "PENCE"), QuotedUnit("GBP", 100)),
    **dict.fromkeys(("ZAc", "ZAC", "ZAX"), QuotedUnit("ZAR", 100)),
    **dict.fromkeys(("ILA", "ILa", "ILX"), QuotedUnit("ILS", 100)),
    **dict.fromkeys(("USX", "USc"), QuotedUnit("USD", 100)),
    "KWF": QuotedUnit("KWD", 1000),
}
"""Pence, South African cents, agorot, US cents and fils, as exchanges and vendors write them; the case matters."""
_WORDS: Final = {
    "$": "USD",
    "US$": "USD",
    "US-DOLLAR": "USD",
    "US DOLLAR": "USD",
    "€": "EUR",
    "EURO": "EUR",
    "£": "GBP",
}
FAMILIAR_CURRENCIES: Final = frozenset(
    {
        "USD",
        "EUR",
        "GBP",
        "CHF",
        "JPY",
        "CAD",
        "AUD",
        "NZD",
        "SEK",
        "NOK",
        "DKK",
        "PLN",
        "CZK",
        "HUF",
        "HKD",
        "SGD",
        "CNY",
        "INR",
        "KRW",
        "ZAR",
        "ILS",
        "TRY",
        "BRL",
        "MXN",
        "GBX",
        "GBp",
        "ZAc",
    }
)
"""Codes that are currencies wherever they stand, and not three other letters."""
_ISO_CODE: Final = re.compile("[A-Z]{3}|[a-z]{3}")
_AMBIGUOUS: Final = frozenset({"gbp", "zac", "ila", "gbx"})
"""All small letters do not say whether pounds or pence are meant."""


def parse_currency(text: str) -> QuotedUnit | None:
    """Return the unit that a source or a config names, None where the text is no currency.

    >>> parse_currency("GBp"), parse_currency("EUR")
    (QuotedUnit(currency='GBP', parts=100), QuotedUnit(currency='EUR', parts=1))
    """
    text = text.strip()
    if text in _PARTS:
        return _PARTS[text]
    if text.upper() in _WORDS:
        return QuotedUnit(_WORDS[text.upper()], 1)
    return QuotedUnit(text.upper(), 1) if _ISO_CODE.fullmatch(text) and text not in _AMBIGUOUS else None


def settle_unit(ticker: str, said: str, stated: StatedUnit) -> QuotedUnit | None:
    """Return the unit of a ticker's closes, of which a source has ``said`` one (or ``""``); None where nothing says.

    A key fills in what a source leaves out; where both speak they agree, for no key relabels a price. Pence of a
    source stay pence where the key names pounds.

    Raises DataError when they differ, when what the source says is no currency and no key names one, or when parts of a
    currency are scaled by a key too.
    """
    known, wanted = parse_currency(said), parse_currency(stated.text)
    if stated.scaled and (unit := known or wanted) and unit.parts != 1:
        message = f"found closes in {said or stated.text} and data.source.scale, which would divide them twice"
        raise DataError(f"{ticker}: {message}; remove scale, {unit.parts} parts are one {unit.currency} anyway")
    if known is None:
        if said and wanted is None:
            message = f"found closes in '{said}', which is no currency; say which it is"
            raise DataError(f"{ticker}: {message}: data.currencies: {{{ticker}: USD}}, or GBX for pence")
        return wanted
    if wanted is None or known == wanted or (known.currency == wanted.currency and wanted.parts == 1):
        return known
    message = f"found closes in {said}, {stated.key} says {stated.text}, and no key turns one into the other"
    raise DataError(f"{ticker}: {message}; remove {stated.key}: they are converted into account.currency by themselves")


def _check_currency(value: object) -> str:
    if isinstance(value, str) and parse_currency(value):
        return value
    message = "{found} is not a currency; write its three capital letters as USD, or the pence of London as GBX"
    raise PydanticCustomError("currency", message, {"found": quote_value(value)})


QuotedCurrency: TypeAlias = Annotated[str, BeforeValidator(_check_currency)]
"""A currency, or the part of one in which closes are quoted, as USD or GBX."""
