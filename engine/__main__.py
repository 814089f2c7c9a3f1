"""``python -m engine``: the same as the command ``engine``."""

from __future__ import annotations

from engine.core.interrupts import end_on_interrupt

end_on_interrupt()  # before what takes time


def start() -> None:
    """Run the command."""
    from engine.cli import script  # noqa: PLC0415

    script()


if __name__ == "__main__":
    start()
