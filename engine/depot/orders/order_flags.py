"""``OrderFlags``: what is asked of orders beside the config and the file of holdings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from engine.core.errors import DataError

_MOST_MONEY: Final = 1e15


@dataclass(frozen=True)
class OrderFlags:
    """What a command line says beside config and holdings; texts as they were typed, "" where nothing was.

    ``cash`` is money, or the name of the row of a statement that is the cash; ``fx`` are rates as ``EURUSD=1.0832``.
    ``contribute`` is paid in and ``withdraw`` taken out [currency]. ``stale_ok``: what is held and has no fresh price
    waits. ``agenda``: the next decisions are wanted too. ``pending`` is a file of open orders; ``settled_cash`` stands
    for that of the file of holdings. ``rounding``: as it was tested, or as close as whole orders come, in at most
    ``fewest`` orders.
    """

    cash: str = ""
    as_of: str = ""
    layout: str = ""
    account: str = ""
    prices: Path | None = None
    contribute: float = 0.0
    withdraw: float = 0.0
    now: bool = False
    exact: bool = False
    state: Path | None = None
    fx: tuple[str, ...] = ()
    stale_ok: bool = False
    agenda: bool = False
    pending: Path | None = None
    settled_cash: float | None = None
    rounding: Literal["plan", "best"] = "plan"
    fewest: int | None = None

    def __post_init__(self) -> None:
        """Raise DataError for money that nobody has."""
        for flag, money in (("--contribute", self.contribute), ("--withdraw", self.withdraw)):
            if not money >= 0.0:
                expected = "expected money above zero, as 500; the other flag is for the rest"
                raise DataError(f"{flag}: found {money:g}, {expected}")
            _require_money(flag, money)
        if self.settled_cash is not None:
            _require_money("--settled-cash", self.settled_cash)

    @property
    def flow(self) -> float:
        """Return what is paid in, or out where negative [currency]."""
        return self.contribute - self.withdraw

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that are named, whose faults begin with their own paths."""
        return tuple(path for path in (self.prices, self.state, self.pending) if path is not None)


def _require_money(flag: str, money: float) -> None:
    if not abs(money) <= _MOST_MONEY:
        raise DataError(f"{flag}: found {money:g}, expected money up to {_MOST_MONEY:g}; correct it")
