"""Why satellites of a universe are held or not at one decision, as the run writes it down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from engine.core.shortlist import shortlist
from engine.portfolio.policy import Decision
from engine.portfolio.quality_finding import QualityFinding
from strategies.satellite_choosers import Top
from strategies.satellite_selection import MOST_NAMED, FromUniverse

_MOST_REASONS: Final = 12
"""Reasons that are told at one decision."""

_NO_ROOM: Final = "no room within the limits"


@dataclass(frozen=True)
class SatelliteChoice:
    """What a decision makes of a universe: its gate's ``findings``, the ``barred`` of a loss review, and ``picked``."""

    satellites: FromUniverse
    decision: Decision
    findings: Mapping[str, QualityFinding]
    barred: frozenset[str]
    picked: Sequence[str]

    def write_down(self) -> None:
        """Keep what the gate found, why fewer are held than are asked for, and why holdings are given up."""
        asks, decision = self.satellites, self.decision
        if self.findings:
            decision.findings[decision.row] = tuple(self.findings.values())
        held = [one for one in self.picked if asks.gate is None or self._can_be_bought(one)]
        if len(held) < (asks.count.min if asks.chooses else asks.satellite_count):
            decision.shortfalls[decision.row] = self._describe_shortfall(held)
        if (asks.universe.is_dated or asks.gate) and (departures := self._departures()):
            decision.departures[decision.row] = departures

    def _can_be_bought(self, ticker: str) -> bool:
        return ticker not in self.barred and self.satellites.is_buyable(self.decision, ticker)

    def _describe_shortfall(self, held: Collection[str]) -> str:
        """Return why each candidate that is not ``held`` was left out; of many of a kind some are named."""
        by_reason: dict[str, list[str]] = {}
        left_out = [ticker for ticker in self.satellites.candidates if ticker not in held]
        absent = {ticker for ticker in left_out if not self.satellites.is_member(self.decision, ticker)}
        for ticker in left_out:
            why = self._reason_left_out(ticker)
            if len(absent) > MOST_NAMED and ticker in absent:  # a published list: each left on a day of its own
                why = f"not members of the universe on {self.decision.day}"
            by_reason.setdefault(why, []).append(ticker)
        told = [f"{shortlist(names, MOST_NAMED)}: {why}" for why, names in by_reason.items()]
        others = sum(map(len, list(by_reason.values())[_MOST_REASONS:]))
        return "; ".join([*told[:_MOST_REASONS], *([f"{others} more for reasons of their own"] if others else [])])

    def _departures(self) -> Mapping[str, str]:
        """Return why each satellite that was held before the decision is not picked."""
        decision, candidates = self.decision, self.satellites.candidates
        gone = [one for one in candidates if decision.weights[decision.column(one)] > 0.0 and one not in self.picked]
        reasons = {ticker: self._reason_left_out(ticker) for ticker in gone}
        full = len(self.picked) >= self.satellites.satellite_count
        return {ticker: "outranked" if full and why == _NO_ROOM else why for ticker, why in reasons.items()}

    def _reason_left_out(self, ticker: str) -> str:
        asks, decision, found = self.satellites, self.decision, self.findings.get(ticker)
        if ticker in self.barred:
            return "sold by the loss review"
        if not asks.is_member(decision, ticker):
            ended = asks.universe.last_day(ticker, decision.day)
            return f"membership ended {ended}" if ended else f"not a member of the universe on {decision.day}"
        if not decision.eligible[decision.column(ticker)]:
            return "no close to buy at"
        if not asks.is_buyable(decision, ticker):
            needed = asks.required_closes(decision)
            return f"fewer than {needed:,} closes before" if needed > 1 else "no close before"
        if found and not found.admitted:
            return found.explanation
        unknown = asks.choose.describe_unknown(decision, ticker) if isinstance(asks.choose, Top) else ""
        return unknown or _NO_ROOM
