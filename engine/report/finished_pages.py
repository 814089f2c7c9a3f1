"""The page of a finished folder built anew, whatever kind of folder it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from engine.backtest.outputs import LUCK_KIND, SWEEP_KIND, folder_kind
from engine.report.evidence.luck_page import build_luck_report
from engine.report.run.page import build_run_report
from engine.report.sweep.page import build_sweep_report

_BUILDERS: Final[Mapping[str, Callable[[Path, Callable[[str], None]], Path]]] = {
    LUCK_KIND: build_luck_report,
    SWEEP_KIND: build_sweep_report,
}


def build_finished_report(folder: Path, tell: Callable[[str], None]) -> Path:
    """Build ``report.html`` of what ``folder`` holds and return its path; of what is no folder of ours as of a run.

    Raises OutputError and DataError as reading a run, a sweep or luck does; ``tell`` is told what was damaged.
    """
    return _BUILDERS.get(folder_kind(folder), build_run_report)(folder, tell)
