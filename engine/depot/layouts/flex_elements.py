"""Interactive Brokers, Flex query: the elements that are read, by account."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from engine.core.security_codes import find_code_fault, tidy_code
from engine.depot.cells import COMPACT, PLAIN, parse_day, parse_number, to_currency
from engine.depot.documents import Document
from engine.depot.faults import Faults
from engine.depot.markup import Element, read_elements
from engine.depot.records import Codes

_WANTED: Final = {
    tag: frozenset(names.split())
    for tag, names in {
        "FlexQueryResponse": "",
        "FlexStatement": "accountId toDate",
        "AccountInformation": "currency",
        "OpenPositions": "",
        "OpenPosition": "currency assetCategory symbol isin conid reportDate position quantity multiplier markPrice "
        "costBasisPrice levelOfDetail openDateTime description",
        "CashReportCurrency": "currency endingCash endingSettledCash",
        "Trade": "tradeDate dateTime isin symbol conid quantity tradePrice proceeds taxes ibCommission "
        "ibCommissionCurrency currency fxRateToBase assetCategory levelOfDetail multiplier",
        "Trades": "",
        "CashTransactions": "",
        "CashTransaction": "type amount dateTime reportDate settleDate isin symbol conid currency fxRateToBase "
        "levelOfDetail",
    }.items()
}
_ROOT: Final = re.compile(r"<FlexQueryResponse[\s>/]")
SHARES: Final = frozenset({"STK", "FUND"})
CONTRACTS: Final = frozenset({"OPT", "FOP", "FSFOP", "FUT", "BOND", "BILL", "WAR", "IOPT", "CFD"})
"""Asset categories whose holdings no plan of shares and funds can stand beside."""


def is_flex(document: Document) -> bool:
    """Tell whether ``document`` is what a Flex query returns."""
    return document.is_xml and _ROOT.search(document.text[:4000]) is not None


def read_statements(document: Document, faults: Faults) -> Iterator[tuple[str, list[Element]]]:
    """Yield what each statement tells its account apart by, and its elements, itself being the first."""
    elements = read_elements(document, _WANTED, faults)
    starts = [at for at, element in enumerate(elements) if element.tag == "FlexStatement"]
    for count, (start, end) in enumerate(zip(starts, [*starts[1:], len(elements)], strict=False), 1):
        yield elements[start].get("accountId") or f"statement {count}", elements[start:end]


def number_of(element: Element, *names: str) -> Decimal | None:
    """Return the number of the first of the attributes that is there."""
    return element.parse(lambda text: parse_number(text, PLAIN), *names)


def day_of(element: Element, *names: str) -> dt.date | None:
    """Return the day of the first of the attributes that is there."""
    return element.parse(lambda text: parse_day(text, COMPACT), *names)


def codes_of(element: Element) -> Codes:
    """Return the codes of an element; an ISIN whose check digit is wrong is a fault."""
    isin, symbol, conid = (tidy_code(element.get(name)) for name in ("isin", "symbol", "conid"))
    if isin and (wrong := find_code_fault(isin)):
        element.fault(wrong, "compare it with the broker's page")
    return Codes(isin, "", symbol, conid)


def currency_of(element: Element, name: str = "currency") -> str:
    """Return the code of an element's currency; pence stay pence."""
    code = element.get(name)

    def check(text: str) -> str | None:
        return to_currency(text, None)[0] if text else None

    return code if element.parse(check, name) else ""


def is_exchange(element: Element) -> bool:
    """Tell whether a trade is one of currencies."""
    return element.get("assetCategory").upper() == "CASH"


def plan_codes_of(element: Element) -> Codes:
    """Return the codes of an element; of what is neither shares nor a fund none that a plan could know."""
    codes, category = codes_of(element), element.get("assetCategory").upper()
    return codes if category in SHARES or not category else Codes(conid=codes.conid or codes.key)
