"""Hostile text in every place of a page that text can come from."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.report.run.page import build_run_report
from tests.support.configs import message
from tests.support.runs import Skeleton, browse, make_run, sign

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


def _poison_weights(folder: Path, names: list[str]) -> None:
    dates = pq.read_table(folder / "weights.parquet").column("date")
    share = pa.array(np.full(len(dates), 1.0 / len(names)))
    pq.write_table(pa.table({"date": dates, **dict.fromkeys(names, share)}), folder / "weights.parquet")


def test_there_are_a_hundred_different_payloads() -> None:
    """The corpus is what it says it is."""
    assert len(set(PAYLOADS)) >= 100


_WORDS = {"title", "data-say", "data-line", "data-of", "data-chart", "aria-label"}
"""Attributes that hold names and sentences; the page's script reads them as text."""


def shape(tag: str, attributes: tuple[tuple[str, str | None], ...]) -> tuple[str, list[tuple[str, str]]]:
    """Return an element without the words in its attributes; how wide a chart's names are is a length in its style."""
    kept = []
    for name, value in attributes:
        if name == "style":
            assert re.fullmatch(r"[-a-z0-9:;%.()+, ]*", value or ""), value
        kept.append((name, "" if name in _WORDS or name == "style" else value or ""))
    return tag, kept


def test_no_text_becomes_markup(folder: Path) -> None:
    """A page full of payloads has exactly the elements and attributes of one with harmless text in their places."""
    poison(folder, [f"harmless{n}" for n in range(len(PAYLOADS))])
    harmless = Skeleton(build_run_report(folder).read_text(encoding="utf-8")).tags
    make_run().write(folder)
    poison(folder, PAYLOADS)
    page = build_run_report(folder).read_text(encoding="utf-8")
    assert [shape(*tag) for tag in Skeleton(page).tags] == [shape(*tag) for tag in harmless]
    for element in ("meta", "data"):
        data = page.split(f' id="{element}">')[1].split("</script>")[0]
        assert not set("<>&") & set(data)


def test_a_skeleton_sees_markup() -> None:
    """The helper above would notice an element that came from text."""
    assert Skeleton("<p>a</p>").tags != Skeleton("<p><b>a</b></p>").tags


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "|", "\t", "\r", " =", "'"])
def test_no_cell_of_the_trades_is_a_formula(lead: str) -> None:
    """A spreadsheet computes what begins like this: no ticker does, and all other words of trades.csv are our own."""
    weights = f"{{{json.dumps(f'{lead}SUM(A1)')}: 1%, {json.dumps(f'{lead}A1')}: 1%}}"
    told = message(f"name: t\ndata: {{source: {{kind: sample}}}}\nstrategy: {{kind: fixed_mix, weights: {weights}}}")
    assert told.count("is not a ticker") == 2


def test_a_browser_runs_no_script_from_text(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Payloads stay text in every chart and tip, even with the page's security policy taken away."""
    poison(folder, PAYLOADS)
    page = build_run_report(folder)
    text = page.read_text(encoding="utf-8")
    hover = (
        "<script>setTimeout(() => { const all = (query) => Array.from(document.querySelectorAll(query)); "
        "const tip = document.getElementById('tip'); let labels = '', markup = 0; "
        "for (const button of all('[data-line][aria-pressed=false]')) button.click(); "
        "for (const box of all('[data-chart] .plot, [data-marks]')) { "
        "box.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowLeft', bubbles: true})); "
        "labels += tip.textContent; markup += tip.querySelectorAll('a, i, img, script, br').length; } "
        "document.body.dataset.labels = labels; document.body.dataset.markup = markup; "
        "}, 1500);</script></body>"
    )
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text).replace("</body>", hover)
    (folder / "open.html").write_text(text, encoding="utf-8")
    for built in (page, folder / "open.html"):
        dom, console = browse(built, tmp_path_factory.mktemp("profile"))
        tags = Skeleton(dom).tags
        assert console == []
        assert 'class="line c0"' in dom
        assert not any(name == "data-pwned" for _, attributes in tags for name, _ in attributes)
        links = [value for tag, attributes in tags if tag == "a" for name, value in attributes if "href" in name]
        assert all((link or "").startswith("#") for link in links)
        assert not {tag for tag, _ in tags} & {"iframe", "img", "math", "object", "embed", "br"}
    shown = dict(next(attributes for tag, attributes in tags if tag == "body"))
    assert shown["data-markup"] == "0"
    for payload in PAYLOADS[:3]:
        assert payload[:10] in (shown["data-labels"] or ""), "the tips were shown, so their text was tried"
