"""A report in the browser, where there is one to open it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from engine.core.errors import escape_controls

if TYPE_CHECKING:
    from pathlib import Path


def open_page(path: Path) -> str:
    """Open a page in the browser; return why it was not opened and where it is, ``""`` when it was.

    Nothing is opened in a test or a build, nor where there is no display: a browser of text would take the terminal.
    """
    reason = _absent_browser()
    if not reason:
        import webbrowser

        try:
            reason = "" if webbrowser.open(path.resolve().as_uri()) else "no browser was found"
        except (webbrowser.Error, OSError) as error:
            reason = str(error) or "no browser was found"
    return (
        f"{escape_controls(reason)}, so the report is not opened; it is {escape_controls(str(path))}" if reason else ""
    )


def _absent_browser() -> str:
    """Return why there is nothing to open a page with, as far as the environment tells; ``""`` when there may be."""
    if os.environ.get("CI") or os.environ.get("PYTEST_CURRENT_TEST"):
        return "this is a test or a build"
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME")
    if sys.platform not in {"win32", "darwin"} and not any(os.environ.get(name) for name in displays):
        return "there is no display"
    return ""
