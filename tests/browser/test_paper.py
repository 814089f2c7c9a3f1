"""A run on paper: six pages at most, and the first is a factsheet by itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def _print(page: Any, folder: Path) -> list[str]:
    """Return the text of each printed page."""
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: `apt-get install poppler-utils`")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.pdf(path=folder / "page.pdf", prefer_css_page_size=True)
    done = subprocess.run(
        ["pdftotext", "-layout", folder / "page.pdf", "-"], capture_output=True, text=True, check=True
    )
    return done.stdout.split("\f")[:-1]


@pytest.mark.parametrize("kind", ["run", "real run"])
def test_a_run_takes_six_pages_and_the_first_says_all_that_matters(
    show: Callable[..., Any], pages: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    path = pages(kind)
    summary = json.loads((path.parent / "summary.json").read_text())
    sheets = _print(show(path), tmp_path)
    first = re.sub(r"\s+", " ", sheets[0])
    assert len(sheets) <= 6
    assert summary["verdict"]["sentence"] in first
    assert summary["plan_sentence"].split(":")[0] in first
    for title in ("Growth a year", "Worst fall", "Difference a year", "What trading cost", "Before you rely on it"):
        assert title in first
    for fall in summary["falls"]["deepest"]:
        assert re.search(rf"{fall['peak']} {fall['trough']} {fall['recovery'] or 'not yet'}", first)
    assert summary["data"]["sha256"] in first
    for number, sheet in enumerate(sheets, start=1):
        assert f"{number} of {len(sheets)}" in sheet
        assert "Simulated on past prices; not a result that anybody earned." in sheet
