"""`engine trials` and what a run says of a registry that somebody edited."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.sweeps import PLAN, SMALL, engine


def test_runs_and_sweeps_are_counted_listed_and_an_edited_registry_is_said(tmp_path: Path) -> None:
    """A run with an edited registry ends well, with a warning; the list ends with exit code 1."""
    (tmp_path / "small.yaml").write_text(PLAN + SMALL)
    assert "nothing yet" in engine("trials", cwd=tmp_path).stdout
    engine("run", "small.yaml", "--json", cwd=tmp_path)
    done = engine("sweep", "small.yaml", "--no-evidence", cwd=tmp_path)
    assert "better than luck" not in done.stdout
    assert "Variants tried on these prices on this machine so far:" in done.stdout
    found = json.loads(engine("trials", "--json", cwd=tmp_path).stdout)
    assert found["variants"] == sum(one["variants"] for one in found["data"]) == 61
    assert sorted(plan["variants"] for one in found["data"] for plan in one["plans"]) == [1, 60]
    printed = engine("trials", cwd=tmp_path).stdout
    assert "61 variants on" in printed
    assert all(one["sha256"][:12] in printed for one in found["data"])
    for registry in (tmp_path / "state").rglob("trials/*.txt"):
        registry.write_text(registry.read_text().replace(" 60 ", " 6 ").replace(" 1 ", " 2 "))
    done = engine("run", "small.yaml", "--json", cwd=tmp_path)
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("warning: ")
    assert ", line 1: is not as it was written" in done.stderr
    done = engine("trials", cwd=tmp_path, check=1)
    assert done.stderr.count("\n") == 1
    assert "move it away to count anew" in done.stderr
