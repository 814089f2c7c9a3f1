"""What was tried on which prices, on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.report import number_format as fmt
from engine.report.console import console, print_heading, print_table, text
from engine.report.phrases import plural

if TYPE_CHECKING:
    from engine.core.json_files import Json
    from engine.evidence.trial_registry import Registry


def print_trials(registries: Sequence[Registry]) -> None:
    """Print how many plans and variants were tried on each data, and in all."""
    out = console()
    print_heading(out, "Tried on this machine, by prices")
    if not registries:
        out.print(text("nothing yet: every run and every sweep is counted once"))
        return
    rows = (
        [
            one.data[:12],
            fmt.count(one.plans),
            fmt.count(one.variants),
            one.trials[0].time[:10],
            one.trials[-1].time[:10],
        ]
        for one in registries
    )
    print_table(out, ["data SHA-256", "plans", "variants", "first", "last"], rows)
    total = sum(one.variants for one in registries)
    out.print(text(f"{plural(total, 'variant')} on {plural(len(registries), 'set')} of prices"))


def trials_json(registries: Sequence[Registry]) -> dict[str, Json]:
    """Return the same as JSON-ready data, every plan by its hash."""
    return {
        "data": [
            {
                "sha256": one.data,
                "plans": [{"time": own.time, "sha256": own.plan, "variants": own.variants} for own in one.trials],
                "variants": one.variants,
            }
            for one in registries
        ],
        "variants": sum(one.variants for one in registries),
    }
