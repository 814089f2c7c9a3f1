"""When the fee for keeping an account is due, and which share of its value it then is."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import DateArray
from engine.core.conventions import CASH_DAYS_PER_YEAR


def yearly_fee_shares(dates: DateArray, opening: int, yearly: float) -> dict[int, float]:
    """Return the share of the account's value by row of ``dates`` (T,): ``yearly`` x days since the last / 365.

    Due at the first session of each calendar year after the ``opening`` and at the last session.

    >>> yearly_fee_shares(np.array(["2020-12-30", "2021-01-04", "2021-01-05"], dtype="datetime64[D]"), 0, 0.365)
    {1: 0.005, 2: 0.001}
    """
    if not yearly:
        return {}
    year = dates.astype("datetime64[Y]")
    begun = opening + 1 + np.flatnonzero(year[opening + 1 :] != year[opening:-1])
    rows = sorted({*begun.tolist(), len(dates) - 1} - {opening})
    days = np.diff(dates[[opening, *rows]]).astype(np.int64).tolist()
    return {row: yearly * passed / CASH_DAYS_PER_YEAR for row, passed in zip(rows, days, strict=True)}
