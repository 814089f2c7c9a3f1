"""What is held follows from all that was booked."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.errors import DataError
from engine.depot.faults import Faults
from engine.depot.holdings import read_holdings
from engine.depot.records import Codes, HoldingLot, Position, Transaction, TransactionKind
from engine.depot.replay import replay

ZERO = Decimal(0)
SCALABLE = "date;time;status;reference;description;assetType;type;isin;shares;price;amount;fee;tax;currency\n"


def booking(day: int, kind: TransactionKind, quantity: str, price: str = "", isin: str = "US0378331005") -> Transaction:
    money = -Decimal(quantity) * Decimal(price or 0)
    cost = Decimal(price) if price else None
    codes = Codes(isin=isin)
    date = dt.date(2025, 1, day)
    return Transaction(date, kind, codes, Decimal(quantity), cost, money, ZERO, ZERO, "EUR", None, "", day)


def held(*bookings: Transaction) -> Position:
    faults = Faults("a.csv")
    statement = replay(bookings, faults)
    faults.raise_all()
    return statement.positions[0]


def test_the_first_purchases_go_first() -> None:
    """E10: of 10 at 50 and 10 at 80, 15 sold cost 900; what is left cost 80."""
    left = held(booking(1, "buy", "10", "50"), booking(2, "buy", "10", "80"), booking(3, "sell", "-15", "100"))
    assert left.lots == (HoldingLot(dt.date(2025, 1, 2), Decimal(5), Decimal(80)),)
    assert (left.quantity, left.cost) == (Decimal(5), Decimal(80))


def test_a_part_of_a_share_is_left() -> None:
    assert held(booking(1, "buy", "10", "50"), booking(2, "sell", "-9.5", "60")).quantity == Decimal("0.5")


def test_the_average_cost_is_over_the_lots() -> None:
    """E10: 65."""
    assert held(booking(1, "buy", "10", "50"), booking(2, "buy", "10", "80")).cost == Decimal(65)


def test_splits_change_shares_and_cost_but_not_the_money() -> None:
    """P43: 0.005 shares at 998, splits 5:1 and 3:1, are 0.075 at 66.5333333."""
    left = held(booking(1, "buy", "0.005", "998"), booking(2, "split", "0.02"), booking(3, "split", "0.05"))
    assert left.quantity == Decimal("0.075")
    assert left.cost is not None
    assert round(left.cost, 7) == Decimal("66.5333333")


def test_shares_of_a_split_add_up_whatever_is_rounded() -> None:
    bought = [booking(day, "buy", "1", "10") for day in (1, 2, 3)]
    assert held(*bought, booking(4, "split", "-2")).quantity == Decimal(1)


def test_of_one_day_what_was_bought_is_there_before_it_is_sold() -> None:
    left = held(booking(1, "sell", "-4", "11"), booking(1, "buy", "10", "10"))
    assert left.quantity == Decimal(6)


def test_more_shares_sold_than_were_there_is_told_with_its_line(tmp_path: Path) -> None:
    row = "2025-01-02;09:30:00;Executed;R1;World;Security;Sell;IE00B4L5Y983;5;80,00;400,00;0,00;0,00;EUR\n"
    (tmp_path / "a.csv").write_text(SCALABLE + row)
    with pytest.raises(DataError, match=r"a.csv:2: found 5 shares going, 0 were there; export all transactions since"):
        read_holdings(str(tmp_path / "a.csv"))


def test_a_file_whose_newest_day_stands_first_is_turned_around(tmp_path: Path) -> None:
    rows = [
        "2025-01-03;09:30:00;Executed;R2;World;Security;Sell;IE00B4L5Y983;5;90,00;450,00;0,00;0,00;EUR\n",
        "2025-01-02;09:30:00;Executed;R1;World;Security;Buy;IE00B4L5Y983;8;80,00;-640,00;0,00;0,00;EUR\n",
    ]
    (tmp_path / "a.csv").write_text(SCALABLE + "".join(rows))
    holdings = read_holdings(str(tmp_path / "a.csv"))
    assert holdings.positions[0].quantity == Decimal(3)
    assert holdings.cash == {"EUR": Decimal("-190.00")}
