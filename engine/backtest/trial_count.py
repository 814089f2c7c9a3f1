"""How many variants were tried on the same data on this machine: a count that no result file can carry (S15).

One text file for each data hash, one line for each different plan, or for each sweep with its number of variants.
Lines are appended, by one process at a time, and no whole line is ever rewritten.
"""

from __future__ import annotations

import os
import re
import stat
from typing import Final

from platformdirs import user_state_path

from engine.core.locks import lock_file
from engine.core.regular_files import REGULAR_FLAGS

_LINE: Final = re.compile(r"[0-9a-f]{64}(?:x([0-9]{1,12}))?")
_BEGUN: Final = re.compile(r"[0-9a-f]{0,64}x?[0-9]{0,12}")
"""The last line of a process that was killed while it wrote it; the next one cuts it off."""


def record_trials(data_sha256: str, plan_sha256: str, variants: int = 1) -> int:
    """Remember that a plan was run on some data, in so many ``variants``.

    Returns how many different variants were run on them, 0 when nothing can be kept.
    """
    line = plan_sha256 if variants == 1 else f"{plan_sha256}x{variants}"
    try:
        folder = user_state_path("portfolio-engine") / "trials"
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | REGULAR_FLAGS
        handle = os.open(folder / f"{data_sha256[:32]}.txt", flags, 0o644)
        with os.fdopen(handle, "rb+", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return 0
            lock_file(file)
            text = file.read().decode("ascii")
            whole = text[: text.rfind("\n") + 1]
            known = dict.fromkeys(whole.split())
            trials = {one: _LINE.fullmatch(one) for one in (*known, line)}
            counts = [int(found[1] or 1) for found in trials.values() if found]
            if len(counts) < len(trials) or not _BEGUN.fullmatch(text[len(whole) :]):  # somebody else's file
                return 0
            if line not in known:
                file.truncate(len(whole))
                file.write(f"{line}\n".encode("ascii"))
        return sum(counts)
    except (OSError, RuntimeError, ValueError):  # RuntimeError: a user without a home
        return 0
