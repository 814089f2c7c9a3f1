"""From a point's digits to the validated config it stands for, and its id: the SHA-256 of the canonical config.

A config is valid when each of its sections is and no two of them contradict each other (``engine.load``). So every
combination of values within one section is validated once, however many points share it; keys that no rule reads
together with another (``alone``) are validated by themselves. The canonical JSON is joined from the sections' own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

from pydantic import BaseModel

from engine.backtest.config import RunConfig, Window
from engine.backtest.loading import funds, unfunded, waits_for_flows
from engine.core.yaml_document import Tree
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import Policy
from engine.sweep.config_sections import (
    NOTHING,
    Joint,
    Key,
    Lone,
    Refused,
    Section,
    canonical_json,
    picking,
    replaced,
    woven,
)
from engine.sweep.space import Space

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

PolicyT = TypeVar("PolicyT", bound=Policy)


@dataclass(frozen=True)
class Stem(Generic[PolicyT]):
    """What valid points share that differ in ``alone`` values only.

    ``strategy`` is that of one of them, and all of them want its weights. ``wants`` and ``when`` are numbers: stems
    with equal ones want the same weights, or decide at the same times but for the ``alone`` values. A ``key`` is equal
    only for equal stems. The canonical JSON is what ``begun`` has hashed, then a value before each of the ``pieces``.
    """

    strategy: PolicyT
    account: Account
    costs: AnyCosts
    window: Window
    tickers: tuple[str, ...]
    key: Key
    wants: int
    when: int
    begun: HASH
    pieces: tuple[bytes, ...]


class Plan(NamedTuple, Generic[PolicyT]):
    """A valid point: its stem and its ``alone`` values, and the SHA-256 of its canonical config."""

    stem: Stem[PolicyT]
    lone: Lone
    sha256: bytes

    @property
    def when(self) -> tuple[int, int]:
        """Equal for points that decide at the same times."""
        return self.stem.when, self.lone.number

    def strategy(self) -> PolicyT:
        """Return the point's own strategy."""
        model = cast("BaseModel", self.stem.strategy)
        return cast("PolicyT", model.model_copy(update=self.lone.update)) if self.lone.update else self.stem.strategy


class Variants(Generic[PolicyT]):
    """Every point of a space as the config it stands for."""

    def __init__(self, base: RunConfig[PolicyT], space: Space) -> None:
        """Prepare the sections that vary; ``base`` is the config's own plan."""
        self.base, self.space = base, space
        names = dict.fromkeys(axis.section for axis in space.axes)
        self._sections = {
            name: Section(name, [(at, axis) for at, axis in enumerate(space.axes) if axis.section == name], base)
            for name in names
        }
        self._frame = self._framed()
        self._steps = [
            (name, self._sections[name], after) for name, after in zip(self._sorted, self._frame[1:], strict=True)
        ]
        self._start = hashlib.sha256(self._frame[0])
        self._stem_key = picking([(at, axis) for at, axis in enumerate(space.axes) if not axis.alone])
        self._own = Joint(
            cast("BaseModel", base.strategy), (), -1, base.strategy.tickers, waits_for_flows(base.strategy)
        )
        self._others_wait = any(waits_for_flows(other.strategy) for other in base.compare.benchmarks)

    def plan(self, digits: Sequence[int]) -> Plan[PolicyT] | Refused:
        """Return a point's validated plan, or why it is none."""
        return next(self.plans([digits]))

    def plans(self, points: Iterable[Sequence[int]]) -> Iterator[Plan[PolicyT] | Refused]:
        """Yield the validated plan of each point, or why it is none; what neighbours share is made once."""
        last: Key | None = None
        stem: Stem[PolicyT] | Refused = Refused("")
        strategy = self._sections.get("strategy")
        for digits in points:
            key = self._stem_key(digits)
            if key != last:
                stem, last = self._stem(digits), key
            if isinstance(stem, Refused):
                yield stem
                continue
            lone = strategy.alone(digits) if strategy else NOTHING
            if isinstance(lone, Refused):
                yield lone
                continue
            digest = stem.begun.copy()
            digest.update(b"".join(woven(lone.json, stem.pieces)))
            yield Plan(stem, lone, digest.digest())

    def _stem(self, digits: Sequence[int]) -> Stem[PolicyT] | Refused:
        models: dict[str, BaseModel] = {}
        parts: list[int] = []
        strategy = self._own
        pieces = [b""]
        for name, section, after in self._steps:
            part = section.together(digits)
            if isinstance(part, Refused):
                return part
            parts.append(part.number)
            models[name] = part.model
            if name == "strategy":
                strategy = part
            pieces = [*pieces[:-1], pieces[-1] + part.json[0], *part.json[1:]]
            pieces[-1] += after
        account = cast("Account", models.get("account", self.base.account))
        if (strategy.waits or self._others_wait) and not funds(account.contributions):
            place = "strategy" if strategy.waits else "compare.benchmarks"
            return Refused(f"{place}.funding: {unfunded(account.contributions)[0]}")
        begun = self._start.copy()
        begun.update(pieces[0])
        return Stem(
            cast("PolicyT", strategy.model),
            account,
            cast("AnyCosts", models.get("costs", self.base.costs)),
            cast("Window", models.get("window", self.base.window)),
            strategy.tickers,
            tuple(parts),
            strategy.number,
            strategy.when,
            begun,
            tuple(pieces[1:]),
        )

    def brought_by(self, place: int) -> tuple[str, ...]:
        """Return every ticker that the values of an axis bring into the plan; one that is invalid there brings none."""
        axis = self.space.axes[place]
        if axis.section != "strategy" or axis.alone or not isinstance(axis.values[0].cells[0], str):
            return ()
        if len(axis.columns) > 1:  # a basket says itself
            return tuple(dict.fromkeys(str(ticker) for value in axis.values for ticker in value.text))
        tickers: dict[str, None] = {}
        for digit in range(len(axis.values)):
            part = self._sections["strategy"].changed(axis, digit)
            tickers |= dict.fromkeys(part.tickers if isinstance(part, Joint) else ())
        return tuple(tickers)

    def tree(self, digits: Sequence[int]) -> dict[str, Tree]:
        """Return the whole config of a point, to be validated as any other."""
        whole = cast("dict[str, Tree]", self.base.canonical())
        for axis, digit in zip(self.space.axes, digits, strict=True):
            whole = cast("dict[str, Tree]", replaced(whole, axis.path, axis.values[digit].text))
        return whole

    def _framed(self) -> list[bytes]:
        """Return the canonical JSON before, between and after the sections that vary."""
        self._sorted = sorted(self._sections)
        data = self.base.canonical()
        pieces, text = [], b"{"
        for place, name in enumerate(sorted({*data, *self._sections})):
            text += (b", " if place else b"") + canonical_json(name) + b": "
            if name in self._sections:
                pieces.append(text)
                text = b""
            else:
                text += canonical_json(data[name])
        return [*pieces, text + b"}"]
