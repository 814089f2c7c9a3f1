"""What ``engine replay`` prints: which files came out the same, and where the others differ."""

from __future__ import annotations

from engine.core.json_files import Json
from engine.diagnostics.replay.folder import FolderReplay
from engine.report.console import add_row, console, print_bullet, print_heading, table, text
from engine.report.phrases import plural


def print_replay(replay: FolderReplay) -> None:
    """Print a row a file; beside a difference the packages that are of another version here."""
    out = console()
    rows = table(["file", "made again"], left=(0, 1))
    for one in replay.files:
        add_row(rows, [one.name, one.where or "the same bytes"], {1: "red"} if one.where else {})
    out.print(rows)
    if replay.versions and not replay.is_same:
        print_heading(out, "Versions that are others here")
        for change in replay.versions:
            print_bullet(out, f"{change.package}: {change.then or 'none'} then, {change.now or 'none'} here")
    same = sum(not one.where for one in replay.files)
    out.print()
    out.print(text(f"{same} of {plural(len(replay.files), 'file')} of {replay.folder} came out the same", "bold"))


def replay_json(replay: FolderReplay) -> Json:
    """Return the same as JSON-ready data."""
    return {
        "folder": str(replay.folder),
        "same": replay.is_same,
        "files": [{"name": one.name, "same": not one.where, "where": one.where or None} for one in replay.files],
        "versions": [
            {"package": one.package, "then": one.then or None, "now": one.now or None} for one in replay.versions
        ],
    }
