"""What a config may say of an optimiser; a fault is one line that names its key."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from engine.optimisation.objectives import Objective
from tests.support.configs import config, message
from tests.support.optimised import (
    GOOD,
    OBJECTIVES,
)

ROOT = Path(__file__).parents[2]


# ---- configs ------------------------------------------------------------------------------------------------------

SET = "plan.yaml:8: strategy.satellites"
BAD = {
    "a benchmark of more than there is": (
        ("kind: min_variance", "kind: min_tracking_error, to: {QUAL: 90%, SIZE: 90%}"),
        "plan.yaml:10: strategy.objective.to: adds up to 180 %; a benchmark's weights make 100 %, change them",
    ),
    "a benchmark of less than a whole": (
        ("kind: min_variance", "kind: min_tracking_error, to: {QUAL: 50%}"),
        "plan.yaml:10: strategy.objective.to: adds up to 50 %; a benchmark's weights make 100 %, change them",
    ),
    "an unknown objective": (
        ("kind: min_variance", "kind: min_varience"),
        "plan.yaml:10: strategy.objective: unknown kind 'min_varience'; did you mean 'min_variance'?; known: min_variance, "
        "max_sharpe, mean_variance, risk_parity, min_cvar, max_diversification, min_tracking_error, equal_weight, "
        "inverse_volatility",
    ),
    "a floor above the cap": (("floor: 2%", "floor: 5%"), f"{SET}.floor: floor 5% is above cap 3%; swap them"),
    "more than there are": (
        ("min: 2, max: 3", "min: 5, max: 6"),
        f"{SET}.count: at least 5 of 4 names cannot be held; lower min, or name more",
    ),
    "a count turned round": (("min: 2, max: 3", "min: 4, max: 3"), f"{SET}.count: min 4 is above max 3; swap them"),
    "a count without a floor": (
        (", floor: 2%", ""),
        f"{SET}.count: count needs a floor above 0%, for a name at 0% is not held; add floor: 1%, or remove count",
    ),
    "a name twice": (
        ("[HD, JNJ, PG, UNH]", "[HD, JNJ, PG, HD]"),
        f"{SET}.universe.3: HD is written twice; remove one",
    ),
    "core and satellite": (
        ("core: [QUAL", "core: [HD, QUAL"),
        "plan.yaml:7: strategy.core: HD is core and satellite at once; keep one of the two",
    ),
    "a limit that leaves too little": (
        ("core: [QUAL, SIZE, MTUM]", "core: [SIZE]"),
        "plan.yaml:9: strategy.limits: satellites.count: whichever 2 to 3 are held, at best the weights' sum of 100 %: "
        "70 % missing because of limit SIZE, satellites max; raise one of these",
    ),
    "caps that leave too little": (
        ("limits: [{group: [SIZE, satellites], max: 30%}]", "core_cap: 30.333%"),
        "plan.yaml:9: strategy.core_cap: satellites.count: whichever 2 to 3 are held, at best the weights' sum of 100 %: "
        "0.001 % missing because of satellites.cap HD, satellites.cap JNJ, core_cap MTUM, satellites.cap PG, core_cap QUAL, "
        "core_cap SIZE; raise one of these",
    ),
    "a limit on a stranger": (
        ("[SIZE, satellites]", "[SIZE, satelites]"),
        "plan.yaml:9: strategy.limits.0: limit names satelites, which is neither core nor satellite; correct the name",
    ),
    "a limit turned round": (
        ("max: 30%}]", "min: 40%, max: 30%}]"),
        "plan.yaml:9: strategy.limits.0: min 40% is above max 30%; swap them",
    ),
    "less history than is asked for": (
        ("lookback: 756", "lookback: 200"),
        "plan.yaml:11: strategy.estimates.min_history: min_history 252 is more than lookback 200 holds; lower it",
    ),
    "a covariance that must be singular": (
        ("lookback: 756, half_life: null, min_history: 252", "covariance: sample, lookback: 6, min_history: 3"),
        "plan.yaml:11: strategy.estimates.lookback: a sample covariance of 7 assets from 6 returns is singular; raise "
        "lookback, or choose covariance: ledoit_wolf",
    ),
    "costs without a price": (
        ("kind: min_variance", "kind: risk_parity"),
        "plan.yaml:12: strategy.turnover.penalty: risk_parity has no figure that costs could be weighed against; remove it, "
        "or bound trading by turnover.max",
    ),
    "a benchmark of a stranger": (
        ("kind: min_variance", "kind: min_tracking_error, to: {SPY: 100%}"),
        "plan.yaml:10: strategy.objective.to.SPY: SPY is neither core nor satellite; add or remove it",
    ),
    "a fallback that is none": (
        ("  turnover:", "  fallback: previos\n  turnover:"),
        "plan.yaml:12: strategy.fallback: found 'previos'; did you mean 'previous'?; expected 'previous', 'equal_weight' or 'fail'",
    ),
}


@pytest.mark.parametrize(("change", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_optimiser_is_one_line_that_names_its_key(change: tuple[str, str], expected: str) -> None:
    assert change[0] in GOOD
    assert message(GOOD.replace(*change)) == expected


def test_a_universe_s_file_gives_names_and_sectors(tmp_path: Path) -> None:
    path = tmp_path / "universe.yaml"
    stocks = [("HD", "retail", "[one]"), ("JNJ", "health", "[one, two]"), ("UNH", "health", "[two]")]
    lines = (f"  - {{ticker: {t}, name: {t}, sector: {s}, brokers: {b}}}\n" for t, s, b in stocks)
    path.write_text("names:\n" + "".join(lines))
    text = GOOD.replace(
        "universe: [HD, JNJ, PG, UNH], count: {min: 2, max: 3}", f"universe: {path}, available_at: [two]"
    )
    found = config(text.replace("[SIZE, satellites]", "sector").replace("max: 30%", "max: 5%")).strategy
    assert found.satellites.names == ("JNJ", "UNH")
    group = found.constraints_for(found.tickers).groups[0]
    assert (group.name, group.most, int(group.members.sum())) == ("limit health", 0.05, 2)


def test_the_readme_s_optimiser_is_the_one_that_is_shipped() -> None:
    blocks = (ROOT / "README.md").read_text().split("```yaml\n")[1:]
    text = next(block for block in blocks if "kind: optimised" in block).split("```")[0]
    plan = config(f"name: shown\ndata: {{source: {{kind: sample}}}}\n{text}").strategy
    shipped = config((ROOT / "configs" / "optimised.yaml").read_text()).strategy
    assert plan == shipped


def test_every_objective_is_written_down() -> None:
    text = (ROOT / "docs" / "semantics.md").read_text()
    kinds = [member.model_fields["kind"].default for member in get_args(get_args(Objective)[0])]
    assert set(kinds) == set(OBJECTIVES)
    for kind in kinds:
        assert f"`{kind}`" in text
        assert kind in (ROOT / "README.md").read_text() or kind in {
            "min_tracking_error",
            "equal_weight",
            "inverse_volatility",
        }
