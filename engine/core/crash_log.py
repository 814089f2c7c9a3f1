"""The log of a bug: versions and traceback, in a file the user can send."""

from __future__ import annotations

import os
import platform
import re
import stat
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from platformdirs import user_log_path

MOST_LOGS: Final = 20
"""How many are kept; the oldest goes when one more is written."""
MOST_TEXT: Final = 200_000
"""Characters of a log: the beginning and the end of a longer one."""
_FIRST_LINE: Final = "portfolio-engine crash log\n"
_NAME: Final = re.compile(r"portfolio-engine-crash-\w{8}\.log")


def write_crash_log(error: BaseException | None = None) -> Path:
    """Write ``error``, or the exception being handled, to a new file and return its path.

    Falls back on the temporary folder. Only the user can read it: it holds what was typed.
    """
    trace = traceback.format_exc() if error is None else "".join(traceback.format_exception(error))
    text = f"{platform.python_version()} {platform.platform()}\n{' '.join(sys.argv)}\n{trace}"
    if len(text) > MOST_TEXT:
        text = f"{text[: MOST_TEXT // 2]}\n[...]\n{text[-MOST_TEXT // 2 :]}"
    for find_folder in (_log_folder, tempfile.gettempdir):
        try:
            folder = Path(find_folder())
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="portfolio-engine-crash-", suffix=".log", dir=folder)
            with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(_FIRST_LINE + text)
            _remove_oldest(folder)
        except (OSError, RuntimeError):  # a user without a home
            continue
        return Path(name)
    sys.stderr.write(text)
    return Path("the text above")


def _log_folder() -> str:
    return str(user_log_path("portfolio-engine"))


def _remove_oldest(folder: Path) -> None:
    """Remove all logs of this user but the last ones; a file that only has such a name stays."""
    with suppress(OSError):
        logs = sorted(_own_logs(folder), key=lambda path: path.stat().st_mtime_ns)
        for path in logs[:-MOST_LOGS]:
            path.unlink(missing_ok=True)


def _own_logs(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if _NAME.fullmatch(path.name):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and (os.name != "posix" or found.st_uid == os.geteuid()):
                with path.open("rb") as file:
                    if file.read(len(_FIRST_LINE)) == _FIRST_LINE.encode():
                        yield path
