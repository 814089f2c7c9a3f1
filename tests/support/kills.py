"""Kill commands at every instant at which they change a file: ``python -m tests.support.kills [EVERY] [SCENARIO...]``.

A small library (`kills.c`), built here and preloaded, counts the system calls that open to write, write, rename, link,
make, remove or synchronise below one folder, and ends the process with signal 9 before the n-th of them, or in the
middle of the n-th write. After each kill the folder is looked at as it is, then the same command is run again, and all
that it may have changed is compared with what it leaves when nobody disturbs it. ``EVERY`` 10 takes every tenth instant.

Instead of the kill there can be an interrupt (Ctrl-C) or a full disk; each of them also where the system cannot
exchange two folders in one step.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

import pytest

from engine.core.errors import EngineError
from engine.core.files import atomic_write
from engine.core.interrupts import end_on_interrupt
from engine.core.publication import stage_folder
from engine.core.scratch import scratch_folder
from tests.support.configs import ROOT

HALF, NO_EXCHANGE, FULL, INTERRUPT = 1, 2, 4, 8
"""What happens at the instant, as `kills.c` has it; 0 is a kill before the call."""
NAMES: Final = {
    "o": "open",
    "w": "write",
    "r": "rename",
    "x": "exchange",
    "l": "link",
    "u": "unlink",
    "m": "mkdir",
    "d": "rmdir",
    "f": "fsync",
    "c": "chmod",
    "t": "truncate",
    "s": "symlink",
}
"""Calls by their letter in `kills.c`; chmod is also who owns a file and when it was changed."""

PLAN: Final = """
name: plan
data: {source: {kind: sample}}
window: {start: 2019-01-02, end: 2020-12-30}
"""
MIX: Final = "strategy: {kind: core_satellite, core: {QUAL: %s, SIZE: rest}, satellites: {HD: 2.5%%, JNJ: 2%%, PG: 2%%}, cap: 3%%}\n"
SWEEP: Final = MIX + "sweep: {axes: {strategy.core.QUAL: {from: 10%%, to: 50%%, step: 10%%}}}\n"
CLAIMS: Final = """
name: claims
data: {source: {kind: sample}}
window: {start: 2019-01-02, end: 2020-12-30}
evidence: {draws: 100}
claims:
  - {sentence: "QUAL grew", claimed: %s, tolerance: 30%%, compute: {kind: figure, of: QUAL, figure: cagr}}
"""
OPTIMISED: Final = """
strategy:
  kind: optimised
  core: [QUAL, SIZE]
  objective: {kind: min_variance}
  estimates: {lookback: 252}
  limits: [{group: [QUAL], max: %s}]
"""
TICKERS: Final = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
FETCHED: Final = """
name: plan
data: {source: {kind: yahoo}}
window: {start: 2019-01-02, end: 2019-12-30}
strategy: {kind: fixed_mix, weights: {AAA: 50%, BBB: 10%, CCC: 10%, DDD: 10%, EEE: 10%, FFF: 10%}}
"""
MINE: Final = ("notes.txt", "link", "drafts", "drafts/note")
"""What a user has left in the folder of results."""


@dataclass(frozen=True)
class Scenario:
    """A command, how to go on with it, the commands that make the old state, and the folder that is published."""

    name: str
    command: tuple[str, ...]
    old: tuple[tuple[str, ...], ...]
    again: tuple[str, ...] = ()
    folder: str = "out/plan"
    apart: bool = False
    configs: Mapping[str, str] = field(default_factory=dict)


def _scenario(name: str, verb: str, plan: str, old: str, new: str, *again: str, folder: str = "out/plan") -> Scenario:
    configs = {"old.yaml": PLAN + plan % old, "new.yaml": PLAN + plan % new}
    command = (*verb.split(), "new.yaml", "--out", "out")
    before = (*verb.split(), "old.yaml", "--out", "out")
    return Scenario(name, command, (before,), (*command, *again), folder, configs=configs)


def _run_of(config: str, *more: str) -> tuple[str, ...]:
    return ("run", config, "--out", "out", *more)


def _orders_of(config: str) -> tuple[str, ...]:
    files = ("--holdings", "held.csv", "--prices", "prices.csv")
    return ("orders", config, *files, "--as-of", "2020-06-01", "--now", "--out", "out")


_EXPORT: Final = ("export", "out/plan", "--to", "csv")
SCENARIOS: Final = (
    Scenario("publish", ("publish", "new"), (("publish", "old"),)),
    Scenario("signed", ("signed", "new"), (("signed", "old"),)),
    Scenario("scratch", ("scratch", "new"), ()),
    _scenario("run", "run", MIX, "60%", "55%"),
    Scenario("first run", ("run", "new.yaml", "--out", "out"), (), configs={"new.yaml": PLAN + MIX % "60%"}),
    _scenario("sweep", "sweep", SWEEP, "40%", "50%", "--resume", folder="out/plan.sweep"),
    _scenario("optimise", "optimise", OPTIMISED, "60%", "40%"),
    Scenario("report", ("report", "out/plan"), (_run_of("new.yaml"),), configs={"new.yaml": PLAN + MIX % "60%"}),
    _scenario("keep prices", "run --keep-prices", MIX, "60%", "55%"),
    Scenario(
        "export",
        _EXPORT,
        (_run_of("old.yaml"), _EXPORT, _run_of("new.yaml")),
        folder="out/plan.export",
        configs={"old.yaml": PLAN + MIX % "60%", "new.yaml": PLAN + MIX % "55%"},
    ),
    Scenario(
        "replay",
        ("replay", "out/plan"),
        (_run_of("new.yaml", "--keep-prices"),),
        configs={"new.yaml": PLAN + MIX % "60%"},
    ),
    Scenario(
        "compare",
        ("compare", "out/a", "out/c", "--out", "out/side"),
        (*(_run_of(f"{one}.yaml") for one in "abc"), ("compare", "out/a", "out/b", "--out", "out/side")),
        folder="out/side",
        configs={
            f"{one}.yaml": PLAN.replace("plan", one) + "evidence: {draws: 100}\n" + MIX % share
            for one, share in (("a", "60%"), ("b", "55%"), ("c", "50%"))
        },
    ),
    Scenario(
        "claims",
        ("claims", "new.yaml", "--out", "out/claims"),
        (("claims", "old.yaml", "--out", "out/claims"),),
        folder="out/claims",
        configs={"old.yaml": CLAIMS % "8%", "new.yaml": CLAIMS % "9%"},
    ),
    _scenario("luck", "luck", "evidence: {draws: 100}\n" + MIX, "60%", "55%", folder="out/plan.luck"),
    Scenario(
        "orders",
        _orders_of("new.yaml"),
        (_orders_of("old.yaml"),),
        folder="out/plan/2020-06-01",
        configs={
            "old.yaml": PLAN + MIX % "60%",
            "new.yaml": PLAN + MIX % "55%",
            "held.csv": "ticker,quantity\nQUAL,300\nSIZE,150\nHD,9\nJNJ,9\nPG,9\nCASH,900\n",
            "prices.csv": "ticker,price\nQUAL,96\nSIZE,85\nHD,250\nJNJ,147\nPG,117\n",
        },
    ),
    Scenario(
        "data fetch",
        ("data", "fetch", "new.yaml", "--refresh"),
        (("data", "fetch", "new.yaml"),),
        folder="store/yahoo",
        apart=True,
        configs={"new.yaml": FETCHED},
    ),
)


@dataclass
class Tally:
    """What was counted in one scenario: calls by their kind, instants, states found, and what was wrong."""

    instants: int = 0
    states: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Workplace:
    """A folder in which commands are run, each in a process forked from this one, with the library preloaded."""

    def __init__(self, place: Path, scenario: Scenario, library: ctypes.CDLL, server: str) -> None:
        self.place, self.scenario, self.library, self.server = place / "work", scenario, library, server
        self.template = place / "template"
        self.template.mkdir(parents=True)
        for name, text in scenario.configs.items():
            (self.template / name).write_text(text)
        (self.template / "tmp").mkdir()
        self.restore()
        for command in scenario.old:
            assert self.run(command)[0] == 0, self.said()
        if scenario.name == "report":
            (self.place / scenario.folder / "report.html").write_text("of another version")
        elif scenario.old and not scenario.apart:
            self._leave_something()
        shutil.rmtree(self.template)
        shutil.copytree(self.place, self.template, symlinks=True)

    def _leave_something(self) -> None:
        folder = self.place / self.scenario.folder
        (folder / "notes.txt").write_text("mine")
        (folder / "drafts").mkdir()
        (folder / "drafts" / "note").write_text("mine")
        (folder / "link").symlink_to("notes.txt")

    def restore(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.template, self.place, symlinks=True)

    def run(self, arguments: tuple[str, ...], at: int = 0, mode: int = 0) -> tuple[int, bytes]:
        """Run a command; return its exit code, minus the signal that ended it, and what calls it made."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                code = self._run_here(arguments, at, mode)
                os.write(writing, ctypes.string_at(self.library.kills_kinds(), self.library.kills_count() + 1)[1:])
                os._exit(code)
            finally:
                traceback.print_exc()
                os._exit(70)
        os.close(writing)
        with os.fdopen(reading, "rb") as stream:
            kinds = stream.read()
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), kinds

    def _run_here(self, arguments: tuple[str, ...], at: int, mode: int) -> int:
        os.chdir(self.place)
        said = os.open(self.place.parent / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1), os.dup2(said, 2)
        os.environ |= {
            "XDG_STATE_HOME": str(self.place / "state"),
            "PORTFOLIO_ENGINE_STORE": str(self.place / "store"),
        }
        tempfile.tempdir = str(self.place / "tmp")
        if self.server:
            from tests.support.yahoo_server import redirect

            redirect(f"{self.server}/{'new' if '--refresh' in arguments else 'old'}", pytest.MonkeyPatch())
        signal.signal(signal.SIGINT, signal.default_int_handler)
        end_on_interrupt()
        sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
        self.library.kills_arm(os.fsencode(self.place), at, mode)
        try:
            return run_verb(arguments)
        except KeyboardInterrupt:
            return 130
        except (EngineError, OSError) as error:
            sys.stderr.write(f"{error}\n")
            return 1
        finally:
            self.library.kills_disarm()
            sys.stdout.flush()
            sys.stderr.flush()

    def said(self) -> str:
        return (self.place.parent / "said").read_text()

    def state(self, below: str = "") -> dict[str, str]:
        """Return everything that is there, or below a folder: what it is, its mode, and the hash of its content."""
        base = self.place / below
        return {str(path.relative_to(base)): _describe(path) for path in sorted(base.rglob("*"))}

    @cached_property
    def old(self) -> dict[str, str]:
        """What was there before."""
        self.restore()
        return self.state(self.scenario.folder)

    @cached_property
    def _undisturbed(self) -> tuple[dict[str, str], dict[str, str]]:
        self.calls(0)
        return self.state(), self.state(self.scenario.folder)

    @property
    def whole(self) -> dict[str, str]:
        """Everything that is there after the command."""
        return self._undisturbed[0]

    @property
    def new(self) -> dict[str, str]:
        """What is in the published folder after the command."""
        return self._undisturbed[1]

    def calls(self, mode: int) -> str:
        """Return the kinds of the calls that the command makes, undisturbed, with an exchange of folders or without."""
        self.restore()
        code, kinds = self.run(self.scenario.command, 0, mode & NO_EXCHANGE)
        assert code == 0, self.said()
        return kinds.decode()


def _describe(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    mode = f"{path.stat().st_mode:o}"
    if path.is_dir():
        return mode
    content = path.read_bytes()
    if path.parent.name == "trials":  # when a plan was tried is another second each time, and chained to the rest
        content = b"\n".join(b" ".join(line.split(b" ")[1:3]) for line in content.split(b"\n"))
    return f"{mode} {hashlib.sha256(content).hexdigest()}"


def judge_state(workplace: Workplace) -> str:
    """Return what the published folder holds: ``old``, ``new``, or what is wrong with it."""
    found, old, new = workplace.state(workplace.scenario.folder), workplace.old, workplace.new
    ours = [name for name in {*old, *new} if name not in MINE]
    if workplace.scenario.apart:  # each file for itself
        wrong = [name for name in ours if found.get(name) not in {old.get(name), new.get(name)}]
        state = "new" if all(found.get(name) == new.get(name) for name in ours) else "old"
    else:
        state = next((s for s, of in (("old", old), ("new", new)) if all(found.get(n) == of.get(n) for n in ours)), "")
        wrong = [] if state else [name for name in ours if found.get(name) != new.get(name)]
    lost = [name for name in ("notes.txt", "link") if name in old and found.get(name) != old[name]]
    return f"mixture {sorted(wrong)}" if wrong or not state else f"loss {lost}" if lost else state


def judge_end(workplace: Workplace, expected: Mapping[str, str]) -> str:
    """Return what differs from what an undisturbed command leaves; empty when nothing does."""
    found = workplace.state()
    lists = {
        "losses": sorted(expected.keys() - found.keys()),
        "leftovers": sorted(found.keys() - expected.keys()),
        "mixture": sorted(name for name in expected.keys() & found.keys() if expected[name] != found[name]),
    }
    return "; ".join(f"{what} {names}" for what, names in lists.items() if names)


def disturb(workplace: Workplace, mode: int, every: int) -> Tally:
    """Disturb the scenario's command at every instant, or every ``every``-th, and go on with it."""
    tally, scenario, calls = Tally(), workplace.scenario, workplace.calls(mode)
    instants = [n for n, kind in enumerate(calls, 1) if kind == "w" or not mode & (HALF | FULL)]
    for at in instants[every // 2 :: every]:
        workplace.restore()
        code, _ = workplace.run(scenario.command, at, mode)
        tally.instants += 1
        state = judge_state(workplace)
        if mode & (FULL | INTERRUPT):
            fine = code in ({0, 1} if mode & FULL else {0, 130}) and state in {"old", "new"}
            extra = workplace.state().keys() - workplace.whole.keys() if scenario.name != "sweep" else ()
            if not fine or extra or "Traceback" in workplace.said():
                tally.wrong.append(f"{at}: exit {code}, {state}, leftovers {sorted(extra)}: {workplace.said()[-300:]}")
        elif code != -9:
            tally.wrong.append(f"{at}: not killed: exit {code}")
        elif state not in {"old", "new"} and not mode & NO_EXCHANGE:
            tally.wrong.append(f"{at} ({NAMES[calls[at - 1]]}): {state}")
        tally.states[state.split(" ")[0]] += 1
        code, _ = workplace.run(scenario.again or scenario.command)
        different = judge_end(workplace, workplace.whole)
        if code or different:
            tally.wrong.append(f"{at} ({NAMES[calls[at - 1]]}): next exit {code}: {different}")
    return tally


MODES: Final = {
    "killed before a call": 0,
    "killed in a write": HALF,
    "killed, no exchange": NO_EXCHANGE,
    "killed in a write, no exchange": NO_EXCHANGE | HALF,
    "interrupted": INTERRUPT,
    "interrupted, no exchange": INTERRUPT | NO_EXCHANGE,
    "disk full": FULL,
}


def build_library(folder: Path) -> Path | str:
    """Return the library, or why there is none."""
    if sys.platform != "linux" or not shutil.which("gcc"):
        return "needs Linux and gcc"
    library = folder / "kills.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(Path(__file__).with_name("kills.c")), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else library


@contextmanager
def price_server() -> Iterator[str]:
    """Serve made-up prices from a process of its own, other ones below ``/new``."""
    code = "from tests.support.kills import serve_prices; serve_prices()"
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stdout
    try:
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def serve_prices() -> None:
    """Serve until killed."""
    import numpy as np

    from tests.support.yahoo_server import FakeYahoo, made_up, serving

    dates = np.arange(np.datetime64("2018-12-03"), np.datetime64("2020-01-10"))
    dates = dates[np.is_busday(dates)]
    closes = 100 + np.arange(len(dates)) % 7
    charts = {
        base: {one: made_up(one, dates, closes * k, closes * k) for one in TICKERS}
        for base, k in (("old", 1.0), ("new", 1.5))
    }

    class Both(FakeYahoo):
        def answer(self, path: str) -> tuple[int, bytes]:
            _, base, *rest = path.split("/", 2)
            self.charts = charts.get(base, {})
            return super().answer("/".join(["", *rest]))

    with serving(Both()) as base:
        sys.stdout.write(f"{base}\n")
        sys.stdout.flush()
        while True:
            time.sleep(60)


def warm_up(place: Path, scenario: Scenario, server: str) -> None:
    """Run the scenario's commands here, so that what each child would load and compile is there before the fork."""
    from tests.support.yahoo_server import redirect

    place.mkdir(parents=True)
    for name, text in scenario.configs.items():
        (place / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("XDG_STATE_HOME", str(place / "state"))
        if scenario.apart:  # a connection cannot be shared by the children
            redirect(server, patch)
            return
        with (place / "said").open("w") as said, redirect_stdout(said), redirect_stderr(said):
            for command in (*scenario.old, scenario.command):
                assert run_verb(command) == 0, (place / "said").read_text()


def run_verb(arguments: tuple[str, ...]) -> int:
    """Run a command of the engine in this process, or what `PIECES` has of one."""
    if arguments[0] in PIECES:
        PIECES[arguments[0]](arguments[1])
        return 0
    from engine.cli import main

    sys.argv = ["engine", *arguments]
    return main()


def publish_text(text: str) -> None:
    """Publish two files."""
    with stage_folder(Path("out/plan")) as staging:
        for name in ("manifest.json", "table"):
            atomic_write(staging / name, text.encode())


def publish_signed(text: str) -> None:
    """Publish two files as `export` and `compare` do."""
    from engine.report.owned_folder import publish_owned

    publish_owned(Path("out/plan"), {name: text.encode() for name in ("page", "table")}, "export", "engine export")


def write_scratch(text: str) -> None:
    """Write files for a while, as `replay` does."""
    with scratch_folder() as folder:
        (folder / "run").mkdir()
        for name in ("run/page", "run/table", "input"):
            (folder / name).write_text(text)


PIECES: Final = {"publish": publish_text, "signed": publish_signed, "scratch": write_scratch}
"""By their word, what takes no time and loads no command."""
SCENARIOS_OF_COMMANDS: Final = tuple(one.name for one in SCENARIOS if one.command[0] not in PIECES)


def main(every: int, scenarios: list[str], say: Callable[[str], object]) -> int:
    """Disturb every scenario in every way; return how many instants went wrong."""
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    library.kills_kinds.restype = ctypes.c_void_p
    wrong = 0
    chosen = [scenario for scenario in SCENARIOS if not scenarios or scenario.name in scenarios]
    prices = price_server() if any(scenario.apart for scenario in chosen) else nullcontext("")
    with tempfile.TemporaryDirectory() as scratch, prices as server:
        for scenario in chosen:
            place = Path(scratch).resolve() / scenario.name.replace(" ", "-")
            if scenario.configs:
                warm_up(place / "warm", scenario, server)
            workplace = Workplace(place, scenario, library, server if scenario.apart else "")
            calls = workplace.calls(0)
            kinds = ", ".join(f"{count} {NAMES[kind]}" for kind, count in Counter(calls).most_common())
            say(f"{scenario.name}: {len(calls)} calls that change files: {kinds}\n")
            for name, mode in MODES.items():
                if mode & NO_EXCHANGE and "x" not in calls:
                    continue
                tally = disturb(workplace, mode, every)
                states = ", ".join(f"{count} {state}" for state, count in sorted(tally.states.items()))
                say(f"  {name}: {tally.instants} instants; found {states}; {len(tally.wrong)} wrong\n")
                for line in tally.wrong[:5]:
                    say(f"    {line}\n")
                wrong += len(tally.wrong)
    return wrong


if __name__ == "__main__":
    if "LD_PRELOAD" in os.environ:
        asked = sys.argv[1:]
        sys.exit(main(int(asked[0]) if asked else 1, asked[1:], sys.stdout.write) > 0)
    with tempfile.TemporaryDirectory() as built:
        shim = build_library(Path(built))
        if isinstance(shim, str):
            sys.exit(shim)
        again = [sys.executable, "-u", "-m", "tests.support.kills", *sys.argv[1:]]
        sys.exit(subprocess.run(again, env={**os.environ, "LD_PRELOAD": str(shim)}, check=False).returncode)
