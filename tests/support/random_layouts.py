"""A known table of closes written in thousands of ways; reading must give that table or a refusal, never another one.

``python -m tests.support.random_layouts 10000`` prints how many of so many ways were read, refused and read wrongly.
"""

from __future__ import annotations

import bz2
import csv
import datetime as dt
import gzip
import io
import lzma
import random
import re
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from engine.core.errors import DataError
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files


def _names(text: str) -> list[str]:
    return text.split("|")


DATE_NAMES = _names("Date|date|DATE|Datum|datum|Zeit|timestamp|Datetime|Day|<DATE>|trade_date|Exchange Date|")
CLOSE_NAMES = _names(
    "Close|close|CLOSE|Schlusskurs|Schluss|Kurs|Last|Close/Last|Letzter|Zuletzt|NAV|PX_LAST|Price|Closing Price|"
    "<CLOSE>|Settle|Preis|value"
)
ADJUSTED_NAMES = _names(
    "Adj Close|Adj. Close|adjusted|adj_close|adjClose|Adjusted Close|AdjClose|Adj Close**|closeadj|Adj.Close|ADJ CLOSE"
)
TICKER_NAMES = _names("ticker|Symbol|Name|tic|Stock|code|ts_code|Ticker|SYMBOL|Instrument")
OTHER_NAMES = _names("Open|High|Low|Volume|Open Interest|Vol.")
PREAMBLES = (
    ["Kursdaten für Köln AG"],
    ["Index Name: World, Standard", "", "Currency: USD"],
    ["Historical Prices", "Generated on 2024-05-06 12:30"],
    ["Wertpapier;WKN;ISIN", "Müller & Söhne;840400;DE0008404005", ""],
)
FOOTERS = (["Quelle: Börse"], ["", "Copyright 2024, all rights reserved"], ["Prices as of 31.12.2024"])
MONTHS = {
    "en": _names("Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"),
    "english": [dt.date(2000, month, 1).strftime("%B") for month in range(1, 13)],
    "de": _names("Jan|Feb|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez"),
    "german": _names("Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"),
}
ZONES = ("Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "Asia/Kolkata")


def _by_name(pattern: str, months: Sequence[str]) -> Callable[[dt.date], str]:
    return lambda day: pattern.format(d=day.day, m=months[day.month - 1], y=day.year, yy=day.year % 100)


def _plain(pattern: str) -> Callable[[dt.date], str]:
    return lambda day: day.strftime(pattern)


DATES: dict[str, Callable[[dt.date], str]] = {
    pattern: _plain(pattern)
    for pattern in (
        *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y"),
        *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%y-%m-%d", "%d-%m-%y", "%m-%d-%y"),
        *("%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00", "%Y-%m-%d 16:00:00", "%m/%d/%Y 16:00:00", "%d.%m.%Y 17:35"),
        *("%m/%d/%Y 4:00:00 PM", "%Y-%m-%d 00:00:00 UTC", "%Y-%m-%dT00:00:00.000Z", "%Y.%m.%d 00:00"),
    )
} | {
    f"{pattern} {language}": _by_name(pattern, months)
    for language, months in MONTHS.items()
    for pattern in ("{m} {d:02d}, {y}", "{d:02d}-{m}-{y}", "{d}. {m} {y}", "{d:02d}-{m}-{yy:02d}", "{d} {m} {y}")
}
DATES["%-m/%-d/%Y"] = lambda day: f"{day.month}/{day.day}/{day.year}"
DATES["%-d.%-m.%Y"] = lambda day: f"{day.day}.{day.month}.{day.year}"
DATES["serial"] = lambda day: str((day - dt.date(1899, 12, 30)).days)
DATES["seconds"] = lambda day: str((day - dt.date(1970, 1, 1)).days * 86_400)
DATES["milliseconds"] = lambda day: str((day - dt.date(1970, 1, 1)).days * 86_400_000)


def _stamp(zone: str, hour: int, *, utc: bool) -> Callable[[dt.date], str]:
    def write(day: dt.date) -> str:
        local = dt.datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone))
        return (local.astimezone(dt.UTC) if utc else local).isoformat(sep=" ")

    return write


for _zone in ZONES:
    DATES[f"midnight in {_zone} as UTC"] = _stamp(_zone, 0, utc=True)
    DATES[f"midnight in {_zone}"] = _stamp(_zone, 0, utc=False)
DATES["close in New York as UTC"] = _stamp("America/New_York", 16, utc=True)
DATES["close in New York"] = _stamp("America/New_York", 16, utc=False)


@dataclass
class Written:
    """A file, what it holds, and how it was written."""

    name: str
    content: bytes
    dates: list[dt.date]
    closes: dict[str, list[float]]
    currency: str
    keys: dict[str, object] = field(default_factory=dict)
    how: dict[str, object] = field(default_factory=dict)


def write_table(seed: int) -> Written:
    """Write a table that ``seed`` chooses in a way that it chooses."""
    rng = random.Random(seed)
    pick = rng.choice
    layout = pick(["single", "single", "wide", "long"])
    tickers = ["AAA"] if layout == "single" else ["AAA", "BBB.DE", "KÖ"][: pick([2, 3])]
    days = _days(rng)
    decimal = pick([".", ".", ","])
    how = {
        "layout": layout,
        "separator": pick([",", ",", ";", ";", "\t", "|"]),
        "decimal": decimal,
        "group": pick(["", "", "", "'", " ", "\u00a0", "." if decimal == "," else ","]),
        "places": pick([0, 1, 2, 2, 2, 3, 3, 4, 6]),
        "strip": pick([False, False, True]),
        "date": pick(sorted(DATES)),
        "quotes": pick([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
        "sign": pick(["", "", "", "", "$", "€", " EUR", " €"]),
        "missing": pick(["", "N/A", "-", ".", "null", "#N/A", "NaN", "n.a."]),
        "order": pick(["rising", "rising", "falling", "falling", "shuffled"]),
        "preamble": pick([[], [], [], *PREAMBLES]),
        "footer": pick([[], [], [], *FOOTERS]),
        "stated": rng.random() < 0.1,
        "end": pick(["\n", "\n", "\r\n", "\r"]),
        "encoding": pick(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]),
        "compression": pick(["", "", "", ".gz", ".xz", ".zip", ".bz2"]),
        "adjusted": layout != "wide" and rng.random() < 0.3,
        "others": layout != "wide" and rng.random() < 0.5,
        "said": rng.random() < 0.3,
    }
    if how["separator"] == "," and how["group"] == "." and how["places"] == 0:
        how["group"] = ""  # 13.203 in a file of commas has decimals: who has points between thousands has no such file
    if how["sign"] in {"€", " €"} and how["encoding"] == "latin-1":
        how["encoding"] = "cp1252"
    size = 10 ** rng.uniform(-1, 5.5)
    values = {ticker: _values(rng, len(days), size, how) for ticker in tickers}
    closes = {ticker: [float(text or "nan") for text in texts] for ticker, texts in values.items()}
    rows = _rows(rng, days, values, how)
    content = _encode(_text(rows, how), how)
    currency = "EUR" if "EUR" in str(how["sign"]) or "€" in str(how["sign"]) else ""
    if not currency and any("Currency: USD" in line for line in how["preamble"]) and not how["stated"]:
        currency = "USD"
    inner = f"{tickers[0] if layout == 'single' else 'prices'}.csv"
    return Written(inner + str(how["compression"]), content, days, closes, currency, _keys(how), how)


def _days(rng: random.Random) -> list[dt.date]:
    """Return sessions of some frequency, from one to two years of them."""
    start = dt.date(1971, 1, 4) + dt.timedelta(days=rng.randrange(19_000))
    count = rng.choice([1, 2, 3, 5, 8, 12, 24, 60, 300])
    kind = rng.choice(["daily", "daily", "daily", "weekly", "monthly", "first of months", "every day"])
    if kind == "every day":
        return [start + dt.timedelta(days=at) for at in range(count)]
    if kind in {"daily", "weekly"}:
        step = 1 if kind == "daily" else 5
        begin = np.busday_offset(start, 0, roll="forward")
        return np.busday_offset(begin, step * np.arange(count)).tolist()
    firsts = [(np.datetime64(start, "M") + at).astype("datetime64[D]") for at in range(count)]
    if kind == "first of months":
        return [first.item() for first in firsts]
    return [np.busday_offset(first, -1, roll="forward").item() for first in firsts]


def _values(rng: random.Random, count: int, size: float, how: dict[str, object]) -> list[str]:
    """Return numbers with a point and no groups, ``""`` for none."""
    places = int(str(how["places"]))
    texts = [f"{max(size * rng.uniform(0.8, 1.25), 10.0**-places):.{places}f}" for _ in range(count)]
    if how["strip"]:
        texts = [text.rstrip("0").rstrip(".") if "." in text else text for text in texts]
    return ["" if at and rng.random() < 0.03 else text for at, text in enumerate(texts)]


def _number(text: str, how: dict[str, object]) -> str:
    """Write a number as ``how`` says."""
    if not text:
        return str(how["missing"])
    whole, _, rest = text.partition(".")
    if how["group"]:
        whole = f"{int(whole):,}".replace(",", str(how["group"]))
    number = f"{whole}{how['decimal']}{rest}" if rest else whole
    sign = str(how["sign"])
    return f"{number}{sign}" if sign.startswith(" ") else f"{sign}{number}"


def _rows(
    rng: random.Random, days: list[dt.date], values: dict[str, list[str]], how: dict[str, object]
) -> list[list[str]]:
    write = DATES[str(how["date"])]
    order = list(range(len(days)))
    if how["order"] == "falling":
        order.reverse()
    if how["order"] == "shuffled":
        rng.shuffle(order)
    date = rng.choice(DATE_NAMES)
    if how["layout"] == "wide":
        return [
            [date, *values],
            *([write(days[at]), *(_number(own[at], how) for own in values.values())] for at in order),
        ]
    names = [date, rng.choice(CLOSE_NAMES)]
    names += [rng.choice(ADJUSTED_NAMES)] if how["adjusted"] else []
    names += rng.sample(OTHER_NAMES, 2) if how["others"] else []
    long = how["layout"] == "long"
    rows = [[*names, rng.choice(TICKER_NAMES)] if long else names]
    for ticker, own in values.items():
        for at in order:
            row = [write(days[at])]
            if how["adjusted"]:  # twice the close beside what is wanted
                row.append(_number(f"{2 * float(own[at])}" if own[at] else "", how))
            row.append(_number(own[at], how))
            row += [_number(own[at], how), "1234"] if how["others"] else []
            rows.append([*row, ticker] if long else row)
    places = list(range(len(rows[0])))
    if rng.random() < 0.3:
        rng.shuffle(places)
    return [[row[at] for at in places] for row in rows]


def _text(rows: list[list[str]], how: dict[str, object]) -> str:
    separator, end = str(how["separator"]), str(how["end"])
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, quoting=how["quotes"], lineterminator=end).writerows(rows)
    above = [f"sep={separator}"] if how["stated"] else list(how["preamble"])  # type: ignore[call-overload]
    return "".join(line + end for line in above) + buffer.getvalue() + "".join(line + end for line in how["footer"])  # type: ignore[attr-defined]


def _encode(text: str, how: dict[str, object]) -> bytes:
    content = text.encode(str(how["encoding"]), errors="replace")
    packed = io.BytesIO()
    match how["compression"]:
        case ".gz":
            return gzip.compress(content)
        case ".xz":
            return lzma.compress(content)
        case ".bz2":
            return bz2.compress(content)
        case ".zip":
            with zipfile.ZipFile(packed, "w") as archive:
                archive.writestr("prices.csv", content)
            return packed.getvalue()
    return content


def _keys(how: dict[str, object]) -> dict[str, object]:
    """Return what an owner may say who knows the file."""
    if not how["said"]:
        return {}
    keys: dict[str, object] = {"decimal": how["decimal"], "encoding": how["encoding"]}
    keys["separator"] = "tab" if how["separator"] == "\t" else how["separator"]
    letters = re.sub(r"[^ymd]", "", str(how["date"]).replace("%-", "%").split(" ")[0].lower())
    return keys | ({"order": letters} if letters in {"ymd", "dmy", "mdy"} else {})


def judge(written: Written, folder: Path) -> str:
    """Read a file back: ``read``, ``refused: why``, or ``wrong: what``."""
    path = folder / written.name
    path.write_bytes(written.content)
    tickers = tuple(written.closes)
    try:
        loaded = Files.model_validate({"path": str(path), **written.keys}).load(PriceRequest(tickers))
    except DataError as error:
        return f"refused: {error}"
    finally:
        path.unlink()
    days = np.array(written.dates, dtype="datetime64[D]")
    for at, ticker in enumerate(loaded.tickers):
        closes = np.array(written.closes[ticker])
        kept = ~np.isnan(closes)
        rows = ~np.isnan(loaded.closes[:, at])
        if not np.array_equal(loaded.dates[rows], days[kept]):
            return f"wrong: {ticker} has the dates {loaded.dates[rows][:3]}, written {days[kept][:3]}"
        if not np.array_equal(loaded.closes[rows, at], closes[kept]):
            return f"wrong: {ticker} has the closes {loaded.closes[rows, at][:3]}, written {closes[kept][:3]}"
        if loaded.currencies[at] != written.currency:
            return f"wrong: {ticker} is in {loaded.currencies[at]!r}, written in {written.currency!r}"
    return "read"


def report(count: int, first: int = 0) -> Iterator[str]:
    """Yield the counts of outcomes, the reasons of refusals, and every wrong reading."""
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        for seed in range(first, first + count):
            written = write_table(seed)
            outcome = judge(written, Path(place))
            outcomes[outcome.split(":")[0]] += 1
            if outcome.startswith("wrong"):
                yield f"{seed} {outcome} {written.how}"
            elif outcome.startswith("refused"):
                reasons[re.sub(r"'[^']*'|[0-9]+|\b[A-Z]{3}\b", "~", outcome).split(": ", 2)[-1][:110]] += 1
    yield ", ".join(f"{times} {outcome}" for outcome, times in outcomes.items())
    yield from (f"{times:6d} {reason}" for reason, times in reasons.most_common())


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in report(*map(int, sys.argv[1:])))
