"""Holdings that are no whole shares, under a plan of whole ones."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.account import Account

_WHOLE: Final = 1e-9
"""Shares by which a holding may miss a whole number and still be one."""


def allow_fractions_held(account: Account, held: FloatArray) -> Account:
    """Return the terms of a plan, with fractions allowed where any of ``held`` (N,) [shares] is one (S10)."""
    if account.shares != "whole" or float(np.abs(held - np.rint(held)).max(initial=0.0)) <= _WHOLE:
        return account
    return account.model_copy(update={"shares": "fractional"})
