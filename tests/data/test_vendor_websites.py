"""What people download from web pages and exchanges: each vendor's file gives the closes it holds, or a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.vendor_files import Layout, check

ADJUSTED = {"auto": "adjusted", "adjusted": "adjusted", "raw": "closes"}
OHLC = "{o},{h},{l},{c}"

AMERICAN = (
    Layout(
        "Yahoo's download, which is gone",
        "Date,Open,High,Low,Close,Adj Close,Volume",
        "{d},{o},{h},{l},{c},{a},{v}",
        ADJUSTED,
        footer="2019-01-23,null,null,null,null,null,null",
        told=True,
    ),
    Layout(
        "Yahoo's table, copied from the page",
        "Date\tOpen\tHigh\tLow\tClose*\tAdj Close**\tVolume",
        "{d:%b %d, %Y}\t{o:us}\t{h:us}\t{l:us}\t{c:us}\t{a}\t{v:,}",
        ADJUSTED,
        newest_first=True,
        told=True,
    ),
    Layout(
        "Yahoo's table of today, whose names are sentences",
        "Date\tOpen\tHigh\tLow\tClose Close price adjusted for splits.\tAdj Close Adjusted close price adjusted for splits "
        "and dividend and/or capital gain distributions.\tVolume",
        "{d:%b %d, %Y}\t{o:us}\t{h:us}\t{l:us}\t{c:us}\t{a}\t{v:,}",
        ADJUSTED,
        newest_first=True,
        told=True,
    ),
    Layout(
        "nasdaq.com",
        "Date,Close/Last,Volume,Open,High,Low",
        "{d:%m/%d/%Y},${c},{v},${o},${h},${l}",
        newest_first=True,
    ),
    Layout(
        "nasdaq.com, an index",
        "Date,Close/Last,Open,High,Low",
        "{d:%m/%d/%Y},{c},{o},{h},{l}",
        newest_first=True,
    ),
    Layout(
        "nasdaq.com, currencies without volume",
        "Date,Close/Last,Volume,Open,High,Low",
        "{d:%m/%d/%Y},{c},N/A,{o},{h},{l}",
        newest_first=True,
    ),
    Layout(
        "MarketWatch",
        "Date,Open,High,Low,Close,Volume",
        '{d:%m/%d/%Y},"{o:us}","{h:us}","{l:us}","{c:us}","{v:,}"',
        newest_first=True,
    ),
    Layout(
        "The Wall Street Journal",
        "Date, Open, High, Low, Close, Volume",
        "{d:%m/%d/%y}, {o}, {h}, {l}, {c}, {v}",
        newest_first=True,
    ),
    Layout(
        "Charles Schwab",
        '"Date","Open","High","Low","Close","Volume"',
        '"{d:%m/%d/%Y}","${o:us}","${h:us}","${l:us}","${c:us}","{v:,}"',
        newest_first=True,
    ),
    Layout(
        "Barchart",
        "Time,Open,High,Low,Latest,Change,%Change,Volume",
        '{d},{o},{h},{l},{c},1.25,+0.12%,"{v:,}"',
        footer='"Downloaded from Barchart.com as of 01-23-2019 07:29pm CDT"',
        newest_first=True,
    ),
    Layout("Cboe", "DATE,OPEN,HIGH,LOW,CLOSE", "{d:%m/%d/%Y}," + OHLC),
    Layout(
        "Macrotrends",
        '"Macrotrends Data Download"\n"AAA - Historical Price and Volume Data"\n"Historical prices are adjusted for '
        'splits."\n"Disclaimer and Terms of Use: Historical stock data is provided as is, for information."\n'
        '"MacroTrends Data Download, Inc."\n\n\ndate,open,high,low,close,volume',
        "{d}," + OHLC + ",{v}",
    ),
    Layout("Google Sheets", "Date,Close", "{d:short} 16:00:00,{c}"),
    Layout("FRED, before 2024", "DATE,AAA", "{d},{c}", footer="2019-01-23,."),
    Layout("FRED, since 2024", "observation_date,AAA", "{d},{c}", footer="2019-01-23,"),
)

GLOBAL = (
    Layout(
        "investing.com",
        '"Date","Price","Open","High","Low","Vol.","Change %"',
        '"{d:%m/%d/%Y}","{c:us}","{o:us}","{h:us}","{l:us}","126.96M","-2.39%"',
        {"auto": "closes", "raw": "closes"},
        newest_first=True,
    ),
    Layout(
        "investing.com, before 2022",
        '"Date","Price","Open","High","Low","Vol.","Change %"',
        '"{d:%b %d, %Y}","{c:us}","{o:us}","{h:us}","{l:us}","126.96M","-2.39%"',
        newest_first=True,
    ),
    Layout(
        "investing.com in German",
        '"Datum","Zuletzt","Eröffn.","Hoch","Tief","Vol.","+/- %"',
        '"{d:%d.%m.%Y}","{c:de}","{o:de}","{h:de}","{l:de}","126,96M","-2,39%"',
        newest_first=True,
        encoding="utf-8-sig",
    ),
    Layout(
        "investing.com in French",
        '"Date","Dernier","Ouv.","Plus Haut","Plus Bas","Vol.","Variation %"',
        '"{d:%d/%m/%Y}","{c:de}","{o:de}","{h:de}","{l:de}","126,96M","-2,39%"',
        newest_first=True,
    ),
    Layout(
        "investing.com in Spanish",
        '"Fecha","Último","Apertura","Máximo","Mínimo","Vol.","% var."',
        '"{d:%d.%m.%Y}","{c:de}","{o:de}","{h:de}","{l:de}","126,96M","-2,39%"',
        newest_first=True,
    ),
    Layout("stooq", "Date,Open,High,Low,Close,Volume", "{d}," + OHLC + ",{v}", file="aaa_us_d.csv"),
    Layout(
        "stooq in Polish", "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen", "{d}," + OHLC + ",{v}", told=True
    ),
    Layout(
        "stooq's database",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        "{n},D,{d:%Y%m%d},000000," + OHLC + ",{v},0",
        tickers=("AAA.US",),
        file="aaa.us.txt",
        told=True,
    ),
    Layout(
        "Finam, which looks like stooq",
        "<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>",
        "{n};D;{d:%Y%m%d};000000;{o};{h};{l};{c};{v}",
        tickers=("AAA",),
        file="AAA_190110_190122.csv",
    ),
    Layout("TradingView, in seconds", "time,open,high,low,close,Volume", "{d:open}," + OHLC + ",{v}"),
    Layout("TradingView, in ISO", "time,open,high,low,close", "{d}T14:30:00Z," + OHLC),
    Layout(
        "MetaTrader 5",
        "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>",
        "{d:%Y.%m.%d}\t{o}\t{h}\t{l}\t{c}\t{v}\t0\t1",
    ),
    Layout("Dukascopy", "Gmt time,Open,High,Low,Close,Volume", "{d:%d.%m.%Y} 00:00:00.000," + OHLC + ",{v}.5"),
    Layout("CoinGecko", "snapped_at,price,market_cap,total_volume", "{d} 00:00:00 UTC,{c},1500517590,{v}"),
    Layout(
        "CoinMarketCap",
        "timeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;circulatingSupply;timestamp",
        '"{d}T00:00:00.000Z";"{d}T23:59:59.999Z";"{d}T15:53:00.000Z";"{d}T00:34:00.000Z";"2781";{o};{h};{l};{c};{v};'
        '2204868;19937;"{d}T23:59:59.999Z"',
    ),
    Layout(
        "CryptoDataDownload",
        "https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close,Volume BTC,Volume USD",
        "{d:epoch},{d} 00:00:00,{n}," + OHLC + ",{v},{v}.5",
        newest_first=True,
    ),
    Layout(
        "Binance",
        "open_time,open,high,low,close,volume,close_time,quote_asset_volume,number_of_trades,taker_buy_base_volume,"
        "taker_buy_quote_volume,ignore",
        "{d:ms}," + OHLC + ",{v},{d:ms},1.5,2,3.5,4.5,0",
    ),
    Layout(
        "Binance, with the columns named",
        "open_time,open,high,low,close,volume,close_time,quote_asset_volume,number_of_trades,ignore",
        "{d:ms}," + OHLC + ",{v},{d:ms},1.5,2,0",
        keys={"columns": {"date": "open_time", "close": "close"}},
    ),
)

EUROPEAN = (
    Layout(
        "comdirect",
        '"AAA AG (WKN: 123456 Börse: Xetra)"\n\n"Datum";"Eröffnung";"Hoch";"Tief";"Schluss";"Volumen"',
        '"{d:%d.%m.%Y}";"{o:de}";"{h:de}";"{l:de}";"{c:de}";"5.153,00"',
        newest_first=True,
        encoding="cp1252",
    ),
    Layout(
        "onvista",
        "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen",
        "{d:%d.%m.%Y};{o:dec};{h:dec};{l:dec};{c:dec};{v}",
    ),
    Layout(
        "onvista, with the currency",
        "Datum;Eröffnung;Hoch;Tief;Schluss;Währung;Volumen",
        "{d:%d.%m.%Y};{o:de};{h:de};{l:de};{c:de};EUR;{v}",
        encoding="utf-8-sig",
    ),
    Layout(
        "ariva",
        "Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke;Volumen",
        "{d};{o:dec};{h:dec};{l:dec};{c:dec};;",
        file="wkn_123456_historic.csv",
        newest_first=True,
    ),
    Layout(
        "boerse-frankfurt",
        "Datum;Eröffnung;Schluss;Tageshoch;Tagestief;Umsatz",
        "{d:%d.%m.%Y};{o:de};{c:de};{h:de};{l:de};1.234.567",
        newest_first=True,
    ),
    Layout(
        "finanzen.net",
        "Datum;Schlusskurs;Eröffnung;Tageshoch;Tagestief",
        "{d:%d.%m.%Y};{c:de};{o:de};{h:de};{l:de}",
        newest_first=True,
    ),
    Layout("a German name of the month", "Datum;Kurs", "{d:german};{c:de}", newest_first=True),
    Layout("Portfolio Performance in German", "Datum;Kurs", "{d};{c:dec}"),
    Layout("Portfolio Performance in English", "Date,Quote", "{d},{c}"),
    Layout("Google Sheets in German", "Date;Close", "{d:%d.%m.%Y} 16:00:00;{c:dec}"),
    Layout("a Swiss bank", "Datum;Eröffnung;Hoch;Tief;Schluss", "{d:%d.%m.%Y};{o:ch};{h:ch};{l:ch};{c:ch}"),
    Layout(
        "a French bank",
        "Date;Ouverture;Plus haut;Plus bas;Clôture",
        "{d:%d/%m/%Y};{o:fr};{h:fr};{l:fr};{c:fr}",
    ),
    Layout(
        "Euronext, which has a last price and a close",
        '"Historical Data"\n"From 2019-01-10 to 2019-01-22"\nNL0000000000\n'
        "Date;Open;High;Low;Last;Close;Number of Shares;Number of Trades;Turnover;vwap",
        "{d:%d/%m/%Y};{o};{h};{l};{o};{c};3370;6;15147;{h}",
        refused=True,
    ),
    Layout(
        "Euronext, with the close named",
        '"Historical Data"\n"From 2019-01-10 to 2019-01-22"\nNL0000000000\n'
        "Date;Open;High;Low;Last;Close;Number of Shares;Number of Trades;Turnover;vwap",
        "{d:%d/%m/%Y};{o};{h};{l};{o};{c};3370;6;15147;{h}",
        keys={"columns": {"date": "Date", "close": "Close"}},
    ),
    Layout(
        "Nasdaq Nordic",
        "sep=;\nDate;Bid;Ask;Opening price;High price;Low price;Closing price;Average price;Total volume;Turnover;Trades;",
        "{d};{o:dec};{h:dec};{o:dec};{h:dec};{l:dec};{c:dec};{h:dec};48128;8451395,5;488;",
        newest_first=True,
    ),
)

ASIAN = (
    Layout(
        "the National Stock Exchange of India",
        '"Date ","series ","OPEN ","HIGH ","LOW ","PREV. CLOSE ","ltp ","close ","vwap ","VOLUME "',
        '"{d:%d-%b-%Y}","EQ","{o:us}","{h:us}","{l:us}","{o:us}","{h:us}","{c:us}","{h:us}","{v:,}"',
        newest_first=True,
    ),
    Layout(
        "the Bombay exchange",
        "Date,Open Price,High Price,Low Price,Close Price,WAP,No.of Shares,No. of Trades",
        "{d:%d-%B-%Y}," + OHLC + ",{h},{v},12",
        newest_first=True,
    ),
    Layout(
        "NSE's history on Kaggle",
        "Date,Symbol,Series,Prev Close,Open,High,Low,Last,Close,VWAP,Volume,Turnover",
        "{d},{n},EQ,{o},{o},{h},{l},{h},{c},{h},{v},2687719053785000",
        refused=True,
    ),
    Layout("the value of an Indian fund", "date,nav", "{d:%d-%m-%Y},{c}00", newest_first=True),
    Layout("akshare", "日期,开盘,收盘,最高,最低,成交量", "{d},{o},{c},{h},{l},{v}"),
    Layout("pykrx", "날짜,시가,고가,저가,종가,거래량", "{d},{o},{h},{l},{c},{v}", refused=True),
    Layout(
        "J-Quants",
        "Date,Code,Open,High,Low,Close,Volume,AdjustmentFactor,AdjustmentOpen,AdjustmentClose",
        "{d},{n},{o},{h},{l},{t},{v},1.0,{o},{c}",
        refused=True,
    ),
)


@pytest.mark.parametrize("layout", [*AMERICAN, *GLOBAL, *EUROPEAN, *ASIAN], ids=lambda one: one.name)
def test_a_download_is_read(layout: Layout, tmp_path: Path) -> None:
    """Days and closes are the table's; what the file does not tell is said to be assumed."""
    path = tmp_path / layout.file
    path.write_bytes(layout.text().encode(layout.encoding))
    check(layout, path)
