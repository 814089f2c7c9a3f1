"""From a point's digits to the validated config it stands for, and its id: the SHA-256 of the canonical config.

A config is valid when each of its sections is and no two of them contradict each other (``engine.load``). So every
combination of values within one section is validated once, however many points share it; keys that no rule reads
together with another (``alone``) are validated by themselves. The canonical JSON is joined from the sections' own.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar, cast

from pydantic import BaseModel

from engine.account import Account
from engine.config import RunConfig, Window
from engine.costs import AnyCosts
from engine.load import funds, waits_for_flows
from engine.policy import Policy
from engine.sweep.sections import Key, Part, Refused, Section, canonical_json, placed
from engine.sweep.space import Space
from engine.yamlfile import Tree

PolicyT = TypeVar("PolicyT", bound=Policy)


class Plan(NamedTuple):
    """A valid point: what may differ from variant to variant, and the SHA-256 of its canonical config.

    ``parts`` are equal for plans which differ in ``alone`` values of the strategy only, ``wants`` for those that want
    the same weights, ``when`` for those that decide at the same times.
    """

    strategy: Policy
    account: Account
    costs: AnyCosts
    window: Window
    tickers: tuple[str, ...]
    sha256: bytes
    parts: Key
    wants: int
    when: Key


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
        self._start = hashlib.sha256(self._frame[0])
        self._own = Part(
            cast("BaseModel", base.strategy), (), -1, base.strategy.tickers, waits_for_flows(base.strategy)
        )
        self._others_wait = any(waits_for_flows(other.strategy) for other in base.compare.benchmarks)

    def plan(self, digits: Sequence[int]) -> Plan | Refused:
        """Return a point's validated plan, or why it is none."""
        models: dict[str, BaseModel] = {}
        parts: list[int] = []
        strategy, alone = self._own, 0
        digest = self._start.copy()
        for after, (name, section) in zip(self._frame[1:], self._sorted, strict=True):
            part = section.part(digits)
            if isinstance(part, Refused):
                return part
            parts.append(part.number)
            model, pieces = part.model, part.json
            if section.lone:
                lone = section.alone(digits)
                if isinstance(lone, Refused):
                    return lone
                model = model.model_copy(update=lone.update)
                pieces = (*itertools.chain.from_iterable(zip(pieces, lone.json, strict=False)), pieces[-1])
                if name == "strategy":
                    alone = lone.number
                else:
                    parts.append(lone.number)
            if name == "strategy":
                strategy = part
            digest.update(b"".join((*pieces, after)))
            models[name] = model
        account = cast("Account", models.get("account", self.base.account))
        if (strategy.waits or self._others_wait) and not funds(account.contributions):
            return Refused("strategy.funding: flows_first leaves a band to flows that the account does not have")
        return Plan(
            cast("Policy", models.get("strategy", self.base.strategy)),
            account,
            cast("AnyCosts", models.get("costs", self.base.costs)),
            cast("Window", models.get("window", self.base.window)),
            strategy.tickers,
            digest.digest(),
            tuple(parts),
            strategy.number,
            (strategy.when, alone),
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
            tickers |= dict.fromkeys(part.tickers if isinstance(part, Part) else ())
        return tuple(tickers)

    def tree(self, digits: Sequence[int]) -> dict[str, Tree]:
        """Return the whole config of a point, to be validated as any other."""
        whole = cast("dict[str, Tree]", self.base.canonical())
        for axis, digit in zip(self.space.axes, digits, strict=True):
            whole = cast("dict[str, Tree]", placed(whole, axis.path, axis.values[digit].text))
        return whole

    def _framed(self) -> list[bytes]:
        """Return the canonical JSON before, between and after the sections that vary."""
        self._sorted = sorted(self._sections.items())
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
