"""What programs and interfaces write: each library's file gives the closes it holds, adjusted ones where there are any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.vendor_files import DIVIDENDS, SPLITS, Layout, check, load

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
        refusable=True,
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
        refusable=True,
    ),
)

INTERFACES = (
    Layout("Alpha Vantage", "timestamp,open,high,low,close,volume", "{d}," + OHLC + ",{v}", newest_first=True),
    Layout(
        "Alpha Vantage, adjusted",
        "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient",
        "{d},{o},{h},{l},{t},{a},{v},{x},{s}",
        TRADED,
        newest_first=True,
        told=True,
    ),
    Layout(
        "Alpha Vantage through pandas",
        "date,1. open,2. high,3. low,4. close,5. adjusted close,6. volume,7. dividend amount,8. split coefficient",
        "{d},{o},{h},{l},{t},{a},{v},{x},{s}",
        TRADED,
        newest_first=True,
        told=True,
    ),
    Layout(
        "Alpha Vantage through pandas, free", "date,1. open,2. high,3. low,4. close,5. volume", "{d}," + OHLC + ",{v}"
    ),
    Layout(
        "Quandl",
        "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio,Adj. Open,Adj. High,Adj. Low,Adj. Close,Adj. Volume",
        "{d},{o},{h},{l},{t},{v}.0,{x},{s},{o},{h},{l},{a},{v}.0",
        TRADED,
        newest_first=True,
        told=True,
    ),
    Layout(
        "Quandl's table",
        "ticker,date,open,high,low,close,volume,ex-dividend,split_ratio,adj_open,adj_high,adj_low,adj_close,adj_volume",
        "{n},{d},{o},{h},{l},{t},{v},{x},{s},{o},{h},{l},{a},{v}",
        TRADED,
        file="WIKI_PRICES.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "Sharadar",
        "ticker,date,open,high,low,close,volume,closeadj,closeunadj,lastupdated",
        "{n},{d}," + OHLC + ",{v},{a},{t},2026-08-01",
        {"auto": "adjusted", "adjusted": "adjusted"},
        file="SEP.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "Tiingo",
        "date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
        "{d}T00:00:00.000Z,{t},{h},{l},{o},{v},{a},{h},{l},{o},{v},{x},{s}",
        TRADED,
        told=True,
    ),
    Layout(
        "Tiingo, several",
        "symbol,date,close,high,low,open,volume,adjClose,adjHigh,adjLow,adjOpen,adjVolume,divCash,splitFactor",
        "{n},{d} 00:00:00+00:00,{t},{h},{l},{o},{v},{a},{h},{l},{o},{v},{x},{s}",
        TRADED,
        file="prices.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "Marketstack",
        "open,high,low,close,volume,adj_high,adj_low,adj_close,adj_open,adj_volume,split_factor,dividend,symbol,exchange,date",
        "{o},{h},{l},{t},{v},{h},{l},{a},{o},{v},{s},{x},{n},XNAS,{d}T00:00:00+0000",
        TRADED,
        newest_first=True,
        told=True,
    ),
    Layout(
        "Financial Modeling Prep",
        "date,open,high,low,close,adjClose,volume,unadjustedVolume,change,changePercent,vwap,label,changeOverTime",
        '{d},{o},{h},{l},{c},{a},{v},{v},1.5,0.12,{h},"January 10, 19",0.0012',
        ADJUSTED,
        newest_first=True,
        told=True,
    ),
    Layout("EODHD", "Date,Open,High,Low,Close,Adjusted_close,Volume", "{d},{o},{h},{l},{t},{a},{v}", TRADED, told=True),
    Layout("Twelve Data", "datetime;open;high;low;close;volume", "{d};{o};{h};{l};{c};{v}", newest_first=True),
    Layout(
        "Alpaca",
        "symbol,timestamp,open,high,low,close,volume,trade_count,vwap",
        "{n},{d} 05:00:00+00:00," + OHLC + ",{v},1,{h}",
        file="bars.csv",
        tickers=BOTH,
        long=True,
    ),
    Layout("IEX", "date,open,high,low,close,volume", "{d}," + OHLC + ",{v}"),
    Layout("Polygon", "v,vw,o,c,h,l,t,n", "{v},{h},{o},{c},{h},{l},{d:ms},44", refusable=True),
    Layout(
        "Polygon's flat files",
        "ticker,volume,open,close,high,low,window_start,transactions",
        "{n},{v},{o},{c},{h},{l},{d:ns},44",
        file="day.csv",
        tickers=BOTH,
        long=True,
        refusable=True,
    ),
    Layout("TD Ameritrade", "open,high,low,close,volume,datetime", OHLC + ",{v},{d:ms}"),
    Layout(
        "Robinhood",
        "begins_at,open_price,close_price,high_price,low_price,volume,session,interpolated,symbol",
        "{d}T00:00:00Z,{o},{c},{h},{l},{v},reg,False,{n}",
        file="rh.csv",
        tickers=BOTH,
        long=True,
    ),
    Layout(
        "Norgate",
        "Date,Open,High,Low,Close,Volume,Turnover,Unadjusted Close,Dividend",
        "{d},{o},{h},{l},{c},{v},1.5,{t},{x}",
        {"auto": "traded"},
        told=True,
        refusable=True,
    ),
    Layout(
        "CRSP",
        "PERMNO,date,TICKER,PRC,VOL,RET,CFACPR",
        "10107,{d:%Y%m%d},{n},{t},{v},0.01,1.0",
        {"auto": "traded"},
        file="crsp.csv",
        tickers=BOTH,
        long=True,
        refusable=True,
    ),
    Layout(
        "Compustat",
        "gvkey,datadate,tic,prccd,ajexdi,trfd",
        "012141,{d:%d/%m/%Y},{n},{t},1.0,1.05",
        {"auto": "traded"},
        file="comp.csv",
        tickers=BOTH,
        long=True,
        refusable=True,
    ),
)

KAGGLE = (
    Layout(
        "five years of the S&P 500",
        "date,open,high,low,close,volume,Name",
        "{d}," + OHLC + ",{v},{n}",
        file="all_stocks_5yr.csv",
        tickers=BOTH,
        long=True,
    ),
    Layout(
        "the New York exchange",
        "date,symbol,open,close,low,high,volume",
        "{d},{n},{o},{c},{l},{h},{v}",
        file="prices.csv",
        tickers=BOTH,
        long=True,
    ),
    Layout(
        "all stocks and funds", "Date,Open,High,Low,Close,Volume,OpenInt", "{d}," + OHLC + ",{v},0", file="aaa.us.txt"
    ),
    Layout(
        "a column Stock",
        "Date,Stock,Close",
        "{d},{n},{c}",
        file="long.csv",
        tickers=BOTH,
        long=True,
    ),
    Layout(
        "a column Company",
        "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits,Company",
        "{d} 00:00:00-05:00,{o},{h},{l},{a},{v},{x},{y},{n}",
        {"auto": "adjusted"},
        file="stocks.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "adjusted prices under another name",
        "date,ticker,close,adjusted",
        "{d},{n},{c},{a}",
        ADJUSTED,
        file="long.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout(
        "closes by ticker, adjusted",
        "date,AdjClose_AAA,AdjClose_BBB",
        "{d},{a},{a2}",
        {"auto": "adjusted"},
        file="wide.csv",
        tickers=BOTH,
        told=True,
        refusable=True,
    ),
)


@pytest.mark.parametrize("layout", [*PYTHON, *R, *INTERFACES, *KAGGLE], ids=lambda one: one.name)
def test_a_librarys_file_is_read(layout: Layout, tmp_path: Path) -> None:
    """Days and closes are the table's, adjusted ones before others; closes as traded keep their events."""
    path = tmp_path / layout.file
    path.write_bytes(layout.text().encode(layout.encoding))
    check(layout, path)


@pytest.mark.parametrize(
    "layout",
    [one for one in (*PYTHON, *INTERFACES) if "raw" in one.reads and one.reads["raw"] == "traded"],
    ids=lambda one: one.name,
)
def test_stated_events_are_read(layout: Layout, tmp_path: Path) -> None:
    """The split and the dividend stand on their days, whichever of eight ways they are written in."""
    if "{x}" not in layout.row:
        return
    path = tmp_path / layout.file
    path.write_bytes(layout.text().encode(layout.encoding))
    loaded = load(path, layout.tickers, "raw", layout.keys)
    assert loaded.dividends is not None
    assert loaded.splits is not None
    assert loaded.dividends[:, 0].tolist() == DIVIDENDS
    assert np.array_equal(loaded.splits[:, 0], SPLITS)
