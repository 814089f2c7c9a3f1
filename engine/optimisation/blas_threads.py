"""One thread for linear algebra: the same bits on any number of cores, and no waiting for a second one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


@cache
def _load_blas_libraries() -> Any:  # noqa: ANN401  (threadpoolctl has no types)
    """Return the loaded linear algebra libraries; those that numpy and scipy bring are loaded first."""
    import scipy.linalg  # noqa: F401, PLC0415
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415

    return ThreadpoolController().select(user_api="blas")


def single_blas_thread() -> AbstractContextManager[object]:
    """Hold the libraries of linear algebra to one thread within a ``with`` block.

    A sum split over threads has other last bits, and problems of this size gain nothing from a second thread.
    """
    limited: AbstractContextManager[object] = _load_blas_libraries().limit(limits=1)
    return limited
