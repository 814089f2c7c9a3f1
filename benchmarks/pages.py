"""How large pages are, how fast they are made and how fast they stand: ``python benchmarks/pages.py`` (``make pages``).

First paint has all charts in it; live is when the script has taken over. Medians of nine openings of a file in a
browser without a window, each in a fresh context; an empty page beside them. Other work on the machine shows.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pytest

from engine.backtest.finished_run import read_run
from engine.report.run.page import render_run
from tests.support.browser_pages import PAGES
from tests.support.runs import CHROMIUM

OPENINGS = 9
LIMITS = {"bytes": 700_000, "first paint": 300.0, "live": 700.0, "made": 0.3}


def main() -> None:
    """Print a line for each kind of page."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sys.exit("playwright is not installed: `make pages` installs it")
    if CHROMIUM is None:
        sys.exit("no chromium is installed: `apt-get install chromium`")
    print(
        f"at most: {LIMITS['bytes']:,} bytes, {LIMITS['first paint']:.0f} ms, {LIMITS['live']:.0f} ms, {LIMITS['made']} s"
    )
    print(f"{'page':<12}{'bytes':>10}{'first paint':>14}{'live':>12}{'made':>10}")
    with sync_playwright() as driver, tempfile.TemporaryDirectory() as place:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        empty = Path(place) / "empty.html"
        empty.write_text("<!doctype html><title>empty</title><p>Nothing.", encoding="utf-8")
        _print_line("empty", empty, browser, None)
        for kind, make in PAGES.items():
            folder = Path(place) / kind
            folder.mkdir()
            try:
                path = make(folder)
            except pytest.skip.Exception as reason:
                print(f"{kind:<12}{reason}")
                continue
            _print_line(kind, path, browser, _make_again(path) if "run" in kind else None)
        browser.close()


def _make_again(path: Path) -> Callable[[], object]:
    run = read_run(path.parent)
    return lambda: render_run(run)


def _print_line(kind: str, path: Path, browser: Any, make: Callable[[], object] | None) -> None:
    paints, lives = zip(*(_open(path, browser) for _ in range(OPENINGS)), strict=True)
    seconds = []
    for _ in range(OPENINGS if make else 0):
        begun = time.perf_counter()
        make()
        seconds.append(time.perf_counter() - begun)
    live = f"{statistics.median(lives):>9.0f} ms" if all(lives) else f"{'':>12}"
    made = f"{statistics.median(seconds):>8.2f} s" if seconds else ""
    print(f"{kind:<12}{path.stat().st_size:>10,}{statistics.median(paints):>11.0f} ms{live}{made}")


def _open(path: Path, browser: Any) -> tuple[float, float]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(path.as_uri())
    while not page.evaluate("performance.getEntriesByType('paint').length"):
        page.wait_for_timeout(20)
    scripted = page.evaluate("document.querySelector('#said') !== null && document.scripts.length > 0")
    if scripted:
        page.wait_for_selector("html.live, html.still", state="attached")
    paint = page.evaluate("performance.getEntriesByType('paint')[0].startTime")
    live = float(page.evaluate("document.documentElement.dataset.live ?? 0"))
    context.close()
    return paint, live


if __name__ == "__main__":
    main()
