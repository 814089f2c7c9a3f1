"""The report: formats, terminal, frames and the page, with hostile text in every place that text can come from."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.analysis.bootstrap import Bootstrap
from engine.analysis.comparison import CapEffect, compare
from engine.analysis.published_comparison import Published, PublishedDifference
from engine.backtest.outputs import RunResult
from engine.core.errors import DataError, OutputError, escape_controls
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts
from engine.report import number_format as fmt
from engine.report.data_terminal import print_fetch, print_quality
from engine.report.html_page import typographic_minus
from engine.report.phrases import cap_effect_text, interval_verdict, published_rows
from engine.report.run.charts import rounded_numbers
from engine.report.run.frames import Frames
from engine.report.run.page import build_run_report
from engine.report.run.terminal import print_run
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite

SESSIONS = 700
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FILES = ("summary.json", "manifest.json", "equity.parquet", "levels.parquet", "weights.parquet")

_ATTACK = "document.documentElement.setAttribute('data-pwned','1')"
# the first three name portfolios: they are what the chart library would turn into a link, bold type and a tag
_BODIES = (
    "<a href='https://example.com'>x</a>",
    "<b>bold</b>",
    "&lt;b&gt;x&lt;/b&gt;",
    "<script>{0}</script>",
    "</script><script>{0}</script>",
    '<img src=x onerror="{0}">',
    '<svg onload="{0}">',
    '<a href="javascript:{0}">x</a>',
    "<iframe srcdoc='<script>{0}</script>'>",
    '<body onload="{0}">',
    '<details open ontoggle="{0}">',
    "<style>*{{display:none}}</style>",
    "<!--<script>",
    "-->",
    "{{{{ 7*7 }}}}",
    "{{% raw %}}",
    "&#60;img src=x onerror={0}&#62;",
    "<math><mtext><img src=x onerror={0}></math>",
    "]]><script>{0}</script>",
    "%{{y}}<extra>x</extra>",
    "<br>",
    "\\u003cscript>",
)
_FRAMES = ("{0}", '"{0}', "'>{0}", "</title>{0}", "</textarea></style>{0}")
PAYLOADS = [frame.format(body.format(_ATTACK)) for frame, body in product(_FRAMES, _BODIES)]


def make_run(
    warnings: tuple[str, ...] = ("only survivors",), *, flows: float = 0.0, name: str = "synthetic"
) -> RunResult:
    """Return a small finished run with a benchmark that begins late and a published table."""
    rng = np.random.default_rng(7)
    dates = np.busday_offset("2019-01-02", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    tickers = ("AAA", "BBB", "CCC", "DDD", "EEE", "LATE")
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0004, 0.012, (SESSIONS, len(tickers))), axis=0))
    closes[:300, 5] = np.nan
    market = Market.build(dates, tickers, closes)
    plan = CoreSatellite.model_validate(
        {"core": {"AAA": "rest", "BBB": "20%"}, "satellites": dict.fromkeys(("CCC", "DDD", "EEE"), "2.5%"), "cap": "3%"}
    )
    others = {t: BuyAndHold.model_validate({"weights": {t: "100%"}}) for t in ("AAA", "LATE")}
    comparison = compare(
        market,
        plan,
        others,
        Account.model_validate({"contributions": {"amount": flows}}),
        PercentCosts.model_validate({"rate": "0.1%"}).cost_table(len(tickers)),
        start=0,
        buy_and_hold=True,
        risk_free=0.0,
        bootstrap=Bootstrap(samples=100),
        published=Published.model_validate({"source": "a book", "figures": {"AAA": {"cagr": "12.34%"}}}),
    )
    return RunResult(name, "a description", {"name": name}, "c" * 64, comparison, warnings, published_source="a book")


def eventful_run(review: str = "5%") -> RunResult:
    """Return a run that chooses, reviews, watches caps, meets a listing and a delisting: more or fewer by ``review``."""
    rng = np.random.default_rng(7)
    dates = np.busday_offset("2019-01-02", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    tickers = ("AAA", "BBB", "CCC", "DDD", "EEE", "GONE", "LATE")
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0004, 0.012, (SESSIONS, len(tickers))), axis=0))
    closes[400:600, 5] = closes[399, 5] * 1.001 ** np.arange(1, 201)  # held to its end
    closes[600:, 5] = closes[:300, 6] = np.nan
    names = [{"ticker": t, "name": t, "sector": f"Sector {t[0]}", "brokers": ["shop"]} for t in tickers[2:]]
    plan = CoreSatellite.model_validate(
        {
            "core": {"AAA": "rest", "BBB": "20%"},
            "satellites": {
                "universe": {"names": names},
                "choose": {"kind": "top", "count": 5, "by": "momentum", "lookback": 20},
                "weight": "2.5%",
            },
            "cap": "3%",
            "caps": "always",
            "rebalance": {"kind": "every", "period": "half_year"},
            "loss_review": {"trigger": review, "from": "peak", "thesis": {"kind": "trend", "sessions": 20}},
        }
    )
    comparison = compare(
        Market.build(dates, tickers, closes),
        plan,
        {},
        Account(),
        PercentCosts.model_validate({"rate": "0.1%"}).cost_table(len(tickers)),
        start=30,
        buy_and_hold=True,
        risk_free=0.0,
        bootstrap=Bootstrap(samples=100),
    )
    return RunResult("eventful", "", {"name": "eventful"}, "c" * 64, comparison, ())


@pytest.fixture(scope="module")
def eventful() -> RunResult:
    return eventful_run()


@pytest.fixture(scope="module")
def run() -> RunResult:
    return make_run()


@pytest.fixture
def folder(run: RunResult, tmp_path: Path) -> Path:
    run.write(tmp_path)
    return tmp_path


def poison(folder: Path, texts: list[str]) -> None:
    """Put ``texts`` into every place of a run's files that can hold text."""
    summary = json.loads((folder / "summary.json").read_text())
    names = {old: f"{text}{old}" for old, text in zip(("buy_and_hold", "AAA", "LATE"), texts, strict=False)}
    for key in ("portfolios", "versus"):
        summary[key] = {names.get(name, name): value for name, value in summary[key].items()}
    own = summary["portfolios"]["strategy"]
    peak = next(iter(own["max_weight"].values()))
    own["max_weight"] = {f"{text}{n}": peak for n, text in enumerate(texts)}
    summary |= {"name": texts[0], "description": texts[1], "warnings": texts}
    summary["account"]["currency"], summary["data"]["source"] = texts[2], texts[3]
    summary["published"]["source"] = texts[4]
    summary["published"]["figures"] = [
        {"portfolio": text, "metric": text, "published": 0.1, "here": 0.2} for text in texts
    ]
    (folder / "summary.json").write_text(json.dumps(summary))
    for file in ("equity.parquet", "levels.parquet"):
        table = pq.read_table(folder / file)
        pq.write_table(table.rename_columns([names.get(n, n) for n in table.column_names]), folder / file)
    _poison_weights(folder, list(own["max_weight"]))
    summary["events"] = [{"date": text, "kind": text, "asset": text, "text": text} for text in texts]
    lines = [["2019-01-02", text, "1.0", "2.0", "3.0", "0.0", text] for text in texts]
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(
        [["date", "asset", "quantity", "price", "value", "cost", "reason"], *lines]
    )
    (folder / "trades.csv").write_text(stream.getvalue())
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["versions"]["portfolio-engine"] = texts[5]
    manifest["trades_sha256"] = hashlib.sha256(stream.getvalue().encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "config.resolved.yaml").write_text(json.dumps(dict(enumerate(texts))))
    sign(folder)


def sign(folder: Path) -> None:
    """Let the manifest sign the files as they are now, so that what lies behind the signature is reached."""
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _poison_weights(folder: Path, names: list[str]) -> None:
    dates = pq.read_table(folder / "weights.parquet").column("date")
    share = pa.array(np.full(len(dates), 1.0 / len(names)))
    pq.write_table(pa.table({"date": dates, **dict.fromkeys(names, share)}), folder / "weights.parquet")


class Skeleton(HTMLParser):
    """Every tag and attribute of a page in order: what is left when its text is taken away."""

    def __init__(self, page: str) -> None:
        """Read ``page`` to its end."""
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag with its attributes."""
        self.tags.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep the text between tags."""
        self.text.append(data)


def browse(page: Path, profile: Path) -> tuple[str, list[str]]:
    """Return the DOM after a headless browser ran the page, and what it wrote to the console."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    command = [CHROMIUM, *flags.split(), "--disable-component-update", "--disable-sync", "--enable-logging=stderr"]
    done = subprocess.run(
        [*command, f"--user-data-dir={profile}", "--virtual-time-budget=10000", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


# ---- formats ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (fmt.money(948310.94), "948,311"),
        (fmt.money(366.2), "366.20"),
        (fmt.money(0.0), "0"),
        (fmt.money(None), "\N{EN DASH}"),
        (fmt.percent(0.10899), "10.90 %"),
        (fmt.percent(-0.00001), "0.00 %"),
        (fmt.percentage_points(0.0031797), "+0.32 pp"),
        (fmt.percentage_points(-0.00001), "0.00 pp"),
        (fmt.interval((-0.00259, 0.0089)), "-0.26 to +0.89 pp"),
        (fmt.ratio(0.6285), "0.628"),
        (fmt.count(5474), "5,474"),
        (fmt.days(1591), "1,591 d"),
        (fmt.quantity(-12.5), "-12.5000"),
        (fmt.quantity(3.0), "+3"),
        (fmt.price(0.01234), "0.01234"),
        (fmt.residual(0.0), "0"),
        (fmt.residual(4.44e-16), "4.4e-16"),
        (fmt.short_percent(0.025), "2.5 %"),
    ],
)
def test_numbers_are_shown_as_a_reader_expects_them(shown: str, expected: str) -> None:
    """A figure has separators, a sign where it is a difference, a dash where it does not exist, and no minus zero."""
    assert shown == expected


def test_a_printed_percentage_keeps_the_digits_it_was_printed_with() -> None:
    """10.77 % read from text has two decimals although dividing by 100 left none of them exact."""
    assert [fmt.printed_decimals(float(text) / 100.0) for text in ("10.77", "10.7", "11", "-55.46")] == [2, 1, 0, 2]


def test_a_published_figure_is_compared_in_its_last_printed_digit() -> None:
    """A figure agrees when it rounds to what was printed, and otherwise says by how much it does not."""
    rows = [("strategy", "cagr", 0.1091, 0.108995), ("SPY", "cagr", 0.1061, 0.10608), ("SPY", "volatility", 0.2, None)]
    first, second, third = published_rows([PublishedDifference(*row) for row in rows])
    assert (first.here, first.remark, first.agrees) == ("10.90 %", "last printed digit off by 1", False)
    assert (second.here, second.remark, second.agrees) == ("10.61 %", "agrees as printed", True)
    assert (third.here, third.remark, third.agrees) == ("\N{EN DASH}", "no figure here", False)


def test_an_interval_is_put_into_words() -> None:
    """An interval says whether it covers zero."""
    assert interval_verdict((-0.01, 0.02)).startswith("includes zero")
    assert interval_verdict((0.01, 0.02)).startswith("excludes zero")
    assert interval_verdict((0.0, 0.0)) == "the same returns"
    assert interval_verdict(None) == "too few sessions for an interval"


def test_control_characters_are_spelled_out() -> None:
    """Text from outside cannot move the cursor, ring the bell, or run from right to left."""
    assert escape_controls("a\x1b[31mb\x07\u202ec\n") == "a\\x1b[31mb\\x07\\u202ec\\n"
    assert escape_controls("Zürich 東京 \N{EN DASH}") == "Zürich 東京 \N{EN DASH}"


def test_chart_numbers_have_six_digits_and_no_nan() -> None:
    """A chart's JSON holds short numbers, and null where there is no value."""
    assert rounded_numbers(np.array([948310.9373, 0.0123456789, np.nan, 0.0])) == [948311.0, 0.0123457, None, 0.0]


# ---- terminal --------------------------------------------------------------------------------------------------------


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
    assert "variant 3 tried" in re.sub(r"\s+", " ", out)


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
    assert "money-weighted return (XIRR)" in capsys.readouterr().out


def printed(run: RunResult, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a run prints on 80 columns, its line ends taken away."""
    monkeypatch.setenv("COLUMNS", "80")
    print_run(run, folder, trades=True, tried=0)
    return re.sub(r"\s+", " ", capsys.readouterr().out)


def test_many_events_are_printed_kind_by_kind_and_the_rest_counted(
    eventful: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of more than twelve events the first three and last five of each kind are shown, and how many are not."""
    out = printed(eventful, tmp_path, capsys, monkeypatch)
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
    out = printed(run, tmp_path, capsys, monkeypatch)
    shown = out.split("What happened")[1].split(" trades ")[0]
    assert 0 < len(run.comparison.events) <= 12
    assert "..." not in shown
    places = [shown.index(f"{one.date} ") for one in run.comparison.events]
    assert places == sorted(places)
    assert all(re.sub(r"\s+", " ", one.text) in shown for one in run.comparison.events)


def test_the_price_of_watched_caps_is_a_sentence_without_signs_to_guess(
    eventful: RunResult, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders are more or fewer, costs higher or lower, and the same where they are the same."""
    sentence = cap_effect_text(CapEffect(12, -65.9, 0.0008, 0.0356, 0.0485), "USD")
    assert sentence == (
        "Enforcing caps between rebalances, not only at them: 12 more orders, costs 65.90 USD lower, CAGR +0.08 pp, "
        "highest weight 3.56 % with it, 4.85 % without"
    )
    assert "1 fewer order, costs 3.00 EUR higher" in cap_effect_text(CapEffect(-1, 3.0, None, 0.1, 0.1), "EUR")
    assert "as many orders, the same costs" in cap_effect_text(CapEffect(0, 0.0, 0.0, 0.1, 0.1), "USD")
    assert "Enforcing caps between rebalances" in printed(eventful, tmp_path, capsys, monkeypatch)


def test_costs_are_put_into_words() -> None:
    """A broker's tariff is printed with its source and date."""
    from engine.portfolio.costs import BrokerCosts

    words = BrokerCosts(name="comdirect", fx=1.1).describe()
    assert words.startswith("comdirect")
    assert "at least 9.90, at most 59.90 in EUR, converted at 1.1" in words
    assert "2025-10" in words


def test_the_starter_config_is_valid_and_its_plan_is_printed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `engine init` writes passes `engine validate`, which prints weights, room, schedule and costs."""
    import engine
    from engine.backtest.config import RunConfig
    from engine.backtest.loading import load_config
    from engine.report.run.terminal import print_config
    from strategies import AnyStrategy

    monkeypatch.setenv("COLUMNS", "100")
    path = Path(engine.__file__).with_name("backtest") / "starter.yaml"
    print_config(load_config(path, RunConfig[AnyStrategy]), "starter.yaml")
    out = capsys.readouterr().out
    assert "starter.yaml: valid" in out
    assert "core 90.00 % + satellites 10.00 % = 100.00 %" in out
    assert "8 scheduled rebalances (january): 2015-01-02, 2016-01-04, 2017-01-03, ..., 2022-01-03" in out
    assert "orders cost 0.1 % of the money traded" in out


def test_the_quality_page_names_every_finding(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The quality page shows each asset's life and every finding, worst first."""
    from engine.data.market import Provenance
    from engine.data.quality import Finding
    from engine.data.sources.base import Closes

    monkeypatch.setenv("COLUMNS", "80")
    dates = np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]")
    closes = Closes(dates, ("[b]A", "B"), np.array([[1.0, np.nan]] * 3), "USD", Provenance("memory", "raw"))
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
    from engine.data.sources.base import PriceRequest
    from engine.data.sources.sample import Sample
    from engine.data.sources.yahoo import FetchReport

    class Shop(Sample):
        def fetch(self, request: PriceRequest, progress: object = None) -> FetchReport:
            assert callable(progress)
            progress("AAA", 0, 2)
            return FetchReport(fetched=("AAA",), failed=(("BBB", "no such ticker"),))

    with pytest.raises(DataError, match="BBB: no such ticker"):
        print_fetch(Shop(), PriceRequest(("AAA", "BBB")))
    assert "1 fetched, 0 up to date, 1 failed" in capsys.readouterr().out
    print_fetch(Sample(), PriceRequest(("JNJ",)))
    assert capsys.readouterr().out.startswith("Nothing to fetch")


# ---- frames ----------------------------------------------------------------------------------------------------------


def test_frames_hold_the_same_figures_as_the_run(run: RunResult) -> None:
    """Frames agree with the ledger, weights sum to one, and a late benchmark is NaN before it begins."""
    frames = Frames.from_run(run)
    figures = run.comparison.strategy.metrics()
    assert frames.summary.loc["cagr", "strategy"] == figures["cagr"]
    assert frames.equity["strategy"].iloc[-1] == figures["final_value"]
    assert frames.equity["LATE"].isna().sum() == 300
    assert np.allclose(frames.weights.sum(axis=1), 1.0, atol=1e-12)
    assert len(frames.trades) == figures["trades"]
    assert frames.trades.columns.tolist() == ["date", "asset", "quantity", "price", "value", "cost", "reason"]
    assert "Max drawdown" in repr(frames)
    assert "700 sessions" in repr(frames)


def test_frames_hold_the_events_of_a_run(eventful: RunResult, run: RunResult) -> None:
    """Every event is a row with its date, and a run without events has the same columns."""
    events = Frames.from_run(eventful).events
    assert events.columns.tolist() == ["date", "kind", "asset", "text"]
    assert events["date"].is_monotonic_increasing
    assert events["kind"].value_counts()["listed"] == 1
    assert len(events) == len(eventful.comparison.events)
    assert Frames.from_run(run).events.columns.tolist() == ["date", "kind", "asset", "text"]


# ---- page ------------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_run_found(folder: Path) -> None:
    """The page carries headline figures, warnings, checks and hashes, and asks nothing of a network."""
    page = build_run_report(folder).read_text(encoding="utf-8")
    body = page.split('<script type="application/json"')[0]
    summary = json.loads((folder / "summary.json").read_text())
    assert fmt.money(summary["portfolios"]["strategy"]["final_value"]) in body
    assert "only survivors" in body
    assert summary["data"]["sha256"] in body
    assert "last printed digit" in body
    for tag, attributes in Skeleton(page).tags:
        for name, value in attributes:
            if name in {"src", "href", "action", "data", "srcset", "poster", "xlink:href"}:
                assert (value or "").startswith("#"), (tag, name, value)
    metas = [dict(attributes) for tag, attributes in Skeleton(page).tags if tag == "meta"]
    policy = next(meta["content"] or "" for meta in metas if "http-equiv" in meta)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")


def test_the_page_shows_every_event_and_the_price_of_caps(eventful: RunResult, tmp_path: Path) -> None:
    """Each event is a row of the page, and the capped assets have the price of watching them beside them."""
    eventful.write(tmp_path)
    text = " ".join(Skeleton(build_run_report(tmp_path).read_text(encoding="utf-8")).text)
    for one in eventful.comparison.events:
        assert one.text.replace("-", "") in text.replace("-", "").replace("\N{MINUS SIGN}", "")
    assert "Enforcing caps between rebalances" in text
    assert "delistings, loss reviews" in text


def test_a_summary_of_an_earlier_version_still_builds(eventful: RunResult, tmp_path: Path) -> None:
    """Without events and the price of caps the page leaves both out."""
    eventful.write(tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    del summary["events"], summary["caps_always"]
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    sign(tmp_path)
    page = build_run_report(tmp_path).read_text(encoding="utf-8")
    assert 'id="events"' not in page
    assert "Enforcing caps" not in page
    assert 'id="trades"' in page


def test_a_minus_is_put_before_numbers_only() -> None:
    """Dates and tickers keep their hyphens."""
    assert (
        typographic_minus("review: BRK-B -21 %, until 2020-11-24")
        == "review: BRK-B \N{MINUS SIGN}21 %, until 2020-11-24"
    )


def test_the_same_folder_gives_the_same_bytes(folder: Path) -> None:
    """The page has no clock and no random order in it."""
    first = build_run_report(folder).read_bytes()
    assert build_run_report(folder).read_bytes() == first


@pytest.mark.parametrize(
    "name",
    [*FILES, "trades.csv", "config.resolved.yaml"],
)
def test_a_missing_file_is_named_with_the_remedy(folder: Path, name: str) -> None:
    """A folder without one of its files says which one and how to get it back."""
    (folder / name).unlink()
    with pytest.raises(OutputError, match=f"{re.escape(name)}: is missing; run the config again"):
        build_run_report(folder)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff garbage"])
def test_a_damaged_file_is_named_with_the_remedy(folder: Path, name: str, content: bytes) -> None:
    """A file that cannot be what the run wrote is refused, not shown."""
    (folder / name).write_bytes(content)
    if name != "manifest.json":
        sign(folder)
    with pytest.raises(DataError, match=f"{re.escape(name)}: damaged: .*run the config again"):
        build_run_report(folder)


def test_a_flipped_bit_in_a_price_series_is_noticed(folder: Path) -> None:
    """Parquet pages carry checksums, and the page is built only from pages that pass."""
    path = folder / "levels.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(bytes(content))
    sign(folder)
    with pytest.raises(DataError, match=r"levels\.parquet: damaged"):
        build_run_report(folder)


@pytest.mark.parametrize("name", [*FILES[2:], "summary.json", "trades.csv", "config.resolved.yaml"])
def test_a_file_of_another_run_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    """Every file has to be the one that the manifest signs, however sound it is."""
    other = tmp_path / "other"
    make_run(("another warning",), flows=10.0, name="another").write(other)
    shutil.copyfile(other / name, folder / name)
    with pytest.raises(DataError, match=rf"{re.escape(name)}: damaged: it is not the file that manifest\.json signs"):
        build_run_report(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong folder is told from a run without files."""
    with pytest.raises(OutputError, match="no such folder"):
        build_run_report(tmp_path / "nowhere")


def test_building_the_page_imports_neither_pandas_nor_plotly(folder: Path) -> None:
    """The page is built in a fraction of the time that either import would take."""
    code = (
        "import sys, pathlib; from engine.report.run.page import build_run_report as build; build(pathlib.Path(sys.argv[1])); "
        "print(sorted({'pandas', 'plotly'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_flows_have_a_chart_of_their_own(tmp_path: Path) -> None:
    """With contributions the page shows the account's value beside its growth, and what was paid in."""
    run = make_run(flows=250.0)
    run.write(tmp_path)
    page = build_run_report(tmp_path).read_text(encoding="utf-8")
    paid = json.loads(page.split('id="data">')[1].split("</script>")[0])["paid"]
    assert 'id="chart-value"' in page
    assert paid[0] == 100_000.0
    assert paid[-1] == pytest.approx(100_000.0 + run.comparison.strategy.performance.paid_in)


def test_there_are_a_hundred_different_payloads() -> None:
    """The corpus is what it says it is."""
    assert len(set(PAYLOADS)) >= 100


def test_no_text_becomes_markup(folder: Path) -> None:
    """A page full of payloads has exactly the elements and attributes of one with harmless text in their places."""
    poison(folder, [f"harmless{n}" for n in range(len(PAYLOADS))])
    harmless = Skeleton(build_run_report(folder).read_text(encoding="utf-8")).tags
    make_run().write(folder)
    poison(folder, PAYLOADS)
    page = build_run_report(folder).read_text(encoding="utf-8")
    assert Skeleton(page).tags == harmless
    data = page.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    assert not set("<>&") & set(data)


def test_a_skeleton_sees_markup() -> None:
    """The helper above would notice an element that came from text."""
    assert Skeleton("<p>a</p>").tags != Skeleton("<p><b>a</b></p>").tags


def test_a_browser_draws_the_charts_without_a_complaint(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Charts appear and the console stays empty, so the page's own security policy lets its scripts run."""
    dom, console = browse(build_run_report(folder), tmp_path_factory.mktemp("profile"))
    assert console == []
    assert dom.count("main-svg") >= 4


def test_a_browser_filters_each_table_by_its_own_field(
    eventful: RunResult, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is typed above the events hides events and no trade, and the count says how many are left."""
    eventful.write(tmp_path)
    page = build_run_report(tmp_path)
    typed = (
        "<script>const field = document.querySelector('#events input'); field.value = 'delisting';"
        "field.dispatchEvent(new Event('input'));"
        "document.body.dataset.left = ['#events', '#trades'].map((id) => "
        "document.querySelectorAll(id + ' tbody tr:not([hidden])').length + '/' + "
        "document.querySelector(id + ' .shown').textContent).join(' ');</script></body>"
    )
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    (tmp_path / "open.html").write_text(text.replace("</body>", typed), encoding="utf-8")
    dom, console = browse(tmp_path / "open.html", tmp_path_factory.mktemp("profile"))
    trades = eventful.comparison.strategy.performance.trades
    assert console == []
    assert f'data-left="1/1 {trades}/{trades}"' in dom


def test_a_browser_runs_no_script_from_text(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Payloads stay text in every chart and hover label, even with the page's security policy taken away."""
    poison(folder, PAYLOADS)
    page = build_run_report(folder)
    text = page.read_text(encoding="utf-8")
    hover = (
        "<script>setTimeout(() => { const all = (query) => Array.from(document.querySelectorAll(query)); "
        "for (const chart of all('.chart')) "
        "Plotly.Fx.hover(chart, chart.data.map((_, n) => ({curveNumber: n, pointNumber: 500}))); "
        "document.body.dataset.labels = all('.hoverlayer').map((one) => one.textContent); "
        "document.body.dataset.markup = all('.hoverlayer a, .hoverlayer tspan[style*=bold]').length; "
        "}, 1500);</script></body>"
    )
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace("</body>", hover)
    (folder / "open.html").write_text(text, encoding="utf-8")
    for built in (page, folder / "open.html"):
        dom, console = browse(built, tmp_path_factory.mktemp("profile"))
        tags = Skeleton(dom).tags
        assert console == []
        assert "main-svg" in dom
        assert not any(name == "data-pwned" for _, attributes in tags for name, _ in attributes)
        links = [value for tag, attributes in tags if tag == "a" for name, value in attributes if "href" in name]
        assert all((link or "").startswith("#") for link in links)
        assert not {tag for tag, _ in tags} & {"iframe", "img", "b", "math", "object", "embed"}
    shown = dict(next(attributes for tag, attributes in tags if tag == "body"))
    assert shown["data-markup"] == "0"
    for payload in PAYLOADS[:3]:
        assert payload[:12] in (shown["data-labels"] or ""), "the hover labels were drawn, so their text was tried"
