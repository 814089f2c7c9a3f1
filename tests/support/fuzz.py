"""Feed the command what nobody would write, and count what becomes of it: ``make fuzz``.

``python -m tests.support.fuzz CONFIGS FILES SEED`` asks for so many configs and files from that seed on;
``python -m tests.support.fuzz KIND SEED`` asks once more for one that failed, and keeps its files in ``fuzzed/``;
``python -m tests.support.fuzz KIND FIRST COUNT`` asks for a range of one kind.
"""

# ruff: noqa: T201

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.support import fuzzed_configs, fuzzed_files, fuzzed_folders
from tests.support.configs import ROOT
from tests.support.watched_commands import Make, Outcomes, ask, fault_of, table, watch

QUICK_SWEEP = ROOT / "configs" / "sweeps" / "quickstart_sweep.yaml"
MAKERS: dict[str, Make] = {
    "configs": fuzzed_configs.make_config,
    "files": fuzzed_files.make_file,
    "places": fuzzed_files.make_place,
    "bombs": fuzzed_files.make_bomb,
    "folders": fuzzed_folders.make_folder,
    "journals": fuzzed_folders.make_journal,
    "runs": fuzzed_configs.make_run,
}


def warm_up() -> None:
    """Import here what every process needs; nothing that starts a thread, which a fork would lose."""
    for path in (fuzzed_configs.STARTER, QUICK_SWEEP, ROOT / "configs" / "rules" / "dated_universe.yaml"):
        ask("validate", str(path))
    fuzzed_configs.keys()
    fuzzed_configs.texts()
    fuzzed_configs.trees()


def main(words: list[str]) -> int:
    if words[0] in MAKERS and len(words) == 2:
        return ask_again(words[0], int(words[1]))
    warm_up()
    begin = int(words[2] if words[0] not in MAKERS else words[1])
    found = Outcomes()
    counts = {words[0]: int(words[2])} if words[0] in MAKERS else shares(*map(int, words[:2]))
    for name, count in counts.items():
        if count and name in {"folders", "journals"}:
            fuzzed_folders.finished()
        found.merge(
            watch(
                MAKERS[name],
                range(begin, begin + count) if name not in {"places", "bombs"} else range(count),
                jobs=int(os.environ.get("JOBS", "2")),
            )
        )
    print("\n".join(table(found)))
    return bool(found.failures)


def shares(configs: int, files: int) -> dict[str, int]:
    """Return how many of each kind are asked for: few of what takes long."""
    few = {
        "bombs": 2 * len(fuzzed_files.BOMBS),
        "folders": files // 10,
        "journals": files // 50,
        "runs": configs // 100,
    }
    return {"places": fuzzed_files.PLACE_COUNT, "configs": configs, "files": files, **few}


def ask_again(kind: str, seed: int) -> int:
    """Print what is asked for a seed, and the answer; its files stay."""
    Path("fuzzed").mkdir()
    os.chdir("fuzzed")
    command = MAKERS[kind](seed, Path.cwd())
    answer = ask(*command.words)
    print(command, answer.code, answer.out, answer.err, f"{answer.seconds:.2f} s", sep="\n")
    print(fault_of(answer, command.names))
    return answer.code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
