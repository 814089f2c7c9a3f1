"""The line that says why nothing seems to happen while kernels are compiled, for the verbs and their functions."""

from __future__ import annotations

import sys
from functools import cache

from engine.core.errors import escape_controls


@cache
def warn_of_compilation() -> None:
    """Tell once, should a kernel be compiled, why nothing else seems to happen."""
    from engine.simulation.kernel.jit import (
        CACHE_REFUSAL,
        announce_compilation,
    )

    remedy = "name a folder of your own in NUMBA_CACHE_DIR"
    often = f"every time: {escape_controls(CACHE_REFUSAL)}; {remedy}" if CACHE_REFUSAL else "once for this installation"
    announce_compilation(lambda: sys.stderr.write(f"compiling numerical kernels (10 to 30 s), {often}\n"))
