"""What ``engine diff`` prints: a row for each cause, what all do together, and what was seen otherwise."""

from __future__ import annotations

from pathlib import Path

from engine.analysis.metrics_table import METRICS
from engine.core.json_files import Json
from engine.diagnostics.replay.attribution import Attribution
from engine.report import number_format as fmt
from engine.report.console import console, print_bullet, print_heading, print_table, text

VERSION_LABEL = "engine and packages (remainder)"


def print_difference(found: Attribution, folders: tuple[Path, Path], figure: str) -> None:
    """Print how ``figure`` of the strategy came from that of the first folder to that of the second."""
    out, metric = console(), METRICS[figure]
    begin, end = (fmt.metric(one.get(figure), metric.style) for one in (found.begins, found.ends))
    out.print(text(f"{metric.title}: {begin} in {folders[0]}, {end} in {folders[1]}", "bold"))

    def told(value: float | None) -> str:
        return fmt.difference(value, metric.style)

    rows = []
    for part in found.parts:
        first, last = found.part(part, figure), found.part_last(part, figure)
        known = [one for one in (first, last) if one is not None]
        rows.append(
            [part.label, told(first), told(last), told(min(known, default=None)), told(max(known, default=None))]
        )
    rows.append([VERSION_LABEL, told(found.remainder(figure)), "", "", ""])
    rows.append(["interaction", told(found.interaction(figure)), "", "", ""])
    rows.append(["together", told(found.whole(figure)), "", "", ""])
    print_table(out, ["what was switched", "first, alone", "last", "least", "most"], rows)
    for line in _notes(found, figure):
        print_bullet(out, line)
    if found.revised:
        print_heading(out, "Prices that both runs saw otherwise")
        for one in found.revised:
            print_bullet(out, f"{one.name}, first on {one.first}" if one.first else one.name)


def _notes(found: Attribution, figure: str) -> list[str]:
    """Return what a reader has to know of the rows."""
    notes = [f"{one.label}: cannot be switched by itself: {one.why_none}" for one in found.parts if one.why_none]
    if found.unsaid:
        notes.append(f"the remainder has revised prices in it: {found.unsaid}")
    left = found.remainder(figure)
    if left == 0.0:
        notes.append("this version makes both figures as they are in the folders, so no version has a part in it")
    elif found.versions:
        changes = ", ".join(f"{name} {one or 'none'} to {other or 'none'}" for name, one, other in found.versions)
        notes.append(f"the remainder is what this version does not reproduce of the folders; between them: {changes}")
    elif left is not None and not found.unsaid:
        notes.append(
            "the remainder is what this version does not reproduce of the folders, which have the same versions"
        )
    if not found.parts and not found.revised:
        notes.append("the configs have the same keys and no price that both saw differs")
    return notes


def difference_json(found: Attribution, folders: tuple[Path, Path]) -> Json:
    """Return the parts of every metric as JSON-ready data."""
    rows: list[Json] = [
        {
            "kind": part.kind,
            "label": part.label,
            "first": {name: found.part(part, name) for name in METRICS},
            "last": {name: found.part_last(part, name) for name in METRICS},
            "why_none": part.why_none or None,
        }
        for part in found.parts
    ]
    return {
        "folders": [str(folder) for folder in folders],
        "begins": {name: found.begins.get(name) for name in METRICS},
        "ends": {name: found.ends.get(name) for name in METRICS},
        "parts": rows,
        "version": {name: found.remainder(name) for name in METRICS},
        "interaction": {name: found.interaction(name) for name in METRICS},
        "together": {name: found.whole(name) for name in METRICS},
        "revised": [{"name": one.name, "first": one.first or None} for one in found.revised],
        "versions": [
            {"package": name, "from": one or None, "to": other or None} for name, one, other in found.versions
        ],
        "notes": [found.unsaid] if found.unsaid else [],
    }
