"""How a command ends: what one that fails says, in one line, and its exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from engine.core.errors import ContradictionError, EngineError, escape_controls
from engine.core.interrupts import EXIT_CODE, interrupt_line, was_interrupted


def answer_failures(command: Callable[[], int]) -> int:
    """Run a command; return its exit code, or 1 the user's fault, 3 a bug, 130 interrupted, and say which it was.

    Once Ctrl-C was raised in it, it was interrupted, however it goes on.
    """
    try:
        code = command()
    except KeyboardInterrupt:
        code = EXIT_CODE
    except Exception as error:  # noqa: BLE001  (whatever it is)
        code = EXIT_CODE if was_interrupted() else _report_error(error)
    if code == EXIT_CODE or was_interrupted():
        sys.stderr.write(interrupt_line())
        return EXIT_CODE
    return code


def end_process(command: Callable[[], int]) -> NoReturn:
    """Run a command and end the process with what it returns; without an output, it writes to nowhere."""
    sys.stdout, sys.stderr = (stream or Path(os.devnull).open("w") for stream in (sys.stdout, sys.stderr))  # noqa: SIM115
    code = command()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a reader that has gone away
            stream.flush()
    os._exit(code)  # at once: every file is closed by now, and taking the compiler apart takes half a second


def _report_error(error: Exception) -> int:
    """Say what ended the command, while it is handled; return the exit code."""
    match error:
        case EngineError():
            sys.stderr.write(f"error: {error}\n")
            return 1
        case BrokenPipeError():
            return 0
        case OSError():
            sys.stderr.write(f"error: {_system_fault(error)}\n")
            return 1
        case MemoryError():
            sys.stderr.write("error: out of memory; shorten the window or free some\n")
            return 1
    plug_ins = sys.modules.get("engine.core.plug_ins")  # where none was asked for, none can have failed
    culprit = plug_ins.culprit_of(error) if plug_ins else None
    if culprit is not None:
        sys.stderr.write(f"error: {culprit.fault('failed', error)}\n")
        return 1
    from engine.core.crash_log import write_crash_log  # noqa: PLC0415  (most commands need none)

    log, also = str(write_crash_log()), ""
    if isinstance(error, ContradictionError):
        sys.stderr.write(f"error: {error}\n")
        also = f" and the folder {escape_controls(str(error.folder))}"
    sys.stderr.write(f"this is a bug of the engine, not of your input; please report it with {log}{also}\n")
    return 3


def _system_fault(error: OSError) -> str:
    """Return what the system refused; to a shell whose folder a newer run has replaced, that."""
    try:
        Path.cwd()
    except OSError:
        return "the folder that this shell stands in was replaced or removed; enter it again with `cd .`"
    place = escape_controls(str(error.filename or "the output"))
    return f"{place}: {error.strerror}; check the path, its permissions and the space left"
