"""Random closes for properties that must hold for every market."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st


@st.composite
def closes(draw: st.DrawFn, assets: int = 4, most: int = 260) -> np.ndarray:
    """A random walk of a few hundred sessions, positive prices, rounded as a feed would."""
    sessions = draw(st.integers(30, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = draw(st.sampled_from([0.002, 0.02, 0.06]))
    start = rng.uniform(1.0, 500.0, assets)
    return (
        np.round(start * np.cumprod(1.0 + np.clip(rng.normal(0.0003, scale, (sessions, assets)), -0.5, 1.0), axis=0), 4)
        + 0.01
    )
