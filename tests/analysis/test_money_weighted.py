"""Money-weighted rates with known roots."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.money_weighted import dated_internal_rates, internal_rates, mirr, modified_dietz
from engine.diagnostics.verify.rates import XIRR_CASES, money_weighted_figures, parse_flows, time_weighted_figures
from tests.support.published import ExpectedFigures

PUBLISHED = ExpectedFigures(money_weighted_figures())
CASES = [(text, rate) for _, text, rate in XIRR_CASES]


@pytest.mark.parametrize(("text", "rate"), CASES)
def test_the_root_of_dated_flows_is_the_published_one(text: str, rate: float) -> None:
    found = dated_internal_rates(*parse_flows(text)).value
    assert found == pytest.approx(rate, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("text", "rate"), CASES)
def test_the_present_value_at_the_root_is_zero(text: str, rate: float) -> None:
    dates, money = parse_flows(text)
    years = (dates - dates[0]).astype(float) / 365.0
    value = (money / (1.0 + dated_internal_rates(dates, money).value) ** years).sum()
    assert abs(value) < 1e-9 * np.abs(money).sum() * (1.0 + abs(rate))


def test_flows_of_one_sign_have_no_rate() -> None:
    rate = dated_internal_rates(*parse_flows("2020-01-01 -100 2021-01-01 -50"))
    assert rate.value is None
    assert not rate.roots


def test_nearly_all_lost_within_a_quarter_has_a_rate() -> None:
    """A thousandth of the money is left after 89 days: next to nothing of it would be left after a year."""
    rate = dated_internal_rates(*parse_flows("2020-01-02 -100000 2020-03-31 100"))
    assert rate.value == pytest.approx(0.001 ** (365.0 / 89.0) - 1.0, abs=1e-15)


def test_flows_that_sum_to_nothing_have_a_rate_of_nothing() -> None:
    """A grid point is the root: it is found once, exactly."""
    assert dated_internal_rates(*parse_flows("2020-01-01 -100 2020-07-01 -50 2021-01-01 150")).roots == (0.0,)


def test_the_root_does_not_hang_on_the_last_bits_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exponentials that err by a bit, as another processor's may, lead to the same rate."""
    exact = np.exp
    found = []
    for error in (0.0, 2.0**-52, -(2.0**-52)):
        monkeypatch.setattr(
            np, "exp", lambda x, error=error: exact(x) * (1.0 + error * (np.arange(x.size) % 2).reshape(x.shape))
        )
        found.append([dated_internal_rates(*parse_flows(text)).roots for text, _ in CASES])
    assert found[0] == found[1] == found[2]


def test_two_roots_are_reported_as_ambiguous() -> None:
    rate = internal_rates(np.array([-100.0, 230.0, -132.0]))
    assert len(rate.roots) > 1
    assert rate.value is None
    assert rate.roots == pytest.approx(PUBLISHED.vector("two roots, no rate"), abs=1e-12)


def test_periodic_and_modified_rates_are_the_published_ones() -> None:
    yearly = np.array([-70000.0, 12000, 15000, 18000, 21000, 26000])
    assert internal_rates(yearly[:-1]).value == pytest.approx(PUBLISHED["IRR, four years"], abs=1e-12)
    assert internal_rates(yearly).value == pytest.approx(PUBLISHED["IRR, five years"], abs=1e-12)
    payments = np.array([-120000.0, 39000, 30000, 21000, 37000, 46000])
    assert mirr(payments, 0.10, 0.12) == pytest.approx(PUBLISHED["MIRR, 10 % and 12 %"], abs=1e-12)


def test_modified_dietz_is_the_published_one_and_none_where_nothing_was_there() -> None:
    """portfolio-performance's eight days: 10,000 at the begin, 10,596.15 at the end, four flows between."""
    dates, money = parse_flows(
        "2011-12-31 0 2012-01-02 200 2012-01-03 -400 2012-01-06 5400 2012-01-07 -3697.04 2012-01-08 0"
    )
    published = ExpectedFigures(time_weighted_figures())["modified Dietz"]
    assert modified_dietz(dates, money, 10_000.0, 10_596.15) == pytest.approx(published, abs=5e-11)
    assert modified_dietz(dates, 0.0 * money, 0.0, 5.0) is None
    assert modified_dietz(dates[:1], money[:1], 100.0, 110.0) is None
