"""Checked claims as a page: each sentence with its verdict, what was measured, and the words that decide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from engine.core.files import atomic_write
from engine.core.json_files import to_json
from engine.core.publication import stage_folder
from engine.evidence.claims.check import CheckedClaim
from engine.evidence.claims.claim_file import Claim, ClaimFile
from engine.evidence.claims.claimed import ClaimedRange
from engine.report.charts.scatter import StripRow, strip_chart
from engine.report.evidence.claims_terminal import (
    RULE,
    claimed_text,
    claims_json,
    counts_text,
    figure_text,
    interval_text,
    measured_text,
    readings_text,
    turn_text,
)
from engine.report.html_page import render_page

CLAIMS_FILE, PAGE_FILE = "claims.json", "claims.html"


def publish_claims(file: ClaimFile, checked: Sequence[CheckedClaim], folder: Path) -> None:
    """Write what was found as data and as a page into ``folder``, both or none of them."""
    with stage_folder(folder) as staging:
        atomic_write(staging / CLAIMS_FILE, to_json(claims_json(file, checked)))
        atomic_write(staging / PAGE_FILE, render_claims(file, checked).encode())


def render_claims(file: ClaimFile, checked: Sequence[CheckedClaim]) -> str:
    """Return the page of checked claims."""
    return render_page(
        "claims",
        styles=("page.css", "run_page.css"),
        script="page.js",
        file=file,
        rule=RULE,
        counts=counts_text(checked),
        rows=[_summary_row(number, one) for number, one in enumerate(checked, start=1)],
        claims=[_claim(number, one) for number, one in enumerate(checked, start=1)],
    )


def _summary_row(number: int, one: CheckedClaim) -> tuple[int, str, str, str, str, str]:
    """Return a line of the table of all: number, sentence, claimed, measured, interval, verdict."""
    style, found = one.claim.compute.style, one.measured
    measured = "–" if found is None else figure_text(found.figure, style)  # noqa: RUF001  (an en dash is meant)
    interval = interval_text(found.interval if found else None, style)
    return number, one.claim.sentence, claimed_text(one.claim), measured, interval, one.verdict


def _claim(number: int, one: CheckedClaim) -> dict[str, object]:
    """Return what the page says of one claim."""
    return {
        "number": number,
        "sentence": one.claim.sentence,
        "source": one.claim.source,
        "verdict": one.verdict,
        "measured": measured_text(one),
        "readings": readings_text(one) if one.readings else "",
        "chart": _chart(number, one),
        "turns": [(turn.key in one.claim.says, turn_text(turn, one)) for turn in one.turns],
        "missing": list(dict.fromkeys((*one.missing, *one.left_out))),
        "caveat": one.claim.compute.caveat,
    }


def _chart(number: int, one: CheckedClaim) -> Markup:
    """Return every reading as a dot, the claimed figures above them; nothing of fewer than two."""
    figures = [reading.figure for reading in (*one.readings, *one.others)]
    if len(figures) < 2 or not all(map(math.isfinite, figures)):
        return Markup("")
    rows = [
        StripRow("Claimed", _claimed_ends(one.claim)),
        StripRow("As the sentence leaves it open", [reading.figure for reading in one.readings]),
        StripRow("As it rules out", [reading.figure for reading in one.others]),
    ]
    base = 0.0 if isinstance(one.claim.claimed, str) else None
    shown = [row for row in rows if row.values]
    title = "Every reading, a dot each, a stroke at the median"
    return strip_chart(f"claim-{number}-chart", title, shown, one.claim.compute.style, base=base)


def _claimed_ends(claim: Claim) -> list[float]:
    claimed = claim.claimed
    if isinstance(claimed, ClaimedRange):
        return [claimed.low, claimed.high]
    return [] if isinstance(claimed, str) else [claimed]
