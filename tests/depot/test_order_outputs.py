"""What `engine orders` leaves behind: files, what is printed, a calendar; and what it never does."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import socket
from pathlib import Path

import pytest

from tests.support.depot_files import CANARY, FILES
from tests.support.order_commands import HELD, OrdersCommand

FOLDER = Path("out") / "three" / "2026-11-30"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_orders_as_json_have_every_field_and_null_for_what_is_absent(orders: OrdersCommand) -> None:
    found = orders.json("--now")
    assert found["due"] == [{"kind": "now", "words": "a rebalance, because you asked for one (--now)"}]
    assert found["next"]["date"] == "2027-01-04"
    assert set(found["cash"]) == {"before", "after", "worst", "settled"}
    assert all(len(found["sha256"][name]) == 64 for name in ("config", "data", "holdings"))
    assert found["sha256"]["holdings"] == hashlib.sha256(HELD.encode()).hexdigest()
    sale, spy, vod = found["orders"]
    assert (sale["ticker"], sale["wkn"], sale["fx"], sale["realised_gain"]) == ("EUNL", "A0RPWH", None, None)
    assert spy["fx"] == {
        "currency": "USD",
        "rate": pytest.approx(1 / 1.0832),
        "pair": "EURUSD 1.0832",
        "date": "2026-11-27",
        "fee": pytest.approx(500 * 0.0002),
    }
    assert (spy["limit"], spy["currency"], vod["currency"]) == (544.30, "USD", "GBP")
    assert found["positions"][0]["codes"] == {"isin": "IE00B4L5Y983", "wkn": "A0RPWH", "symbol": "EUNL"}
    assert "no advice" in found["note"]


@pytest.mark.parametrize(
    ("form", "name"), [("csv", "orders.csv"), ("basket", "basket.csv"), ("checklist", "checklist.txt")]
)
def test_a_format_prints_its_file_and_nothing_else(orders: OrdersCommand, form: str, name: str) -> None:
    assert orders.run("--now", "--format", form) == 0
    assert orders.out.encode() == (orders.folder / FOLDER / name).read_bytes()


def test_the_csv_has_codes_and_limits_in_the_currency_of_the_exchange(orders: OrdersCommand) -> None:
    orders.run("--now", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(orders.out)))
    columns = "wave,side,ticker,isin,wkn,quantity,limit,currency,money,fee,reason"
    assert list(rows[0]) == columns.split(",")
    assert [(row["ticker"], row["limit"], row["currency"]) for row in rows] == [
        ("EUNL", "109.45", "EUR"),
        ("SPY", "544.3", "USD"),
        ("VOD", "4.6", "GBP"),
    ]


def test_purchases_that_need_the_sales_are_a_second_basket_and_unknown_symbols_are_named(orders: OrdersCommand) -> None:
    assert orders.run("--now") == 0
    folder = orders.folder / FOLDER
    first, second = ((folder / name).read_text().splitlines() for name in ("basket.csv", "basket-2.csv"))
    assert first[1:] == [
        "SELL,3,EUNL,STK,SMART/IBIS2,EUR,DAY,LMT,109.45,three-20261130",
        "BUY,1,SPY,STK,SMART/ARCA,USD,DAY,LMT,544.3,three-20261130",
    ]
    assert second == first[:1]
    assert "Not in the basket file: VOD (no symbol" in orders.out
    assert "Not in the basket file: VOD (no symbol" in (folder / "checklist.txt").read_text()


def test_an_earlier_second_basket_does_not_stay_beside_orders_that_need_none(orders: OrdersCommand) -> None:
    known = ("--set", "identifiers.VOD={ticker: VOD, ibkr: VOD, exchange: SMART/LSE}")
    assert orders.run("--now", *known) == 0
    second = orders.folder / FOLDER / "basket-2.csv"
    assert second.read_text().splitlines()[1:] == ["BUY,306,VOD,STK,SMART/LSE,GBP,DAY,LMT,4.6,three-20261130"]
    assert orders.run("--now", *known, held=HELD.replace("2000", "20000")) == 0
    assert len(second.read_text().splitlines()) == 1


def test_names_that_are_formulas_are_harmless_in_every_file(orders: OrdersCommand) -> None:
    """A symbol of the config, a name in the depot and a reason begin as formulas do."""
    bad = ("=HYPERLINK(1)", "+1+1", "-cmd", "@SUM(A1)")
    for text in bad:
        code = orders.run("--now", "--set", f"identifiers.US78462F1030.ibkr={json.dumps(text)}", "--format", "basket")
        assert code == 0, orders.err
        rows = list(csv.reader(io.StringIO(orders.out)))
        assert all(cell[:1] not in "=+-@" for row in rows for cell in row if cell)
        assert rows[2][2] == f"'{text}"


def test_the_folder_is_signed_readable_by_its_owner_alone_and_the_same_bytes_again(orders: OrdersCommand) -> None:
    assert orders.run("--now") == 0
    folder = orders.folder / FOLDER
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    signed = json.loads(before["manifest.json"])["files"]
    assert signed == {name: hashlib.sha256(raw).hexdigest() for name, raw in before.items() if name != "manifest.json"}
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o600"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert orders.run("--now") == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_file_that_is_not_as_it_was_left_is_never_replaced(orders: OrdersCommand) -> None:
    assert orders.run() == 0
    notes = orders.folder / FOLDER / "checklist.txt"
    notes.write_text("bought on Tuesday\n")
    assert orders.run() == 1
    assert "is not as `engine orders` left it and would be replaced" in orders.err
    assert notes.read_text() == "bought on Tuesday\n"


def test_the_state_it_writes_is_the_state_it_reads(orders: OrdersCommand) -> None:
    assert orders.run("--now") == 0
    state = orders.folder / FOLDER / "state.json"
    assert orders.run("--state", str(state), "--out", str(orders.folder / "again")) == 0
    assert "the targets in force are those of the plan's own run" not in " ".join(orders.out.split())


@pytest.mark.parametrize("name", ["comdirect.csv", "dkb.csv", "pp_statement.csv", "ibkr_flex.xml"])
def test_nothing_private_of_a_file_is_in_any_output(
    orders: OrdersCommand, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    identifiers = "{IE00B4L5Y983: EUNL, A0RPWH: EUNL}"
    raw = FILES[name][1]
    assert CANARY.encode() in raw or CANARY.encode("cp1252") in raw
    more = ("--cash", "1000", "--set", f"identifiers={identifiers}", "--fx", "EURUSD=1.1", "--now")
    assert orders.run(*more, held=raw, name=name) == 0, orders.err
    written = b"".join(path.read_bytes() for path in (orders.folder / "out").rglob("*") if path.is_file())
    told = written.decode() + orders.out + orders.err + caplog.text
    for private in (CANARY, "DE8937", "Kanarienvogel"):
        assert private not in told


def test_holdings_that_nobody_may_write_stay_as_they_are_and_no_network_is_asked(
    orders: OrdersCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = orders.folder / "held.csv"
    path.write_text(HELD)
    path.chmod(0o444)

    def refuse(*_: object, **__: object) -> socket.socket:
        raise AssertionError

    monkeypatch.setattr(socket, "socket", refuse)
    before = path.stat().st_mtime_ns
    assert orders.run("--now") == 0
    assert (path.read_text(), path.stat().st_mtime_ns) == (HELD, before)


def test_what_the_plan_does_not_name_changes_only_its_own_list(orders: OrdersCommand) -> None:
    plain = orders.json("--now")
    other = orders.json("--now", held=HELD + "DTE,25\nXYZ,3\n")
    assert [one["codes"]["symbol"] for one in other["unknown"]] == ["DTE", "XYZ"]
    for found in (plain, other):
        del found["unknown"], found["warnings"], found["sha256"]
    assert plain == other


def test_unknown_holdings_that_are_much_of_the_depot_are_told(orders: OrdersCommand) -> None:
    found = orders.json("--cash", "1234.56", "--set", "identifiers={A0RPWH: EUNL}", held=FILES["dkb.csv"][1])
    share = sum(one["share"] for one in found["unknown"])
    assert share > 0.5
    assert found["warnings"][0].startswith(
        f"{share:.1%} of the depot is not named by the plan and is kept out of its value: "
    )
    assert found["warnings"][0].endswith(
        "where one is an asset of the plan, no order is right: say which, as identifiers: {DE0005557508: its ticker}"
    )


def test_what_a_plan_knows_less_than_half_of_is_warned_of_before_any_order(orders: OrdersCommand) -> None:
    """On the terminal and on the checklist it stands above the orders, once; a smaller part stands among the others."""
    asked = ("--cash", "1234.56", "--set", "identifiers={A0RPWH: EUNL}", "--now")
    assert orders.run(*asked, held=FILES["dkb.csv"][1]) == 0
    assert orders.out.startswith(" ! 69.1% of the depot is not named by the plan")
    assert orders.out.count("is not named by the plan") == 1
    path = orders.folder / FOLDER / "checklist.txt"
    assert path.read_text().splitlines()[1].startswith("First: 69.1% of the depot is not named by the plan")
    assert orders.run(*asked, "--set", "orders.unknown=sell", held=FILES["dkb.csv"][1]) == 0
    assert orders.out.startswith(" ! 69.1% of the depot is not named by the plan and is sold whole")
    assert orders.run("--cash", "20000", *asked[2:], held=FILES["dkb.csv"][1]) == 0
    assert orders.out.startswith("Due on")
    assert orders.out.count("is not named by the plan and is kept out of its value") == 1
    assert path.read_text().count("First: ") == 0


def unfolded(raw: bytes) -> list[tuple[str, str]]:
    """Return names with parameters and values of a calendar file, read as RFC 5545 says."""
    text = raw.decode("utf-8")
    assert text.endswith("\r\n")
    lines = text.removesuffix("\r\n").split("\r\n")
    assert not any("\n" in line or "\r" in line or len(line.encode()) > 75 for line in lines)
    whole: list[str] = []
    for line in lines:
        if line.startswith(" "):
            whole[-1] += line[1:]
        else:
            whole.append(line)
    return [(line.partition(":")[0], line.partition(":")[2]) for line in whole]


def test_the_next_decisions_are_all_day_entries_that_a_calendar_reads(orders: OrdersCommand) -> None:
    """The first sessions of January in Frankfurt; a long name is folded, commas and semicolons are escaped."""
    path = orders.folder / "next.ics"
    name = 64 * "n"
    assert orders.run("--ics", str(path), "--set", f"name={json.dumps(name)}") == 0, orders.err
    lines = unfolded(path.read_bytes())
    assert lines[0] == ("BEGIN", "VCALENDAR")
    assert lines[-1] == ("END", "VCALENDAR")
    assert ("VERSION", "2.0") in lines
    starts = [dt.date.fromisoformat(value) for key, value in lines if key == "DTSTART;VALUE=DATE"]
    ends = [dt.date.fromisoformat(value) for key, value in lines if key == "DTEND;VALUE=DATE"]
    assert [day.isoformat() for day in starts] == ["2027-01-04", "2028-01-03", "2029-01-02", "2030-01-02", "2031-01-02"]
    assert [end - start for start, end in zip(starts, ends, strict=True)] == [dt.timedelta(days=1)] * 5
    assert {value for key, value in lines if key == "DTSTAMP"} == {"20261130T000000Z"}
    uids = [value for key, value in lines if key == "UID"]
    assert len(set(uids)) == 5
    summary = next(value for key, value in lines if key == "SUMMARY")
    assert summary == f"{name}: the rebalance of January"
    words = next(value for key, value in lines if key == "DESCRIPTION")
    assert "(on the first session of every January\\, XETR)" in words
    assert "no advice\\; nothing" in words
    assert orders.run("--ics", str(path), "--as-of", "2026-11-27", "--set", f"name={json.dumps(name)}") == 0
    assert [value for key, value in unfolded(path.read_bytes()) if key == "UID"] == uids


def test_a_calendar_of_another_program_is_not_replaced(orders: OrdersCommand) -> None:
    path = orders.folder / "mine.ics"
    path.write_text("BEGIN:VCALENDAR\r\nPRODID:other\r\nEND:VCALENDAR\r\n")
    assert orders.run("--ics", str(path)) == 1
    assert "is no calendar of `engine orders` and would be replaced" in orders.err
    assert "other" in path.read_text()


@pytest.mark.parametrize("now", [False, True])
def test_a_terminal_of_80_columns_takes_200_positions(
    orders: OrdersCommand, monkeypatch: pytest.MonkeyPatch, now: bool
) -> None:
    """Long lists are shortened, and say which file has the rest."""
    monkeypatch.setenv("COLUMNS", "80")
    tickers = [f"NAME{at:03d}" for at in range(200)]
    days = [f"2026-11-{day:02d}" for day in (*range(16, 21), *range(23, 28))]
    table = "date," + ",".join(tickers) + "\n" + "".join(f"{day}{',123.45' * 200}\n" for day in days)
    held = "ticker,quantity\n" + "".join(f"{ticker},{at % 9 + 1}\n" for at, ticker in enumerate(tickers))
    weights = "{" + ", ".join(f"{ticker}: 0.5%" for ticker in tickers) + "}"
    settings = ("--set", f"strategy.weights={weights}", "--set", "data.currencies={}", "--set", "identifiers={}")
    more = ("--set", "data.source.currency=EUR", *settings, *(["--now"] if now else []))
    assert orders.run(*more, prices=table, held=held + "CASH,500\n") == 0, orders.err
    assert max(map(len, orders.out.splitlines())) <= 80
    assert len(orders.out.splitlines()) < 110
    assert "orders.json" in orders.out


def test_a_plan_without_any_symbol_is_told_once_that_its_basket_is_empty(orders: OrdersCommand) -> None:
    plain = orders.config.replace(", ibkr: EUNL, exchange: SMART/IBIS2", "").replace(
        ", ibkr: SPY, exchange: SMART/ARCA", ""
    )
    orders.config = plain
    assert orders.run("--now") == 0
    assert "Not in the basket file: all orders (no asset has a symbol: write `ibkr` under identifiers, if" in " ".join(
        orders.out.split()
    )
