"""Cash that earns a dated rate: what was published by the session before, the same on every path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine import composition
from engine.backtest.prices import load_prices
from engine.backtest.workflow import run_backtest
from engine.core.errors import ConfigError, DataError
from engine.core.yaml_document import parse_document
from engine.simulation import simulate as spine
from engine.simulation.run_setup import AS_WRITTEN, RunSetup
from tests.support.sweeps import evaluate_as_own_runs

PLAN = """
name: cash
data: {{source: {{kind: files, path: {place}/p.csv}}}}
window: {{start: {start}, end: {end}}}
account: {{cash: {{rate: {rate}}}}}
strategy: {{kind: fixed_mix, weights: {{AAA: 50%, BBB: 20%}}, rebalance: {{kind: every, period: month}}}}
costs: {{kind: percent, rate: 0.1%}}
compare: {{buy_and_hold: false}}
{sweep}
"""
RATES = {"2019-01-15": 2.5, "2019-03-01": 0.0, "2019-03-06": -0.75, "2019-05-30": 5.25, "2019-08-01": 4.0}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder of closes, Monday to Friday but for some, and a file of rates."""
    days = np.busday_offset("2019-01-02", np.arange(260), roll="forward")
    days = days[np.arange(260) % 17 != 3]
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(3).normal(0.0, 0.02, (len(days), 2)), axis=0)
    rows = [f"{day},{a!r},{b!r}" for day, (a, b) in zip(days, closes.tolist(), strict=True)]
    (tmp_path / "p.csv").write_text("\n".join(["date,AAA,BBB", *rows]) + "\n")
    write_rates(tmp_path, RATES)
    return tmp_path


def write_rates(place: Path, rates: dict[str, float]) -> None:
    """Write a file of rates in percent."""
    (place / "rates.csv").write_text("".join(["date,rate\n", *(f"{day},{rate}\n" for day, rate in rates.items())]))


def plan(place: Path, *, rate: str = "", start: str = "2019-01-20", end: str = "2019-10-18", sweep: str = ""):
    """Return the document of the plan; its cash earns the file's rate unless another is given."""
    dated = rate or f"{{path: {place}/rates.csv, unit: percent}}"
    return parse_document(PLAN.format(place=place, rate=dated, start=start, end=end, sweep=sweep), "plan.yaml")


def ledger(place: Path, **changes: str):
    """Return the ledger of the plan."""
    return run_backtest(composition.validate_run(plan(place, **changes)), intervals=False).comparison.strategy.ledger


def test_cash_grows_by_the_rate_known_at_the_session_before(place: Path) -> None:
    """Each session's interest, worked out one by one from the file, over calendar days / 365."""
    run = ledger(place)
    days, traded = run.dates.tolist(), set(run.rows.tolist())
    for row in range(1, len(days)):
        if row in traded:
            continue
        known = [rate for day, rate in RATES.items() if day <= str(days[row - 1])][-1]
        growth = (1.0 + known / 100.0) ** ((days[row] - days[row - 1]).days / 365.0)
        assert run.cash[row] == pytest.approx(run.cash[row - 1] * growth, rel=1e-13)
    assert len(traded) < 15


def test_a_rate_changes_nothing_before_the_session_after_it_was_published(place: Path) -> None:
    """The value up to its own session stays to the bit, and no other than the next differs first."""
    before = ledger(place)
    write_rates(place, {**RATES, "2019-05-30": 9.0})
    after = ledger(place)
    row = int(np.searchsorted(before.dates, np.datetime64("2019-05-30")))
    assert int(np.flatnonzero(before.value != after.value)[0]) == row + 1


def test_one_rate_in_a_file_is_the_rate_itself(place: Path) -> None:
    """Written as a number or once a month in a file: the same bits."""
    write_rates(place, {f"2019-{month:02d}-01": 1.7 for month in range(1, 13)})
    np.testing.assert_array_equal(ledger(place).value, ledger(place, rate="1.7%").value)


def test_every_path_has_the_same_bits(place: Path) -> None:
    """In one call and decision by decision; as a variant beside others and as a run of its own."""
    config = composition.validate_run(plan(place))
    own = load_prices(config).sessions_of(config.strategy)
    costs = config.costs.cost_table(own.market.assets, own.market.foreign)
    setup = RunSetup.build(own.market, config.strategy, config.account, costs, own.start, AS_WRITTEN, None)
    decided = spine._run_with_decisions(setup)
    np.testing.assert_array_equal(ledger(place).value, decided.value)

    axes = f"{{account.cash.rate: [0%, 2%, {{path: {place}/rates.csv, unit: percent}}], costs.rate: [0%, 0.1%]}}"
    document = plan(place, sweep=f"sweep: {{axes: {axes}}}")
    _, chunk = evaluate_as_own_runs(document)
    assert len(chunk.point_numbers) == 6


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        ({"start": "2019-01-10"}, "the first rate is of 2019-01-15, one is needed on 2019-01-10; move window.start"),
        ({"end": "2019-12-20"}, "the last rate is of 2019-08-01, one is needed on 2019-12-19; fetch the file again"),
    ],
)
def test_a_window_that_the_file_does_not_cover_is_refused(place: Path, dates: dict[str, str], said: str) -> None:
    """In one line with the key; the last rate is carried as long as one of the file was, 85 days here."""
    with pytest.raises(DataError, match=rf"^account\.cash\.rate: .*rates\.csv: {said}"):
        ledger(place, **dates)


def test_faults_of_the_key_and_of_the_file_name_their_place(place: Path) -> None:
    """A file that is not there, one whose unit nobody states, and a line that is no rate."""
    with pytest.raises(ConfigError, match=r"plan\.yaml:5: account\.cash\.rate\.path: nowhere\.csv: No such file"):
        ledger(place, rate="{path: nowhere.csv, unit: percent}")
    with pytest.raises(ConfigError, match=r"account\.cash\.rate\.unit"):
        ledger(place, rate="{path: rates.csv}")
    (place / "rates.csv").write_text("date,rate\n2018-12-31,2\n2019-06-28,1\n2018-12-31,3\n")
    with pytest.raises(
        ConfigError,
        match=r"cash\.rate\.path: .*rates\.csv: found 2018-12-31 twice, expected one rate a day; remove one",
    ):
        ledger(place)
    (place / "rates.csv").write_text("date,rate\n2019-01-02,two\n")
    with pytest.raises(ConfigError, match=r"rates\.csv:2: found '2019-01-02,two'"):
        ledger(place)
