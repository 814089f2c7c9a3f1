"""The HTML page of a run: one file that opens without a network and runs no script but its own.

Built from the run's folder alone, so that it can be built again; the same folder gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
from functools import cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from engine.core.errors import OutputError
from engine.core.files import atomic_write, lock_folder
from engine.report.run.charts import chart_json, has_flows
from engine.report.run.folder import FinishedRun, read_run
from engine.report.run.page import run_page

REPORT_FILE = "report.html"


def build_run_report(folder: Path) -> Path:
    """Build ``report.html`` from the other files in ``folder`` and return its path.

    Raises
    ------
    OutputError
        When a file is missing, or the page cannot be written.
    DataError
        When a file is damaged or was changed after the run.

    """
    path = folder / REPORT_FILE
    with lock_folder(folder):  # a run that is just being written takes its place whole, before or after
        atomic_write(path, render_run(read_run(folder)).encode("utf-8"))
    return path


def render_run(run: FinishedRun) -> str:
    """Return the page of a run."""
    library, script = plotly_script(), asset_text("run.js")
    return template().render(
        page=run_page(run),
        has_flows=has_flows(run),
        # Markup says that a text is HTML already; nothing that came from a run's folder is ever wrapped in it but this
        # JSON, in which no character can end a script element
        charts=Markup(chart_json(run)),  # noqa: S704
        style=Markup(asset_text("run.css")),  # noqa: S704
        library=Markup(library),  # noqa: S704
        script=Markup(script),  # noqa: S704
        hashes=f"{csp_hash(library)} {csp_hash(script)}",
    )


def template(name: str = "run.html.j2") -> Template:
    """Return a compiled template; autoescape is on for all of it, whatever its file is called."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["minus"] = _typographic_minus
    return environment.from_string(asset_text(name))


def _typographic_minus(text: str) -> str:
    """Return a text with a typographic minus, as wide as a digit, before its numbers; dates and names stay."""
    return re.sub(r"(?<!\w)-(?=[\d.])", "−", text)  # noqa: RUF001  (the minus sign is meant)


@cache
def asset_text(name: str) -> str:
    """Return a file of this package."""
    return resources.files("engine.report").joinpath("assets", name).read_text(encoding="utf-8")


@cache
def plotly_script() -> str:
    """Return plotly.js as its Python package ships it, found without importing that package."""
    spec = importlib.util.find_spec("plotly")
    path = Path(spec.origin).parent / "package_data" / "plotly.min.js" if spec and spec.origin else None
    if path is None or not path.is_file():
        raise OutputError("report: plotly is not installed or incomplete; run `pip install --force-reinstall plotly`")
    return _escape_script(path.read_text(encoding="utf-8"))


def _escape_script(script: str) -> str:
    """Return a script that stays inside its element: what could end it is written as an escape of the same meaning."""
    return script.replace("\r\n", "\n").replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def csp_hash(script: str) -> str:
    """Return a script's hash as a content security policy names it."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
