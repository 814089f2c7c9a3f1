"""The thresholds below which a difference is rounding; they are read without the compiler."""

from __future__ import annotations

from typing import Final

TRADE_TOLERANCE: Final = 1e-12
"""Orders up to this share of the value are rounding, not orders."""

LIMIT_TOLERANCE: Final = 1e-9
"""A weight is above its cap, or out of its band, when it is so by more than this share of it; less is rounding (S6)."""

CASH_TOLERANCE: Final = 1e-9
"""Cash below zero by at most this share of the value is rounding and becomes zero (S5)."""

FIGURE_TOLERANCE: Final = 1e-12
"""Returns, drawdowns and spreads of returns up to this are rounding: no divisor, no gain and no fall (S13)."""
