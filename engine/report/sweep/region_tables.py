"""The robust region on the page: who is no further from the best than noise, by value of each axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.report.sweep.axis_titles import axis_titles
from engine.report.sweep.labels import parameter_text, share_text
from engine.sweep.summary import SweepSummary

SHARES_SHOWN: Final = 24
"""Values of an axis whose shares are listed; of more, those with the lowest and the highest."""


@dataclass(frozen=True)
class RegionRow:
    """An axis: how many of its values have a variant in the region, and ``shares`` of values as text."""

    title: str
    path: str
    present: str
    shares: tuple[tuple[str, str], ...]
    left_out: int
    is_whole: bool


def region_rows(summary: SweepSummary) -> list[RegionRow]:
    """Return the axes with the share of each value's variants that are in the region; empty without a band."""
    if summary.near_best is None:
        return []
    titles, rows = axis_titles(summary.effects, summary.sweep.baskets), []
    for name, effects in summary.effects.items():
        shares = [
            (parameter_text(one.label), one.near_best / one.count)
            for one in effects.values
            if one.count and one.near_best is not None
        ]
        if len(shares) < 2:
            continue
        present, shown = sum(share > 0.0 for _, share in shares), shares
        if len(shares) > SHARES_SHOWN:
            ordered = sorted(shares, key=lambda one: one[1])
            shown = [*ordered[: SHARES_SHOWN // 2], *ordered[-SHARES_SHOWN // 2 :]]
        rows.append(
            RegionRow(
                titles[name],
                name,
                f"{present:,} of {len(shares):,}",
                tuple((label, share_text(share)) for label, share in shown),
                len(shares) - len(shown),
                present == len(shares),
            )
        )
    return rows
