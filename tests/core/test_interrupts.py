"""Ctrl-C: one line and the end at once, except where something has to be undone first."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import signal, sys
from engine.core.interrupts import advise_on_interrupt, end_on_interrupt, raised_interrupts
end_on_interrupt()
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "try:\n    signal.raise_signal(2)\nexcept BaseException:\n    print('swallowed', file=sys.stderr)",
            "interrupted\n",
        ),
        ("advise_on_interrupt('go on with --resume'); signal.raise_signal(2)", "interrupted; go on with --resume\n"),
        (
            "try:\n    with raised_interrupts():\n        signal.raise_signal(2)\n"
            "except KeyboardInterrupt:\n    print('undone', file=sys.stderr)\nsignal.raise_signal(2)",
            "undone\ninterrupted\n",
        ),
        (
            "with raised_interrupts():\n    try:\n        signal.raise_signal(2)\n"
            "    except KeyboardInterrupt:\n        signal.raise_signal(2)",
            "interrupted\n",
        ),
    ],
)
def test_an_interrupt_is_one_line_and_130(code: str, said: str) -> None:
    """Whatever is running and would catch it; what is undone comes first, and a second one waits for nothing."""
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, said)


def test_a_process_without_an_output_for_errors_ends_as_well() -> None:
    code = "import sys; sys.stderr = None" + BEGIN + "signal.raise_signal(2)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 130


def test_an_interrupt_that_got_lost_is_raised_where_it_is_sent_again() -> None:
    """So that what has to be undone is undone: it is not the second one, which waits for nothing."""
    again = (
        "from engine.core.interrupts import forget_interrupt\n"
        "with raised_interrupts():\n"
        "    try:\n        signal.raise_signal(2)\n    except KeyboardInterrupt:\n        forget_interrupt()\n"
        "    try:\n        signal.raise_signal(2)\n    except KeyboardInterrupt:\n        print('undone')\n"
    )
    done = subprocess.run([sys.executable, "-c", BEGIN + again], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "undone\n")


def test_a_process_that_ignores_interrupts_goes_on_to() -> None:
    code = "import signal; signal.signal(2, signal.SIG_IGN)" + BEGIN + "signal.raise_signal(2); print('went on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "went on\n")
