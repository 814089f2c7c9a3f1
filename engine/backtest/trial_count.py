"""How many variants were tried on the same data on this machine: a count that no result file can carry (S15).

One text file for each data hash, one line for each different plan, or for each sweep with its number of variants;
appending is atomic, nothing is ever rewritten.
"""

from __future__ import annotations

import os

from platformdirs import user_state_path


def record_trials(data_sha256: str, plan_sha256: str, variants: int = 1) -> int:
    """Remember that a plan was run on some data, in so many ``variants``.

    Returns how many different variants were run on them, 0 when nothing can be kept.
    """
    folder = user_state_path("portfolio-engine") / "trials"
    path = folder / f"{data_sha256[:32]}.txt"
    line = plan_sha256 if variants == 1 else f"{plan_sha256}x{variants}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        known = set(path.read_text(encoding="ascii").split()) if path.exists() else set()
        if line not in known:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            with os.fdopen(handle, "ab", buffering=0) as file:
                file.write(f"{line}\n".encode("ascii"))
        return sum(int(one.partition("x")[2] or 1) for one in known | {line})
    except (OSError, ValueError):
        return 0
