"""Damage files of a run, a sweep and a price store, one at a time, and count what the commands say of it.

``python -m tests.support.bit_flips [COUNT]`` turns so many single bits in each, and cuts off or appends a byte a tenth
as often.
"""

# ruff: noqa: T201

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import typer

from engine import composition
from engine.backtest.workflow import run_backtest
from engine.data.sources import price_store
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.report.run.page import add_run_report
from tests.support.sweeps import PLAN, swept
from tests.support.watched_commands import ask

AXES = "\n  axes: {strategy.core.SIZE: [5%, 10%], strategy.rebalance.month: [january, june]}\n"


def make_folders(place: Path) -> dict[str, Path]:
    """Make a run, a sweep and a price store, each with files of the user's in it, and return where they are."""
    plan = place / "plan.yaml"
    plan.write_text(PLAN.replace("sweep:\n", ""))
    run_backtest(composition.load_run(plan)).write(place / "small")
    add_run_report(place / "small")
    swept(AXES, place / "small.sweep")
    with mock.patch.dict(os.environ, {price_store.FOLDER_VARIABLE: str(place / "store")}):
        days = np.busday_offset("2020-01-02", np.arange(300), roll="forward").astype("datetime64[D]")
        ones = np.ones(300)
        for ticker in ("SPY", "BRK-B", "EURUSD=X"):
            stored = price_store.StoredSeries(days, ones, ones, 0.0 * ones, ones, "USD", days[-1])
            price_store.write_series("yahoo", ticker, stored)
        price_store.mark_absent("yahoo", "GONE", days[-1])
        exchange_sessions("XNYS", days[0], days[-1])
    folders = {"run": place / "small", "sweep": place / "small.sweep", "store": place / "store"}
    for folder in folders.values():
        (folder / "mine").mkdir()
        (folder / "mine" / "notes.txt").write_text("mine")
        (folder / "notes.txt").write_text("mine")
    return folders


_get_command = cache(typer.main.get_command)
"""One parser of the command line for all: its making takes longer than a verb that finds a damaged file."""


def run_command(*arguments: str) -> tuple[int, list[str]]:
    """Run a verb in this process and return its exit code and the lines of its standard error."""
    with mock.patch.object(typer.main, "get_command", _get_command):
        answer = ask(*arguments)
    return answer.code, answer.err.splitlines()


def damages(content: bytes, count: int, chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield damaged contents with what was done: single bits turned, and now and then a byte more or a part less."""
    for number in range(count):
        at = chance.randrange(len(content))
        yield "bit turned", content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
        if number % 10 == 0:
            yield "byte appended", content + bytes([chance.randrange(256)])
            yield "cut off", content[:at]


@dataclass
class Findings:
    """How many damages of each kind were found and named by each verb, and what was not."""

    named: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def damage(self, kind: str, folder: Path, path: Path, how: str, content: bytes) -> None:
        """Ask each verb about a folder in which one file has another ``content``; then put it back."""
        whole = path.read_bytes()
        for verb in ("verify",) if kind == "store" else ("report", "verify"):
            path.write_bytes(content)
            code, lines = run_command(verb, str(folder))
            anew = verb == "report" and path.name == "report.html"  # as it was
            right = code == (0 if anew else 1) and path.read_bytes() == (whole if anew else content)
            if right and len(lines) == 1 and str(path) in lines[0]:
                self.named[kind, how, verb] += 1
            else:
                self.missed.append(f"{kind}: {path.name}, {how}, {verb}: exit {code}, {lines}")
        path.write_bytes(whole)


def damage_all(place: Path, count: int) -> Findings:
    """Turn ``count`` bits in each kind of folder, spread over its files, and see what is said of every one."""
    chance, findings = random.Random(15), Findings()
    for kind, folder in make_folders(place).items():
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "notes.txt")
        contents = {path: path.read_bytes() for path in files}
        for number, path in enumerate(files):
            share = count // len(files) + (number < count % len(files))
            for how, content in damages(contents[path], share, chance):
                findings.damage(kind, folder, path, how, content)
        if {path: path.read_bytes() for path in files} != contents:
            findings.missed.append(f"{kind}: the files are not what they were")
        for path in (folder / "notes.txt", folder / "mine" / "notes.txt"):
            path.write_text("changed")
        code, lines = run_command("verify", str(folder))
        findings.missed += [f"{kind}: undamaged: exit {code}, {lines}"] if code or lines else []
    return findings


def print_findings(findings: Findings) -> None:
    """Print what was found and named, by folder, damage and verb, and what was not."""
    for (kind, how, verb), total in findings.named.items():
        print(f"{kind:6}{how:14}engine {verb}: {total:5,} found and named")
    print("\n".join(findings.missed[:20]) or "none was missed")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        found = damage_all(Path(home), int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
    print_findings(found)
    sys.exit(bool(found.missed))
