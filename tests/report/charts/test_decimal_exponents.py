"""Numbers of charts are rounded by exact powers of ten: a processor's own logarithm may be beside a whole one (S14)."""

from __future__ import annotations

import numpy as np
import pytest

from engine.report.charts.scales import decimal_exponents


def test_powers_of_ten_and_their_neighbours_have_their_own_exponent() -> None:
    """From 1e-300 to 1e300, and the doubles just below and above each."""
    for exponent in range(-300, 301):
        power = float(f"1e{exponent}")
        sizes = np.array([np.nextafter(power, 0.0), power, np.nextafter(power, np.inf)])
        assert decimal_exponents(sizes).tolist() == [exponent - 1, exponent, exponent]


def test_an_exponent_does_not_depend_on_the_processor_s_logarithm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a logarithm that is off by a little, on either side, it is the same."""
    sizes = np.array([1000.0, 999999.5, 0.001, 123456.789, 1e-7])
    expected, log10 = decimal_exponents(sizes).tolist(), np.log10
    for off in (-1e-9, 1e-9):
        monkeypatch.setattr(np, "log10", lambda size, off=off: log10(size) + off)
        assert decimal_exponents(sizes).tolist() == expected
