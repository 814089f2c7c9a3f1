"""Portfolio allocation and rebalancing: YAML in, an audited comparison with buy-and-hold out.

>>> import engine
>>> run = engine.run("configs/quickstart.yaml")  # doctest: +SKIP
>>> run.summary.loc["cagr"]                      # doctest: +SKIP

Nothing is imported before it is used: ``import engine`` and ``engine --help`` are instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.report.run.frames import RunFrames

__all__ = ["run"]


def run(config: str | Path, *overrides: str) -> RunFrames:
    """Run a config file and return its tables as pandas frames; writes nothing.

    Parameters
    ----------
    config : path of a YAML file
    overrides : ``"window.end=2024-12-31"``, as ``--set`` on the command line

    Returns
    -------
    RunFrames
        with ``.equity``, ``.weights``, ``.trades``, ``.events``, ``.summary`` and ``.warnings``

    Raises
    ------
    engine.core.errors.EngineError
        When the config, the prices or the account do not allow the run; the message says what to change.

    """
    from engine.cli.frames import run_frames  # noqa: PLC0415  (nothing eager)

    return run_frames(config, overrides)
