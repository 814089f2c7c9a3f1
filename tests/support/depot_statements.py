"""A small market with dividends and splits, plans over it, and what a broker would print of their trades."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.config import RunConfig
from engine.composition import load_run
from engine.depot.comparison import compare_depot as comparing
from engine.depot.comparison.asset_prices import AssetPrices
from engine.depot.comparison.exact import Bookings
from engine.depot.comparison.flags import DepotFlags
from engine.depot.comparison.plan_account import PlanRun, list_bookings
from engine.depot.comparison.records import DepotComparison
from strategies import AnyStrategy

TICKERS = ("AAA", "BBB", "CCC")
COLUMNS = ("date", "type", "asset_class", "name", "symbol", "shares", "price", "amount", "fee", "tax")
PLAN = """
name: small
data: {{source: {{kind: files, path: {prices}, currency: USD}}{dividends}}}
account: {{capital: 7000, currency: USD{account}}}
strategy:
  kind: fixed_mix
  weights: {{AAA: 60%, BBB: 40%}}
  rebalance: {{kind: every, period: month}}
costs: {{kind: percent, rate: 0.2%}}
identifiers: {{{identifiers}}}
"""


def isin(ticker: str) -> str:
    """Return an ISIN of nothing, with its right check digit."""
    body = f"XF{ticker:0>9}"
    digits = "".join(str(int(char, 36)) for char in body)
    total = 0
    for place, char in enumerate(reversed(digits)):
        number = int(char) * (1 if place % 2 else 2)
        total += number // 10 + number % 10
    return f"{body}{-total % 10}"


def sessions(count: int = 300) -> list[str]:
    """Return weekdays from 2024-01-01 on."""
    days = np.arange("2024-01-01", "2027-01-01", dtype="datetime64[D]")
    return [str(day) for day in days[np.is_busday(days)][:count]]


def write_market(folder: Path, count: int = 300) -> Path:
    """Write closes as traded of three assets: AAA pays dividends, BBB splits 3 for 1 and pays, CCC does neither."""
    draw, days = np.random.default_rng(11), sessions(count)
    lines = ["date,ticker,close,dividend,split"]
    for j, ticker in enumerate(TICKERS):
        close = 50.0 + 30.0 * j
        for t, day in enumerate(days):
            split = 3.0 if (ticker == "BBB" and t == 120) else 1.0
            close = round(close * (1.0 + draw.normal(0.0004, 0.012)) / split, 2)
            dividend = 0.37 if ticker != "CCC" and t % 60 == 30 + 5 * j else 0.0
            lines.append(f"{day},{ticker},{close},{dividend},{split}")
    path = folder / "prices.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_plan(folder: Path, prices: Path, *, dividends: str = "", account: str = "") -> RunConfig[AnyStrategy]:
    """Return a plan of AAA and BBB that is rebalanced each month; CCC has a code only."""
    codes = ", ".join(f"{isin(ticker)}: {ticker}" for ticker in TICKERS)
    use = f", dividends: {dividends}" if dividends else ""
    path = folder / "plan.yaml"
    path.write_text(PLAN.format(prices=prices, dividends=use, account=account, identifiers=codes))
    return load_run(path)


@dataclasses.dataclass
class Statement:
    """Rows as Trade Republic prints them; ``rows`` can be changed before they are written."""

    rows: list[dict[str, str]]

    @classmethod
    def of_flows(cls, flows: dict[str, str]) -> Statement:
        """Return money paid in, or out where negative, by day."""
        kinds = {False: "CUSTOMER_INPAYMENT", True: "CUSTOMER_OUTPAYMENT"}
        return cls(
            [{"date": day, "type": kinds[money.startswith("-")], "amount": money} for day, money in flows.items()]
        )

    def trade(self, day: str, ticker: str, shares: str, amount: str, fee: str = "0", tax: str = "0") -> Statement:
        """Add a purchase, or a sale of negative shares, and return this; costs are positive."""
        kind = "SELL" if shares.startswith("-") else "BUY"
        row = {"date": day, "type": kind, "asset_class": "STOCK", "symbol": isin(ticker), "shares": shares}
        self.rows.append({**row, "amount": amount, "fee": f"-{fee}", "tax": f"-{tax}"})
        return self

    def book(self, day: str, kind: str, amount: str = "", ticker: str = "", shares: str = "") -> Statement:
        """Add any other row and return this."""
        row = {"date": day, "type": kind, "asset_class": "STOCK" if ticker else "", "amount": amount, "shares": shares}
        self.rows.append({**row, "symbol": isin(ticker) if ticker else ""})
        return self

    def add(self, bookings: Bookings, prices: AssetPrices) -> Statement:
        """Add trades and payments as they are printed, with all their digits, and return this."""
        days = [str(day) for day in prices.market.traded.dates]
        for one in bookings.every_trade():
            shares = prices.shares(one.ticker, one.row)
            money = digits(-one.quantity * one.price)
            self.trade(days[one.row], one.ticker, digits(one.quantity * shares), money, digits(one.fee))
        kinds = {"dividend": "DIVIDEND", "interest": "INTEREST", "fee": "CARD_ORDERING_FEE", "tax": "TAX_REFUND"}
        for paid in bookings.cash:
            self.book(days[paid.row], kinds[paid.kind], digits(paid.money), paid.ticker)
        return self

    def write(self, path: Path) -> Path:
        """Write the file."""
        path.write_text("\n".join([",".join([*COLUMNS, "currency", "transaction_id"]), *self._lines()]) + "\n")
        return path

    def _lines(self) -> Iterable[str]:
        for at, row in enumerate(self.rows):
            yield ",".join([*(row.get(column, "") for column in COLUMNS), "USD", f"t{at}"])


def digits(number: Fraction) -> str:
    """Return a number that has finitely many digits with all of them, any other with 60."""
    from decimal import localcontext

    with localcontext() as context:
        context.prec = 60
        return format(Decimal(number.numerator) / Decimal(number.denominator), "f")


def compare(
    config: RunConfig[AnyStrategy], path: Path, monkeypatch: pytest.MonkeyPatch, **flags: object
) -> tuple[DepotComparison, Bookings, AssetPrices]:
    """Compare a file with its plan; return also what the plan did, and the closes it was compared on."""
    seen: list[tuple[Bookings, AssetPrices]] = []

    def listen(run: PlanRun, prices: AssetPrices) -> Bookings:
        bookings = list_bookings(run, prices)
        seen.append((bookings, prices))
        return bookings

    monkeypatch.setattr(comparing, "list_bookings", listen)
    found = comparing.compare_depot(config, path, DepotFlags(**flags))  # type: ignore[arg-type]
    return found, *seen[-1]
