"""The page of a finished folder, built anew or held against its other files, whatever kind of folder it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from engine.backtest.finished_run import FinishedRun
from engine.backtest.output_folders import LUCK_KIND, SWEEP_KIND, folder_kind
from engine.backtest.signed_files import fit_together
from engine.report.evidence.luck_page import build_luck_report
from engine.report.html_page import require_page
from engine.report.run.page import build_run_report, render_run
from engine.report.sweep.page import build_sweep_report, render_sweep
from engine.sweep.finished_sweep import FinishedSweep

_BUILDERS: Final[Mapping[str, Callable[[Path, Callable[[str], None]], Path]]] = {
    LUCK_KIND: build_luck_report,
    SWEEP_KIND: build_sweep_report,
}


def build_finished_report(folder: Path, tell: Callable[[str], None]) -> Path:
    """Build ``report.html`` of what ``folder`` holds and return its path; of what is no folder of ours as of a run.

    Raises OutputError and DataError as reading a run, a sweep or luck does; ``tell`` is told what was damaged.
    """
    return _BUILDERS.get(folder_kind(folder), build_run_report)(folder, tell)


def require_finished_page(finished: FinishedRun | FinishedSweep) -> None:
    """Raise DataError where ``report.html`` is not the page that the other files of a run or sweep make."""
    with fit_together(finished.path):
        page = render_sweep(finished) if isinstance(finished, FinishedSweep) else render_run(finished)
    require_page(finished.path, page, finished.manifest)
