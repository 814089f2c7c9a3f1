"""What Python and R write: each library's file gives the closes it holds, adjusted ones where there are any."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.vendor_files import Layout, check

ADJUSTED = {"auto": "adjusted", "adjusted": "adjusted", "raw": "closes"}
TRADED = {"auto": "adjusted", "adjusted": "adjusted", "raw": "traded"}
EVENTS = {"auto": "traded", "raw": "traded"}
BOTH = ("AAA", "BBB")
OHLC = "{o},{h},{l},{c}"

PYTHON = (
    Layout(
        "yfinance's history",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits",
        "{d} 00:00:00-05:00,{o},{h},{l},{a},{v},{x},{y}",
        {"auto": "adjusted", "adjusted": "adjusted"},
        told=True,
    ),
    Layout(
        "yfinance's history of a fund",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Capital Gains",
        "{d} 00:00:00-05:00,{o},{h},{l},{a},{v},{x},{y},0.0",
        {"auto": "adjusted", "adjusted": "adjusted"},
        told=True,
    ),
    Layout(
        "yfinance's history, not adjusted",
        "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits",
        "{d} 00:00:00-05:00,{o},{h},{l},{c},{a},{v},{x},{y}",
        TRADED,
        told=True,
    ),
    Layout(
        "yfinance's download",
        "Price,Adj Close,Close,High,Low,Open,Volume\nTicker,AAA,AAA,AAA,AAA,AAA,AAA\nDate,,,,,,",
        "{d},{a},{c},{h},{l},{o},{v}",
        ADJUSTED,
        told=True,
    ),
    Layout(
        "yfinance's download since 0.2.51, which adjusts",
        "Price,Close,High,Low,Open,Volume\nTicker,AAA,AAA,AAA,AAA,AAA\nDate,,,,,",
        "{d},{a},{h},{l},{o},{v}",
        {"auto": "adjusted"},
    ),
    Layout(
        "yfinance's download of several",
        "Price,Adj Close,Adj Close,Close,Close,Volume,Volume\nTicker,AAA,BBB,AAA,BBB,AAA,BBB\nDate,,,,,,",
        "{d},{a},{a2},{c},{c2},{v},{v}",
        ADJUSTED,
        file="prices.csv",
        tickers=BOTH,
        told=True,
    ),
    Layout(
        "yfinance's download by ticker",
        "Ticker,AAA,AAA,AAA,BBB,BBB,BBB\nPrice,Open,Close,Adj Close,Open,Close,Adj Close\nDate,,,,,,",
        "{d},{o},{c},{a},{o},{c2},{a2}",
        ADJUSTED,
        file="prices.csv",
        tickers=BOTH,
        told=True,
    ),
    Layout(
        "yfinance's download before 0.2.50",
        ",Adj Close,Adj Close,Close,Close\n,AAA,BBB,AAA,BBB\nDate,,,,",
        "{d},{a},{a2},{c},{c2}",
        ADJUSTED,
        file="prices.csv",
        tickers=BOTH,
        told=True,
    ),
    Layout(
        "pandas-datareader",
        "Date,High,Low,Open,Close,Volume,Adj Close",
        "{d},{h},{l},{o},{c},{v},{a}",
        ADJUSTED,
        told=True,
    ),
    Layout("an index that has no name", ",open,high,low,close,volume", "{d}," + OHLC + ",{v}"),
    Layout(
        "FinRL",
        ",date,open,high,low,close,volume,tic,day",
        "0,{d}," + OHLC + ",{v},{n},3",
        file="train.csv",
        tickers=BOTH,
        long=True,
    ),
    Layout(
        "FinRL, whose adjusted close is adjcp",
        ",date,open,high,low,close,adjcp,volume,tic,day",
        "0,{d}," + OHLC + ",{a},{v},{n},3",
        ADJUSTED,
        file="train.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "pandas, columns of two levels put into one",
        "Date,\"('Adj Close', 'AAA')\",\"('Adj Close', 'BBB')\",\"('Close', 'AAA')\",\"('Close', 'BBB')\"",
        "{d},{a},{a2},{c},{c2}",
        ADJUSTED,
        file="prices.csv",
        tickers=BOTH,
        told=True,
    ),
    Layout(
        "pandas, columns of two levels joined",
        "Date,Adj Close_AAA,Adj Close_BBB,Close_AAA,Close_BBB",
        "{d},{a},{a2},{c},{c2}",
        ADJUSTED,
        file="prices.csv",
        tickers=BOTH,
        told=True,
    ),
    Layout(
        "pandas, tickers stacked below each other",
        "Date,Ticker,Adj Close,Close",
        "{d},{n},{a},{c}",
        ADJUSTED,
        file="prices.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "ib_insync",
        ",date,open,high,low,close,volume,average,barCount",
        "0,{d}," + OHLC + ",{v},{h},55",
    ),
    Layout(
        "zipline",
        "date,open,high,low,close,volume,dividend,split",
        "{d},{o},{h},{l},{t},{v},{x},{s}",
        EVENTS,
        told=True,
    ),
    Layout(
        "OpenBB",
        "date,open,high,low,close,volume,split_ratio,dividend",
        "{d},{o},{h},{l},{t},{v},{s},{x}",
        EVENTS,
        told=True,
    ),
    Layout(
        "baostock",
        "date,code,open,high,low,close,preclose,volume,amount,adjustflag,turn,tradestatus,pctChg,isST",
        "{d},{n}," + OHLC + ",{o},{v},1.5,3,0.5,1,0.12,0",
        tickers=("sh.600000",),
    ),
    Layout(
        "tushare",
        ",ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount",
        "0,{n},{d:%Y%m%d}," + OHLC + ",{o},1.0,0.12,{v},5.5",
        tickers=("000001.SZ",),
        newest_first=True,
    ),
)

R = (
    Layout(
        "tidyquant",
        "symbol,date,open,high,low,close,volume,adjusted",
        "{n},{d}," + OHLC + ",{v},{a}",
        ADJUSTED,
        file="prices.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "quantmod, the days as row names",
        '"","AAA.Open","AAA.High","AAA.Low","AAA.Close","AAA.Volume","AAA.Adjusted"',
        '"{d}",{o},{h},{l},{c},{v},{a}',
        ADJUSTED,
        told=True,
    ),
    Layout(
        "quantmod, through zoo",
        '"Index","AAA.Open","AAA.High","AAA.Low","AAA.Close","AAA.Volume","AAA.Adjusted"',
        "{d},{o},{h},{l},{c},{v},{a}",
        ADJUSTED,
        told=True,
    ),
    Layout(
        "quantmod, adjusted closes of several",
        '"Index","AAA.Adjusted","BBB.Adjusted"',
        "{d},{a},{a2}",
        {"auto": "adjusted"},
        file="prices.csv",
        tickers=BOTH,
        told=True,
    ),
)


@pytest.mark.parametrize("layout", [*PYTHON, *R], ids=lambda one: one.name)
def test_a_librarys_file_is_read(layout: Layout, tmp_path: Path) -> None:
    """Days and closes are the table's, adjusted ones before others; closes as traded keep their events."""
    path = tmp_path / layout.file
    path.write_bytes(layout.text().encode(layout.encoding))
    check(layout, path)
