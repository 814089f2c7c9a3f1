"""A satellite's own cap: what it is, what is refused, and that a sweep gives each variant the figures of its own run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import composition
from engine.core.errors import ConfigError
from engine.core.yaml_document import parse_document
from strategies.core_satellite import CoreSatellite
from tests.support.sweeps import evaluate_as_own_runs

PLAN = """
name: own-caps
data: {{source: {{kind: files, path: {path}}}}}
strategy:
  kind: core_satellite
  core: {{AAA: rest}}
  satellites: {{BBB: 20%, CCC: 20%, DDD: 20%}}
  cap: 25%
  caps_by_name: {own}
  caps: always
  rebalance: {{kind: every, period: quarter}}
costs: {{kind: percent, rate: 0.1%}}
compare: {{buy_and_hold: false}}
{sweep}
"""


def parse(own: str, path: str = "p.csv", sweep: str = ""):
    """Return the document of the plan with its caps by name."""
    return parse_document(PLAN.format(path=path, own=own, sweep=sweep), "plan.yaml")


def test_a_cap_by_name_stands_in_for_the_cap_of_all_below_and_above_it() -> None:
    """The others keep the common one."""
    policy = composition.validate_run(parse("{BBB: 21%, DDD: 40%}")).strategy
    assert isinstance(policy, CoreSatellite)
    assert policy.caps() == {"BBB": 0.21, "CCC": 0.25, "DDD": 0.4}


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("{BBD: 21%}", "strategy.caps_by_name.BBD: BBD is no satellite; did you mean 'BBB'?"),
        (
            "{BBB: 19%}",
            "strategy.satellites.BBB: satellite BBB at 20% is above its cap of 19%; lower it, raise the cap",
        ),
        ("{BBB: 0%}", "strategy.caps_by_name.BBB"),
    ],
)
def test_a_cap_by_name_that_cannot_be_is_one_located_line(own: str, expected: str) -> None:
    """It names the satellite, what it found and what to do."""
    with pytest.raises(ConfigError) as caught:
        composition.validate_run(parse(own))
    assert expected in str(caught.value)


def test_variants_with_a_cap_by_name_are_their_own_runs_also_where_one_cap_equals_it(tmp_path: Path) -> None:
    """Side by side only those whose satellites all have one cap; every figure to the bit, whoever computes it."""
    days = np.busday_offset("2019-01-02", np.arange(300), roll="forward").astype("datetime64[D]")
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(5).normal(0.0, 0.03, (300, 4)), axis=0)
    rows = [",".join([str(day), *map(repr, row)]) for day, row in zip(days, closes.tolist(), strict=True)]
    (tmp_path / "p.csv").write_text("\n".join(["date,AAA,BBB,CCC,DDD", *rows]) + "\n")
    document = parse("{BBB: 22%}", str(tmp_path / "p.csv"), "sweep: {axes: {strategy.cap: [22%, 25%, 30%]}}")
    _, chunk = evaluate_as_own_runs(document)
    assert chunk.point_numbers.tolist() == [0, 1, 2]
    assert len(set(chunk.metrics[:, 0].tolist())) == 3
