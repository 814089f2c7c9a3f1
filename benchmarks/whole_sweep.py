"""Wall time and memory of whole sweeps as commands, start and report included: the article space, and three times it.

Run it as ``python benchmarks/whole_sweep.py --prices prices.parquet [--rounds 5]``. Memory is the most that the largest
process of the command held, its workers among them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ARTICLE = ROOT / "configs" / "sweeps" / "article_space.yaml"
MEASURED = """
import json, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(json.dumps(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
"""


def measured(config: Path, prices: Path, workers: int) -> tuple[float, float, int, str]:
    """Return seconds, peak memory [MB], variants and the SHA-256 of the results of one sweep."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "engine"), "sweep", str(config), "--json", "--out", folder]
        command += ["--workers", str(workers), "--set", "data.source.kind=files"]
        command += ["--set", f"data.source.path={prices.resolve()}"]
        start = time.perf_counter()
        peak = subprocess.run([sys.executable, "-c", MEASURED, *command], check=True, capture_output=True)
        taken = time.perf_counter() - start
        (made,) = Path(folder).iterdir()
        variants = json.loads((made / "summary.json").read_bytes())["sweep"]["variants"]
        digest = hashlib.sha256((made / "results.parquet").read_bytes()).hexdigest()
        return taken, json.loads(peak.stdout) * 1024 / 1e6, variants, digest


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        thrice = Path(folder) / "thrice.yaml"
        text = ARTICLE.read_text(encoding="utf-8")
        thrice.write_text(text.replace("  rank_by:", "    costs.rate: [0%, 0.1%, 0.2%]\n  rank_by:"), encoding="utf-8")
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
        print("| variants | processes | median | lowest to highest | most memory | SHA-256 of the results |")
        print("|---|---|---|---|---|---|")
        for config, rounds in ((ARTICLE, options.rounds), (thrice, max(1, options.rounds // 2))):
            for workers in (2, 1):
                found = [measured(config, options.prices, workers) for _ in range(rounds)]
                taken = [seconds for seconds, *_ in found]
                memory, variants, digests = max(one[1] for one in found), found[0][2], {one[3] for one in found}
                spread = f"{statistics.median(taken):.1f} s | {min(taken):.1f} to {max(taken):.1f} s"
                shown = " ".join(sorted(digest[:12] for digest in digests))
                print(f"| {variants:,} | {workers} | {spread} | {memory:.0f} MB | {shown} |", flush=True)


if __name__ == "__main__":
    main()
