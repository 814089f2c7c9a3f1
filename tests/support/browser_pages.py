"""Pages of every kind, made as a reader makes them: on the sample that comes with the installation, or on real prices."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from engine.report.bench import render_bench
from engine.report.depot.comparison_page import render_depot_comparison
from tests.support.depot_comparisons import long_comparison
from tests.support.optimised_plan import OPTIMISED
from tests.support.specimen_page import specimen_page
from tests.support.timings import TIMINGS

ROOT: Final = Path(__file__).parents[2]
PRICES: Final = ROOT.parent / "shared" / "data" / "prices.parquet"


def command(*words: str) -> str:
    """Return what the engine prints; a failure is the test's."""
    done = subprocess.run(
        [sys.executable, "-m", "engine", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def _specimen(folder: Path) -> Path:
    path = folder / "report.html"
    path.write_text(specimen_page(), encoding="utf-8")
    return path


def _run(folder: Path) -> Path:
    command("run", "configs/quickstart.yaml", "--out", str(folder))
    return folder / "quickstart" / "report.html"


def _real_run(folder: Path) -> Path:
    if not PRICES.is_file():
        pytest.skip("the folder shared/data with real prices is not beside this checkout")
    real = ("--set", "data.source.kind=files", "--set", f"data.source.path={PRICES}")
    command("run", "configs/us_small_caps.yaml", "--out", str(folder), *real)
    return folder / "us-small-caps" / "report.html"


def _taxed_run(folder: Path) -> Path:
    raw = PRICES.with_name("raw.parquet")
    if not raw.is_file():
        pytest.skip("the folder shared/data with real prices is not beside this checkout")
    real = ("--set", f"data.source={{kind: files, path: {raw}, closes: raw, currency: USD}}")
    command("run", "configs/us_small_caps_germany.yaml", "--out", str(folder), *real)
    return folder / "us-small-caps-germany" / "report.html"


def _sweep(folder: Path) -> Path:
    command("sweep", "configs/sweeps/quickstart_sweep.yaml", "--out", str(folder))
    return next(folder.glob("*.sweep")) / "report.html"


def _luck(folder: Path) -> Path:
    names = folder / "names.csv"
    names.write_text("ticker\nCRS\nUNF\nSRCE\nMMSI\nITRI\nVB\nMDY\nIWM\n")
    if not PRICES.is_file():
        command("luck", "configs/quickstart.yaml", "--set", "evidence.draws=100", "--out", str(folder))
        return folder / "quickstart.luck" / "report.html"
    words = ("evidence.draws=100", "data.source.kind=files", f"data.source.path={PRICES}")
    told = [part for word in words for part in ("--set", word)]
    command("luck", "configs/us_small_caps.yaml", *told, "--universe", str(names), "--out", str(folder))
    return folder / "us-small-caps.luck" / "report.html"


def _claims(folder: Path) -> Path:
    raw = PRICES.with_name("raw.parquet")
    if not raw.is_file():
        pytest.skip("the folder shared/data with real prices is not beside this checkout")
    words = ("source.kind=files", f"source.path={PRICES}", "price_source.kind=files", f"price_source.path={raw}")
    told = [part for word in words for part in ("--set", f"data.{word}")]
    command("claims", "configs/claims/small_caps.yaml", *told, "--out", str(folder / "made"))
    return folder / "made" / "claims.html"


def _comparison(folder: Path) -> Path:
    short = ("configs/quickstart.yaml", "--out", str(folder))
    for month in ("january", "may", "september"):
        command("run", *short, "--set", f"strategy.rebalance.month={month}", "--set", f"name=each-{month}")
    command("compare", *(str(folder / f"each-{one}") for one in ("january", "may", "september")), "--out", str(folder))
    return folder / "compare.html"


def _comparison_of_windows(folder: Path) -> Path:
    for start in (2014, 2017):
        changes = ("--set", f"window.start={start}-01-02", "--set", f"name=since-{start}")
        command("run", "configs/quickstart.yaml", "--out", str(folder), *changes)
    command("compare", str(folder / "since-2014"), str(folder / "since-2017"), "--out", str(folder))
    return folder / "compare.html"


def _allocation(folder: Path) -> Path:
    (folder / "plan.yaml").write_text(OPTIMISED)
    for verb in ("run", "optimise"):
        command(verb, str(folder / "plan.yaml"), "--out", str(folder))
    return folder / "small" / "optimal.html"


def _bench(folder: Path) -> Path:
    path = folder / "bench.html"
    path.write_text(render_bench(TIMINGS), encoding="utf-8")
    return path


def _depot(folder: Path) -> Path:
    path = folder / "depot.html"
    path.write_text(render_depot_comparison(long_comparison()), encoding="utf-8")
    return path


PAGES: Final[dict[str, Callable[[Path], Path]]] = {
    "specimen": _specimen,
    "run": _run,
    "real run": _real_run,
    "taxed run": _taxed_run,
    "sweep": _sweep,
    "luck": _luck,
    "claims": _claims,
    "comparison": _comparison,
    "comparison of windows": _comparison_of_windows,
    "allocation": _allocation,
    "bench": _bench,
    "depot": _depot,
}
