"""What the difference to buy-and-hold is made of, for every config that ships, as ``benchmarks/studies/parts.md``.

``python benchmarks/studies/parts.py --prices FILE``, or ``make parts``; the prices are those of the configs' assets.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.analysis.comparison import RelativePerformance
from engine.backtest import workflow
from engine.backtest.config import RunConfig
from engine.composition import load_run
from engine.core.files import atomic_write
from engine.report import number_format as fmt

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "benchmarks" / "studies" / "parts.md"
PARTS = ("late_listings", "choice", "reviews", "caps", "costs", "rebalancing")
"""The columns of the table; there are no taxes in it."""
LATE = ROOT / "configs" / "us_small_caps_three.yaml"
"""The plan whose satellite RKLB lists late."""
WITHOUT_LATE = (
    (
        "strategy={kind: fixed_mix, weights: {SPY: 80%, VB: 15%, CRS: 2.5%, MMSI: 2.5%}, "
        "rebalance: {kind: annual, month: january, session: first}}"
    ),
    "costs={kind: none}",
)
"""The same without RKLB, whose weight SPY has as the config's `rest`, and without costs."""

INTRODUCTION = """\
# What the difference to buy-and-hold is made of

Made by `make parts` (`benchmarks/studies/parts.py`) from every config that ships; nothing here is typed by hand. Each
part is the difference of two runs, in percentage points of CAGR a year; they add up to the difference (*Comparison* in
`docs/semantics.md`). *Rebalancing* is the opening's names traded back to their weights, without what stands before it.
"""


def main() -> None:
    """Run every config, print and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, required=True, help="closes of the configs' assets")
    prices = parser.parse_args().prices
    found = {path: versus for path in shipped() if (versus := difference(load(path, prices))) is not None}
    text = "\n".join([INTRODUCTION, *table(found), "", by_hand(found[LATE], prices), ""])
    atomic_write(PAGE, text.encode())
    print(text)


def shipped() -> Iterator[Path]:
    """Yield every config of a single plan."""
    for path in sorted((ROOT / "configs").rglob("*.yaml")):
        if not path.name.startswith("universe") and path.parent.name != "sweeps":
            yield path


def load(path: Path, prices: Path, *overrides: str) -> RunConfig[Any]:
    """Return a config; one that would ask Yahoo reads the file instead."""
    config = load_run(path, overrides)
    if config.data.source.kind != "yahoo":
        return config
    return load_run(path, ("data.source.kind=files", f"data.source.path={prices}", *overrides))


def difference(config: RunConfig[Any]) -> RelativePerformance | None:
    """Return the plan against buy-and-hold, None where the config compares with none."""
    return workflow.run_backtest(config, intervals=False).comparison.versus.get("buy_and_hold")


def table(found: dict[Path, RelativePerformance]) -> Iterable[str]:
    """Return a Markdown table, a row a config; raise SystemExit where parts do not add up."""
    yield row(["config", *(name.replace("_", " ") for name in PARTS), "difference"])
    yield row(["---", *["---:"] * (len(PARTS) + 1)])
    for path, versus in found.items():
        if versus.parts is None or versus.cagr_difference is None:
            raise SystemExit(f"{path}: the difference has no parts")
        parts = dataclasses.asdict(versus.parts)
        if abs(math.fsum(parts.values()) - versus.cagr_difference) > 1e-12:
            raise SystemExit(f"{path}: the parts add up to {math.fsum(parts.values())}, not {versus.cagr_difference}")
        cells = [fmt.percentage_points(parts[name], 3) if parts[name] else fmt.DASH for name in PARTS]
        yield row([str(path.relative_to(ROOT)), *cells, fmt.percentage_points(versus.cagr_difference, 3)])


def row(cells: Sequence[str]) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def by_hand(late: RelativePerformance, prices: Path) -> str:
    """Return how far the part "rebalancing" is from the difference of the plan without its late name and costs."""
    alone = difference(load(LATE, prices, *WITHOUT_LATE))
    assert late.parts is not None
    assert alone is not None
    assert alone.cagr_difference is not None
    apart = late.parts.rebalancing - alone.cagr_difference
    if abs(apart) > 1e-4:
        raise SystemExit(f"rebalancing is {late.parts.rebalancing}, by hand {alone.cagr_difference}")
    return (
        f"By hand: {LATE.name} without RKLB, whose 2.5 % SPY then has, and without costs is "
        f"{fmt.percentage_points(alone.cagr_difference, 3)} ahead of its buy-and-hold; the part *rebalancing* above is "
        f"{fmt.percentage_points(late.parts.rebalancing, 3)} ({1e4 * apart:+.2f} basis points: there the core has it pro rata)."
    )


if __name__ == "__main__":
    main()
