"""What a column is, by its name: the words that vendors and people write above dates, closes and events."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final, Literal, TypeAlias

Role: TypeAlias = Literal[
    "date",
    "time",
    "ticker",
    "company",
    "close",
    "adjusted",
    "unadjusted",
    "doubtful",
    "variant",
    "return",
    "dividend",
    "gains",
    "split",
    "currency",
    "range",
    "other",
    "",
]
"""``time`` is a date only where no ``date`` is; ``company`` names a ticker where it does not stay the same;
``doubtful`` is an adjusted something, ``variant`` some other close; ``range`` is the day's open, high or low; ``""`` is
no word known here, perhaps a ticker."""

_WORDS: Final[dict[Role, str]] = {
    "date": "date|日期|交易日期|datetime|date time|timestamp|data|datum|trade date|trading date|trading day|"
    "exchange date|"
    "observation date|effective date|pricing date|price date|as of date|as of|business date|calendar date|snapped at|"
    "open time|window start|begins at|handelstag|borsentag|kursdatum|caldt|fecha|valuation date|nav date|"
    "session date|time period|index level 0|as at",
    "time": "time|zeit|uhrzeit|period|day|tag|month|index|unix|unix timestamp|epoch|formatted date|unnamed 0|t|dt",
    "ticker": "ticker|tickers|symbol|股票代码|tic|ts code|code|stock code|ric|act symbol|sec id|secid|"
    "stock symbol|kurzel|"
    "ticker symbol|instrument code|security id|sec code|bloomberg ticker|identifier|permno|scode|stock id",
    "company": "name|stock|company|company name|stock name|asset|security|security name|instrument|fund|fund name|"
    "isin|wkn|firma|titel|wertpapier|bezeichnung|variable|underlying|etf|index name|description|coin|pair|market",
    "close": "close|last|latest|market price|marktpreis|price usd|obs value|trdprc 1|close last|closing|"
    "closing price|close price|price close|last price|"
    "price last|px last|"
    "last close|official close|closing value|closing level|schluss|schlusskurs|schlusspreis|kurs|letzter|zuletzt|"
    "letzter kurs|nav|nav per share|net asset value|fondspreis|rucknahmepreis|anteilswert|zamkniecie|"
    "kurs zamkniecia|cloture|dernier|cierre|ultimo|chiusura|price|value|wert|preis|quote|settle|settlement|"
    "settlement price|trade close|trade price|universal close price|index level|index value|level|stand|unit price|"
    "stock price|closeprice|收盘|收盘价|last trade|last sale|official closing price|share price",
    "adjusted": "total return index|tot return ind|tot return index gross dvds|tri|ri|total return price",
    "doubtful": "qfq|hfq|qfq close|hfq close|close qfq|close hfq|前复权|后复权|复权收盘价|total return close|close tr",
    "unadjusted": "raw close|close raw|raw price|price raw",
    "return": "return|returns|ret|daily return|daily returns|monthly return|monthly returns|total return|rendite|"
    "log return|simple return|pct return|weekly return|daily ret|performance",
    "dividend": "dividends|dividend|dividend amount|ex dividend|ex dividends|div cash|cash dividend|"
    "dividende|div|dps|distribution|"
    "distributions|dividend per share|ausschuttung|cash div",
    "gains": "capital gains|capital gain|kapitalertrage",
    "split": "stock splits|stock split|split|splits|split coefficient|split ratio|split factor|aktiensplit",
    "currency": "currency|ccy|wahrung|devise|waluta|currency code|curr|moneda|valuta|cur",
    "range": "open|high|low|o|h|l|open price|high price|low price|price open|price high|price low|opening|"
    "opening price|mkt open|mkt high|mkt low|eroffn|eroffnung|eroffnungskurs|erster|hoch|tief|tageshoch|"
    "tagestief|hochst|niedrigst|hochstkurs|"
    "tiefstkurs|otwarcie|najwyzszy|najnizszy|px open|px high|px low|ouverture|plus haut|plus bas|apertura|maximo|"
    "minimo|min|max|start|day high|day low|ouv|开盘|最高|最低|开盘价|最高价|最低价",
    "other": "volume|vol|tickvol|tick volume|stuecke|volume ma|"
    "ltp|acvol uns|volume traded|traded volume|share volume|total volume|volumen|umsatz|"
    "stucke|stuck|wolumen|"
    "px volume|turnover|amount|value traded|traded value|trades|number of trades|no of trades|trade count|count|"
    "quote volume|quote asset volume|base volume|taker buy base asset volume|taker buy quote asset volume|"
    "taker buy volume|taker buy quote volume|taker base vol|taker quote vol|volume usdt|volume btc|volume usd|"
    "volume from|volume to|tradecount|market cap|market capitalization|marketcap|open int|openint|open interest|oi|"
    "change|chg|+ %|variation %|var %|% var|net|net change|net chg|change %|%change|% change|%chg|% chg|"
    "percent change|"
    "pct chg|pct change|change percent|"
    "chg %|change pct|changes|veranderung|veranderung %|veranderung in %|diff|diff %|prev close|pre close|"
    "previous close|prior close|vortag|bid|ask|bid price|ask price|spread|vwap|average price|avg price|per|repaired|"
    "weekday|wochentag|week|year|day of week|dividend yield|shares outstanding|sharesout|last updated|lastupdated|"
    "close time|time open|time close|time high|time low|"
    "ignore|sector|industry|exchange|series|deliverable volume|%deliverble|% deliverble|deliverable|market|label|"
    "change over time|unadjusted volume|interval|timezone|time zone|country|flow|flow %|turnover rate|%turnover|"
    "no of shares|total turnover|spread high low|spread close open|no of trade|wap|adj factor|adjustment factor|"
    "cum factor|low bid|high ask|type|board|成交量|成交额|振幅|涨跌幅|涨跌额|换手率|gattung|borse|"
    "handelsplatz|ausgabepreis|total net assets|net assets|fondsvolumen|key|freq|frequency|bemerkung|note|"
    "notes|comment",
}
_ROLES: Final[dict[str, Role]] = {word: role for role, words in reversed(_WORDS.items()) for word in words.split("|")}
_CLOSES: Final = frozenset(
    word.replace(" ", "") for word in _WORDS["close"].split("|") if word not in {"settlement", "stand", "level"}
)
_NOT_CLOSES: Final = frozenset(
    word.replace(" ", "") for role in ("range", "other", "dividend") for word in _WORDS[role].split("|")
)
_ADJUSTED: Final = re.compile(r"adjusted|adjustierte?[rns]?|adjust|adj|bereinigte?[rns]?|ajustado|ajuste")
_UNADJUSTED: Final = re.compile(r"(un|non|not|nicht)-?(adjusted|adj|bereinigt)")
_UNIT: Final = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]$| in ([A-Z]{3}|GBp|GBX|%)$")
_CURRENCY: Final = re.compile(r"[A-Z]{3}|GBp|ZAc|ILA")
_SIGNS: Final = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "US$": "USD"}
_FIELDS: Final[frozenset[Role]] = frozenset({"close", "adjusted", "unadjusted", "range", "dividend", "split", "gains"})
_OF_CLOSES: Final = frozenset({"close", "adjusted", "unadjusted"})
_SEPARATORS: Final = re.compile(r"[_.|:/\s-]+")
_LONGEST: Final = 1000
"""Characters of a name that is looked into: a cell of megabytes is none."""


@lru_cache(maxsize=32_768)
def fold_name(name: str) -> str:
    """Return a name as words in small letters, without accents, footnote stars, numbers before it and units.

    >>> fold_name("Adj Close**"), fold_name("5. adjusted close"), fold_name("adjClose"), fold_name("Schluß (EUR)")
    ('adj close', 'adjusted close', 'adj close', 'schluss')
    """
    if len(name) > _LONGEST:
        return name
    plain = _UNIT.sub("", name.strip().strip("*<>'\"").strip())
    plain = re.sub(r"^[0-9]+[a-z]?\. ", "", plain)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    plain = unicodedata.normalize("NFKD", plain.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(_SEPARATORS.sub(" ", plain).split())


@lru_cache(maxsize=32_768)
def column_role(name: str) -> Role:
    """Return what a header cell names; ``""`` for nothing known, which may be a ticker.

    >>> column_role("Adj. Close"), column_role("closeunadj"), column_role("adj_open"), column_role("SPY")
    ('adjusted', 'unadjusted', 'other', '')
    """
    if len(name) > _LONGEST:
        return ""
    words, unit = fold_name(name), _UNIT.search(name.strip())
    stated = fold_name(unit[1] or "") if unit and not column_currency(name) else ""
    if not _ADJUSTED.search(words + stated):
        role = _ROLES.get(words, _role_of_word(words))
        return "return" if role == "close" and unit and (unit[1] or unit[2]) == "%" else role
    squeezed = (words + stated).replace(" ", "")
    if _UNADJUSTED.search(squeezed):
        return "unadjusted" if _UNADJUSTED.sub("", squeezed) in _CLOSES | {""} else "other"
    rest, _, why = _ADJUSTED.sub("", squeezed).partition("for")
    if rest.removeprefix("ment") in _NOT_CLOSES | {"factor", "ratio", "flag"}:  # adjustment
        return "other"
    if why and "split" in why and "div" not in why and rest in _CLOSES | {"", "closeclose", "closecloseprice"}:
        return "close"  # adjusted for splits only
    if rest in _CLOSES | {"", "cp", "px"} or ("dividend" in why and "close" in rest):
        return "adjusted"
    return "doubtful"


def _role_of_word(words: str) -> Role:
    """Return what the one telling word of an unknown name says."""
    known = set(words.split())
    if known & {"date", "datum"}:
        return "time"
    if words.endswith(("currency", "currency code", "wahrung")) and not known & {"base", "cap", "volume"}:
        return "currency"
    return "variant" if known & {"close", "closing", "schlusskurs"} and len(known) > 1 else ""


def names_adjusted(name: str) -> bool:
    """Tell whether a name speaks of something adjusted."""
    return _ADJUSTED.search(fold_name(name).replace(" ", "")) is not None


def column_currency(name: str) -> str:
    """Return the currency that a header states, as in ``Close (USD)``; ``""`` for none.

    >>> column_currency("Kurs in EUR"), column_currency("Close ($)"), column_currency("Close (adj)")
    ('EUR', 'USD', '')
    """
    unit = _UNIT.search(name.strip())
    stated = ((unit[1] or unit[2] or "") if unit else "").strip()
    return stated if _CURRENCY.fullmatch(stated) else _SIGNS.get(stated, "")


def split_name(name: str, known: AbstractSet[str] = frozenset()) -> tuple[Role, str]:
    """Return field and ticker of a name that joins both, ``("", name)`` of any other; ``known`` are tickers.

    >>> split_name("SPY.Adjusted"), split_name("Close_BRK.B"), split_name("SPY US Equity")
    (('adjusted', 'SPY'), ('close', 'BRK.B'), ('', 'SPY US Equity'))
    """
    found: list[tuple[Role, str]] = []
    for joint in _SEPARATORS.finditer(name.strip()):
        left, right = name[: joint.start()].strip(), name[joint.end() :].strip()
        found += [(role, ticker) for role, ticker in ((_field(right), left), (_field(left), right)) if role and ticker]
    ranked = sorted(found, key=lambda one: (one[1] not in known, one[0] not in _OF_CLOSES, len(one[1])))
    return ranked[0] if ranked else ("", name)


def _field(name: str) -> Role:
    role = column_role(name)
    known = role in _FIELDS or fold_name(name) == "volume" or (role == "other" and names_adjusted(name))
    return role if len(name) > 1 and known else ""
