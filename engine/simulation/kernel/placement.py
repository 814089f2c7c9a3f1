"""Where weights go that cannot be held: to the core, to a proxy, to cash; what a cap cuts goes to the core (S6 to S8).

Sums are exact, so columns that nobody wants change no bit, nor does their order.
"""

from __future__ import annotations

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.jit import njit_nogil, njit_private

_CORE_RECEIVES, _CASH_RECEIVES = -1, -2


@njit_private
def exact_sum(x: FloatArray, count: int, partials: FloatArray) -> float:
    """Return the sum of ``x[:count]`` rounded once, as ``math.fsum`` does (Shewchuk 1997, doi:10.1007/PL00009321).

    ``partials`` (count + 1,) is overwritten.
    """
    used = 0
    for i in range(count):
        high, kept = x[i], 0
        for j in range(used):
            low = partials[j]
            if abs(high) < abs(low):
                high, low = low, high
            total = high + low
            error = low - (total - high)
            if error != 0.0:
                partials[kept] = error
                kept += 1
            high = total
        partials[kept] = high
        used = kept + 1
    if used == 0:
        return 0.0
    used -= 1
    total, error = partials[used], 0.0
    while used > 0:
        high = total
        used -= 1
        low = partials[used]
        total = high + low
        error = low - (total - high)
        if error != 0.0:
            break
    # half way between two numbers the partials below decide, not the even digit
    if used > 0 and ((error < 0.0 and partials[used - 1] < 0.0) or (error > 0.0 and partials[used - 1] > 0.0)):
        twice = 2.0 * error
        rounded = total + twice
        if twice == rounded - total:
            total = rounded
    rounded_sum: float = total
    return rounded_sum


@njit_private
def _fill_shares(
    core: FloatArray, buyable: BoolArray, recipient: int, shares: FloatArray, partials: FloatArray
) -> None:
    """Overwrite ``shares`` (n,) with those in which ``recipient`` takes money: the core, while a proxy is absent."""
    shares[:] = 0.0
    if recipient >= 0 and buyable[recipient]:
        shares[recipient] = 1.0
    elif recipient != _CASH_RECEIVES:
        for a in range(core.size):
            if buyable[a]:
                shares[a] = core[a]
        total = exact_sum(shares, core.size, partials)
        if total != 0.0:
            for a in range(core.size):
                shares[a] /= total


@njit_private
def _place_row(
    w: FloatArray,
    core: FloatArray,
    absent: BoolArray,
    buyable: BoolArray,
    recipients: IntArray,
    scratch: FloatArray,
) -> None:
    """Place the weights ``w`` (n,) of one policy, in place; ``scratch`` (4, n + 1) is overwritten."""
    n = w.size
    missing, shares, parts, partials = scratch[0], scratch[1, :n], scratch[2], scratch[3]
    for a in range(n):
        missing[a] = w[a] if absent[a] else 0.0
        w[a] -= missing[a]
    for first in range(n):
        if missing[first] == 0.0:
            continue
        count, recipient = 0, recipients[first]
        for a in range(first, n):  # all that goes to the same place is one sum
            if missing[a] != 0.0 and recipients[a] == recipient:
                parts[count] = missing[a]
                missing[a] = 0.0
                count += 1
        freed = exact_sum(parts, count, partials)
        _fill_shares(core, buyable, recipient, shares, partials)
        for a in range(n):
            w[a] += freed * shares[a]


@njit_private
def _cut_row(w: FloatArray, core: FloatArray, caps: FloatArray, buyable: BoolArray, scratch: FloatArray) -> None:
    """Cut the weights ``w`` (n,) of one policy to ``caps`` (n,), in place; the core takes what is cut."""
    n = w.size
    cut, shares, partials = scratch[0], scratch[1, :n], scratch[3]
    over = False
    for a in range(n):
        cut[a] = max(w[a] - caps[a], 0.0)
        over = over or cut[a] > 0.0
    if over:
        _fill_shares(core, buyable, _CORE_RECEIVES, shares, partials)
        total = exact_sum(cut, n, partials)
        for a in range(n):
            w[a] = w[a] - cut[a] + total * shares[a]


@njit_nogil
def place_weights(
    weights: FloatArray,
    core: FloatArray,
    caps: FloatArray,
    absent: BoolArray,
    buyable: BoolArray,
    recipients: IntArray,
) -> None:
    """Place the ``weights`` (U, n) of U policies, in place; arguments as in ``PlacementRules``."""
    scratch = np.empty((4, weights.shape[1] + 1))
    for u in range(weights.shape[0]):
        _place_row(weights[u], core[u], absent, buyable, recipients, scratch)
        _cut_row(weights[u], core[u], caps[u], buyable, scratch)


@njit_nogil
def fill_recipient_shares(core: FloatArray, buyable: BoolArray, recipient: int, shares: FloatArray) -> None:
    """Overwrite ``shares`` (U, n) with those in which ``recipient`` takes money; ``core`` (U, n)."""
    partials = np.empty(core.shape[1] + 1)
    for u in range(core.shape[0]):
        _fill_shares(core[u], buyable, recipient, shares[u], partials)
