"""What a command line says beside config and transactions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from engine.depot.holdings import read_holdings
from engine.depot.records import Holdings


class DepotFlags(NamedTuple):
    """What a command line says beside config and transactions; texts as they were typed, "" where nothing was."""

    holdings_at_start: Path | None = None
    cash_at_start: str = ""
    holdings: Path | None = None
    start: str = ""
    end: str = ""
    prices: Path | None = None
    layout: str = ""
    account: str = ""
    corrections: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that are named, whose faults begin with their own paths."""
        named = (self.holdings_at_start, self.holdings, self.prices, self.corrections)
        return tuple(path for path in named if path is not None)


def read_positions(path: Path | None, flags: DepotFlags) -> Holdings | None:
    """Return the positions in a file of the account that is compared, None where no file is named."""
    return None if path is None else read_holdings(str(path), account=flags.account)
