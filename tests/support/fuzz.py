"""Feed the command what nobody would write, and count what becomes of it: ``make fuzz``.

``python -m tests.support.fuzz CONFIGS FILES SEED`` asks for so many configs and files from that seed on;
``python -m tests.support.fuzz KIND SEED`` asks once more for one that failed, and keeps its files in ``fuzzed/``.
"""

# ruff: noqa: T201

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.support import fuzzed_configs, fuzzed_files, fuzzed_folders
from tests.support.watched_commands import Make, ask, fault_of, table, watch

MAKERS: dict[str, Make] = {
    "configs": fuzzed_configs.make_config,
    "files": fuzzed_files.make_file,
    "places": fuzzed_files.make_place,
    "folders": fuzzed_folders.make_folder,
    "journals": fuzzed_folders.make_journal,
    "runs": fuzzed_configs.make_run,
}


def warm_up() -> None:
    """Import here what every process needs; nothing that starts a thread, which a fork would lose."""
    ask("validate", str(fuzzed_configs.STARTER))
    fuzzed_configs.keys()
    fuzzed_configs.texts()
    fuzzed_configs.trees()


def main(words: list[str]) -> int:
    if words[0] in MAKERS:
        Path("fuzzed").mkdir()
        os.chdir("fuzzed")
        command = MAKERS[words[0]](int(words[1]), Path.cwd())
        answer = ask(*command.words)
        print(
            command,
            answer.code,
            answer.out,
            answer.err,
            fault_of(answer, command.names),
            f"{answer.seconds:.2f} s",
            sep="\n",
        )
        return 0
    warm_up()
    fuzzed_folders.finished()
    configs, files, begin = map(int, words)
    counts = {
        "configs": configs,
        "files": files,
        "folders": files // 10,
        "journals": files // 50,
        "runs": configs // 100,
    }
    found = watch(fuzzed_files.make_place, range(fuzzed_files.PLACE_COUNT))
    for name, count in counts.items():
        found.merge(watch(MAKERS[name], range(begin, begin + count), jobs=2))
    print("\n".join(table(found)))
    return bool(found.failures)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
