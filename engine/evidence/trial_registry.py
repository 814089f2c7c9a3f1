"""How many variants were tried on the same data on this machine: a registry that no result file can carry (S15, H56).

One text file for each data hash in the user's state folder, one line for each different plan or sweep: when, the plan's
hash, in how many variants, and the SHA-256 of the hash before with these three, the first one's of the data's own hash.
A line that is changed, put in or taken out breaks the chain at the next; only lines taken from the end leave no trace.
Lines are appended, by one process at a time, and no whole line is ever rewritten.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from platformdirs import user_state_path

from engine.backtest import plan_identity
from engine.core.errors import DataError, EngineError
from engine.core.locks import lock_file
from engine.core.regular_files import REGULAR_FLAGS

if TYPE_CHECKING:
    from engine.backtest.outputs import RunResult

_LINE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z) ([0-9a-f]{64}) ([0-9]{1,12}) ([0-9a-f]{64})")
_BEGUN: Final = re.compile(r"[0-9TZ:-]{0,20}(?: [0-9a-f]{0,64}(?: [0-9]{0,12}(?: [0-9a-f]{0,64})?)?)?")
"""The last line of a process that was killed while it wrote it; the next one cuts it off."""
_NAME: Final = re.compile(r"([0-9a-f]{64})\.txt")
MAX_BYTES: Final = 100_000_000
"""Of a registry that is read."""


@dataclass(frozen=True)
class Trial:
    """A plan, or a sweep of so many ``variants``, and when it was first run [UTC]."""

    time: str
    plan: str
    variants: int


@dataclass(frozen=True)
class Registry:
    """What was tried on the data with a hash."""

    data: str
    trials: tuple[Trial, ...]

    @property
    def plans(self) -> int:
        """How many different plans and sweeps."""
        return len(self.trials)

    @property
    def variants(self) -> int:
        """How many variants all of them have together."""
        return sum(one.variants for one in self.trials)


def registry_folder() -> Path:
    """Return where the registries are; raises RuntimeError for a user without a home."""
    return user_state_path("portfolio-engine") / "trials"


def record_trials(data_sha256: str, plan_sha256: str, variants: int = 1) -> int:
    """Remember that a plan was run on some data, in so many ``variants``.

    Returns how many different variants were run on them, 0 when nothing can be kept. Raises DataError when the registry
    of these data is not as it was written; it is left as it is.
    """
    try:
        folder = registry_folder()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{data_sha256}.txt"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | REGULAR_FLAGS, 0o644)
        with os.fdopen(handle, "rb+", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return 0
            lock_file(file)
            content = file.read(MAX_BYTES)
            registry, chain, whole = _parse(path, data_sha256, content)
            if not any((one.plan, one.variants) == (plan_sha256, variants) for one in registry.trials):
                said = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ} {plan_sha256} {variants}"
                if whole < len(content):
                    file.truncate(whole)
                file.write(f"{said} {_link(chain, said)}\n".encode("ascii"))
                return registry.variants + variants
            return registry.variants
    except (OSError, RuntimeError):  # RuntimeError: a user without a home
        return 0


def count_trials(data_sha256: str, plan_sha256: str, variants: int, tell: Callable[[str], None]) -> int:
    """Record trials as above, and go on without them where the registry was edited: ``tell`` is told, 0 is returned."""
    try:
        return record_trials(data_sha256, plan_sha256, variants)
    except EngineError as error:
        tell(str(error))
        return 0


def count_run(result: RunResult, tell: Callable[[str], None]) -> int:
    """Record a run; return how many variants were tried on its closes, this one included."""
    closes = result.summary.data.sha256
    return count_trials(closes, plan_identity.plan_sha256(result.config, closes), 1, tell)


def read_registries() -> list[Registry]:
    """Return every registry of this user, by hash of the data.

    Raises DataError for one that is not as it was written.
    """
    try:
        paths = sorted(path for path in registry_folder().iterdir() if _NAME.fullmatch(path.name))
    except (OSError, RuntimeError):
        return []
    found = []
    for path in paths:
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | REGULAR_FLAGS), "rb") as file:
                content = file.read(MAX_BYTES) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
        except OSError:
            continue
        found.append(_parse(path, path.stem, content)[0])
    return [one for one in found if one.trials]


def _link(chain: str, said: str) -> str:
    """Return the hash of a line that follows one with the hash ``chain``."""
    return hashlib.sha256(f"{chain} {said}".encode("ascii")).hexdigest()


def _parse(path: Path, data_sha256: str, content: bytes) -> tuple[Registry, str, int]:
    """Return what a file holds, the hash of its last whole line, and how many bytes the whole lines are.

    Raises DataError for the first line that does not follow from the one before.
    """
    whole = content.rfind(b"\n") + 1
    trials, chain, number = [], data_sha256, 0
    for number, line in enumerate(content[:whole].split(b"\n")[:-1], start=1):
        found = _LINE.fullmatch(line.decode("ascii", "replace"))
        if found is None or _link(chain, f"{found[1]} {found[2]} {found[3]}") != found[4]:
            raise _tampered(path, number)
        trials.append(Trial(found[1], found[2], int(found[3])))
        chain = found[4]
    if not _BEGUN.fullmatch(content[whole:].decode("ascii", "replace")):
        raise _tampered(path, number + 1)
    return Registry(data_sha256, tuple(trials)), chain, whole


def _tampered(path: Path, line: int) -> DataError:
    return DataError(
        f"{path}, line {line}: is not as it was written, so variants tried on these prices are not counted; "
        "restore the file, or move it away to count anew"
    )
