"""How a command ends: one line and an exit code, whatever it met."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.core.errors import OutputError
from engine.core.failures import answer_failures


def failing(error: BaseException) -> int:
    def command() -> int:
        raise error

    return answer_failures(command)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (OutputError("out: is a file"), 1, "error: out: is a file\n"),
        (BrokenPipeError(32, "Broken pipe"), 0, ""),
        (
            OSError(28, "No space left on device", "out/a"),
            1,
            "error: out/a: No space left on device; check the path, its permissions and the space left\n",
        ),
        (
            OSError(5, "Input/output error"),
            1,
            "error: the output: Input/output error; check the path, its permissions and the space left\n",
        ),
        (MemoryError(), 1, "error: out of memory; shorten the window or free some\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_a_fault_is_one_line_and_an_exit_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (failing(error), capsys.readouterr().err) == (code, said)


@pytest.mark.parametrize("code", [0, 1, 3])
def test_a_command_that_does_not_fail_says_what_it_ends_with(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert (answer_failures(lambda: code), capsys.readouterr().err) == (code, "")


@pytest.mark.parametrize("end", ["return 0", "raise OSError", "return 1", "return 130", "raise KeyboardInterrupt"])
def test_a_command_that_went_on_after_ctrl_c_was_interrupted_all_the_same(end: str) -> None:
    """A library may swallow what is raised, or make another fault of it; nothing else is said."""
    code = (
        "import signal, threading\n"
        "from engine.core.failures import answer_failures, end_process\n"
        "from engine.core.interrupts import end_on_interrupt, raised_interrupts\n"
        "def hold():\n    with raised_interrupts():\n        begun.set(); threading.Event().wait()\n"
        "def command():\n    threading.Thread(target=hold, daemon=True).start(); begun.wait()\n"
        "    try: signal.raise_signal(signal.SIGINT)\n    except BaseException: pass\n"
        f"    {end}\n"
        "begun = threading.Event(); end_on_interrupt(); end_process(lambda: answer_failures(command))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
