"""Powers from fifty decimal digits, sharing nothing with the engine's."""

from __future__ import annotations

import math
from decimal import Context, Decimal


def nearest_power(base: float, exponent: float) -> float:
    """Return the double nearest to ``base ** exponent``, of a base that is not negative."""
    if not 0.0 < base < math.inf:
        return float(base**exponent)
    digits = Context(prec=50)
    return float(digits.exp(digits.multiply(digits.ln(Decimal(base)), Decimal(exponent))))
