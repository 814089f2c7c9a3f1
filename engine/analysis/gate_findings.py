"""What a quality gate found at each rebalance, company by company, as a run's files have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from engine.portfolio.quality_finding import Outcome
from engine.simulation.ledger import Ledger


@dataclass(frozen=True)
class GateFinding:
    """What was found of ``asset`` at the rebalance of ``date``, in the figures ``filed`` on a day, None where none.

    ``criteria``: whether each is met, None where that is not known. ``admitted``: whether it might be held, which what
    is unknown or held already may be where the plan says so; ``explanation``: why it does not pass.
    """

    date: str
    asset: str
    filed: str | None
    outcome: Outcome
    criteria: Mapping[str, bool | None]
    admitted: bool
    explanation: str


def list_gate_findings(ledger: Ledger) -> tuple[GateFinding, ...] | None:
    """Return every finding of a run, by date and asset; None where nothing was asked."""
    found = [
        GateFinding(
            date=str(ledger.dates[row]),
            asset=one.ticker,
            filed=None if one.filed is None else str(one.filed),
            outcome=one.outcome,
            criteria=dict(zip(one.criteria, one.holds, strict=True)),
            admitted=one.admitted,
            explanation=one.explanation,
        )
        for row, findings in sorted(ledger.findings.items())
        for one in findings
    ]
    return tuple(found) or None


def empty_cell_caveats(ledger: Ledger) -> Iterator[str]:
    """Yield which criteria no known figure missed, though they kept names out: for want of figures alone."""
    findings = list_gate_findings(ledger) or ()
    for criterion in findings[0].criteria if findings else ():
        answers = [one.criteria[criterion] for one in findings]
        lacking = [one for one in findings if one.outcome == "unknown" and one.criteria[criterion] is None]
        shut_out = sum(not one.admitted for one in lacking)
        if shut_out and False not in answers:
            yield (
                f"Quality gate: every known figure met {criterion} ({answers.count(True)} of {len(answers)} findings); "
                f"that it was unknown kept names out {shut_out} times, for missing figures, not for bad ones."
            )
