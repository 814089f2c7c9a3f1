"""What services, institutions and collections of data send: each file gives the closes it holds, and its events."""

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
    Layout("Polygon", "v,vw,o,c,h,l,t,n", "{v},{h},{o},{c},{h},{l},{d:ms},44", refused=True),
    Layout(
        "Polygon's flat files",
        "ticker,volume,open,close,high,low,window_start,transactions",
        "{n},{v},{o},{c},{h},{l},{d:ns},44",
        file="day.csv",
        tickers=BOTH,
        long=True,
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
        refused=True,
    ),
    Layout(
        "CRSP",
        "PERMNO,date,TICKER,PRC,VOL,RET,CFACPR",
        "10107,{d:%Y%m%d},{n},{t},{v},0.01,1.0",
        {"auto": "traded"},
        file="crsp.csv",
        tickers=BOTH,
        long=True,
        refused=True,
    ),
    Layout(
        "Compustat",
        "gvkey,datadate,tic,prccd,ajexdi,trfd",
        "012141,{d:%d/%m/%Y},{n},{t},1.0,1.05",
        {"auto": "traded"},
        file="comp.csv",
        tickers=BOTH,
        long=True,
        refused=True,
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
    ),
)


FUNDS = (
    Layout(
        "SPDR",
        "Fund Name:,AAA\nTicker Symbol:,AAA\n\nDate,NAV,Shares Outstanding,Total Net Assets",
        "{d:%d-%b-%Y},{c},1000,100000",
    ),
    Layout("Deka", "Datum;Ausgabepreis;Rücknahmepreis", "{d:%d.%m.%Y};{o:de};{c:de}"),
    Layout(
        "Vanguard in Britain, which has two prices",
        "Date,NAV (GBP),Market price (GBP)",
        "{d:%d %b %Y},{c},{o}",
        keys={"columns": {"date": "Date", "close": "NAV (GBP)"}},
    ),
    Layout("the European Central Bank", "KEY,FREQ,TIME_PERIOD,OBS_VALUE", "EXR.D,D,{d},{c}"),
    Layout("Coin Metrics", "time,PriceUSD", "{d},{c}"),
    Layout("Koyfin", "Date,AAA (Adj. Close)", "{d},{a}", {"auto": "adjusted"}, told=True),
    Layout("a currency in every name", "Date,Close (USD),Adj Close (USD)", "{d},{c},{a}", ADJUSTED, told=True),
    Layout("close_adj beside close_raw", "date,close_adj,close_raw", "{d},{a},{t}", TRADED, told=True),
    Layout("a factor that would adjust", "date,close,adj_factor", "{d},{t},0.5", EVENTS, told=True),
)
DATA = (
    Layout(
        "Nasdaq Data Link",
        "Date,Open,High,Low,Close,Volume,Dividend,Split,Adj_Open,Adj_High,Adj_Low,Adj_Close,Adj_Volume",
        "{d},{o},{h},{l},{t},{v},{x},{s},{o},{h},{l},{a},{v}",
        TRADED,
        told=True,
    ),
    Layout(
        "SimFin",
        "Ticker;SimFinId;Date;Open;High;Low;Close;Adj. Close;Volume;Dividend;Shares Outstanding",
        "{n};111;{d};{o};{h};{l};{c};{a};{v};{x};1000",
        {"auto": "adjusted", "adjusted": "adjusted"},
        file="us-shareprices-daily.csv",
        tickers=BOTH,
        long=True,
        told=True,
    ),
    Layout("Eikon", "Date,HIGH,LOW,OPEN,CLOSE,COUNT,VOLUME", "{d},{h},{l},{o},{c},3,{v}"),
    Layout("Eikon, by its own names", "Date,TRDPRC_1,MKT_HIGH,MKT_LOW,ACVOL_UNS,MKT_OPEN", "{d},{c},{h},{l},{v},{o}"),
    Layout(
        "xbbg",
        "ticker,AAA US Equity,AAA US Equity,BBB US Equity,BBB US Equity\nfield,px_last,px_volume,px_last,px_volume",
        "{d},{c},{v},{c2},{v}",
        file="bbg.csv",
        tickers=BOTH,
        keys={"rename": {"AAA US Equity": "AAA", "BBB US Equity": "BBB"}},
    ),
    Layout("Bloomberg's total return", "Date,PX_LAST,TOT_RETURN_INDEX_GROSS_DVDS", "{d},{c},{a}", ADJUSTED, told=True),
)


@pytest.mark.parametrize("layout", [*INTERFACES, *KAGGLE, *FUNDS, *DATA], ids=lambda one: one.name)
def test_a_services_file_is_read(layout: Layout, tmp_path: Path) -> None:
    """Days and closes are the table's, adjusted ones before others; closes as traded keep their events."""
    path = tmp_path / layout.file
    path.write_bytes(layout.text().encode(layout.encoding))
    check(layout, path)


@pytest.mark.parametrize(
    "layout", [one for one in INTERFACES if "{x}" in one.row and "{s}" in one.row], ids=lambda one: one.name
)
def test_stated_events_are_read(layout: Layout, tmp_path: Path) -> None:
    """The split and the dividend stand on their days, whichever of eight ways they are written in."""
    path = tmp_path / layout.file
    path.write_bytes(layout.text().encode(layout.encoding))
    loaded = load(path, layout.tickers, "raw", layout.keys)
    assert loaded.dividends is not None
    assert loaded.splits is not None
    assert loaded.dividends[:, 0].tolist() == DIVIDENDS
    assert np.array_equal(loaded.splits[:, 0], SPLITS)
