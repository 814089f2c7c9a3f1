"""The page of checked claims: the verdicts of the terminal, whatever a sentence is, and the same bytes twice."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from engine import composition
from engine.evidence.claims.check import check_claims
from engine.report.evidence.claims_page import publish_claims, render_claims
from tests.support.claims import HEAD, made_frame

CLAIMS = """
  - {sentence: "A grew </p><script>alert(1)</script>", claimed: 8%, tolerance: 30%, compute: {kind: figure, of: A, figure: cagr}}
  - {sentence: "A fell by half", claimed: {from: -60%, to: -50%}, compute: {kind: figure, of: B, figure: max_drawdown}}
"""


def write_claims(folder: Path) -> Path:
    """Write a file of two claims, and the closes that they are checked on."""
    made_frame().to_parquet(folder / "closes.parquet")
    file = folder / "claims.yaml"
    file.write_text(HEAD.replace("PATH", str(folder / "closes.parquet")) + CLAIMS)
    return file


def test_a_page_says_of_every_claim_what_was_found(tmp_path: Path) -> None:
    file = composition.load_claims(write_claims(tmp_path))
    checked = check_claims(file, composition.build_strategy)
    publish_claims(file, checked, tmp_path / "made")
    page = (tmp_path / "made" / "claims.html").read_text()
    told = json.loads((tmp_path / "made" / "claims.json").read_text())
    headings = [html.unescape(one) for one in re.findall(r"<h2>(.*?)</h2>", page)]
    wanted = [f"{number}. {one['sentence']}: {one['verdict']}" for number, one in enumerate(told["claims"], start=1)]
    assert headings == wanted
    assert "<script>alert" not in page
    assert page == render_claims(file, checked)
