"""The page of a run: what it says, and that it needs nothing else."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.backtest.outputs import RunResult
from engine.report import number_format as fmt
from engine.report.html_page import asset_text
from engine.report.number_format import typographic_minus
from engine.report.run.page import build_run_report
from engine.report.run.parts_table import parts_table
from tests.support.runs import Skeleton, browse, make_run


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


def test_the_page_shows_every_event_and_every_part_of_the_difference(eventful: RunResult, tmp_path: Path) -> None:
    """Each event is a row of the page, and so is each part of the difference to buy-and-hold with their sum."""
    eventful.write(tmp_path)
    text = " ".join(Skeleton(build_run_report(tmp_path).read_text(encoding="utf-8")).text)
    for one in eventful.comparison.events:
        assert one.text.replace("-", "") in text.replace("-", "").replace("\N{MINUS SIGN}", "")
    rows = parts_table(eventful.summary.versus)
    assert [title for title, _, _ in rows][-2:] == ["rebalancing alone", "sum"]
    assert len(rows) > 4
    for title, amount, meaning in rows:
        assert f"{title.capitalize()} {amount} {meaning}".strip() in re.sub(r"\s+", " ", text).replace(
            "\N{MINUS SIGN}", "-"
        )
    assert "delistings, loss reviews" in text


def test_what_a_warning_has_between_back_ticks_is_set_as_code(eventful: RunResult, tmp_path: Path) -> None:
    """And stays text: markup in it is none, and a back-tick without its second opens nothing."""
    said = ("say `closes: <raw>` or `closes: adjusted` now", "a lone ` tick")
    dataclasses.replace(eventful, warnings=said).write(tmp_path / "run")
    page = build_run_report(tmp_path / "run").read_text(encoding="utf-8")
    assert "say <code>closes: &lt;raw&gt;</code> or <code>closes: adjusted</code> now" in page
    assert "<code> tick" not in page


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


def test_building_the_page_imports_no_pandas(folder: Path) -> None:
    """The page is built in a fraction of the time that that import would take."""
    code = (
        "import sys, pathlib; from engine.report.run.page import build_run_report as build; build(pathlib.Path(sys.argv[1])); "
        "print(sorted({'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_flows_have_a_chart_of_their_own(tmp_path: Path) -> None:
    """With contributions the page shows the account's value beside its growth, and what was paid in."""
    run = make_run(flows=250.0)
    run.write(tmp_path)
    page = build_run_report(tmp_path).read_text(encoding="utf-8")
    chart = page.split('id="chart-value"')[1].split("</figure>")[0]
    assert f"Paid in ends at {fmt.money(100_000.0 + run.comparison.strategy.performance.paid_in)}" in chart
    assert "was paid in after the opening" in page or "were paid in after the opening" in page


def test_a_browser_draws_the_charts_without_a_complaint(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The console stays empty and the page is live, so its own security policy lets its script run."""
    dom, console = browse(build_run_report(folder), tmp_path_factory.mktemp("profile"))
    assert console == []
    assert "live" in str(dict(next(attributes for tag, attributes in Skeleton(dom).tags if tag == "html"))["class"])
    assert dom.count('class="line c0"') >= 2


def test_a_browser_filters_each_table_by_its_own_field(
    eventful: RunResult, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What is typed above the events hides events and no trade, and the count says how many are left."""
    eventful.write(tmp_path)
    page = build_run_report(tmp_path)
    typed = (
        "<script>setTimeout(() => { const field = document.querySelector('#events input'); field.value = 'delisting';"
        "field.dispatchEvent(new Event('input'));"
        "document.body.dataset.left = ['#events', '#trades'].map((id) => "
        "document.querySelectorAll(id + ' table.rows tbody tr:not([hidden])').length + '/' + "
        "document.querySelector(id + ' .shown').textContent).join(' '); }, 1500);</script></body>"
    )
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    (tmp_path / "open.html").write_text(text.replace("</body>", typed), encoding="utf-8")
    dom, console = browse(tmp_path / "open.html", tmp_path_factory.mktemp("profile"))
    trades = int((eventful.comparison.strategy.ledger.trades != 0.0).sum())  # payouts are listed too
    assert console == []
    assert f'data-left="1/1 {trades}/{trades}"' in dom


@pytest.mark.parametrize("name", ["run", "sweep", "luck", "compare", "claims"])
def test_pages_with_a_script_have_the_same_buttons_and_contents(name: str) -> None:
    """Print and colours on each of them, and a list of contents that looks the same wherever there is one."""
    template = asset_text(f"{name}.html.j2")
    header = template[template.index("<header") : template.index("</header>")]
    assert header.count("data-print>Print</button>") == 1
    assert header.count("data-scheme-next>Colours: auto</button>") == 1
    navigation = [line for line in template.splitlines() if 'aria-label="Contents"' in line]
    assert all(line.startswith('<nav class="contents"') for line in navigation)
