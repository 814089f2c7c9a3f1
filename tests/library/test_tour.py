"""The tour of the documentation: a reader's notebook, run in an empty folder, shows what it shows there."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOUR = ROOT / "docs" / "tour.ipynb"
NEEDED = ("nbclient", "ipykernel", "skfolio")
_VARYING = re.compile(r"0x[0-9a-f]+|\d(\.\d+)?e-\d\d")  # addresses, and what rounding left of zero
MISSING = [name for name in NEEDED if find_spec(name) is None]


def shown(notebook: dict) -> list[list[str]]:
    """Return what each cell shows, as text and as HTML; addresses and what is told while one waits aside."""
    found = []
    for cell in notebook["cells"]:
        texts = []
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error", f"{cell['source']}: {output}"
            if output["output_type"] == "stream":
                texts += [_text(output["text"])] if output["name"] == "stdout" else []
            else:
                texts += [_text(output["data"][kind]) for kind in sorted(output["data"])]
        found.append([_VARYING.sub("...", text) for text in texts if text])  # a wait that is over is empty
    return found


def _text(stored: str | list[str]) -> str:
    return stored if isinstance(stored, str) else "".join(stored)


def test_the_tour_asks_for_nothing_from_outside() -> None:
    """No output has a script, a style sheet or an address, and no cell was stored with an error or a warning."""
    notebook = json.loads(TOUR.read_text(encoding="utf-8"))
    outputs = [text for texts in shown(notebook) for text in texts]
    assert sum("data:image/svg+xml;base64," in text for text in outputs) >= 8
    assert not [text for text in outputs if re.search(r"<script|<link|https?://|file://|/home/|/tmp/", text)]
    assert not [one for cell in notebook["cells"] for one in cell.get("outputs", []) if one.get("name") == "stderr"]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"{' and '.join(MISSING)} is not installed")
def test_the_tour_shows_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell, run again in an empty folder, has the outputs that are stored with it."""
    import nbformat
    from nbclient import NotebookClient

    for name in ("CACHE", "STATE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    stored = json.loads(TOUR.read_text(encoding="utf-8"))
    notebook = nbformat.read(TOUR, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources=resources).execute()
    again = shown(json.loads(nbformat.writes(notebook)))
    for cell, was, now in zip(stored["cells"], shown(stored), again, strict=True):
        assert now == was, _text(cell["source"])
