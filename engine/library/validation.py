"""What ``engine.validate`` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.composition import AnyRunConfig


@dataclass(frozen=True, eq=False, repr=False)
class Validation:
    """A config without a fault; true, as what has one raises ConfigError.

    Attributes
    ----------
    name : of the config
    kind : ``run``, or ``sweep``
    config : the run it states, of a sweep the base config, every default spelled out
    points : of a sweep how many it asks for, 0 of a run
    lines : what it means, as ``engine validate`` prints it

    """

    name: str
    kind: str
    config: AnyRunConfig
    points: int
    lines: tuple[str, ...]

    def __bool__(self) -> bool:
        """Return True."""
        return True

    def __repr__(self) -> str:
        """Return what the config means."""
        return "\n".join(self.lines)
