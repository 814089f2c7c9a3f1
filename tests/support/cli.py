"""The command as a user meets it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def engine(
    *arguments: object, cwd: Path, check: int | None = 0, place: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    home = {"PORTFOLIO_ENGINE_STORE": str(cwd / "store"), "XDG_STATE_HOME": str(cwd / "state"), "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=place or cwd,
        env={**os.environ, **home, **environment},
        capture_output=True,
        text=True,
        timeout=290,  # a first import of vectorbt compiles for a while
        check=False,
    )
    assert check is None or done.returncode == check, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done
