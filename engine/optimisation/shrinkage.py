"""How far a covariance is shrunk towards that of equal variances without correlation, as scikit-learn defines it.

The same operations in the same order as in scikit-learn, which the tests hold them to: 20 lines of arithmetic instead
of a package of 40 MB. Squares are products, never powers.
"""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray


def ledoit_wolf_shrinkage(centred: FloatArray) -> float:
    """Return the weight of the target by Ledoit and Wolf, in [0, 1], from ``centred`` returns (T, N).

    Source: O. Ledoit and M. Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", Journal of
    Multivariate Analysis 88(2), 2004, doi:10.1016/S0047-259X(03)00096-4.
    """
    count, assets = centred.shape
    if assets == 1:  # the target is the covariance itself
        return 0.0
    squares = centred * centred
    variances = squares.sum(axis=0) / count
    common = variances.sum() / assets
    product = centred.T @ centred
    spread = (product * product).sum() / (count * count)
    noise = 1.0 / (assets * count) * ((squares.T @ squares).sum() / count - spread)
    distance = (spread - 2.0 * common * variances.sum() + assets * (common * common)) / assets
    noise = min(noise, distance)  # never more than the whole way
    return 0.0 if noise == 0.0 else float(noise / distance)


def oracle_approximating_covariance(centred: FloatArray) -> tuple[FloatArray, float]:
    """Return the covariance (N, N) of ``centred`` returns (T, N), divided by T and shrunk, and the target's weight.

    As scikit-learn, without the factor 2/N of equation 23.

    Source: Y. Chen, A. Wiesel, Y. C. Eldar and A. O. Hero, "Shrinkage algorithms for MMSE covariance estimation", IEEE
    Transactions on Signal Processing 58(10), 2010, doi:10.1109/TSP.2010.2053029.
    """
    count, assets = centred.shape
    if assets == 1:
        return np.atleast_2d((centred * centred).mean()), 0.0
    covariance = centred.T @ centred / count
    mean_square = (covariance * covariance).mean()
    common = np.trace(covariance) / assets
    above, below = mean_square + common * common, (count + 1) * (mean_square - common * common / assets)
    shrinkage = 1.0 if below == 0.0 else float(min(above / below, 1.0))
    shrunk = (1.0 - shrinkage) * covariance
    shrunk.flat[:: assets + 1] += shrinkage * common
    return shrunk, shrinkage
