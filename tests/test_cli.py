"""The verbs as a user meets them: what is printed, what is written, which exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.workflow import run_backtest
from engine.cli import main
from engine.composition import load_run
from engine.core.errors import EngineError
from tests.support.cli import engine
from tests.support.configs import SELF_CONTAINED

ROOT = Path(__file__).parents[1]
QUICK = ROOT / "configs" / "quickstart.yaml"
FILES = {
    "config.resolved.yaml",
    "equity.parquet",
    "levels.parquet",
    "manifest.json",
    "months.parquet",
    "report.html",
    "rolling.parquet",
    "summary.json",
    "trades.csv",
    "weights.parquet",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("quick")
    return folder, engine("run", QUICK, cwd=folder)


def test_a_run_writes_every_file_and_says_where(finished) -> None:
    folder, done = finished
    assert {path.name for path in (folder / "runs" / "quickstart").iterdir()} == FILES
    for word in ("Buy & hold", "CAGR", "Max drawdown", "95 % interval", "Hindsight", "report.html", "SHA-256"):
        assert word in done.stdout
    assert "\x1b" not in done.stdout


def test_the_summary_has_the_promised_shape(finished) -> None:
    folder, _ = finished
    summary = json.loads((folder / "runs" / "quickstart" / "summary.json").read_text())
    assert summary["window"] == {"start": "2014-01-02", "end": "2022-12-28", "sessions": 2264}
    promised = "final_value total_return cagr volatility sharpe sortino max_drawdown calmar ulcer turnover costs trades rebalances"
    assert set(promised.split()) <= set(summary["portfolios"]["strategy"])
    assert set(summary["portfolios"]) == {"strategy", "buy_and_hold", "QUAL", "SIZE", "factors"}
    assert set(summary["portfolios"]["strategy"]["max_weight"]["HD"]) >= {"weight", "date", "sessions_over_cap"}
    low, high = summary["versus"]["buy_and_hold"]["cagr_difference_interval"]
    assert low < summary["versus"]["buy_and_hold"]["cagr_difference"] < high
    assert set(summary["checks"]) == {"worst_cash_residual", "worst_weight_residual", "as_of_fills", "oldest_price_age"}
    assert summary["checks"]["worst_cash_residual"] < 1e-12


def test_the_same_run_gives_the_same_bytes_whatever_the_hash_seed(finished, tmp_path: Path) -> None:
    """The first run has a random one; more seeds, with other processors, are run by `tests.support.processors`."""
    folder, _ = finished
    engine("run", QUICK, "--out", tmp_path, cwd=tmp_path, PYTHONHASHSEED="1")
    for name in FILES:
        first = (folder / "runs" / "quickstart" / name).read_bytes()
        assert (tmp_path / "quickstart" / name).read_bytes() == first, name


def test_json_prints_the_summary_and_nothing_else(finished, tmp_path: Path) -> None:
    folder, _ = finished
    done = engine("run", QUICK, "--json", cwd=tmp_path)
    assert json.loads(done.stdout) == json.loads((folder / "runs" / "quickstart" / "summary.json").read_text())
    both = json.loads(engine("run", QUICK, QUICK, "--json", cwd=tmp_path).stdout)
    assert [item["name"] for item in both] == ["quickstart", "quickstart"]


def test_audit_replays_the_run_in_another_engine(tmp_path: Path) -> None:
    done = engine("run", QUICK, "--audit", "--trades", cwd=tmp_path, check=None)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "runs" / "quickstart" / "summary.json").read_text())
    assert set(summary["audit"]) == set(summary["portfolios"])
    assert max(summary["audit"].values()) < 1e-12
    assert "vectorbt" in done.stdout
    assert "opening" in done.stdout
    assert "january" in done.stdout


def test_the_resolved_config_runs_to_the_same_trades(finished, tmp_path: Path) -> None:
    folder, _ = finished
    done = folder / "runs" / "quickstart"
    engine("run", done / "config.resolved.yaml", cwd=tmp_path)
    for name in ("trades.csv", "manifest.json", "summary.json"):
        assert (tmp_path / "runs" / "quickstart" / name).read_bytes() == (done / name).read_bytes()


def test_the_report_is_rebuilt_from_the_files(finished) -> None:
    folder, _ = finished
    page = folder / "runs" / "quickstart" / "report.html"
    before = page.read_bytes()
    page.unlink()
    assert str(page.name) in engine("report", page.parent, cwd=folder).stdout
    assert page.read_bytes() == before


def test_init_writes_a_starter_that_validates_and_runs(tmp_path: Path) -> None:
    engine("init", cwd=tmp_path)
    assert "valid" in engine("validate", "portfolio.yaml", cwd=tmp_path).stdout
    engine("run", "portfolio.yaml", "--set", "evidence.draws=100", cwd=tmp_path)
    assert "is there already" in engine("init", cwd=tmp_path, check=1).stderr


def test_every_shipped_config_validates_without_data(tmp_path: Path) -> None:
    done = engine("validate", *SELF_CONTAINED, cwd=tmp_path, place=ROOT)
    assert re.findall(r"^(/.*\.yaml): valid$", done.stdout, re.MULTILINE) == list(map(str, SELF_CONTAINED))
    assert len(re.findall(r"^Schedule$", done.stdout, re.MULTILINE)) == len(SELF_CONTAINED)


@pytest.mark.parametrize("prices", ["prices", "raw"])
def test_every_shipped_config_runs_on_real_prices(prices: str, tmp_path: Path, shared_data: Path) -> None:
    every = [*sorted((ROOT / "configs").glob("us_*.yaml")), ROOT / "configs" / "article_table.yaml"]
    configs = [path for path in every if ("\ntax:" in path.read_text()) == (prices == "raw")]  # taxes want raw closes
    source = ("--set", "data.source.kind=files", "--set", f"data.source.path={shared_data / prices}.parquet")
    done = engine("run", *configs, *source, "--json", "--set", "evidence.draws=100", cwd=tmp_path)
    assert len(configs) >= 2
    for config, summary in zip(configs, json.loads(done.stdout), strict=True):
        assert summary["portfolios"]["strategy"]["final_value"] > 100_000
        assert summary["checks"]["worst_cash_residual"] < 1e-12
        if config.stem == "us_small_caps":
            assert summary["window"] == {"start": "2004-02-02", "end": "2025-10-31", "sessions": 5474}
        if config.stem == "us_small_caps_three":
            assert any("RKLB has no price before 2020-11-24" in warning for warning in summary["warnings"])


RULE_BOOK = """\
name: rule-book
data: {source: {kind: files, path: nowhere.parquet}}
window: {start: 2004-02-01, end: 2025-10-31}
strategy:
  kind: core_satellite
  core: {SPY: rest, VB: 15%}
  satellites:
    universe: configs/universe_us_small_caps.yaml
    available_at: [comdirect]
    choose: {kind: named, names: [CRS, MMSI, RKLB]}
    count: {min: 3, max: 5}
    weight: 2.5%
  cap: 3%
  caps: always
  limits: [{group: [VB, satellites], max: 30%}, {group: sector, max: 6%}]
  rebalance: {kind: any, of: [{kind: annual, month: january}, {kind: band, absolute: 5%, relative: 25%}]}
  trade_to: target
  trade_only: all
  funding: sell_and_buy
  loss_review: {trigger: 20%, from: cost, thesis: {kind: trend, sessions: 200}, intact: top_up, broken: exit, proceeds: core, reenter: next_rebalance}
"""


def validated(text: str, cwd: Path) -> str:
    """Return what `engine validate` prints of a config, on one endless line."""
    (cwd / "plan.yaml").write_text(text)
    return " ".join(engine("validate", cwd / "plan.yaml", cwd=cwd, place=ROOT).stdout.split())


def test_the_whole_rule_book_is_printed_in_words_without_data(tmp_path: Path) -> None:
    """Satellites, every sector under its limit, caps, the band's geometry and the loss review stand there."""
    shown = validated(RULE_BOOK, tmp_path)
    for words in (
        "6 names of the 10 in the universe, available at comdirect: CRS, IONQ, ITRI, MMSI, RKLB, UNF",
        "named: CRS, MMSI, RKLB; 2.5 % each",
        "VB, satellites VB, CRS, MMSI, RKLB 22.50 % 30.00 % +7.50 pp",
        "Healthcare MMSI 2.50 % 6.00 % +3.50 pp",
        "Industrials CRS, RKLB 5.00 % 6.00 % +1.00 pp",
        "no satellite's target is above 3 %; one that closes above it is sold down to its target at the next session",
        "drifted by more than 5 % of the portfolio or 25 % of its target, whichever is less",
        "look: at every close",
        "the whole portfolio, decided anew",
        "closes 20 % or more below its average cost",
        "thesis (trend): intact while the close is at or above the mean of the last 200 closes",
        "unknown (fewer than 200 closes): kept",
        "what is sold goes to the core; it may be bought again at the next rebalance",
    ):
        assert words in shown, words


def test_satellites_chosen_from_prices_are_printed_as_the_most_they_can_be(tmp_path: Path) -> None:
    """The groups of names yet to be chosen say "at most", and the plan how many of how many are chosen, and how."""
    chosen = RULE_BOOK.replace("kind: named, names: [CRS, MMSI, RKLB]", "kind: top, count: 4, by: momentum, skip: 21")
    shown = validated(chosen.replace("    available_at: [comdirect]\n", ""), tmp_path)
    for words in (
        "4 of 10 satellites 2.50 % each 3.00 % +0.50 pp",
        "core 90.00 % + satellites 10.00 % = 100.00 %",
        "Industrials CRS, RKLB, UNF at most 5.00 % 6.00 % at least +1.00 pp",
        "Telecom ASTS at most 2.50 %",
        "the 4 best by momentum over a year of sessions, the last 21 left out; chosen anew",
        "what fewer names than 4 leave goes to the core",
    ):
        assert words in shown, words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("trade_to: edge", "trades to: the edge of its band - trades what: every asset, each by the same part"),
        ("trade_to: {inside: 1%}", "trades to: 1 % of the portfolio inside the edge of its band"),
        ("trade_only: drifted", "trades what: only assets out of their band, and of the others as much as pays"),
        (
            "funding: flows_first",
            "who pays: a contribution or withdrawal due that session, when it alone will do; else",
        ),
        ("look: two_weeks", "look: at the last close of every two weeks"),
        ("look: half_year", "look: at the last close of every half-year"),
        ("caps: at_rebalance", "between rebalances a satellite may drift above it"),
        ("min_history: 252", "none is bought before it has 252 sessions of closes"),
        ("from: peak", "below its highest close since it was bought"),
        ("proceeds: cash", "what is sold goes to cash; it may be bought again"),
        ("reenter: never", "it stays out"),
    ],
)
def test_each_rule_of_the_book_changes_its_words(key: str, words: str, tmp_path: Path) -> None:
    """What a key says differently is printed differently."""
    book = RULE_BOOK.replace("absolute: 5%", "look: day, absolute: 5%").replace(
        "weight:", "min_history: 0\n    weight:"
    )
    book, count = re.subn(rf"\b{key.partition(':')[0]}: \w+(?=[,}}\n])", key, book)
    assert count == 1
    assert words in validated(f"{book}account: {{contributions: {{amount: 100}}}}\n", tmp_path)


@pytest.mark.parametrize(
    ("thesis", "words"),
    [
        ("{kind: always}", "thesis (always): always intact - intact: topped up to its target, the core pays Schedule"),
        ("{kind: never}", "thesis (never): never intact: a loss breaks it - broken: sold - what is sold"),
        (
            "{kind: list, verdicts: [{date: 2020-01-02, ticker: CRS, verdict: broken}]}",
            "your own last verdict says (1 on CRS) - intact: topped up to its target, the core pays - broken: sold "
            "- unknown (no verdict yet): kept",
        ),
        (
            "{kind: quality, table: {path: TABLE}, criteria: [free_cash_flow > 0, net_income > 0]}",
            "intact while free_cash_flow > 0 and net_income > 0 in the last figures filed",
        ),
    ],
    ids=["always", "never", "list", "quality"],
)
def test_each_thesis_says_when_it_stands(thesis: str, words: str, tmp_path: Path) -> None:
    """A thesis is printed with its parameters and with the outcomes that it can have, no others."""
    table = tmp_path / "figures.csv"
    table.write_text("ticker,period_end,available_date,free_cash_flow,net_income\nCRS,2019-12-31,2020-02-01,1,1\n")
    old = "{kind: trend, sessions: 200}"
    assert words in validated(RULE_BOOK.replace(old, thesis.replace("TABLE", str(table))), tmp_path)


def test_every_tariff_is_printed_with_its_source_and_date(tmp_path: Path) -> None:
    """As text and as JSON, each with its currency, its savings plan where it has one, and where it was read."""
    printed = " ".join(engine("tariffs", cwd=tmp_path).stdout.split())
    tariffs = json.loads(engine("tariffs", "--json", cwd=tmp_path).stdout)
    for name, tariff in tariffs.items():
        assert f"{name}: {tariff['title']}" in printed
        assert f"read: {tariff['source']}, {tariff['as_of']}" in printed
    assert "a purchase of its savings plan: 1.5 % of the money" in printed
    assert tariffs["dkb"]["savings_plan"]["fixed"] == 1.5


def test_the_schema_is_json_and_closed(tmp_path: Path) -> None:
    schema = json.loads(engine("schema", cwd=tmp_path).stdout)
    assert schema["additionalProperties"] is False
    assert "strategy" in schema["required"]


def test_data_check_prints_the_quality_page(tmp_path: Path) -> None:
    assert "QUAL" in engine("data", "check", QUICK, cwd=tmp_path).stdout
    assert engine("data", "fetch", QUICK, cwd=tmp_path).returncode == 0


def test_data_check_ends_with_1_when_a_run_would_stop_at_the_prices(tmp_path: Path) -> None:
    """Closes in pounds go on in pence."""
    days = np.busday_offset("2020-01-02", np.arange(60), roll="forward")
    closes = [f"{day},{(100 if k > 30 else 1) * (10 + 0.01 * k)},20" for k, day in enumerate(days)]
    (tmp_path / "prices.csv").write_text("\n".join(["date,AAA,BBB", *closes]))
    config = tmp_path / "plan.yaml"
    config.write_text(
        "name: plan\ndata: {source: {kind: files, path: prices.csv}}\n"
        "strategy: {kind: fixed_mix, weights: {AAA: 50%, BBB: 50%}, rebalance: {kind: annual}}\n"
    )
    assert "a run would stop here" in engine("data", "check", config, cwd=tmp_path, check=1).stdout
    assert "pence" in engine("run", config, cwd=tmp_path, check=1).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "none.yaml"], "none.yaml: No such file"),
        (["run", QUICK, "--set", "strategy.satellites.FOO=1%"], "FOO"),
        (["run", QUICK, "--set", "window.start=1950-01-01", "--set", "window.end=1960-01-01"], "no close of"),
        (["run", QUICK, "--set", "name=../evil"], "cannot name a folder"),
        (["run", QUICK, "--set", "account.currency=XAU"], "found no rate of XAU"),
        (["run", QUICK, "--set", "account.contributions.amount=-90000"], "a withdrawal of 90,000.00 is due"),
        (["frobnicate"], "frobnicate"),
        (["run", QUICK, "--frob"], "frob"),
        (["report", "nowhere"], "nowhere"),
    ],
    ids=lambda value: " ".join(map(str, value))[-40:] if isinstance(value, list) else "",
)
def test_a_user_s_fault_is_one_message_and_exit_code_one(arguments, words: str, tmp_path: Path) -> None:
    done = engine(*arguments, cwd=tmp_path, check=1)
    assert words in done.stderr
    assert not list(tmp_path.rglob("*.tmp"))


def test_faulty_prices_are_named_with_ticker_and_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def prices(change) -> Path:
        rng = np.random.default_rng(3)
        days = np.arange(np.datetime64("2019-12-02"), np.datetime64("2020-06-01"))
        days = [str(day) for day in days[np.is_busday(days)]]
        table = [
            [day, *(f"{p:.4f}" for p in row)] for day, row in zip(days, 50 + rng.random((len(days), 5)), strict=True)
        ]
        change(table)
        path = tmp_path / "prices.csv"
        path.write_text("\n".join(",".join(row) for row in [["date", "A", "B", "C", "D", "E"], *table]) + "\n")
        return path

    def gap(sessions: int):
        def change(table) -> None:
            start = next(k for k, row in enumerate(table) if row[0] >= "2020-01-01")
            for row in table[start : start + sessions]:
                row[3] = ""

        return change

    def put(row: int, column: int, text: str):
        return lambda table: table[row].__setitem__(column, text)

    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "name: plan\ndata: {source: {kind: files, path: prices.csv, closes: adjusted}}\nstrategy:\n  kind: core_satellite\n"
        "  core: {A: rest, B: 15%}\n  satellites: {C: 2.5%, D: 2.5%, E: 2.5%}\n  cap: 3%\nevidence: {draws: 100}\n"
    )
    for change, words in (
        (put(10, 2, "0"), "B"),
        (put(10, 2, "-3"), "B"),
        (put(10, 2, "abc"), "abc"),
        (lambda table: table.insert(11, list(table[10])), "2019-12-16"),
        (lambda table: table.reverse() or table.insert(0, table.pop()), "2019-12-02"),
        (gap(6), "C: no close in 5 sessions"),
    ):
        prices(change)
        with pytest.raises(EngineError, match=re.escape(words)):
            run_backtest(load_run(plan), intervals=False)
    done = engine("run", plan, cwd=tmp_path, check=1)
    assert words in done.stderr
    prices(gap(3))
    done = engine("run", plan, cwd=tmp_path)
    assert "the order waited" in " ".join(done.stdout.split())


def test_odd_tickers_run(tmp_path: Path) -> None:
    names = ["NO", "ON", "NULL", "007", "1E5"]
    rng = np.random.default_rng(3)
    days = np.arange(np.datetime64("2019-12-02"), np.datetime64("2020-12-01"))
    days = days[np.is_busday(days)]
    rows = [
        f"{day}," + ",".join(f"{p:.4f}" for p in row)
        for day, row in zip(days, 50 + rng.random((len(days), 5)), strict=True)
    ]
    (tmp_path / "prices.csv").write_text("\n".join(["date," + ",".join(names), *rows]) + "\n")
    (tmp_path / "plan.yaml").write_text(
        "name: plan\ndata: {source: {kind: files, path: prices.csv, closes: adjusted}}\nstrategy:\n  kind: core_satellite\n"
        "  core: {NO: rest, ON: 15%}\n  satellites: {NULL: 2.5%, 007: 2.5%, 1E5: 2.5%}\n  cap: 3%\nevidence: {draws: 100}\n"
    )
    engine("run", "plan.yaml", cwd=tmp_path)
    trades = (tmp_path / "runs" / "plan" / "trades.csv").read_text()
    assert all(f",{name}," in trades for name in names)


def test_a_shell_whose_folder_was_replaced_is_told_to_enter_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So stands whoever looked into a run that was made anew elsewhere; the path and its permissions are all right."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setattr(sys, "argv", ["engine", "report", "."])
    assert main() == 1
    assert "was replaced or removed; enter it again with `cd .`" in capsys.readouterr().err


def test_a_folder_that_cannot_take_the_result_leaves_the_old_one_alone(finished, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = engine("run", QUICK, "--out", blocked, cwd=tmp_path, check=1)
    assert str(blocked) in done.stderr
    assert blocked.read_text() == "in the way"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "quickstart").symlink_to(elsewhere)
    assert "leads outside" in engine("run", QUICK, "--out", tmp_path / "out", cwd=tmp_path, check=1).stderr
    assert not list(elsewhere.iterdir())


def test_a_full_disk_is_named_and_the_old_files_survive(tmp_path: Path) -> None:
    engine("run", QUICK, cwd=tmp_path)
    old = {path.name: path.read_bytes() for path in (tmp_path / "runs" / "quickstart").iterdir()}
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000)); sys.dont_write_bytecode = True;"
        f"sys.argv = ['engine', 'run', {str(QUICK)!r}, '--set', 'account.capital=5'];"
        "from engine.cli import script; script()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "cannot write" in done.stderr
    assert {path.name for path in (tmp_path / "runs" / "quickstart").iterdir()} == set(old)
    assert old["report.html"] == (tmp_path / "runs" / "quickstart" / "report.html").read_bytes()


def test_an_interrupt_ends_with_130_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", "run", str(QUICK)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(0.8)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode in {130, 0}
    assert "Traceback" not in errors
    assert not list(tmp_path.rglob("*.tmp"))


def test_an_interrupt_inside_a_compiler_s_callback_is_not_lost_and_prints_no_traceback(tmp_path: Path) -> None:
    """Where C calls Python nothing can be raised: without care the traceback is printed and the run goes on."""
    code = (
        "import ctypes, signal, sys, time, engine.cli as cli\n"
        "from engine import composition\n"
        "def callback(): signal.raise_signal(signal.SIGINT)\n"
        "def verb(*a):\n"
        "    ctypes.CFUNCTYPE(None)(callback)()\n"
        "    time.sleep(2)\n"
        f"composition.open_document = verb; sys.argv = ['engine', 'validate', {str(QUICK)!r}]; cli.script()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_fault_that_an_interrupt_brings_about_is_told_as_an_interrupt(tmp_path: Path) -> None:
    """Its own words, as of a disk that is full, would be of something that nobody has to mend."""
    code = (
        "import signal, sys, engine.cli as cli; from engine import composition\n"
        "from engine.core.errors import EngineError\n"
        "from engine.core.interrupts import raised_interrupts\n"
        "def verb(*a):\n"
        "    with raised_interrupts():\n"
        "        try: signal.raise_signal(signal.SIGINT)\n"
        "        except KeyboardInterrupt: raise EngineError('a worker is gone') from None\n"
        f"composition.open_document = verb; sys.argv = ['engine', 'validate', {str(QUICK)!r}]; cli.script()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")


def test_a_bug_leaves_a_log_and_exit_code_three(tmp_path: Path) -> None:
    code = (
        "import sys, engine.cli as cli; from engine import composition; composition.open_document = lambda *a: 1 / 0;"
        f"sys.argv = ['engine', 'validate', {str(QUICK)!r}]; cli.script()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path)},
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    log = Path(done.stderr.strip().rsplit(" ", 1)[-1])
    assert "ZeroDivisionError" in log.read_text()


def test_a_notebook_gets_frames(tmp_path: Path) -> None:
    import engine as package

    run = package.run(QUICK, "evidence.draws=100")
    assert run.equity.columns.tolist()[:2] == ["strategy", "buy_and_hold"]
    assert len(run.equity) == 2264
    assert run.weights.sum(axis=1).round(9).eq(1.0).all()
    assert run.trades["reason"].iloc[0] == "opening"
    assert run.summary.loc["cagr", "strategy"] == pytest.approx(0.104831, abs=1e-5)
    assert any("Hindsight" in warning for warning in run.warnings)


def test_a_closed_or_full_output_is_a_message_not_a_crash(tmp_path: Path) -> None:
    for redirect in (">&-", ">/dev/full"):
        done = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m engine validate {QUICK} {redirect}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in {0, 1}
        assert "Traceback" not in done.stderr
        assert "bug" not in done.stderr


def test_a_reader_that_leaves_early_ends_the_printing_and_not_the_work(tmp_path: Path) -> None:
    """With a reader that has gone both configs still write their files, the exit code is 0 and nothing is said."""
    command = [sys.executable, "-m", "engine", "run", QUICK, QUICK, "--set", "evidence.draws=100"]
    for more in ([], ["--json"]):
        reader, writer = os.pipe()
        os.close(reader)
        home = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
        done = subprocess.run(
            [*command, *more], cwd=tmp_path, env=home, stdout=writer, stderr=subprocess.PIPE, check=False
        )
        os.close(writer)
        assert done.returncode == 0, done.stderr
        assert not {b"Traceback", b"error:"} & set(done.stderr.split())
        assert {path.name for path in (tmp_path / "runs" / "quickstart").iterdir()} == FILES


def test_what_a_user_typed_cannot_steer_the_terminal(tmp_path: Path) -> None:
    for arguments in (["--fr\x1b[2Job\nx"], ["run", "a\x1b[2J\nb.yaml"], ["run", QUICK, "--set", "name=\x9b2J\u202e"]):
        done = engine(*arguments, cwd=tmp_path, check=1)
        assert done.stderr.count("\n") == 1
        assert not {"\x1b", "\x9b", "\u202e"} & set(done.stderr)


def test_faults_of_the_prices_name_the_config_that_asked_for_them(tmp_path: Path) -> None:
    import engine as package
    from engine.core.errors import DataError

    overrides = ("window.start=1950-01-01", "window.end=1960-01-01")
    with pytest.raises(DataError, match=r"quickstart\.yaml: .*no close of"):
        package.run(QUICK, *overrides)


def test_dates_and_amounts_nobody_means_are_refused(tmp_path: Path) -> None:
    for override in (
        "window.start=0001-01-01",
        "window.end=9999-12-31",
        "account.capital=1e999",
        "account.capital=1e-300",
        "strategy.rebalance={kind: annual, session: ²}",
    ):
        done = engine("validate", QUICK, "--set", override, cwd=tmp_path, check=1)
        assert ";" in done.stderr
