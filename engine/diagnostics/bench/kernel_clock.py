"""Time spent in compiled code: while a clock runs, every call of a kernel by the rest of the engine is timed.

Nothing in the engine knows of it: the names under which its modules hold kernels are replaced. Run as a program, this
is the command line with its kernels timed: ``python -m engine.diagnostics.bench.kernel_clock NOTE run plan.yaml``.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

KERNEL: Final = "engine.simulation.kernel"

Replaced = tuple[ModuleType, str, object]


class KernelClock:
    """CPU seconds that calls of kernels took, in whichever thread."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._spent: list[float] = []

    @property
    def seconds(self) -> float:
        """The time of all calls that have returned."""
        return sum(self._spent)

    def watch(self, module: ModuleType) -> list[Replaced]:
        """Time the kernels that ``module`` calls from now on; return what was replaced."""
        held = [(name, value) for name, value in vars(module).items() if _is_kernel(value) or _is_kernel_module(value)]
        for name, value in held:
            setattr(module, name, self._timed(value) if _is_kernel(value) else self._copy(value))
        return [(module, name, value) for name, value in held]

    def _copy(self, module: ModuleType) -> SimpleNamespace:
        """Return what stands for a module of kernels where it is held by its own name."""
        held = {name: self._timed(value) if _is_kernel(value) else value for name, value in vars(module).items()}
        return SimpleNamespace(**held)

    def _timed(self, kernel: Any) -> Callable[..., object]:  # noqa: ANN401  (numba has no types)
        def call(*arguments: object, **more: object) -> object:
            _load(kernel, arguments)
            begin = time.thread_time()
            try:
                return kernel(*arguments, **more)
            finally:
                self._spent.append(time.thread_time() - begin)

        return call


def _is_kernel(value: object) -> bool:
    """Return whether a value is a compiled function; one written in Python, or made by this clock, is not."""
    return hasattr(value, "py_func") and str(getattr(value, "__module__", "")).startswith(KERNEL)


def _is_kernel_module(value: object) -> bool:
    return isinstance(value, ModuleType) and value.__name__.startswith(KERNEL)


def _load(kernel: Any, arguments: tuple[object, ...]) -> None:  # noqa: ANN401  (numba has no types)
    """Load a kernel's machine code from disk, or compile it, where its first call would: that is not its own time."""
    if not kernel.signatures:
        kernel.compile(tuple(kernel.typeof_pyval(one) for one in arguments))


def _calls_kernels(name: str) -> bool:
    return name.startswith("engine.") and not name.startswith(KERNEL)


@contextmanager
def clock_kernels() -> Iterator[KernelClock]:
    """Yield a clock of the kernels that the modules loaded so far call."""
    clock, replaced = KernelClock(), list[Replaced]()
    for module in [module for name, module in sys.modules.items() if _calls_kernels(name)]:
        replaced += clock.watch(module)
    try:
        yield clock
    finally:
        for module, name, kernel in replaced:
            setattr(module, name, kernel)


class _WatchingFinder(MetaPathFinder):
    """Finds the engine's modules as Python does, and has each watched as soon as it is loaded."""

    def __init__(self, clock: KernelClock) -> None:
        self._clock = clock

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if _calls_kernels(fullname) else None
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_watch(module: ModuleType) -> None:
                load(module)
                self._clock.watch(module)

            spec.loader.exec_module = load_and_watch  # type: ignore[method-assign]
        return spec


def peak_memory() -> int:
    """Return the most memory that this process has held [bytes]; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.is_file() else []
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Run a verb of the command line; write its kernels' CPU seconds and its peak memory to a file as JSON."""
    note, *arguments = sys.argv[1:]
    clock = KernelClock()
    sys.meta_path.insert(0, _WatchingFinder(clock))
    cli = importlib.import_module("engine.cli")  # as a command starts: above all rooms, and found by the finder
    sys.argv = ["engine", *arguments]
    code = cli.main()
    Path(note).write_text(json.dumps({"kernel": clock.seconds, "peak": peak_memory()}), encoding="ascii")
    sys.stdout.flush()
    os._exit(code)  # as the command itself ends


if __name__ == "__main__":
    main()
