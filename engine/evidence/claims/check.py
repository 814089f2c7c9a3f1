"""Claims checked: each measured in every way in which its sentence can be meant, and what follows from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from engine.evidence.claims.claim_file import Claim, ClaimFile
from engine.evidence.claims.claim_prices import load_claim_prices
from engine.evidence.claims.claimed import AgreeingFigures
from engine.evidence.claims.computation import MeasuringTerms, Reading
from engine.portfolio.policy import Policy

Verdict: TypeAlias = Literal["holds", "does not hold", "cannot be told from this data"]

HOLDS: Final[Verdict] = "holds"
FAILS: Final[Verdict] = "does not hold"
UNKNOWN: Final[Verdict] = "cannot be told from this data"


@dataclass(frozen=True)
class Turn:
    """A word of the sentence that decides, ``key``: all else alike, ``readings`` agree where the first does not.

    Or they do not where that one does.
    """

    key: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class CheckedClaim:
    """A claim, the ``readings`` that its sentence leaves open, the ``others`` that it does not, and the verdict.

    ``missing`` is why the verdict cannot be told though there are readings, or why there are none; ``left_out`` which
    readings could not be made. ``turns``: what would be answered otherwise if one word were meant in another way.
    """

    claim: Claim
    verdict: Verdict
    readings: tuple[Reading, ...]
    others: tuple[Reading, ...]
    missing: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def measured(self) -> Reading | None:
        """The reading that is meant first."""
        return self.readings[0] if self.readings else None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What would be answered otherwise."""
        return find_turns(self.claim.agreeing, self.readings, self.others)

    @property
    def agreeing(self) -> int:
        """How many of all readings agree with what was claimed."""
        return sum(self.claim.agreeing.contain(one.figure) for one in (*self.readings, *self.others))


def check_claims(file: ClaimFile, build_strategy: Callable[[Mapping[str, object]], Policy]) -> tuple[CheckedClaim, ...]:
    """Return every claim of a file with its readings and verdict.

    Raises DataError when the closes cannot be used as they are.
    """
    prices = load_claim_prices(file.data, file.window, file.tickers, file.last_day)
    terms = MeasuringTerms(prices, file.evidence, build_strategy)
    return tuple(check_claim(claim, terms) for claim in file.claims)


def check_claim(claim: Claim, terms: MeasuringTerms) -> CheckedClaim:
    """Return one claim with its readings and verdict."""
    compute = claim.compute
    terms = dataclasses.replace(terms, intervals=claim.about == "expectation")
    found, left_out = compute.measure_all(terms)
    meant = [all(one.way[key] == value for key, value in claim.says.items()) for one in found]
    readings = tuple(one for one, is_meant in zip(found, meant, strict=True) if is_meant)
    others = tuple(one for one, is_meant in zip(found, meant, strict=True) if not is_meant)
    missing = (*compute.unknown(terms.prices), *compute.uncovered(terms.prices))
    if not readings:
        missing = (*missing, *left_out)
    verdict = UNKNOWN if missing else reach_verdict(claim.agreeing, readings)
    return CheckedClaim(claim, verdict, readings, others, missing, left_out)


def reach_verdict(agreeing: AgreeingFigures, readings: tuple[Reading, ...]) -> Verdict:
    """Return what follows from the readings that a sentence leaves open.

    It holds when every one agrees with what was claimed. It does not when every one is above it, or every one below
    it: where some are above and others below, a reading between them would agree. Otherwise it cannot be told. Of a
    reading that has an interval all of that counts.
    """
    spans = [one.interval or (one.figure, one.figure) for one in readings]
    spans = [(min(low, one.figure), max(high, one.figure)) for (low, high), one in zip(spans, readings, strict=True)]
    if all(agreeing.contain(low) and agreeing.contain(high) for low, high in spans):
        return HOLDS
    if all(agreeing.are_above(high) for _, high in spans) or all(agreeing.are_below(low) for low, _ in spans):
        return FAILS
    return UNKNOWN


def find_turns(
    agreeing: AgreeingFigures, readings: tuple[Reading, ...], others: tuple[Reading, ...]
) -> tuple[Turn, ...]:
    """Return, word by word, the readings that differ from the first in that word alone and in whether they agree."""
    if not readings:
        return ()
    first = readings[0]
    turned: dict[str, list[Reading]] = {}
    for one in (*readings, *others):
        changed = [key for key in first.way if one.way[key] != first.way[key]]
        if len(changed) == 1 and agreeing.contain(one.figure) != agreeing.contain(first.figure):
            turned.setdefault(changed[0], []).append(one)
    return tuple(Turn(key, tuple(found)) for key, found in turned.items())
