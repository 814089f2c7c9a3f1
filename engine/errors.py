"""Everything this project raises on purpose.

::

    EngineError               the user can act on it: printed as its message, exit code 1, no traceback
    |-- ConfigError           the YAML file: one line a fault, every fault at once
    |-- DataError             a price source or the quality gate: names the file or ticker and the date
    |   `-- StalePriceError   an order waited longer than S9 allows for a fresh price
    |-- ScheduleError         a scheduled date that falls on no session
    |-- AccountError          money that is not there: a withdrawal above the account's value
    `-- OutputError           a folder or disk that cannot take the result

Anything else that escapes is a bug: exit code 3 and a log file.
"""

from __future__ import annotations

from dataclasses import dataclass


class EngineError(Exception):
    """A fault of the input that its owner can mend; the message says how."""


@dataclass(frozen=True)
class Fault:
    """One fault of a configuration file, as one printed line.

    ``where`` is ``file:line``; ``path`` the keys that lead there, joined by dots; ``found`` and ``expected``
    say what is wrong, ``remedy`` what to write instead.
    """

    where: str
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return ``file:line: path: message; remedy``."""
        head = ": ".join(part for part in (self.where, self.path, self.message) if part)
        return f"{head}; {self.remedy}" if self.remedy else head


class ConfigError(EngineError):
    """A configuration that cannot be run, with all its faults."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults in file order; the message is one line for each."""
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))


class DataError(EngineError):
    """Prices that cannot be used as they are."""


class StalePriceError(DataError):
    """An order found no fresh price within the sessions that S9 allows."""


class ScheduleError(EngineError):
    """A scheduled date that maps to no session, or to more than one."""


class AccountError(EngineError):
    """A flow that the account cannot meet."""


class OutputError(EngineError):
    """A result that cannot be written where it was asked for."""
