"""Tables of institutions and of one's own, in whatever they come packed; and files that are no prices, or cannot be told."""

from __future__ import annotations

import gzip
import io
import lzma
import re
import zipfile
from pathlib import Path

import pytest

from engine.core.errors import DataError
from tests.support.vendor_files import CLOSES, DAYS, KEYS, Day, Layout, Number, check, compare, load
from tests.support.workbooks import ods, xls, xlsx

BOTH = ("AAA", "BBB")
WIDE = "{d},{c},{c2}"

INSTITUTIONS = (
    Layout(
        "MSCI",
        'Index Level :,Net\nIndex Currency :,USD\nData as of,"Jan 22, 2019"\n\nDate,AAA Standard (Large+Mid Cap)',
        '"{d:%b %d, %Y}","{c:us}"',
        keys={"rename": {"AAA Standard (Large+Mid Cap)": "AAA"}},
        footer='"Copyright MSCI 2019. All Rights Reserved. Without prior written permission of MSCI, this information may '
        'only be used for your internal use."',
    ),
    Layout(
        "Refinitiv",
        "AAA Corp,,,,,,,\nAAA.O,,,,,,,\n,,,,,,,\nHistory,,,,,,,\nExchange Date,Close,Net,%Chg,Open,Low,High,Volume",
        "{d:%d-%b-%Y},{c},1.5,+0.12%,{o},{l},{h},{v}",
        newest_first=True,
    ),
    Layout(
        "Bloomberg, one paper",
        "Security,AAA US Equity\nStart Date,1/10/2019\nEnd Date,1/22/2019\nPeriod,D\nCurrency,USD\n\nDate,PX_LAST",
        "{d:short},{c}",
        newest_first=True,
    ),
    Layout(
        "Bloomberg, side by side",
        "AAA US Equity,,,BBB US Equity,\nDate,PX_LAST,,Date,PX_LAST",
        "{d:%m/%d/%Y},{c},,{d:%m/%d/%Y},{c2}",
        file="bbg.csv",
        tickers=BOTH,
        keys={"rename": {"AAA US Equity": "AAA", "BBB US Equity": "BBB"}},
    ),
    Layout(
        "Datastream",
        "Name,AAA CORP,BBB CORP\nCode,AAA,BBB\nCURRENCY,U$,U$",
        "{d:%d/%m/%Y},{c},{c2}",
        file="datastream.csv",
        tickers=BOTH,
    ),
    Layout(
        "iShares",
        'AAA Fund\n"As Of","NAV per Share","Ex-Dividends","Shares Outstanding"',
        '"{d:%b %d, %Y}","{c}","--","5,000,000"',
        newest_first=True,
        told=True,
    ),
    Layout("Vanguard", "Date,NAV", '{d:%m/%d/%Y},"${c:us}"', newest_first=True),
    Layout(
        "S&P Dow Jones",
        "S&P Dow Jones Indices,\n,\nAAA,\n,\nEffective date ,AAA",
        "{d},{c}",
    ),
    Layout(
        "Morningstar, after a line of its own",
        "Growth of AAA\nDate,AAA",
        "{d},{c}",
        file="ms.csv",
    ),
)

OWN = (
    Layout("a table of several", "Date,AAA,BBB", WIDE, file="prices.csv", tickers=BOTH),
    Layout("R's row names", '"","Date","AAA","BBB"', '"1",{d},{c},{c2}', file="prices.csv", tickers=BOTH),
    Layout("an index that pandas wrote", "Unnamed: 0,Date,AAA,BBB", "0,{d},{c},{c2}", file="prices.csv", tickers=BOTH),
    Layout("slashes, the year first", "date,AAA,BBB", "{d:%Y/%m/%d},{c},{c2}", file="prices.csv", tickers=BOTH),
    Layout("days without marks", "date,AAA,BBB", "{d:%Y%m%d},{c},{c2}", file="prices.csv", tickers=BOTH),
    Layout("Excel's serial days", "Date,AAA,BBB", "{d:serial},{c},{c2}", file="prices.csv", tickers=BOTH),
    Layout("tabs", "Date\tAAA\tBBB", "{d}\t{c}\t{c2}", file="prices.txt", tickers=BOTH),
    Layout("bars", "Date|AAA|BBB", "{d}|{c}|{c2}", file="prices.csv", tickers=BOTH),
    Layout("sep= above the header", "sep=;\nDate;AAA;BBB", "{d};{c:dec};{c2:dec}", file="prices.csv", tickers=BOTH),
    Layout(
        "Excel's Unicode text",
        "Date\tAAA\tBBB",
        "{d:%d.%m.%Y}\t{c:de}\t{c2:de}",
        file="prices.txt",
        tickers=BOTH,
        encoding="utf-16",
    ),
    Layout("blanks around every cell", " Date , AAA , BBB ", " {d} , {c} , {c2} ", file="prices.csv", tickers=BOTH),
    Layout("a ticker, a day, a price", "ticker,date,price", "{n},{d},{c}", file="long.csv", tickers=BOTH, long=True),
    Layout(
        "currencies beside the closes",
        "date,symbol,close,currency",
        "{d},{n},{c},USD",
        file="long.csv",
        tickers=BOTH,
        long=True,
    ),
    Layout(
        "day first, and said so",
        "date,AAA,BBB",
        "{d:%d/%m/%Y},{c},{c2}",
        file="prices.csv",
        tickers=BOTH,
        keys={"order": "dmy"},
    ),
    Layout(
        "cents, and said so",
        "date,AAA,BBB",
        "{d},{c}00e0,{c2}00e0",
        file="prices.csv",
        tickers=BOTH,
        keys={"scale": 1.0},
    ),
    Layout(
        "lines above, and said so",
        "AAA\nmade by hand\ndate,AAA,BBB",
        WIDE,
        file="prices.csv",
        tickers=BOTH,
        keys={"skip_rows": 2},
    ),
    Layout(
        "names of columns that nobody knows",
        "tag,preis,nachher",
        "{d},{c},{a}",
        {"auto": "adjusted", "adjusted": "adjusted", "raw": "closes"},
        told=True,
        keys={"columns": {"date": "tag", "close": "preis", "adjusted": "nachher"}},
    ),
    Layout(
        "missing texts of one's own",
        "date,AAA,BBB",
        WIDE,
        footer="2019-01-23,holiday,holiday",
        file="prices.csv",
        tickers=BOTH,
        keys={"missing": ["holiday"]},
    ),
)


@pytest.mark.parametrize("layout", [*INSTITUTIONS, *OWN], ids=lambda one: one.name)
def test_a_table_is_read(layout: Layout, tmp_path: Path) -> None:
    """Days and closes are the table's; what the file does not tell is said to be assumed."""
    path = tmp_path / layout.file
    path.write_bytes(layout.text().encode(layout.encoding))
    check(layout, path)


@pytest.mark.parametrize("mark", [".", "#N/A", "N/A", "n.a.", "-", "--", "null", "NaN", "", "NA"])
def test_a_text_that_stands_for_no_close(mark: str, tmp_path: Path) -> None:
    """FRED's dot, Excel's errors, Yahoo's null and the others are days without a close, not closes and not faults."""
    layout = Layout("", "Date,AAA,BBB", WIDE, footer=f"2019-01-23,{mark},{mark}", file="prices.csv", tickers=BOTH)
    path = tmp_path / layout.file
    path.write_text(layout.text(), encoding="utf-8")
    check(layout, path)


@pytest.mark.parametrize("ending", ["gz", "xz", "zip"])
def test_a_packed_file_is_read(ending: str, tmp_path: Path) -> None:
    """The same bytes, compressed."""
    content = Layout("", "Date,AAA,BBB", WIDE, tickers=BOTH).text().encode()
    if ending == "zip":
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("prices.csv", content)
        packed = sink.getvalue()
    else:
        packed = {"gz": gzip.compress, "xz": lzma.compress}[ending](content)
    path = tmp_path / f"prices.csv.{ending}"
    path.write_bytes(packed)
    compare(load(path, BOTH, "auto", {}), BOTH, "closes")


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_a_workbook_is_read(kind: str, tmp_path: Path) -> None:
    """A vendor's preamble and footer around dates that are cells of dates."""
    rows = [["AAA Corp", None], ["Downloaded", DAYS[-1]], [], ["Date", "Close"]]
    rows += [[day, close] for day, close in zip(DAYS, CLOSES, strict=True)]
    content = xls("Prices", rows) if kind == "xls" else {"xlsx": xlsx, "ods": ods}[kind]({"Prices": rows})
    path = tmp_path / f"AAA.{kind}"
    path.write_bytes(content)
    compare(load(path, ("AAA",), "auto", {}), ("AAA",), "closes")


REFUSED = {
    "days and months that nobody can tell apart": ("date,AAA", "{d:%m/%d/%Y},{c}", 2, "order"),
    "a decimal comma between commas": ("date,AAA,BBB", '{d},"{c:dec}","{c2:dec}"', 8, ""),
    "returns in percent": ("date,AAA", "{d},{r:.2f}%", 8, "values"),
    "Ken French's factors": (
        "This file was created by CMPT_ME_BEME_RETS using the 201901 CRSP database.\n\n,AAA,SMB,HML,RF",
        "{d:%Y%m%d}, {r:7.2f}, {r:7.2f}, {r:7.2f}, 0.010",
        8,
        "values",
    ),
    "returns as fractions": ("date,AAA", "{d},{f:.6f}", 8, "values"),
    "years with a fraction": ("Date,AAA", "2019.01,{c}", 8, ""),
    "two closes": ("date,close,settle", "{d},{c},{o}", 8, "columns"),
    "a close that is adjusted, but not how": ("date,close,adjustment_close", "{d},{t},{c}", 8, "columns"),
    "two adjusted closes": ("date,adj_close,adjusted_close", "{d},{a},{c}", 8, "columns"),
    "a column that stands there twice": ("date,AAA,AAA", "{d},{c},{o}", 8, ""),
    "fields, none of them a close": ("Date,Open,High,Low,Mid", "{d},{o},{h},{l},{c}", 8, r"`columns: \{close: "),
    "no header": ("", "{d},{o},{h},{l},{c},{v}", 8, "columns"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_is_refused(case: str, tmp_path: Path) -> None:
    """One line, and the key that settles it; where it is read all the same, then rightly."""
    header, row, days, key = REFUSED[case]
    path = tmp_path / "AAA.csv"
    rows = []
    for at, day in enumerate(DAYS[:days]):
        close = CLOSES[at]
        numbers = {"c": close, "o": close - 1, "h": close + 2, "l": close - 3, "a": close * 0.9, "t": close * 2}
        change = (close / CLOSES[at - 1] - 1) if at else 0.0
        written = {name: Number(round(value, 6)) for name, value in {**numbers, "c2": close / 2}.items()}
        rows.append(row.format(d=Day(day.year, day.month, day.day), v=1000 + at, r=change * 100, f=change, **written))
    path.write_text("\n".join([*([header] if header else []), *rows]) + "\n", encoding="utf-8")
    try:
        loaded = load(path, ("AAA",), "auto", {})
    except DataError as error:
        assert "\n" not in str(error)
        assert "AAA.csv" in str(error)
        assert re.search(key or KEYS, str(error)) or not key, str(error)
    else:
        assert key in {"", "order"}, f"read as {loaded.closes[:, 0]}"
        if not key:
            compare(loaded, ("AAA",), "closes")


def test_two_papers_in_one_file_without_a_name_are_refused(tmp_path: Path) -> None:
    """The same days twice: two downloads, one below the other."""
    layout = Layout("", "Date,Close", "{d},{c}")
    path = tmp_path / "AAA.csv"
    path.write_text(layout.text() + layout.text().partition("\n")[2], encoding="utf-8")
    with pytest.raises(DataError, match="2019-01-10"):
        load(path, ("AAA",), "auto", {})


ADJUSTED_NAMES = (
    "Adj Close|Adj. Close|AdjClose|adjClose|ADJ_CLOSE|Adjusted|Close (adj)|Close (adjusted)|Closing Price (Adj.)|adjprice|"
    "Price (adjusted for splits and dividends)|Split adjusted close|Dividend Adjusted Close|Total Return Adjusted|ADJCLS|"
    "adj_c|ajustado|Bereinigter Schlusskurs|Schlusskurs (bereinigt)|adj_prc|PriceAdj|close.adj|AdjustedClosePrice|Adj Last|"
    "qfq|hfq|复权收盘价|Close Adj*|adjcp|Adj  Close|Adj-Close|adj nav|cumulative adj|adjf|clsadj|splitadj|div_adj_close|"
    "Adj Close (USD)|Adj Close in EUR|AAA Adj Close|AAA.Adjusted|Adjustierter Kurs|adjustment|adj_factor|Adj Open"
)


@pytest.mark.parametrize("beside", ["Close", "Price", "Open,High,Low,Close", "Schlusskurs"])
@pytest.mark.parametrize("name", ADJUSTED_NAMES.split("|"))
def test_something_adjusted_beside_a_close_is_never_passed_over(name: str, beside: str, tmp_path: Path) -> None:
    """However it is spelt, it is read, or refused, or tells that the close beside it is not adjusted."""
    row = "{d}," + ("{o},{h},{l},{c}" if "," in beside else "{c}") + ",{a}"
    path = tmp_path / "AAA.csv"
    path.write_text(Layout("", f"Date,{beside},{name}", row).text(), encoding="utf-8")
    try:
        loaded = load(path, ("AAA",), "auto", {})
    except DataError as error:
        assert re.search(KEYS, str(error)), str(error)
    else:
        compare(loaded, ("AAA",), "closes" if loaded.provenance.closes == "raw" else "adjusted")
