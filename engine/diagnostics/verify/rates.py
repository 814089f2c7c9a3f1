"""Money-weighted and time-weighted rates that spreadsheets, other programs and their tests agree on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.analysis.metrics import time_weighted_returns
from engine.analysis.money_weighted import dated_internal_rates, internal_rates, mirr, modified_dietz
from engine.core.arrays import DateArray, FloatArray
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure

XIRR_CASES: Final = (
    (
        "Microsoft's example",
        "2008-01-01 -10000 2008-03-01 2750 2008-10-30 4250 2009-02-15 3250 2009-04-01 2750",
        0.3733625335188,
    ),
    ("a year", "2010-01-01 -200 2010-12-31 210", 0.0501407502910),
    (
        "ten years of dividends",
        (
            "2002-11-30 -4398 2007-06-11 200 2008-05-11 270 2009-05-01 280 2010-06-01 280 2011-05-02 300 "
            "2012-04-30 330 2012-12-06 14508"
        ),
        0.1444389894716,
    ),
    ("nearly all lost", "2019-05-24 -1560.94 2020-01-13 -1160 2020-06-29 42.80", -0.9992516434215),
    ("a small gain", "2010-12-29 -10000 2012-01-25 20 2012-03-08 10100", 0.0100612651649),
    ("two payments", "2020-01-01 -10000 2021-01-01 5500 2022-01-01 6000", 0.0967788719195),
    ("a bad quarter", "2019-12-31 -80005.8 2020-03-12 65209.6", -0.6453638827247),
    ("tenfold in two months", "2019-12-31 -100 2020-03-05 1000", 412461.6382901354),
    ("a month", "2013-01-01 -100 2013-02-01 110", 2.0716058534721),
    ("four fifths lost", "2013-01-01 -100 2014-01-01 20", -0.8),
    (
        "a savings plan",
        " ".join(f"2023-{month:02d}-01 -100" for month in range(1, 13)) + " 2024-01-01 1300",
        0.1566983509252,
    ),
)
CUMULATIVE_RETURNS = (0.023, 0.042616491, 0.019624983, 0.049614163, 0.079603343, 0.092841403, 0.033231970, -0.056182678)


def money_weighted_figures() -> Iterator[ReferenceFigure]:
    """Yield internal rates of return of dated and of yearly flows."""
    origin = FigureGroup("money-weighted rates", "Microsoft, portfolio-performance, MathWorks, pyxirr and xirr tests")
    for name, text, rate in XIRR_CASES:
        yield origin.figure(f"XIRR, {name}", rate, dated_internal_rates(*parse_flows(text)).value)
    yearly = np.array([-70000.0, 12000.0, 15000.0, 18000.0, 21000.0, 26000.0])
    yield origin.figure("IRR, four years", -0.0212448482734, internal_rates(yearly[:-1]).value)
    yield origin.figure("IRR, five years", 0.0866309480365, internal_rates(yearly).value)
    payments = np.array([-120000.0, 39000.0, 30000.0, 21000.0, 37000.0, 46000.0])
    yield origin.figure("MIRR, 10 % and 12 %", 0.1260941303659, mirr(payments, 0.10, 0.12))
    yield from origin.figures("two roots, no rate", (0.1, 0.2), internal_rates(np.array([-100.0, 230.0, -132.0])).roots)


def time_weighted_figures() -> Iterator[ReferenceFigure]:
    """Yield the eight days of portfolio-performance's test: deposits come at the open, withdrawals at the close."""
    origin = FigureGroup("time-weighted returns", "portfolio-performance ClientIndexTest")
    gains = (0.0, 230.0, 200.0, -234.41, 293.99, 293.99, 195.99, -882.52, -1003.85)
    come = np.array([0.0, 0.0, 200.0, 0.0, 0.0, 0.0, 5400.0, 0.0, 0.0])
    gone = np.array([0.0, 0.0, 0.0, 400.0, 0.0, 0.0, 0.0, 3697.04, 0.0])
    value = 10000.0 + np.cumsum(come + np.array(gains) - gone)
    returns = time_weighted_returns(value, come - gone, np.append(value[:1], value[:-1]))
    yield from origin.figures("cumulative return, day", CUMULATIVE_RETURNS, np.cumprod(1.0 + returns) - 1.0)
    dates = np.arange(np.datetime64("2011-12-31"), np.datetime64("2012-01-09"))
    paid = come - gone
    yield origin.figure("modified Dietz", -0.0840582988, modified_dietz(dates, paid, 10000.0, float(value[-1])), 1e-10)
    pocket = -paid
    pocket[0] -= 10000.0
    pocket[-1] += value[-1]
    yield origin.figure("XIRR", -0.9816216537, dated_internal_rates(dates, pocket).value)


def parse_flows(text: str) -> tuple[DateArray, FloatArray]:
    """Return dates and amounts (K,) of flows written as ``2010-01-01 -200 2010-12-31 210``."""
    words = text.split()
    return np.array(words[::2], dtype="datetime64[D]"), np.array(words[1::2], dtype=np.float64)
