"""Everything this project raises on purpose.

::

    EngineError               the user can act on it: printed as its message, exit code 1, no traceback
    |-- ConfigError           the YAML file: one line a fault, every fault at once
    |-- DataError             a price source or the quality gate: names the file or ticker and the date
    |   |-- UnknownTickerError  a ticker of which a source has no price
    |   |-- UnavailableError  a source that does not answer, or refuses to
    |   `-- StalePriceError   an order waited longer than S9 allows for a fresh price
    |-- ScheduleError         a scheduled date that falls on no session
    |-- AccountError          money that is not there: a withdrawal above the account's value
    `-- OutputError           a folder or disk that cannot take the result

ContradictionError is what the engine says against itself. It, and anything else that escapes, is a bug: exit code 3
and a log file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from unicodedata import category

MAX_MESSAGE_LINES: Final = 50
"""Lines of one message that are printed; of the rest only the number."""
MAX_LINE_CHARACTERS: Final = 1000
"""Characters of one line that are printed."""

_MAX_PATH: Final = 200
"""Characters of a path that a message begins with."""
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that move a cursor, turn text around or cannot be encoded."""


class _PrintedError(Exception):
    """What is told the user: one argument a line; of so many more, ``uncounted``, no line was made."""

    uncounted: int = 0

    def __str__(self) -> str:
        """Return the lines, safe to print: what a file or a command line put into them can neither steer nor flood."""
        lines = [_printable(str(line)) for line in self.args[:MAX_MESSAGE_LINES]]
        rest = len(self.args) - MAX_MESSAGE_LINES + self.uncounted
        return "\n".join([*lines, f"and {rest:,} more; mend these first"] if rest > 0 else lines)


class EngineError(_PrintedError):
    """A fault of the input that its owner can mend: each line says what is wrong and how to mend it."""


class ContradictionError(_PrintedError):
    """Results that contradict each other, whatever the input was: each line says which; ``folder`` has them."""

    def __init__(self, *lines: str, folder: object) -> None:
        """Keep the lines and what is to be sent with the log."""
        super().__init__(*lines)
        self.folder = folder


def _printable(line: str) -> str:
    """Return a line that is safe to print, and short: control characters that are spelled out make it longer."""
    return shorten(escape_controls(shorten(line, MAX_LINE_CHARACTERS)), MAX_LINE_CHARACTERS)


def escape_controls(text: str, keep: str = "") -> str:
    """Return ``text`` with control characters but those of ``keep`` spelled out, so that it cannot steer a terminal."""
    for char in unsafe_characters(text).difference(keep):
        text = text.replace(char, char.encode("unicode_escape").decode())
    return text


def unsafe_characters(text: str) -> set[str]:
    """Return which characters of ``text`` control a terminal, turn text around or cannot be encoded."""
    return set() if text.isprintable() else {char for char in set(text) if category(char) in _UNSAFE}


def spell_out_controls(text: str, keep: str = "") -> str:
    """Return ``text`` with every unsafe character but those of ``keep`` as its number in brackets.

    >>> spell_out_controls("a" + chr(0x202E) + "b" + chr(0))
    'a⟨U+202E⟩b⟨U+0000⟩'
    """
    for char in unsafe_characters(text).difference(keep):
        text = text.replace(char, f"⟨U+{ord(char):04X}⟩")
    return text


def shorten(text: str, most: int) -> str:
    """Return at most ``most`` characters: the middle goes, for the end of a message says what to do.

    >>> shorten("a long message; and its remedy", 20)
    'a long mess...remedy'
    """
    if len(text) <= most:
        return text
    tail = most // 3
    return f"{text[: most - tail - 3]}...{text[-tail:]}"


def shorten_path(path: str) -> str:
    """Return at most 200 characters of a path: its beginning, and the name of the file.

    >>> shorten_path("a/" * 200 + "held.csv")[-20:]
    'a/a/a/a/a/a/held.csv'
    """
    name = len(path) - path.rfind("/")
    tail = max(min(name, _MAX_PATH // 2), _MAX_PATH // 3)
    return path if len(path) <= _MAX_PATH else f"{path[: _MAX_PATH - tail - 3]}...{path[-tail:]}"


@dataclass(frozen=True)
class Fault:
    """One fault of a configuration file, as one printed line.

    ``location`` is ``file:line``; ``path`` the keys that lead there, joined by dots. ``message`` says what was found
    and what is expected, ``remedy`` what to write instead.
    """

    location: str
    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return ``file:line: path: message; remedy``."""
        parts = (self.location, shorten(self.path, 120), shorten(self.message, 300))
        head = ": ".join(part for part in parts if part)
        return f"{head}; {self.remedy}" if self.remedy else head


class ConfigError(EngineError):
    """A configuration that cannot be run, with all its faults."""

    def __init__(self, faults: list[Fault], uncounted: int = 0) -> None:
        """Keep the faults in file order; the message is one line for each."""
        self.faults = tuple(faults)
        self.uncounted = uncounted
        super().__init__(*map(str, faults))


class DataError(EngineError):
    """Prices that cannot be used as they are."""


class UnknownTickerError(DataError):
    """A source has no price of some ``tickers``; one line each."""

    def __init__(self, *lines: str, tickers: Sequence[str] = ()) -> None:
        """Keep the tickers beside what is said of each."""
        super().__init__(*lines)
        self.tickers = tuple(tickers)


class UnavailableError(DataError):
    """A source did not answer, or refused to: what it has is not known, and asking for more will not help now."""


class StalePriceError(DataError):
    """An order found no fresh price within the sessions that S9 allows."""


class ScheduleError(EngineError):
    """A scheduled date that maps to no session, or to more than one."""


class AccountError(EngineError):
    """A flow that the account cannot meet."""


class OutputError(EngineError):
    """A result that cannot be written where it was asked for."""


@contextmanager
def prefix_errors(config: object, *files: object) -> Iterator[None]:
    """Put the config's name before every line of what its prices, sessions or account do not allow.

    A line that begins with one of the ``files``, None for none, names its place itself. Long paths are shortened.
    """
    own = tuple(str(file) for file in files if file is not None)
    long = [path for path in (str(config), *own) if len(path) > _MAX_PATH]
    try:
        yield
    except (DataError, ScheduleError, AccountError) as error:
        lines = [line if line.startswith(own) else f"{config}: {line}" for line in map(str, error.args)]
        for path in long:
            lines = [line.replace(path, shorten_path(path)) for line in lines]
        placed = type(error)(*lines)
        placed.uncounted = error.uncounted
        raise placed from error
