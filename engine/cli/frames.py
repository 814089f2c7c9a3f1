"""A run for notebooks: a config in, frames out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine import composition
from engine.cli.messages import warn, warn_of_compilation
from engine.core.errors import prefix_errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.report.run.frames import RunFrames


def run_frames(config: str | Path, overrides: Sequence[str]) -> RunFrames:
    """Return a config's run as frames: what ``engine.run`` promises."""
    from engine.backtest.loaded_run import load_and_run
    from engine.evidence.trial_registry import count_run
    from engine.report.notebook_progress import told_progress
    from engine.report.run.frames import RunFrames

    loaded = composition.load_run(Path(config), overrides)
    warn_of_compilation()
    with prefix_errors(config), told_progress():
        result, _ = load_and_run(loaded)
    count_run(result, warn)
    return RunFrames.from_run(result)
