"""What is printed: a run, a config, the quality page, a fetch."""

from __future__ import annotations

import dataclasses
import re
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from engine.backtest.outputs import RunResult
from engine.core.errors import DataError, escape_controls
from engine.report.config_terminal import print_config
from engine.report.console import console, print_bullet, print_names, print_paragraph, table
from engine.report.data_terminal import print_fetch, print_quality
from engine.report.phrases import flows_text
from engine.report.run.terminal import print_run
from tests.support.configs import config
from tests.support.runs import eventful_run, make_run


def printed_text(
    run: RunResult, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Return what a run prints on 80 columns, its line ends taken away."""
    monkeypatch.setenv("COLUMNS", "80")
    print_run(run, folder, trades=True, tried=0)
    return re.sub(r"\s+", " ", capsys.readouterr().out)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_terminal_cuts_nothing_and_reads_no_markup(
    width: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every warning is printed whole and letter for letter, no line is wider than the terminal, no colour is piped."""
    monkeypatch.setenv("COLUMNS", str(width))
    hostile = ("[bold red]not red[/] :smile: " + "word " * 60 + "end", "[/]", "\x1b[2J cleared", "x" * 300)
    print_run(make_run(hostile), tmp_path, trades=True, tried=3)
    out = capsys.readouterr().out
    flat = re.sub(r"\s+", "", out)
    for warning in hostile:
        assert re.sub(r"\s+", "", escape_controls(warning)) in flat
    assert "\x1b" not in out
    assert "…" not in out
    assert max(len(line) for line in out.splitlines()) <= width
    assert "from 2020-" in out, "a benchmark that begins late says so"
    assert r"\nfrom" not in out, "on a line of its own"
    assert "3 variants were tried on these data, this one among them: the best" in re.sub(r"\s+", " ", out)


@pytest.mark.parametrize("width", range(24, 44))
def test_no_line_ends_in_a_space_or_between_a_figure_and_its_unit(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure is read with its unit, wherever a terminal breaks the line; the words are the same."""
    monkeypatch.setenv("COLUMNS", str(width))
    said = "half lie between -0.17 pp and -0.04 pp a year, 54.1 % of all, 2 ppm"
    for show in (print_bullet, print_paragraph):
        show(console(), said)
        lines = capsys.readouterr().out.splitlines()
        assert not any(re.search(r"\s$|[0-9]$", line) and line[-1] != "2" for line in lines), lines
        assert " ".join(" ".join(lines).split()).removeprefix("- ") == said


def test_many_portfolios_are_printed_in_groups(
    run: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where not all portfolios fit side by side, each group has the strategy again."""
    monkeypatch.setenv("COLUMNS", "60")
    print_run(run, tmp_path, trades=False, tried=1)
    out = capsys.readouterr().out
    assert out.count("Final value") == 2
    assert "tried" not in out


def test_flows_are_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run with contributions names what was paid in and its money-weighted return."""
    monkeypatch.setenv("COLUMNS", "120")
    print_run(make_run(flows=100.0), tmp_path, trades=False, tried=0)
    said = " ".join(capsys.readouterr().out.split())
    assert "USD were paid in after the opening" in said
    assert said.count("Turnover") == 1  # what trading cost is in the table, and nowhere again
    assert "All other figures" not in said  # costs and the final value are not time-weighted


def test_less_than_a_year_is_printed_without_a_rate_a_year(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Differences are total returns then, too short to judge, without parts a year; longer ones stay as they are."""
    monkeypatch.setenv("COLUMNS", "400")
    run = make_run()
    versus = {
        name: dataclasses.replace(one, years=one.years if name == "LATE" else 0.6)
        for name, one in run.comparison.versus.items()
    }
    print_run(
        dataclasses.replace(run, comparison=dataclasses.replace(run.comparison, versus=versus)),
        tmp_path,
        trades=False,
        tried=0,
    )
    out = capsys.readouterr().out
    assert re.search(r" - total return -?[\d.]+ %, AAA -?[\d.]+ %: too short to judge", out)
    assert "CAGR against AAA" not in out
    assert "CAGR against LATE" in out
    assert "is made of, a year" not in out


def test_withdrawals_are_not_called_paid_in() -> None:
    """A negative sum of flows is said as money withdrawn, without a sign; money in and money out are told apart."""
    figures = {"paid_in": -250.0, "xirr": 0.05}
    assert flows_text(figures, np.array([0.0, -250.0]), "EUR").startswith("250.00 EUR were withdrawn after")
    both = flows_text(figures, np.array([0.0, 500.0, -750.0]), "EUR")
    assert both.startswith("500.00 EUR were paid in and 750.00 EUR withdrawn after")
    only = flows_text({"paid_in": 0.3, "xirr": 0.05}, np.array([0.1, 0.2]), "EUR")
    assert only.startswith("0.30 EUR were paid in after"), "what is rounding was not withdrawn"


def test_many_events_are_printed_kind_by_kind_and_the_rest_counted(
    eventful: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more than twelve events the first three and last five of each kind are shown, and how many are not."""
    out = printed_text(eventful, tmp_path, capsys, monkeypatch)
    happened = eventful.comparison.events
    reviews = [one for one in happened if one.kind == "review"]
    shown = out.split("What happened")[1].split(" trades ")[0]
    assert {one.kind for one in happened} == {"listed", "delisted", "review", "choice"}
    assert f"... review {len(reviews) - 8} more reviews" in shown
    assert shown.count(" against its peak, trend") == 8
    for kind in ("listing LATE", "delisting GONE", "choice CCC, DDD, EEE, GONE"):
        assert kind in shown


def test_few_events_are_printed_whole_in_order_of_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to twelve events stand in order of time, none left out."""
    run = eventful_run(review="90%")
    out = printed_text(run, tmp_path, capsys, monkeypatch)
    shown = out.split("What happened")[1].split(" trades ")[0]
    assert 0 < len(run.comparison.events) <= 12
    assert "..." not in shown
    places = [shown.index(f"{one.date} ") for one in run.comparison.events]
    assert places == sorted(places)
    assert all(re.sub(r"\s+", " ", one.text) in shown for one in run.comparison.events)


def test_costs_are_put_into_words() -> None:
    """A broker's tariff is printed with its source and date."""
    from engine.portfolio.costs import BrokerCosts

    words = BrokerCosts(tariff="comdirect", fx="0.5%").describe()
    assert words.startswith("comdirect")
    assert "at least 9.90, at most 59.90 in EUR, plus 0.5 % of trades in another currency" in words
    assert "2025-10" in words


def test_the_starter_config_is_valid_and_its_plan_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `engine init` writes passes `engine validate`, which prints weights, room, schedule and costs."""
    import engine
    from engine.composition import load_run

    monkeypatch.setenv("COLUMNS", "100")
    path = Path(engine.__file__).with_name("backtest") / "starter.yaml"
    print_config(load_run(path), "starter.yaml")
    out = capsys.readouterr().out
    assert "starter.yaml: valid" in out
    assert "core 90.00 % + satellites 10.00 % = 100.00 %" in out
    assert "8 scheduled rebalances (january): 2015-01-02, 2016-01-04, 2017-01-03, ..., 2022-01-03" in out
    assert "orders cost 0.1 % of the money traded" in out


@pytest.mark.parametrize(
    ("rule", "end", "said"),
    [
        (
            "{kind: annual, month: january}",
            "",
            r"see them - the next scheduled rebalances \(january\), on sessions of XNYS: "
            r"20\d\d-01-0\d, 20\d\d-01-0\d, 20\d\d-01-0\d, \.\.\. ",
        ),
        ("{kind: annual, month: january, every: 2}", "", "see them, and the next, which are counted in years from it "),
        ("{kind: band, absolute: 5%}", "", "- no scheduled rebalance "),
        ("{kind: annual, month: january}", "2020-01-03", "see them Costs"),
    ],
)
def test_without_a_first_day_the_next_rebalances_are_listed_or_why_not(
    rule: str, end: str, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from engine.composition import load_run

    strategy = f"strategy: {{kind: fixed_mix, weights: {{QUAL: 60%, SIZE: 40%}}, rebalance: {rule}}}"
    (tmp_path / "plan.yaml").write_text(f"name: plan\ndata: {{source: {{kind: sample}}}}\n{strategy}\n")
    print_config(load_run(tmp_path / "plan.yaml", (f"window.end={end}",) if end else ()), "plan.yaml")
    assert re.search(said, " ".join(capsys.readouterr().out.split()))


def test_the_quality_page_names_every_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quality page shows each asset's life and every finding, worst first."""
    from engine.data.closes import Closes
    from engine.data.market import Provenance
    from engine.data.quality.findings import Finding

    monkeypatch.setenv("COLUMNS", "80")
    dates = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]")
    closes = Closes(dates, ("[b]A", "B"), np.array([[1.0, np.nan]] * 3), ("USD", "USD"), Provenance("memory", "raw"))
    found = (
        Finding("error", "unit", "[b]A", dates[0], "[b]A: the unit changes"),
        Finding("note", "late", "B", None, "B: has no close"),
    )
    print_quality(closes, found)
    out = capsys.readouterr().out
    assert "[b]A: the unit changes" in out
    assert out.index("the unit changes") < out.index("has no close")
    assert "1 error: a run would stop here" in out


def test_fetching_reports_failures_and_prints_no_bar_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """What was fetched is printed before the failure of another ticker is raised; other sources need nothing."""
    from engine.data.sources.base import FetchReport, PriceRequest
    from engine.data.sources.sample import Sample

    class Shop(Sample):
        def fetch(self, request: PriceRequest, *, refresh: bool = False) -> FetchReport:
            assert not refresh
            return FetchReport(fetched=("AAA",), failed=(("BBB", "no such ticker"),))

    with pytest.raises(DataError, match="BBB: no such ticker"):
        print_fetch(Shop(), PriceRequest(("AAA", "BBB")))
    assert "1 fetched, 0 up to date, 1 failed" in capsys.readouterr().out
    print_fetch(Sample(), PriceRequest(("JNJ",)))
    assert capsys.readouterr().out.startswith("Nothing to fetch")


def test_one_long_thing_is_waited_for_from_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done of it counts up, and so do the seconds: each part began anew, and 0 s stood there to the end."""
    from engine.core.waiting import WAITING, Wait

    told: list[Wait | None] = []
    monkeypatch.setattr(WAITING, "listener", told.append)
    monkeypatch.setattr("time.monotonic", iter([100.0, 100.0, 103.0, 107.0]).__next__)
    WAITING.start("runs", 0, 150)
    WAITING.advance(80)
    WAITING.advance(149)
    assert told == [Wait("runs", 0, 150, 0.0), Wait("runs", 80, 150, 3.0), Wait("runs", 149, 150, 7.0)]


def test_fetching_on_a_terminal_shows_a_bar_with_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar takes the place of the line on standard error, for as long as it is there."""
    from engine.core.waiting import WAITING
    from engine.data.sources.base import FetchReport, PriceRequest
    from engine.data.sources.sample import Sample

    class Shop(Sample):
        def fetch(self, request: PriceRequest, *, refresh: bool = False) -> FetchReport:
            with WAITING.until_over():
                WAITING.start("AAA\x07 from Yahoo", 1, 3)
            return FetchReport(fetched=("AAA",))

    out = StringIO()
    terminal = Console(file=out, force_terminal=True, width=100)
    monkeypatch.setattr("engine.report.data_terminal.console", lambda: terminal)
    monkeypatch.setattr(WAITING, "listener", before := lambda _: None)
    print_fetch(Shop(), PriceRequest(("AAA",)))
    assert WAITING.listener is before
    assert "waiting for AAA\\x07 from Yahoo, 0 s" in out.getvalue()
    assert "1/3" in re.sub("\x1b\\[[0-9;?]*[a-zA-Z]", "", out.getvalue())


def test_fetching_a_dated_list_says_once_which_names_have_no_price(capsys: pytest.CaptureFixture[str]) -> None:
    """What is gone is no failure, for a run goes on without it; a name that could not be read is one, and one needed."""
    from engine.data.sources.base import FetchReport, PriceRequest
    from engine.data.sources.sample import Sample

    class Shop(Sample):
        def fetch(self, request: PriceRequest, *, refresh: bool = False) -> FetchReport:
            failed = tuple((one, "has no prices of it") for one in ("DEAD", "GONE"))
            cut = (("LATE", "cannot be reached"),) if "LATE" in request.tickers else ()
            return FetchReport(("AAA",), (), failed + cut, unknown=("DEAD", "GONE"))

    print_fetch(Shop(), PriceRequest(("AAA", "DEAD", "GONE"), optional=frozenset({"AAA", "DEAD", "GONE"})))
    out = " ".join(capsys.readouterr().out.split())
    assert "1 fetched, 0 up to date, 0 failed" in out
    assert "no price at sample of 2 of the 3 names of the dated universe: DEAD, GONE; a run goes on without them" in out
    with pytest.raises(DataError) as caught:
        print_fetch(Shop(), PriceRequest(("AAA", "DEAD", "GONE", "LATE"), optional=frozenset({"DEAD", "LATE"})))
    assert caught.value.args == ("GONE: has no prices of it", "LATE: cannot be reached")


FIXED = """
name: mix
data: {source: {kind: sample}}
window: {start: 2016-01-01, end: 2018-06-29}
strategy: {kind: fixed_mix, weights: {QUAL: 60%, HD: 40%}, rebalance: {kind: never}}
costs: {kind: none}
"""


def test_a_long_name_is_broken_behind_an_underscore_on_a_narrow_terminal() -> None:
    """Nowhere else, and not at all where there is room; short names and other words stay."""
    rows = [["a", "tariff interactive_brokers_tiered_europe, month june"], ["b", "zero_fee"]]
    for width, shown in ((80, "interactive_brokers_ tiered_europe, month june"), (120, rows[0][1])):
        printed = StringIO()
        print_names(Console(width=width, file=printed), table(["id", "variant"], left=(0, 1)), rows, 1)
        words = " ".join(printed.getvalue().split())
        assert shown in words
        assert "zero_fee" in words


def test_the_weights_of_a_mix_without_satellites_name_none(capsys: pytest.CaptureFixture[str]) -> None:
    """A sum of what there is; satellites are said where a plan has some."""
    print_config(config(FIXED), "mix.yaml")
    out = capsys.readouterr().out
    assert "together 100.00 %; cash 0.00 %" in out
    assert "satellites" not in out
