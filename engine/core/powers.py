"""Powers with the same bits on every processor and with every mathematical library (S14).

NumPy's power of arrays depends on the vector instructions that a processor has, and the C library's on whether it
multiplies and adds in one step. Here are sums, products and quotients only, which IEEE 754 rounds in one way. Logarithm
and exponential are series in pairs of numbers, high and low (Dekker 1971, doi:10.1007/BF01397083), so that all but one
power in thousands is the double next to the true one, and that one is the double after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol, TypeAlias, TypeVar, cast

import numpy as np

from engine.core.arrays import FloatArray

Function = TypeVar("Function", bound=Callable[..., object])
Pair: TypeAlias = tuple[float, float]
PairFunction: TypeAlias = Callable[[float, float], Pair]

_SPLIT: Final = 2.0**27 + 1.0
_WHOLE: Final = 1.5 * 2.0**52
"""Added to a number and taken away again, it leaves the nearest whole one."""
_ROOT_OF_HALF: Final = 0.7071067811865476
_LOG2: Final = (6.93147180369123816490e-01, 1.90821492927058770002e-10)
"""ln 2; the high part has so few digits that a whole number of them is exact (fdlibm, e_log.c)."""
_THIRD: Final = (1.0 / 3.0, 1.850371707708594e-17)
_SIXTH: Final = (1.0 / 6.0, 9.25185853854297e-18)
_LOG_TERMS: Final = tuple(1.0 / (2 * k + 1) for k in range(13, 1, -1))
_EXP_TERMS: Final = tuple(1.0 / math.factorial(k) for k in range(17, 3, -1))
_MAX_LOG: Final = 708.0
"""Where a power is about to leave the numbers of full precision; beyond it is infinite, or 0."""


class Decorator(Protocol):
    """What a function goes through: a compiler's decorator, or nothing."""

    def __call__(self, function: Function, /) -> Function:
        """Return what to call in place of ``function``."""


def _make_arithmetic(compiled: Decorator) -> tuple[PairFunction, PairFunction]:
    """Return a sum and a product, each with what rounding took from it (Knuth; Dekker)."""

    @compiled
    def add(a: float, b: float) -> Pair:
        total = a + b
        part = total - a
        return total, (a - (total - part)) + (b - part)

    @compiled
    def multiply(a: float, b: float) -> Pair:
        total = a * b
        a_high, b_high = _SPLIT * a, _SPLIT * b
        a_high, b_high = a_high - (a_high - a), b_high - (b_high - b)
        a_low, b_low = a - a_high, b - b_high
        return total, ((a_high * b_high - total) + a_high * b_low + a_low * b_high) + a_low * b_low

    return add, multiply


def _make_log(compiled: Decorator, add: PairFunction, multiply: PairFunction) -> PairFunction:
    """Return the logarithm of ``fraction * 2 ** twos`` as a pair, the fraction from the root of a half to that of two.

    ``ln f = 2 s (1 + s^2 / 3 + s^4 / 5 + ...)`` with ``s = (f - 1) / (f + 1)``.
    """

    @compiled
    def log(fraction: float, twos: float) -> Pair:
        above, (below, below_low) = fraction - 1.0, add(fraction, 1.0)
        s = above / below
        back, back_low = multiply(s, below)
        s_low = ((above - back) - back_low - s * below_low) / below
        square, square_low = multiply(s, s)
        square_low += 2.0 * s * s_low
        tail = 0.0
        for term in _LOG_TERMS:
            tail = (tail + term) * square
        third, third_low = multiply(square, _THIRD[0])
        third_low += square_low * _THIRD[0] + square * _THIRD[1] + tail * square
        more, more_low = multiply(s, third)
        more_low += s * third_low + s_low * third + s_low
        half, half_low = add(s, more)
        high, low = add(twos * _LOG2[0], 2.0 * half)
        return high, low + (2.0 * (half_low + more_low) + twos * _LOG2[1])

    return log


def _make_exp(compiled: Decorator, add: PairFunction, multiply: PairFunction) -> PairFunction:
    """Return what gives x, from 0.7 to 1.4, and a whole k: ``x * 2 ** k`` is the exponential of a pair."""

    @compiled
    def exp(high: float, low: float) -> Pair:
        twos = (high * (1.0 / _LOG2[0]) + _WHOLE) - _WHOLE
        r, rest = add(high, -twos * _LOG2[0])
        r, low = add(r, rest + low - twos * _LOG2[1])
        square, square_low = multiply(r, r)
        square_low += 2.0 * r * low
        cube, cube_low = multiply(square, r)
        cube_low += square_low * r + square * low
        sixth, sixth_low = multiply(cube, _SIXTH[0])
        sixth_low += cube_low * _SIXTH[0] + cube * _SIXTH[1]
        tail = 0.0
        for term in _EXP_TERMS:
            tail = (tail + term) * r
        value, first = add(1.0, r)
        value, second = add(value, 0.5 * square)
        value, third = add(value, sixth)
        return value + (low + first + second + third + 0.5 * square_low + sixth_low + tail * cube), twos

    return exp


def make_power(compiled: Decorator) -> Callable[[float, float], float]:
    """Return ``power``, as below, of which every part went through ``compiled``."""
    add, multiply = _make_arithmetic(compiled)
    log, exp = _make_log(compiled, add, multiply), _make_exp(compiled, add, multiply)

    @compiled
    def power(base: float, exponent: float) -> float:
        if not 0.0 < base < math.inf:
            if exponent == 0.0 or not base >= 0.0:
                return 1.0 if exponent == 0.0 else math.nan
            return base if exponent > 0.0 else 0.0 if base > 0.0 else math.inf
        fraction, twos = math.frexp(base)
        if fraction < _ROOT_OF_HALF:
            fraction, twos = 2.0 * fraction, twos - 1
        log_high, log_low = log(fraction, float(twos))
        high, low = multiply(exponent, log_high)
        low += exponent * log_low
        if abs(high) > _MAX_LOG:
            return math.inf if high > 0.0 else 0.0
        value, twos_of_it = exp(high, low)
        return math.ldexp(value, int(twos_of_it))

    return power


def _as_it_is(function: Function) -> Function:
    return function


_power: Final = make_power(_as_it_is)
_log: Final = _make_log(_as_it_is, *_make_arithmetic(_as_it_is))
_logs: Final = cast("Callable[[FloatArray, FloatArray], tuple[FloatArray, FloatArray]]", _log)
"""The same sums and products of whole arrays, each of which rounds as that of two numbers."""
_exp: Final = _make_exp(_as_it_is, *_make_arithmetic(_as_it_is))


@lru_cache(maxsize=4096)
def power(base: float, exponent: float) -> float:
    """Return ``base ** exponent`` of a base that is not negative and a finite exponent; NaN of others, never an error.

    >>> power(1.03, 1.0), power(4.0, 0.5), power(0.0, 2.0), power(10.0, 365.0)
    (1.03, 2.0, 0.0, inf)
    """
    return _power(base, exponent)


def powers(bases: FloatArray | float, exponents: FloatArray | float) -> FloatArray:
    """Return ``bases ** exponents``, each to the bits of ``power``; the shapes are broadcast.

    Meant for few different pairs, as the rates of days are: 12 microseconds each, and no time when it comes again.
    """
    base, exponent = np.broadcast_arrays(bases, exponents)
    found = [power(*pair) for pair in zip(base.ravel().tolist(), exponent.ravel().tolist(), strict=True)]
    return np.array(found, dtype=np.float64).reshape(base.shape)


def logarithm(number: float) -> float:
    """Return the natural logarithm of a ``number`` above 0 and below infinity.

    >>> logarithm(1.0), logarithm(2.0), logarithm(0.1)
    (0.0, 0.6931471805599453, -2.3025850929940455)
    """
    fraction, twos = math.frexp(number)
    if fraction < _ROOT_OF_HALF:
        fraction, twos = 2.0 * fraction, twos - 1
    high, low = _log(fraction, float(twos))
    return high + low


def logarithms(numbers: FloatArray) -> FloatArray:
    """Return the natural logarithms of ``numbers`` above 0 and below infinity, each to the bits of ``logarithm``.

    >>> logarithms(np.array([1.0, 2.0, 0.1])).tolist()
    [0.0, 0.6931471805599453, -2.3025850929940455]
    """
    fraction, twos = np.frexp(numbers)
    small = fraction < _ROOT_OF_HALF
    fraction = np.where(small, 2.0 * fraction, fraction)
    high, low = _logs(fraction, (twos - small).astype(np.float64))
    return np.asarray(high + low)


def exponential(number: float) -> float:
    """Return the exponential of a ``number``; 0 or infinity where its value leaves the numbers of full precision.

    >>> exponential(0.0), exponential(1.0), exponential(-1000.0)
    (1.0, 2.718281828459045, 0.0)
    """
    if not abs(number) <= _MAX_LOG:
        return math.nan if math.isnan(number) else math.inf if number > 0.0 else 0.0
    value, twos = _exp(number, 0.0)
    return math.ldexp(value, int(twos))
