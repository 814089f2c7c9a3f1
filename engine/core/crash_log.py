"""The log of a bug: versions and traceback, in a file the user can send."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path

from platformdirs import user_log_path


def write_crash_log() -> Path:
    """Write the exception being handled to a new file and return its path; falls back on the temporary folder."""
    text = f"{platform.python_version()} {platform.platform()}\n{' '.join(sys.argv)}\n{traceback.format_exc()}"
    for folder in (user_log_path("portfolio-engine"), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="crash-", suffix=".log", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError:
            continue
        return Path(name)
    sys.stderr.write(text)
    return Path("the text above")
