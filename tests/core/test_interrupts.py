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


@pytest.mark.parametrize(
    "body",
    [
        "try: signal.raise_signal(2)\n        except BaseException: pass",
        "try: signal.raise_signal(2)\n        except BaseException: raise OSError from None",
        "ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(2))()",
        "ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(2))(); time.sleep(5); print('went on')",
    ],
    ids=["swallowed", "made another fault of", "in a callback", "in a callback of something longer"],
)
def test_an_interrupt_that_got_lost_is_raised_again_once(body: str) -> None:
    """So that what has to be undone is undone, and nothing after it is begun."""
    code = (
        f"import ctypes, time\ntry:\n    with raised_interrupts():\n        {body}\n"
        "except KeyboardInterrupt:\n    time.sleep(0.05); print('undone')"
    )
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "undone\n", "")


def test_a_block_that_undoes_something_is_not_interrupted_by_what_it_undoes() -> None:
    """Ctrl-C was pressed before it: what it writes while the interrupt is on its way is written to its end."""
    code = (
        "try:\n    with raised_interrupts():\n        try:\n            signal.raise_signal(2)\n        finally:\n"
        "            with raised_interrupts(): pass\n            print('undone')\n"
        "except KeyboardInterrupt: print('interrupted')"
    )
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "undone\ninterrupted\n")


def test_a_block_in_another_thread_is_not_interrupted() -> None:
    """What Ctrl-C ends is the command: a thread of it that ends with an interrupt would say so in many lines."""
    code = (
        "import threading\nbegun, pressed = threading.Event(), threading.Event()\n"
        "def write():\n    with raised_interrupts():\n        begun.set(); pressed.wait()\n    print('written')\n"
        "thread = threading.Thread(target=write); thread.start(); begun.wait()\n"
        "try: signal.raise_signal(2)\nexcept KeyboardInterrupt: pressed.set(); thread.join()"
    )
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "written\n", "")


def test_a_process_that_ignores_interrupts_goes_on_to() -> None:
    code = "import signal; signal.signal(2, signal.SIG_IGN)" + BEGIN + "signal.raise_signal(2); print('went on')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "went on\n")
