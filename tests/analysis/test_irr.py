"""O-IRR: money-weighted rates with known roots."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.money_weighted import irr, mirr, modified_dietz, xirr

DATED = [
    ("2008-01-01 -10000; 2008-03-01 2750; 2008-10-30 4250; 2009-02-15 3250; 2009-04-01 2750", 0.3733625335188),
    ("2010-01-01 -200; 2010-12-31 210", 0.0501407502910),
    (
        "2002-11-30 -4398; 2007-06-11 200; 2008-05-11 270; 2009-05-01 280; 2010-06-01 280; 2011-05-02 300; "
        "2012-04-30 330; 2012-12-06 14508",
        0.1444389894716,
    ),
    ("2019-05-24 -1560.94; 2020-01-13 -1160; 2020-06-29 42.80", -0.9992516434215),
    ("2010-12-29 -10000; 2012-01-25 20; 2012-03-08 10100", 0.0100612651649),
    ("2020-01-01 -10000; 2021-01-01 5500; 2022-01-01 6000", 0.0967788719195),
    ("2019-12-31 -80005.8; 2020-03-12 65209.6", -0.6453638827247),
    ("2019-12-31 -100; 2020-03-05 1000", 412461.6382901354),
    ("2013-01-01 -100; 2013-02-01 110", 2.0716058534721),
    ("2013-01-01 -100; 2014-01-01 20", -0.8),
    ("; ".join(f"2023-{m:02d}-01 -100" for m in range(1, 13)) + "; 2024-01-01 1300", 0.1566983509252),
]


def flows(text: str) -> tuple[np.ndarray, np.ndarray]:
    pairs = [item.split() for item in text.split(";")]
    return np.array([day for day, _ in pairs], dtype="datetime64[D]"), np.array([float(money) for _, money in pairs])


@pytest.mark.parametrize(("text", "rate"), DATED)
def test_the_root_of_dated_flows_is_the_oracle_s(text: str, rate: float) -> None:
    found = xirr(*flows(text)).value
    assert found == pytest.approx(rate, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("text", "rate"), DATED)
def test_the_present_value_at_the_root_is_zero(text: str, rate: float) -> None:
    dates, money = flows(text)
    years = (dates - dates[0]).astype(float) / 365.0
    value = (money / (1.0 + xirr(dates, money).value) ** years).sum()
    assert abs(value) < 1e-9 * np.abs(money).sum() * (1.0 + abs(rate))


def test_flows_of_one_sign_have_no_rate() -> None:
    rate = xirr(*flows("2020-01-01 -100; 2021-01-01 -50"))
    assert rate.value is None
    assert not rate.is_ambiguous


def test_two_roots_are_reported_as_ambiguous() -> None:
    rate = irr(np.array([-100.0, 230.0, -132.0]))
    assert rate.is_ambiguous
    assert rate.value is None
    assert rate.roots == pytest.approx((0.10, 0.20), abs=1e-12)


def test_periodic_and_modified_rates_are_the_oracle_s() -> None:
    assert irr(np.array([-70000.0, 12000, 15000, 18000, 21000])).value == pytest.approx(-0.0212448482734, abs=1e-12)
    assert irr(np.array([-70000.0, 12000, 15000, 18000, 21000, 26000])).value == pytest.approx(
        0.0866309480365, abs=1e-12
    )
    assert mirr(np.array([-120000.0, 39000, 30000, 21000, 37000, 46000]), 0.10, 0.12) == pytest.approx(
        0.1260941303659, abs=1e-12
    )


def test_modified_dietz_is_the_oracle_s_and_none_where_nothing_was_there() -> None:
    """O-TWR's eight days: 10,000 at the begin, 10,596.15 at the end, four flows between."""
    dates, money = flows(
        "2011-12-31 0; 2012-01-02 200; 2012-01-03 -400; 2012-01-06 5400; 2012-01-07 -3697.04; 2012-01-08 0"
    )
    assert modified_dietz(dates, money, 10_000.0, 10_596.15) == pytest.approx(-0.0840582988, abs=5e-11)
    assert modified_dietz(dates, 0.0 * money, 0.0, 5.0) is None
    assert modified_dietz(dates[:1], money[:1], 100.0, 110.0) is None
