"""Real pages in a real browser: Debian's chromium, driven by playwright; without either these tests are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser_pages import PAGES
from tests.support.runs import CHROMIUM

LOCAL = ("file:", "data:", "about:", "blob:")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Start a browser once for all tests."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: `apt-get install chromium`")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        pytest.skip("playwright is not installed: `make pages` installs it")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def show(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a file as a reader would; what it says on the console, throws or asks of a network fails the test."""
    contexts, faults = [], []

    def open_page(
        path: Path, *, width: int = 1440, height: int = 900, address: str = "", live: bool = True, **more: Any
    ) -> Any:
        script = more.pop("before", "")
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        contexts.append(context)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on(
            "request", lambda asked: None if asked.url.startswith(LOCAL) else faults.append(f"request: {asked.url}")
        )
        page.on("dialog", lambda dialog: faults.append(f"dialog: {dialog.message}"))
        page.goto(f"{path.as_uri()}{address}")
        if live:
            page.wait_for_selector("html.live, html:not(:has(script))", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a page of a kind, made once."""
    made: dict[str, Path] = {}

    def get(kind: str) -> Path:
        if kind not in made:
            made[kind] = PAGES[kind](tmp_path_factory.mktemp(kind))
        return made[kind]

    return get
