"""The engine's command line with every request to Yahoo sent to a server of the tests, within fewer seconds.

``python -m tests.support.redirected_engine BASE SECONDS VERB...``; what it took of memory is the last line of standard
error.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from tests.support.yahoo_server import redirect


class Patches:
    """Sets attributes as pytest's fixture does, for as long as the process lives."""

    def setattr(self, holder: object, name: str, value: object) -> None:
        """Set an attribute."""
        setattr(holder, name, value)


def peak_megabytes() -> int:
    """Return the most memory this process has had; what it was forked from does not count where Linux can tell."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024**2


def main(base: str, seconds: str, *verb: str) -> None:
    """Run the verb and end the process with its exit code."""
    from engine import cli
    from engine.data.sources import yahoo_session

    redirect(base, Patches())
    yahoo_session.MAX_SECONDS = float(seconds)  # type: ignore[misc]
    sys.argv = ["engine", *verb]
    code = cli.main()
    sys.stderr.write(f"peak {peak_megabytes()}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
