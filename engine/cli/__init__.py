"""The commands of `engine`: each parses, calls and prints.

A file holds the verbs of one kind, ``verbs`` puts all of them in order, and this one runs the verb that is asked for.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Final, cast

import typer

from engine.cli.verbs import app
from engine.core.errors import escape_controls
from engine.core.failures import answer_failures, end_process
from engine.core.interrupts import end_on_interrupt
from engine.core.json_output import JSON_OUTPUT
from engine.core.waiting import WAITING
from engine.report.waiting_line import WaitingLine

_UsageError: Final = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
"""click's UsageError. typer takes it from click or from its own copy, depending on its version, and exports only this
subclass."""

_OBJECTS_BEFORE_COLLECTION: Final = 50_000
"""New objects before garbage is looked for: most of a command's are modules, which stay; Python's own 700 take 5 %."""


def script() -> None:
    """Run the verb and end the process."""
    end_on_interrupt()
    JSON_OUTPUT.asked = "--json" in sys.argv
    end_process(main)


def main() -> int:
    """Run the verb of the command line; return 0 fine, 1 the user's fault, 3 a bug, 130 interrupted."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    WAITING.listener = WaitingLine()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # asking every installed package for one takes 20 ms
    return answer_failures(_run_command)


def _run_command() -> int:
    """Run the verb and return its exit code; words that make no command end as every other fault, in one line."""
    try:
        code = app(prog_name="engine", standalone_mode=False)
    except SystemExit:  # typer's answer to a closed pipe, as `| head` leaves it: the reader has what it wanted
        return 0
    except _UsageError as error:
        verb = error.ctx.command_path if error.ctx else "engine"
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return 1
        sys.stderr.write(f"error: {escape_controls(error.format_message().rstrip('.'))}; see `{verb} --help`\n")
        return 1
    return code if isinstance(code, int) else 0
