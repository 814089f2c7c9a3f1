"""`engine data check FILE`: how a bare file is read, and a section of a config that reads it the same way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.config_sections import Data
from engine.backtest.file_check import FileCheck, check_file
from engine.backtest.prices import load_closes
from engine.core.errors import ConfigError, DataError
from engine.core.validation import validate
from engine.core.yaml_document import parse_document
from engine.data.closes import CloseSeries
from engine.data.price_files.grid import ColumnRows
from engine.data.sources.base import PriceRequest
from engine.report.file_terminal import print_file_check
from tests.support.cli import engine

pytestmark = pytest.mark.usefixtures("price_store")

DAYS = np.busday_offset("2024-01-02", np.arange(90), roll="forward")
CLOSES = np.round(50.0 * np.exp(np.random.default_rng(2).normal(0.0, 0.01, (90, 3)).cumsum(axis=0)), 2)


def write(path: Path, header: str, columns: int, *extra: str) -> Path:
    """Write dates, closes and what stands beside them on every line."""
    lines = [",".join([str(day), *map(str, row[:columns]), *extra]) for day, row in zip(DAYS, CLOSES, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def pasted(check: FileCheck) -> Data:
    """Return the section that is printed, as a config would hold it."""
    return validate(Data, parse_document("\n".join(line[2:] for line in check.yaml.splitlines()[1:])))


FILES = {
    "wide": ("date,AAA,BBB,CCC", 3, (), ("AAA", "BBB", "CCC")),
    "single": ("Date,Close,Volume", 1, ("7",), ("PRICES",)),
    "adjusted beside raw": ("Date,Close,Adj Close", 2, (), ("PRICES",)),
    "with a currency": ("Date,Close,Currency", 1, ("GBp",), ("PRICES",)),
    "events": ("Date,Close,Dividend,Split", 1, ("0", "1"), ("PRICES",)),
    "long": ("date,price,ticker", 1, ("BRK.B",), ("BRK.B",)),
}


@pytest.mark.parametrize("layout", FILES)
def test_the_printed_section_reads_the_file_as_it_was_checked(layout: str, tmp_path: Path) -> None:
    """The YAML to paste is valid and loads the same prices, by the same names."""
    header, columns, extra, tickers = FILES[layout]
    check = check_file(write(tmp_path / "PRICES.csv", header, columns, *extra))
    assert check.tickers == tickers
    assert check.refusal is None
    assert check.closes is not None
    data = pasted(check)
    again = load_closes(data, PriceRequest(tickers))
    assert again.provenance.sha256 == check.closes.provenance.sha256
    assert check.closes.closes[:, 0].tolist() == CLOSES[:, 1 if "beside" in layout else 0].tolist()


def test_what_is_assumed_stands_beside_its_key(tmp_path: Path) -> None:
    """Closes and currency that nothing states are written down with that remark; what the file states is not."""
    text = check_file(write(tmp_path / "p.csv", "date,AAA", 1)).yaml
    assert "closes: adjusted  # nothing in the file says so" in text
    assert "currency: USD  # nothing in the file says so" in text
    text = check_file(write(tmp_path / "q.csv", "Date,Close,Adj Close,Currency", 2, "EUR")).yaml
    assert "closes:" not in text
    assert "currency:" not in text


def test_keys_are_tried_and_stay_in_the_section(tmp_path: Path) -> None:
    """A key given on the command line decides, and stands in what is printed."""
    path = tmp_path / "AAA.csv"
    path.write_text("Datum;Schluss\n" + "".join(f"0{k}/0{k + 1}/2020;{30 + k},5\n" for k in range(1, 8)))
    with pytest.raises(DataError, match="order") as caught:
        check_file(path)
    assert f"try: engine data check {path} --set data.source.order=" in str(caught.value)
    check = check_file(path, ["data.source.order=dmy", "data.calendar=XETR", "data.currencies.AAA=EUR"])
    assert check.closes is not None
    assert str(check.closes.dates[0]) == "2020-02-01"
    data = pasted(check)
    assert (data.source.order, data.calendar, dict(data.currencies)) == ("dmy", "XETR", {"AAA": "EUR"})
    with pytest.raises(ConfigError, match=r"data\.source\.ordr"):
        check_file(path, ["data.source.ordr=dmy"])


def test_names_that_no_plan_can_write_get_a_suggestion(tmp_path: Path) -> None:
    """Bloomberg's names are renamed to their first word, others to what letters they have."""
    check = check_file(write(tmp_path / "p.csv", "date,SPY US Equity,Möbel & Co,VB", 3))
    assert check.tickers == ("SPY US Equity", "Möbel & Co", "VB")
    data = pasted(check)
    assert data.source.rename == {"SPY US Equity": "SPY", "Möbel & Co": "M_bel_Co"}
    assert load_closes(data, PriceRequest(("SPY", "M_bel_Co", "VB"))).closes.shape == (90, 3)


def test_a_folder_is_read_file_by_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What can be read is shown; what cannot, and the file left aside, is said; an empty column is no asset."""
    write(tmp_path / "AAA.csv", "Date,Close,Adj Close", 2)
    write(tmp_path / "AAA (1).csv", "Date,Close,Adj Close", 2)
    write(tmp_path / "wide.csv", "date,BBB,CCC,EMPTY", 2, "")
    (tmp_path / "broken.csv").write_text("no,prices\n1,2\n")
    check = check_file(tmp_path)
    print_file_check(check)
    out = capsys.readouterr().out
    assert check.tickers == ("AAA", "BBB", "CCC")
    assert "no close at all of EMPTY" in out
    assert "AAA.csv is read, AAA (1).csv left aside" in " ".join(out.split())
    assert "broken.csv" in str(check.refusal)
    assert len(str(check.refusal).splitlines()) == 1


def test_the_command_prints_roles_rows_and_yaml(tmp_path: Path) -> None:
    """Columns with their roles, first and last rows, frequency, currency, and the section; exit code 0."""
    write(tmp_path / "SPY_daily.csv", "Date,Open,Close,Adj Close,Currency", 3, "EUR")
    out = engine("data", "check", "SPY_daily.csv", cwd=tmp_path).stdout
    rows = [line.split() for line in out.splitlines()]
    assert ["Adj", "Close", "adjusted", "close"] in rows
    assert ["Open", "not", "read"] in rows
    assert ["SPY", "EUR", "daily", str(DAYS[0]), str(DAYS[-1]), "90"] in rows
    assert [str(DAYS[0]), f"{CLOSES[0, 2]:.2f}"] in rows
    assert [str(DAYS[-1]), f"{CLOSES[-1, 2]:.2f}"] in rows
    assert "    path: SPY_daily.csv" in out.splitlines()


def test_the_command_ends_with_1_where_a_run_would_stop(tmp_path: Path) -> None:
    """A missing file, a file that is no price file, and closes of two units: one line each, no traceback."""
    (tmp_path / "text.csv").write_text("hello\n")
    lines = [f"{day},{(100 if k > 40 else 1) * row[0]}" for k, (day, row) in enumerate(zip(DAYS, CLOSES, strict=True))]
    (tmp_path / "unit.csv").write_text("\n".join(["date,AAA", *lines]))
    assert "found nothing there" in engine("data", "check", "none.csv", cwd=tmp_path, check=1).stderr
    assert "text.csv" in engine("data", "check", "text.csv", cwd=tmp_path, check=1).stderr
    assert "pence" in engine("data", "check", "unit.csv", cwd=tmp_path, check=1).stdout


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("<html><body><table><tr><td>2024-01-02</td></tr></table>", "a page of a website"),
        ('<?xml version="1.0"?>\n<Workbook></Workbook>', "XML"),
        ('[{"date": "2024-01-02", "close": 5}]', "JSON"),
        ('<Flex queryName="a" type="AF">\n<Trade/></Flex>', "XML"),
        ("%PDF-1.4\n1 0 obj", "a PDF"),
    ],
)
def test_other_formats_are_called_by_their_name(content: str, named: str, tmp_path: Path) -> None:
    """What is no table is refused as what it is, whatever its name says; stooq's <TICKER> is a table."""
    (tmp_path / "prices.xls").write_text(content)
    with pytest.raises(DataError, match=f"prices.xls: found {named}, expected a table of prices"):
        check_file(tmp_path / "prices.xls")
    write(tmp_path / "stooq.txt", "<DATE>,<CLOSE>", 1)
    assert check_file(tmp_path / "stooq.txt").closes is not None


def test_a_config_s_page_looks_at_its_window_and_refuses_what_a_run_refuses(tmp_path: Path) -> None:
    """A gap before the window is not shown, the window is; a currency that nobody converts ends with 1."""
    rows = [f"{day},{'' if k == 5 else row[0]},{row[1]}" for k, (day, row) in enumerate(zip(DAYS, CLOSES, strict=True))]
    (tmp_path / "p.csv").write_text("\n".join(["date,AAA,BBB", *rows]))
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "name: plan\ndata: {source: {kind: files, path: p.csv, closes: adjusted, currency: USD}}\n"
        f"window: {{start: {DAYS[20]}, end: {DAYS[80]}}}\n"
        "strategy: {kind: buy_and_hold, weights: {AAA: 50%, BBB: 50%}}\n"
    )
    out = engine("data", "check", plan, cwd=tmp_path).stdout
    assert f"Looked at from {DAYS[20]} to {DAYS[80]}" in out
    assert "have no close" not in out
    assert "have no close" in engine("data", "check", plan, "--set", "window.start=2024-01-02", cwd=tmp_path).stdout
    done = engine("data", "check", plan, "--set", "data.currencies.AAA=XXQ", cwd=tmp_path, check=1)
    assert "XXQ" in done.stderr


def test_columns_of_two_frequencies_get_the_key_that_joins_them(tmp_path: Path) -> None:
    """Months beside days: the lower frequency is named, as a remark, since each alone needs no key."""
    days = np.busday_offset("2019-01-02", np.arange(520), roll="forward")
    month = days.astype("datetime64[M]")
    last = np.append(month[1:] != month[:-1], True)
    rows = [
        f"{day},{30 + k % 7},{20 + k % 5 if end else ''}" for k, (day, end) in enumerate(zip(days, last, strict=True))
    ]
    (tmp_path / "p.csv").write_text("\n".join(["date,DAILY,MONTHLY", *rows]))
    check = check_file(tmp_path / "p.csv")
    assert "  # frequency: monthly, where one portfolio holds columns of both" in check.yaml
    assert pasted(check).frequency is None
    assert "# frequency" not in check_file(tmp_path / "p.csv", ["data.frequency=monthly"]).yaml


def test_notes_stand_below_a_title_of_their_own_and_rows_say_of_which_assets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is assumed of a file is a note, not part of the table or the warnings before it; six assets show five."""
    write(tmp_path / "wide.csv", "date,A1,A2,A3,A4,A5,A6", 3, "10.5", "11.5", "12.5")
    print_file_check(check_file(tmp_path / "wide.csv"))
    out = capsys.readouterr().out
    assert "First and last rows of the first 5 assets" in out
    assert out.index("\nNotes\n") < out.index("nothing in the file says whether")


def test_a_wide_file_takes_its_closes_in_hand_a_few_times_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not once for each of the others: of 5,000 tickers that was hours."""
    names, looks = [f"T{at}" for at in range(60)], []
    (tmp_path / "p.csv").write_text(f"date,{','.join(names)}\n2024-01-02{',1' * 60}\n2024-01-03{',2' * 60}\n")
    printed = CloseSeries.printed

    def look(series: CloseSeries) -> CloseSeries:
        looks.append(series)
        return printed(series)

    monkeypatch.setattr(CloseSeries, "printed", look)
    assert check_file(tmp_path / "p.csv").tickers == tuple(names)
    assert len(looks) <= 4 * len(names)


def test_blocks_side_by_side_are_cut_out_of_their_own_columns(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not each out of all: 600 blocks took half a minute."""
    lines = [",".join(f"{day},{close}" for close in range(1, 41)) for day in DAYS]
    header = ",".join(f"date,T{at}" for at in range(40))
    (tmp_path / "p.csv").write_text("\n".join([header, *lines]))
    monkeypatch.setattr("engine.data.price_files.text_grid.LARGE", 0)
    widths: list[int] = []
    rows = ColumnRows.__iter__

    def count(self: ColumnRows) -> Iterator[list[str]]:
        widths.append(self.width)
        return rows(self)

    monkeypatch.setattr(ColumnRows, "__iter__", count)
    assert len(check_file(tmp_path / "p.csv").tickers) == 40
    assert sum(widths) <= 20 * 80
