"""Which satellites of a universe are held: those that belong to it, pass its criteria and are chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import fsum
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import ConfigModel, FieldFault, Weight, WholeNumber, format_percent, validates_fields
from engine.core.shortlist import shortlist
from engine.data.research.formula import Criterion
from engine.data.research.fundamentals import Fundamentals
from engine.data.research.universe import UniverseOrTickers
from engine.portfolio.policy import Decision
from engine.portfolio.quality_finding import QualityFinding
from strategies.list_faults import filter_faults, repeat_faults
from strategies.quality_gate import QualityGate
from strategies.satellite_choosers import Named, Top

MOST_NAMED: Final = 6
"""Names that are listed for one reason."""

_MOST_DESCRIBED: Final = 60
"""Candidates that are listed in the rules."""


class Count(ConfigModel):
    """How few satellites are a stated outcome, and how many are too many."""

    min: Annotated[WholeNumber, Field(ge=1)] = 3
    max: Annotated[WholeNumber, Field(ge=1, le=20)] = 5


class FromUniverse(ConfigModel):
    """Satellites from a universe: filtered by ``available_at`` (brokers) and ``tags``, then chosen.

    Each has ``weight``; a name needs ``min_history`` sessions of closes before it is bought. ``where``: criteria that
    the last figures filed, of ``table`` or that of ``choose``, must meet at every choice, or the core has its weight.
    """

    universe: UniverseOrTickers
    available_at: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    choose: Annotated[Named | Top, Field(discriminator="kind")]
    count: Count = Count()
    weight: Annotated[Weight, Field(gt=0.0)]
    min_history: Annotated[WholeNumber, Field(ge=0, le=2520)] = 0
    where: tuple[Criterion, ...] = Field(default=(), max_length=20)
    table: Fundamentals | None = None
    unknown: Literal["out", "in"] = "out"
    on_fail: Literal["sell", "keep"] = "sell"

    @model_validator(mode="before")
    @classmethod
    def _share_table(cls, data: object) -> object:
        """Let ``choose: by quality`` rank by the gate's table where it names none of its own."""
        if not isinstance(data, Mapping) or not isinstance(data.get("table"), Mapping | Fundamentals):
            return data
        choose = data.get("choose")
        if not isinstance(choose, Mapping) or choose.get("by") != "quality" or choose.get("table"):
            return data
        return {**data, "choose": {**choose, "table": data["table"]}}

    @property
    def gate(self) -> QualityGate | None:
        """What is asked of filed figures before a name is held; None where nothing is."""
        table = self.table or self._ranking_table
        return QualityGate(self.where, table, self.unknown, self.on_fail) if self.where and table else None

    @property
    def _ranking_table(self) -> Fundamentals | None:
        return self.choose.table if isinstance(self.choose, Top) else None

    @property
    def chooses(self) -> bool:
        """Whether who is held changes by prices or figures."""
        return isinstance(self.choose, Top) or bool(self.where)

    @property
    def candidates(self) -> tuple[str, ...]:
        """What may ever be held, sorted."""
        if isinstance(self.choose, Named):
            return tuple(sorted(self.choose.names))
        return tuple(sorted(self.universe.tickers_where(self.available_at, self.tags)))

    def describe(self) -> tuple[str, ...]:
        """Return from what, how and how many are chosen, in words."""
        there = self.universe.tickers_where(self.available_at, self.tags)
        asked = [f"available at {' and '.join(self.available_at)}"] if self.available_at else []
        asked += [f"tagged {' and '.join(self.tags)}"] if self.tags else []
        of = f" of the {len(self.universe.tickers)} in the universe, {' and '.join(asked)}" if asked else ""
        kind = "candidates" if not isinstance(self.choose, Named) else "names" if asked else "names in the universe"
        lines = [
            f"{len(there)} {kind}{of}: {shortlist(there, _MOST_DESCRIBED)}",
            f"{self.choose.describe()}; {format_percent(self.weight)} each",
        ]
        if self.universe.is_dated:
            lines.append(
                "the universe is dated: only a name that belongs to it on the day of the last close seen (at the "
                "opening: on its own day) is held; one that has left is sold when it is chosen anew, and its weight "
                "goes to the core"
                if isinstance(self.choose, Named)
                else "the universe is dated: a choice sees only the names that belong to it on the day of the last "
                "close seen (at the opening: on its own day); one that has left is sold at the next choice"
            )
        if self.min_history:
            lines.append(f"none is bought before it has {self.min_history:,} sessions of closes")
        if self.gate is not None:
            lines += self.gate.describe()
        for table in dict.fromkeys(filter(None, (self.table, self._ranking_table))):
            if strangers := sorted(set(self.candidates) - set(table.tickers)):
                named = shortlist(strangers, MOST_NAMED)
                lines.append(f"{table.path} has no figures of {named}: they are unknown at every choice")
        if self.chooses:
            few = f"; fewer than {self.count.min} are said in the report" if self.count.min > 1 else ""
            lines.append(f"what fewer names than {self.satellite_count} leave goes to the core{few}")
        return tuple(lines)

    @property
    def satellite_count(self) -> int:
        """How many satellites are planned."""
        return len(self.choose.names) if isinstance(self.choose, Named) else self.choose.count

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield contradictions between the parts, each with its place and remedy."""
        yield from self._gate_faults()
        strange = list(filter_faults(self.universe, self.available_at, self.tags))
        yield from strange
        low, high = self.count.min, self.count.max
        if low > high:
            yield ("count",), f"min {low} is above max {high}; swap them"
        elif not low <= self.satellite_count <= high:
            message = f"{self.satellite_count} satellites are chosen, count allows {low} to {high}"
            yield ("choose",), f"{message}; change one of the two"
        there = self.universe.tickers if strange else self.universe.tickers_where(self.available_at, self.tags)
        if isinstance(self.choose, Top) and len(there) < max(low, self.choose.count):
            message = f"{len(there)} names of the universe are left, {max(low, self.choose.count)} are needed"
            yield ("choose",), f"{message}; widen available_at, tags or the universe"
        if isinstance(self.choose, Named):
            yield from self._name_faults(self.choose, there)

    def _gate_faults(self) -> Iterator[FieldFault]:
        ranks_by_figures = isinstance(self.choose, Top) and self.choose.table is not None
        idle = {
            "table": self.table is not None and not ranks_by_figures,
            "unknown": self.unknown != "out",
            "on_fail": self.on_fail != "sell",
        }
        for key, given in idle.items():
            if given and "where" not in self.model_fields_set:  # where: [] is a plan of a sweep without its gate
                yield (key,), f"{key} belongs to criteria, there are none; write where: [net_income > 0] or remove it"
        if self.where and self.gate is None:
            yield ("where",), "criteria need a table of figures; as table: {path: figures.parquet}"
        yield from repeat_faults([f"'{criterion.root}'" for criterion in self.where], "where")
        if self.gate is not None:
            table = self.gate.table
            strange = list(table.unknown_column_faults(self.where))
            for at, text in strange or table.unit_faults(self.where, self.candidates):
                yield ("where", at), text
        yield from self._strange_table_faults()

    def _strange_table_faults(self) -> Iterator[FieldFault]:
        """Yield a table that is of other companies: nobody would ever pass, or be ranked."""
        ranked = self._ranking_table if self._ranking_table != self.table else None
        candidates = self.candidates
        for key, table in ((("table",), self.table), (("choose", "table"), ranked)):
            if table is not None and not set(candidates) & set(table.tickers):
                none = f"{table.path} has figures of no candidate ({shortlist(candidates, MOST_NAMED)})"
                yield (*key, "path"), f"{none}; its tickers are {shortlist(table.tickers, MOST_NAMED)}"

    def _name_faults(self, choose: Named, there: Sequence[str]) -> Iterator[FieldFault]:
        for at, text in self.universe.unknown_value_faults("ticker", choose.names):
            yield ("choose", "names", at), text
        repeats = dict(repeat_faults(choose.names, "names"))
        yield from ((("choose", *keys), text) for keys, text in repeats.items())
        known, left = frozenset(self.universe.tickers), frozenset(there)
        for at, ticker in enumerate(choose.names):
            if ("names", at) not in repeats and ticker in known and ticker not in left:
                asked = ", ".join((*self.available_at, *self.tags))
                yield ("choose", "names", at), f"{ticker} is not available under {asked}; drop it or widen the filter"

    def findings(self, decision: Decision) -> dict[str, QualityFinding]:
        """Return what the gate finds of every candidate, members of the day only; nothing where there is none."""
        members = [ticker for ticker in self.candidates if self.is_member(decision, ticker)]
        return self.gate.judge(decision, members) if self.gate else {}

    def admitted(self, findings: Mapping[str, QualityFinding]) -> frozenset[str]:
        """Return the candidates that the gate lets through; all where there is none."""
        return frozenset(name for name in self.candidates if name not in findings or findings[name].admitted)

    def pick(
        self,
        decision: Decision,
        admitted: Collection[str],
        barred: frozenset[str],
        weights: Mapping[str, float],
        allowed: Mapping[frozenset[str], float],
    ) -> list[str]:
        """Return the names that are wanted after a decision, members ``admitted``; of ``choose: top`` the best first.

        ``weights`` of the candidates when they are held; ``allowed``: how much groups of them may have in all.
        """
        if not isinstance(self.choose, Top):
            return [one for one in self.choose.names if one in admitted and self.is_member(decision, one)]
        there = [ticker for ticker in self.candidates if ticker in admitted and ticker not in barred]
        ready = [ticker for ticker in there if self.is_buyable(decision, ticker)]
        scores = self.choose.scores(decision, ready) if ready else {}
        picked: list[str] = []
        for ticker in sorted(scores, key=lambda name: (-scores[name], name)):
            tried = {*picked, ticker}
            fits = all(
                fsum(weights[one] for one in tried & group) <= most + WEIGHT_SUM_TOLERANCE
                for group, most in allowed.items()
            )
            if fits and len(picked) < self.choose.count:
                picked.append(ticker)
        return picked

    def is_member(self, decision: Decision, ticker: str) -> bool:
        """Return whether a name belongs to the universe on the day of a decision."""
        return not self.universe.is_dated or self.universe.is_member(ticker, decision.day)

    def is_buyable(self, decision: Decision, ticker: str) -> bool:
        """Return whether a name may be bought: a member, eligible, and listed long enough at the last close seen."""
        if not self.is_member(decision, ticker):
            return False
        j = decision.column(ticker)
        needed = self.required_closes(decision)
        first = len(decision.history.dates) - needed
        old_enough = needed == 0 or (first >= 0 and bool(decision.history.age[first, j] >= 0))
        return bool(decision.eligible[j]) and old_enough

    def required_closes(self, decision: Decision) -> int:
        """Return how many closes before a decision a name must have had to be bought at it."""
        if not isinstance(self.choose, Top):
            return self.min_history
        return max(self.min_history, self.choose.required_history(decision.history.periods_per_year) + 1)
