"""The adapter of estimators holds what the estimator itself finds when it is fitted outside of the engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.plug_ins.test_installed import ROOT, path_with
from tests.support.cli import engine
from tests.support.plug_in_packages import install

pytestmark = pytest.mark.slow

PLAN = """\
name: fitted
data: {source: {kind: sample}}
window: {start: 2018-01-02, end: 2019-06-28}
account: {capital: 100000, currency: USD}
strategy:
  kind: estimator
  path: skfolio.optimization:InverseVolatility
  assets: [QUAL, SIZE, USMV]
  lookback: 120
  rebalance: {kind: every, period: quarter}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    pytest.importorskip("skfolio", reason="the estimators are skfolio's", exc_type=ImportError)
    module = (ROOT / "docs/examples/estimator/estimator_strategy.py").read_text()
    install(tmp_path / "site", "estimator-strategy", module, {"strategies.estimator": "Estimator"})
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def test_its_weights_are_those_of_the_estimator_fitted_on_the_returns_up_to_yesterday(home: Path) -> None:
    from skfolio.datasets import load_factors_dataset
    from skfolio.optimization import InverseVolatility

    told = engine("run", "plan.yaml", cwd=home, **path_with(home / "site")).stdout
    assert "fitted on the last 120 returns before each decision" in " ".join(told.split())
    closes = load_factors_dataset()[["QUAL", "SIZE", "USMV"]]
    weights = pq.read_table(home / "runs/fitted/weights.parquet").to_pandas()
    starts = [day for day in weights.index if day.month in {1, 4, 7, 10}]
    firsts = [day for at, day in enumerate(starts) if at == 0 or starts[at - 1].month != day.month]
    assert len(firsts) == 6
    for day in firsts:
        returns = closes.loc[closes.index < day].tail(121).pct_change().dropna()
        expected = InverseVolatility().fit(returns).weights_
        np.testing.assert_allclose(weights.loc[day, ["QUAL", "SIZE", "USMV"]], expected, atol=1e-9)


def test_a_path_that_leads_nowhere_is_a_located_fault(home: Path) -> None:
    wrong = ("--set", "strategy.path=skfolio.optimization:Nothing")
    told = engine("validate", "plan.yaml", *wrong, cwd=home, check=1, **path_with(home / "site")).stderr
    assert "strategy.path: skfolio.optimization:Nothing cannot be made (AttributeError" in told


def test_the_engine_itself_imports_nothing_that_a_config_names(home: Path) -> None:
    told = engine("validate", "plan.yaml", cwd=home, check=1).stderr
    assert "unknown kind 'estimator'" in told
