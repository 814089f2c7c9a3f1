"""Drawing intervals in a second process while the first one loads, simulates and writes.

The bootstrap library takes longer to import than a run takes to simulate; on two cores this hides it. The result is
the same to the bit, wherever it is drawn. Nothing slow is imported here, so that the other process starts at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from engine.analysis.bootstrap import Bootstrap, IntervalFunction, OptionalInterval, PairedReturns


@contextmanager
def start_bootstrap_process() -> Iterator[IntervalFunction]:
    """Yield a function that draws intervals in a second process, or in this one where there can be no other."""
    here, there = get_context("spawn").Pipe()
    worker = get_context("spawn").Process(target=_answer_requests, args=(there,), daemon=True)
    try:
        worker.start()
    except OSError:  # no more processes for this user; the first question will be answered here
        here.close()
    there.close()

    def draw(pairs: Sequence[PairedReturns], terms: Bootstrap) -> list[OptionalInterval]:
        from engine.analysis.bootstrap import draw_intervals  # noqa: PLC0415  (slow)

        try:
            here.send((list(pairs), terms))
            answer: list[OptionalInterval] = here.recv()
        except (OSError, EOFError):
            return draw_intervals(pairs, terms)
        return answer

    try:
        yield draw
    finally:
        here.close()
        if worker.pid is not None:
            worker.kill()  # it holds nothing; an orderly exit would take half a second
            worker.join()


def _answer_requests(line: Connection[list[OptionalInterval], tuple[list[PairedReturns], Bootstrap]]) -> None:
    """Load the library, then answer questions until the line closes; a fault is left to the asker to meet itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the first process's to answer
    threading.Thread(target=exit_with_parent, daemon=True).start()
    _import_arch_bootstrap_only()

    from engine.analysis.bootstrap import draw_intervals  # noqa: PLC0415

    while True:
        try:
            pairs, terms = line.recv()
            line.send(draw_intervals(pairs, terms))
        except Exception:  # noqa: BLE001  (the asker has gone, or will draw for itself and see the same)
            return


def exit_with_parent() -> None:
    """End this process as soon as the one that started it is gone, however it went."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(0)


def _import_arch_bootstrap_only() -> None:
    """Import arch.bootstrap without the volatility models, plots and compiler that ``import arch`` brings along.

    The package's own start file is left out, which halves the wait; should that ever not do, it is imported whole. This
    process does nothing else with the library.
    """
    os.environ.setdefault("ARCH_DISABLE_NUMBA", "1")
    spec = find_spec("arch")
    if spec is not None:
        sys.modules["arch"] = module_from_spec(spec)
    try:
        import arch.bootstrap  # noqa: PLC0415
    except (ImportError, AttributeError):
        for name in [name for name in sys.modules if name == "arch" or name.startswith("arch.")]:
            del sys.modules[name]
        import arch.bootstrap  # noqa: F401, PLC0415
