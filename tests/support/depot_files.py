"""One invented depot as each broker would write it, with a word in every cell that must not be kept."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Final

from engine.depot.records import Holdings, Transaction

CANARY: Final = "Kanarienvogel-DE89370400440532013000"
"""Stands for names, numbers of accounts, IBANs, notes and descriptions."""

HELD: Final = {"IE00B4L5Y983": Decimal(100), "IE00BKM4GZ66": Decimal("40.5"), "DE0005557508": Decimal(25)}
WKNS: Final = {"A0RPWH": "IE00B4L5Y983", "A111X9": "IE00BKM4GZ66", "555750": "DE0005557508"}
CASH: Final = Decimal("1234.56")

_C = CANARY

PLAIN = """ticker,isin,quantity,cost,date,account
EUNL,IE00B4L5Y983,60,80.00,2025-01-02,main
EUNL,IE00B4L5Y983,40,80.00,2025-03-04,main
IS3N,IE00BKM4GZ66,40.5,30.00,2025-01-02,main
,DE0005557508,25,20.00,2025-01-02,main
CASH,,1234.56,,,main
"""

COMDIRECT = f""""Depotübersicht vom 28.11.2026 {_C}";
"Stück/Nom.";"Bezeichnung";"WKN";"Typ";"Währung";"Akt. Kurs";"Diff. abs";"Diff. %";"Datum";"Zeit";"Börse";"Kaufkurs in EUR";"Kaufwert in EUR";"Diff. abs";"Diff. %";"Wert in EUR";"Notizen";
"100";"Core World";"A0RPWH";"ETF";"EUR";"110,00";"0,00";"0,00";"27.11.2026";"17:35";"Xetra";"80,00";"8.000,00";"3.000,00";"37,50";"11.000,00";"{_C}";
"40,5";"Core EM";"A111X9";"ETF";"USD";"44,00";"0,00";"0,00";"27.11.2026";"17:35";"Xetra";"30,00";"1.215,00";"405,00";"33,33";"1.620,00";"";
"25";"Telekom";"555750";"Aktie";"EUR";"30,00";"0,00";"0,00";"27.11.2026";"17:35";"Xetra";"20,00";"500,00";"250,00";"50,00";"750,00";"";
"Depotwert";"13.370,00 EUR";
"""

DKB = f"""Datum der Erstellung;Depotnummer;Wertpapierbezeichnung;WKN;ISIN;Einstiegskurs;Bewertungskurs;Stückzahl;Absoluter Gewinn;Relativer Gewinn;Assetklasse
27.11.2026;{_C};CORE WORLD;A0RPWH;IE00B4L5Y983;"80,00 €";"110,00 €";100;"3.000,00 €";37.5%;ETFs
27.11.2026;{_C};CORE EM;A111X9;IE00BKM4GZ66;"30,00 €";"40,00 €";40,5;"405,00 €";33.3%;ETFs
27.11.2026;{_C};TELEKOM;555750;DE0005557508;"-,--";"1.030,00 €";25;"-,--";-;Aktien
"""

DKB_SHORT = f"""Datum der Erstellung;Depotnummer;Wertpapierbezeichnung;WKN;ISIN;Bewertungskurs;Stückzahl;Assetklasse
27.11.2026;{_C};CORE WORLD;A0RPWH;IE00B4L5Y983;"110,00 €";100;ETFs
27.11.2026;{_C};CORE EM;A111X9;IE00BKM4GZ66;"40,00 €";40,5;ETFs
27.11.2026;{_C};TELEKOM;555750;DE0005557508;"30,00 €";25;Aktien
"""

DEGIRO_PORTFOLIO = """Produkt,Symbol/ISIN,Anzahl,Schlußkurs,Wert,,Wert in EUR
CASH & CASH FUND & FTX CASH (EUR),,,,EUR,"1234,56","1234,56"
CORE WORLD,IE00B4L5Y983,100,"110,00",EUR,"11000,00","11000,00"
CORE EM,IE00BKM4GZ66,"40,5","40,00",EUR,"1620,00","1620,00"
TELEKOM,DE0005557508,25,"30,00",EUR,"750,00","750,00"
"""

DEGIRO_PORTFOLIO_OLD = """Product,Symbol/ISIN,Amount,Closing,Local value,Value in EUR
CASH & CASH FUND (EUR),,,,EUR 1234.56,1234.56
CORE WORLD,IE00B4L5Y983,100,110.00,EUR 11000.00,11000.00
CORE EM,IE00BKM4GZ66,40.5,44.00,USD 1782.00,1620.00
TELEKOM,DE0005557508,25,30.00,EUR 750.00,750.00
"""

DEGIRO_ACCOUNT = f"""Datum,Tijd,Valutadatum,Product,ISIN,Omschrijving,FX,Mutatie,,Saldo,,Order Id
03-01-2025,09:30,03-01-2025,CORE EM,IE00BKM4GZ66,Dividendbelasting,,USD,"-0,15",USD,"0,85",
03-01-2025,09:30,03-01-2025,CORE EM,IE00BKM4GZ66,Dividend,,USD,"1,00",USD,"1,00",
02-01-2025,09:30,02-01-2025,CORE WORLD,IE00B4L5Y983,DEGIRO Transactiekosten en/of kosten van derden,,EUR,"-1,00",EUR,"1,00",{_C}
,,,,,,,,,,,{_C}
02-01-2025,09:30,02-01-2025,CORE WORLD,IE00B4L5Y983,"Koop 1.000 @ 80 EUR",,EUR,"-80000,00",EUR,"1,00",{_C}
01-01-2025,09:30,01-01-2025,,,iDEAL Deposit,,EUR,"81000,00",EUR,"81000,00",{_C}
01-01-2025,09:30,01-01-2025,FLATEX EURO BANKACCOUNT,NLFLATEXACNT,Degiro Cash Sweep Transfer,,EUR,"-5,00",EUR,"5,00",
01-01-2025,09:30,01-01-2025,,,"Overboeking naar uw geldrekening {_C}",,,,EUR,"5,00",
01-01-2025,09:30,01-01-2025,,,Valuta Creditering,,EUR,"2,00",EUR,"5,00",
"""

DEGIRO_TRANSACTIONS = f"""Datum,Uhrzeit,Produkt,ISIN,Referenzbörse,Ausführungsort,Anzahl,Kurs,,Wert in Lokalwährung,,Wert EUR,Wechselkurs,AutoFX-Gebühr,Transaktionsgebühren Dritter,Gesamt EUR,Order-ID
05-06-2025,00:00,CORE WORLD,IE00B4L5Y983,TDG,,200,"40,00",EUR,"-8000,00",EUR,"-8000,00",,,,"-8000,00",
05-06-2025,00:00,CORE WORLD,IE00B4L5Y983,TDG,,-100,"80,00",EUR,"8000,00",EUR,"8000,00",,,,"8000,00",
02-01-2025,09:31,ACME,US0378331005,NDQ,XNAS,10,"110,00",USD,"-1100,00",USD,"-1000,00","1,1000","-1,00","-2,00","-1003,00",{_C}
02-01-2025,09:30,CORE WORLD,IE00B4L5Y983,TDG,XGAT,100,"80,00",EUR,"-8000,00",EUR,"-8000,00",,,"-1,00","-8001,00",{_C}
"""

TRADE_REPUBLIC = f""""datetime","date","account_type","category","type","asset_class","name","symbol","shares","price","amount","fee","tax","currency","original_amount","original_currency","fx_rate","description","transaction_id","counterparty_name","counterparty_iban","payment_reference","mcc_code"
"2025-01-01T08:00:00.000Z","2025-01-01","DEFAULT","CASH","CUSTOMER_INPAYMENT","","{_C}","","","","10960.560000","","","EUR","","","","{_C}","t0","{_C}","{_C}","{_C}",""
"2025-01-02T08:30:00.000Z","2025-01-02","DEFAULT","TRADING","BUY","FUND","Core World","IE00B4L5Y983","100.0000000000","80.0000000000","-8000.000000","-1.000000","","EUR","","","","{_C}","t1","","","",""
"2025-01-02T08:31:00.000Z","2025-01-02","DEFAULT","TRADING","BUY","FUND","Core EM","IE00BKM4GZ66","40.5000000000","30.0000000000","-1215.000000","","","EUR","","","","","t2","","","",""
"2025-01-02T08:32:00.000Z","2025-01-02","DEFAULT","TRADING","BUY","STOCK","Telekom","DE0005557508","25.0000000000","20.0000000000","-500.000000","","","EUR","","","","","t3","","","",""
"2025-01-03T08:32:00.000Z","2025-01-03","DEFAULT","CASH","CARD_TRANSACTION","","{_C}","","","","-10.000000","","","EUR","","","","{_C}","t4","{_C}","{_C}","","5411"
"""

TRADE_REPUBLIC_OLD = f"""Datum;Transactietype;Waarde (netto);Opmerking;ISIN;Aantal;Kosten;Belasting
2025-01-01;Storting;10949,56;{_C};;;;
2025-01-02;Aankoop;-8000;Core World;IE00B4L5Y983;100;;
2025-01-02T16:13:36;Buy;-1215.00;Core EM;IE00BKM4GZ66;40.5;;
2025-01-02;Kauf;-500;Telekom;DE0005557508;25;;
"""

SCALABLE = f"""date;time;status;reference;description;assetType;type;isin;shares;price;amount;fee;tax;currency
2025-01-01;09:00:00;Executed;"{_C}";"{_C}";Cash;Deposit;;;;10950,55;0,00;0,00;EUR
2025-01-02;09:30:00;Executed;"R1";"Core World";Security;Buy;IE00B4L5Y983;100;80,00;-8.000,00;0,99;0,00;EUR
2025-01-02;09:31:00;Executed;"R2";"Core EM";Security;Savings plan;IE00BKM4GZ66;40,5;30,00;-1215,00;0,00;0,00;EUR
2025-01-02;09:32:00;Executed;"R3";"Telekom";Security;Buy;DE0005557508;25;20,00;-500,00;0,00;0,00;EUR
2025-01-03;09:33:00;Cancelled;"R4";"Core World";Security;Buy;IE00B4L5Y983;5;81,00;-405,00;0,00;0,00;EUR
"""

PP_STATEMENT = f"""\ufeffBestand;Name;Symbol;ISIN;WKN;Kurs;Marktwert;Anteil in %;Notiz
"";Summe;;;;;14.604,56;100,00;
100;Core World;EUNL.DE;IE00B4L5Y983;A0RPWH;EUR 110,00;11.000,00;75,32;{_C}
40,5;Core EM;IS3N.DE;IE00BKM4GZ66;A111X9;USD 44,00;1.620,00;11,09;
25;Telekom;DTE.DE;DE0005557508;555750;30,00;750,00;5,14;
"";Verrechnungskonto;;;;;1.234,56;8,45;
"""

PP_TRANSACTIONS = f"""\ufeffDatum;Typ;Wert;Buchungswährung;Bruttobetrag;Währung Bruttobetrag;Wechselkurs;Gebühren;Steuern;Stück;ISIN;WKN;Ticker-Symbol;Wertpapiername;Notiz
2025-01-01T00:00;Einlage;10.949,56;EUR;;;;;;;;;;;{_C}
02.01.2025;Kauf;-8.000,00;EUR;;;;"9,90";;100;IE00B4L5Y983;A0RPWH;EUNL.DE;Core World;{_C}
2025-01-02T00:00;Kauf;1.215,00;EUR;;;;;;40,5;IE00BKM4GZ66;A111X9;IS3N.DE;Core EM;
2025-01-02T00:00;Kauf;-500,00;EUR;;;;;;25;DE0005557508;555750;DTE.DE;Telekom;
"""

IBKR_TRADES = """"Buy/Sell","TradeDate","ISIN","Quantity","TradePrice","TradeMoney","CurrencyPrimary","IBCommission","IBCommissionCurrency"
"SELL","20250109","IE00B4L5Y983","-10","90","-900","EUR","-1.5","EUR"
"BUY","20250102","IE00B4L5Y983","1,000","80","80,000","EUR","-3","USD"
"SELL","20250102","","-8000","1.1173","-8938.4","USD","-1.79924","CHF"
"""

IBKR_STATEMENT = f"""\ufeffStatement,Header,Field Name,Field Value
Statement,Data,Period,"November 1, 2026 - November 27, 2026"
Account Information,Header,Field Name,Field Value
Account Information,Data,Name,{_C}
Account Information,Data,Account,{_C}
Account Information,Data,Base Currency,EUR
Cash Report,Header,Currency Summary,Currency,Total,Securities,Futures,
Cash Report,Data,Starting Cash,EUR,0,0,0,
Cash Report,Data,Ending Cash,Base Currency Summary,"1,234.56","1,234.56",0,
Cash Report,Data,Ending Cash,EUR,"1,234.56","1,234.56",0,
Cash Report,Data,Ending Settled Cash,EUR,"1,000.00","1,000.00",0,
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Open,Quantity,Mult,Cost Price,Cost Basis,Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Stocks,EUR,EUNL,-,100,1,80,"8,000",110,"11,000","3,000",
Open Positions,Data,Lot,Stocks,EUR,EUNL,"2025-01-02, 09:30:00",100,1,80,"8,000",110,"11,000","3,000",
Open Positions,Data,Summary,Stocks,EUR,IS3N,-,40.5,1,30,"1,215",40,"1,620",405,
Open Positions,Data,Summary,Stocks,EUR,DTE,-,25,1,20,500,30,750,250,
Open Positions,Total,,Stocks,EUR,,,,,,"9,715",,"13,370","3,655",
Financial Instrument Information,Header,Asset Category,Symbol,Description,Conid,Security ID,Listing Exch,Multiplier,Type,Code
Financial Instrument Information,Data,Stocks,EUNL,CORE WORLD,1,IE00B4L5Y983,IBIS2,1,ETF,
Financial Instrument Information,Data,Stocks,IS3N,CORE EM,2,IE00BKM4GZ66,IBIS2,1,ETF,
Financial Instrument Information,Data,Stocks,DTE,TELEKOM,3,DE0005557508,IBIS,1,COMMON,
"""


def _open_position(
    symbol: str, conid: int, isin: str, numbers: tuple[str, str, str], level: str, opened: str = ""
) -> str:
    quantity, price, cost = numbers
    return (
        f'<OpenPosition accountId="{_C}" currency="EUR" fxRateToBase="1" assetCategory="STK" symbol="{symbol}" '
        f'conid="{conid}" isin="{isin}" reportDate="20261127" position="{quantity}" multiplier="1" '
        f'markPrice="{price}" costBasisPrice="{cost}" levelOfDetail="{level}" openDateTime="{opened}" />'
    )


_FLEX_POSITIONS = "\n".join(
    _open_position(symbol, conid, isin, numbers, level, opened)
    for conid, (symbol, isin, numbers) in enumerate(
        [
            ("EUNL", "IE00B4L5Y983", ("100", "110", "80")),
            ("IS3N", "IE00BKM4GZ66", ("40.5", "40", "30")),
            ("DTE", "DE0005557508", ("25", "30", "20")),
        ],
        1,
    )
    for level, opened in (("SUMMARY", ""), ("LOT", "20250102;093000"))
)

IBKR_FLEX = f"""<FlexQueryResponse queryName="{_C}" type="AF">
<FlexStatements count="1">
<FlexStatement accountId="{_C}" fromDate="20261127" toDate="20261127">
<AccountInformation accountId="{_C}" currency="EUR" name="{_C}" />
<CashReport>
<CashReportCurrency accountId="{_C}" currency="BASE_SUMMARY" endingCash="1234.56" endingSettledCash="1234.56" />
<CashReportCurrency accountId="{_C}" currency="EUR" endingCash="1234.56" endingSettledCash="1000" />
</CashReport>
<OpenPositions>
{_FLEX_POSITIONS}
</OpenPositions>
<Trades>
<Trade accountId="{_C}" currency="EUR" fxRateToBase="1" assetCategory="STK" symbol="EUNL" isin="IE00B4L5Y983" conid="1" tradeDate="20250102" buySell="BUY" quantity="100" tradePrice="80" proceeds="-8000" taxes="0" ibCommission="-3" ibCommissionCurrency="EUR" levelOfDetail="EXECUTION" notes="{_C}" />
<Trade accountId="{_C}" currency="USD" assetCategory="CASH" symbol="EUR.USD" tradeDate="20250102" buySell="BUY" quantity="100" tradePrice="1.1" levelOfDetail="EXECUTION" />
</Trades>
<CashTransactions>
<CashTransaction accountId="{_C}" currency="EUR" type="Dividends" amount="12.5" dateTime="20250601;202000" isin="IE00B4L5Y983" conid="1" symbol="EUNL" description="{_C}" />
<CashTransaction accountId="{_C}" currency="EUR" type="Deposits/Withdrawals" amount="10949.56" dateTime="2025-01-01" description="{_C}" />
</CashTransactions>
</FlexStatement>
</FlexStatements>
</FlexQueryResponse>
"""

FILES: Final[dict[str, tuple[str, bytes]]] = {
    "plain.csv": ("plain", PLAIN.encode()),
    "comdirect.csv": ("comdirect", COMDIRECT.replace("\n", "\r\n").encode("cp1252")),
    "dkb.csv": ("dkb", DKB.encode()),
    "dkb_short.csv": ("dkb", DKB_SHORT.encode()),
    "degiro_portfolio.csv": ("degiro-portfolio", DEGIRO_PORTFOLIO.encode()),
    "degiro_portfolio_old.csv": ("degiro-portfolio", DEGIRO_PORTFOLIO_OLD.encode()),
    "degiro_account.csv": ("degiro-account", DEGIRO_ACCOUNT.encode()),
    "degiro_transactions.csv": ("degiro-transactions", DEGIRO_TRANSACTIONS.encode()),
    "trade_republic.csv": ("trade-republic", TRADE_REPUBLIC.encode()),
    "trade_republic_old.csv": ("trade-republic-old", TRADE_REPUBLIC_OLD.encode()),
    "scalable.csv": ("scalable", SCALABLE.encode()),
    "pp_statement.csv": ("portfolio-performance-statement", PP_STATEMENT.encode()),
    "pp_transactions.csv": ("portfolio-performance-transactions", PP_TRANSACTIONS.encode()),
    "ibkr_trades.csv": ("ibkr-trades", IBKR_TRADES.encode()),
    "ibkr_statement.csv": ("ibkr-statement", IBKR_STATEMENT.encode()),
    "ibkr_flex.xml": ("ibkr-flex", IBKR_FLEX.encode()),
}
"""The files by name: the layout each is of, and its bytes."""

WITH_HOLDINGS: Final = tuple(
    name for name in FILES if name not in {"degiro_account.csv", "degiro_transactions.csv", "ibkr_trades.csv"}
)
"""Those of the depot that say what is held, or all that was ever booked."""
WITHOUT_CASH: Final = frozenset({"comdirect.csv", "dkb.csv", "dkb_short.csv", "pp_statement.csv"})


def write_file(folder: Path, name: str) -> str:
    (folder / name).write_bytes(FILES[name][1])
    return str(folder / name)


def held(holdings: Holdings) -> dict[str, Decimal]:
    return {one.codes.isin or WKNS[one.codes.wkn]: one.quantity for one in holdings.positions}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def short_booking(one: Transaction) -> tuple[str, str, Decimal, Decimal, Decimal, Decimal, str]:
    return str(one.date), one.kind, one.quantity, one.money, one.fee, one.tax, one.currency


def expect_bookings(*rows: tuple[str, str, str, str, str, str, str]) -> list[tuple[object, ...]]:
    return [(when, kind, *map(Decimal, numbers), currency) for when, kind, *numbers, currency in rows]


def normal_booking(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(cell.normalize() + 0 if isinstance(cell, Decimal) else cell for cell in row)


BOOKED = {
    "degiro_account.csv": expect_bookings(
        ("2025-01-01", "deposit", "0", "81000", "0", "0", "EUR"),
        ("2025-01-02", "buy", "1000", "-80000", "0", "0", "EUR"),
        ("2025-01-02", "fee", "0", "-1", "1", "0", "EUR"),
        ("2025-01-03", "dividend", "0", "1", "0", "0", "USD"),
        ("2025-01-03", "tax", "0", "-0.15", "0", "0.15", "USD"),
    ),
    "degiro_transactions.csv": expect_bookings(
        ("2025-01-02", "buy", "100", "-8001", "1", "0", "EUR"),
        ("2025-01-02", "buy", "10", "-1003", "3", "0", "EUR"),
        ("2025-06-05", "split", "100", "0", "0", "0", "EUR"),
    ),
    "ibkr_trades.csv": expect_bookings(
        ("2025-01-02", "buy", "1000", "-80000", "0", "0", "EUR"),
        ("2025-01-02", "fee", "0", "-3", "3", "0", "USD"),
        ("2025-01-09", "sell", "-10", "898.5", "1.5", "0", "EUR"),
    ),
    "ibkr_flex.xml": expect_bookings(
        ("2025-01-01", "deposit", "0", "10949.56", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8003", "3", "0", "EUR"),
        ("2025-06-01", "dividend", "0", "12.5", "0", "0", "EUR"),
    ),
    "trade_republic.csv": expect_bookings(
        ("2025-01-01", "deposit", "0", "10960.56", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8001", "1", "0", "EUR"),
        ("2025-01-02", "buy", "40.5", "-1215", "0", "0", "EUR"),
        ("2025-01-02", "buy", "25", "-500", "0", "0", "EUR"),
        ("2025-01-03", "withdrawal", "0", "-10", "0", "0", "EUR"),
    ),
    "scalable.csv": expect_bookings(
        ("2025-01-01", "deposit", "0", "10950.55", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8000.99", "0.99", "0", "EUR"),
        ("2025-01-02", "buy", "40.5", "-1215", "0", "0", "EUR"),
        ("2025-01-02", "buy", "25", "-500", "0", "0", "EUR"),
    ),
    "pp_transactions.csv": expect_bookings(
        ("2025-01-01", "deposit", "0", "10949.56", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8000", "9.9", "0", "EUR"),
        ("2025-01-02", "buy", "40.5", "-1215", "0", "0", "EUR"),
        ("2025-01-02", "buy", "25", "-500", "0", "0", "EUR"),
    ),
}
