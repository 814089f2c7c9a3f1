"""What a fund does with its own income before anybody is paid: taxes that it loses inside, dividends that it keeps."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

import numpy as np

from engine.core.arrays import read_only
from engine.data.closes import Closes


def keep_inside(closes: Closes, accumulating: Collection[str], received: Mapping[str, float]) -> Closes:
    """Return closes as traded as if funds kept their income, or lost a part of it inside.

    Of each dividend the share of ``received`` [fraction], all of it where a ticker is not named, is paid; by
    ``accumulating`` tickers it is not paid, but their closes grow by ``1 + d/p`` of the ex-day, as those of the class
    of a fund that reinvests it at that day's close. Splits and the count of shares stay those of the source.
    """
    if closes.dividends is None:
        return closes
    share = np.array([received.get(ticker, 1.0) for ticker in closes.tickers])
    kept = np.array([ticker in accumulating for ticker in closes.tickers], dtype=np.bool_)
    dividends = closes.dividends * share
    growth = np.ones_like(closes.closes)
    inside = (dividends != 0.0) & kept
    growth[inside] += dividends[inside] / closes.closes[inside]
    dividends[:, kept] = 0.0
    return dataclasses.replace(
        closes,
        closes=read_only(closes.closes * np.multiply.accumulate(growth, axis=0)),
        dividends=read_only(dividends),
    )
