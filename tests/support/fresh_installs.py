"""The packages as a new user tries them: ``python -m tests.support.fresh_installs``, after ``make package``.

The wheel is installed into an environment of its own, in an empty folder outside the tree, and runs a plan on prices of
the user's own. Each extra is asked for without it, which has to end in one line and exit code 1; then the very command
of that line is run, and it has to work. The source archive has to give the same bytes. What each takes is printed: the
base, and what an extra adds to it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.core.extras import Extra, install_command

ROOT: Final = Path(__file__).parents[2]
OWN: Final = """name: own
data: {source: {kind: files, path: mine.csv, closes: adjusted, currency: USD}}
strategy:
  kind: core_satellite
  core: {AAA: rest, BBB: 20%}
  satellites: {CCC: 2.5%, DDD: 2.5%, EEE: 2.5%}
  cap: 3%
  rebalance: {kind: annual, month: january}
"""
SWEEP: Final = f"{OWN}sweep: {{axes: {{strategy.cap: [3%, 4%]}}}}\n"
NOWHERE: Final = ("--scheduler", "tcp://127.0.0.1:9")
WANTED: Final[dict[Extra, tuple[tuple[str, ...], int]]] = {
    "audit": (("run", "own.yaml", "--audit"), 0),
    "sample": (("run", "plan.yaml"), 0),
    "excel": (("export", "runs/own", "--to", "xlsx"), 0),
    "cluster": (("sweep", "sweep.yaml", *NOWHERE), 1),  # there is none: that it is asked for is enough
}
"""Of an extra, a command that needs it, and with which code that ends once it is there."""


@dataclass(frozen=True)
class Place:
    """An environment, and the folder in which its command is run."""

    venv: Path
    folder: Path

    def pip(self, *arguments: object) -> None:
        """Install, held to the versions that are tested."""
        job = [self.venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        job += ["--constraint", ROOT / "constraints.txt", *arguments]
        subprocess.run(job, cwd=self.folder, env=outside(), check=True)

    def engine(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the installed command with nothing of this tree in sight."""
        home = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        job = [self.venv / "bin" / "python", "-P", "-m", "engine", *arguments]
        done = subprocess.run(
            job, cwd=self.folder, env={**outside(), **home}, capture_output=True, text=True, check=False, timeout=1800
        )
        if done.returncode != code or "Traceback" in done.stderr:
            sys.exit(
                f"engine {' '.join(arguments)}: {code} expected, {done.returncode} found\n{done.stdout}{done.stderr}"
            )
        return done

    def megabytes(self) -> tuple[int, int]:
        """Return how many packages there are, and what they take on disk with their bytecode [MB]."""
        (site,) = (self.venv / "lib").glob("python*/site-packages")
        blocks = sum(path.lstat().st_blocks for path in site.rglob("*"))
        return len(list(site.glob("*.dist-info"))), blocks * 512 // 2**20

    def copy(self, name: str) -> Place:
        """Return a second environment with the same packages."""
        venv = self.venv.with_name(name)
        shutil.copytree(self.venv, venv, symlinks=True)
        return Place(venv, self.folder)


def outside() -> dict[str, str]:
    """Return the environment without what would let this tree be found: pip takes what is on the path as installed."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG", "NUMBA"))}


def say(line: str) -> None:
    """Print a line at once: the next one is minutes away."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def write_files(folder: Path) -> None:
    """Write what a user has: closes of five names over four years, and two plans."""
    days = np.arange("2018-01-02", "2022-01-01", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(1).normal(0.0004, 0.01, (len(days), 5)), axis=0)
    lines = [f"{day},{','.join(f'{close:.4f}' for close in row)}\n" for day, row in zip(days, closes, strict=True)]
    (folder / "mine.csv").write_text("date,AAA,BBB,CCC,DDD,EEE\n" + "".join(lines))
    (folder / "own.yaml").write_text(OWN)
    (folder / "sweep.yaml").write_text(SWEEP)


def told_what_to_install(place: Place, extra: Extra) -> None:
    """Stop unless a command that lacks an extra ends in one line that says what to run."""
    said = place.engine(*WANTED[extra][0], code=1).stderr.splitlines()
    said = [line for line in said if not line.startswith("compiling numerical kernels")]
    if len(said) != 1 or install_command(extra) not in said[0]:
        sys.exit(f"{extra}: one line with {install_command(extra)!r} expected, found {said}")


def main() -> None:
    """Try everything, and print what it takes."""
    (wheel,), (archive,) = ((ROOT / "dist").glob(kind) for kind in ("*.whl", "*.tar.gz"))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "empty"
        folder.mkdir()
        base = Place(Path(temporary) / "base", folder)
        subprocess.run([sys.executable, "-m", "venv", base.venv], check=True)
        base.pip(wheel)
        count, size = base.megabytes()
        write_files(folder)
        subprocess.run(
            [base.venv / "bin" / "engine", "--help"], cwd=folder, env=outside(), capture_output=True, check=True
        )
        base.engine("--version")
        base.engine("data", "check", "mine.csv")
        base.engine("run", "own.yaml")
        base.engine("verify", "runs/own")
        base.engine("init", "plan.yaml")
        kept = (folder / "runs" / "own" / "trades.csv").read_bytes()
        say(f"{'base':<10}{count:>5} packages{size:>7,} MB")
        for extra, (command, code) in WANTED.items():
            told_what_to_install(base, extra)
            place = base.copy(extra)
            place.pip(f"portfolio-engine[{extra}]")
            more, larger = place.megabytes()
            place.engine(*command, code=code)
            say(f"{extra:<10}{more - count:>+5} packages{larger - size:>+7,} MB")
            shutil.rmtree(place.venv)
        base.pip("--no-deps", "--force-reinstall", archive)
        base.engine("run", "own.yaml", "--out", "again")
        if (folder / "again" / "own" / "trades.csv").read_bytes() != kept:
            sys.exit("the source archive and the wheel gave other trades")
        say("the source archive gave the wheel's trades, byte for byte")


if __name__ == "__main__":
    main()
