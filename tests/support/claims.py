"""Files of claims over closes that a test makes, checked as the command checks them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import composition
from engine.core.errors import ConfigError
from engine.evidence.claims.check import CheckedClaim, check_claims

HEAD = "name: made\ndata: {source: {kind: files, path: PATH, closes: adjusted}}\nevidence: {draws: 500}\nclaims:\n"


def made_frame(seed: int = 3, years: float = 8.0, funds: str = "ABC") -> pd.DataFrame:
    """Return closes of funds that drift apart, from 2010 on, each listed a year after the one before."""
    dates = pd.bdate_range("2010-01-04", periods=int(252 * years), name="date")
    noise = np.random.default_rng(seed).normal(0.0004, 0.01, (len(dates), len(funds)))
    frame = pd.DataFrame(100.0 * np.cumprod(1.0 + noise, axis=0), index=dates, columns=list(funds))
    for at, fund in enumerate(funds):
        frame.loc[frame.index[: 252 * at], fund] = np.nan
    return frame


def check_text(text: str, frame: pd.DataFrame, folder: Path, *overrides: str) -> tuple[CheckedClaim, ...]:
    """Return the checked claims of a YAML list, on the closes of a frame."""
    frame.to_parquet(folder / "closes.parquet")
    file = folder / "claims.yaml"
    file.write_text(HEAD.replace("PATH", str(folder / "closes.parquet")) + text)
    return check_claims(composition.load_claims(file, overrides), composition.build_strategy)


def refusal(text: str, folder: Path) -> str:
    """Return what is said of a YAML list of claims that cannot be read."""
    file = folder / "claims.yaml"
    file.write_text(HEAD + text)
    with pytest.raises(ConfigError) as caught:
        composition.load_claims(file)
    return str(caught.value).replace(str(folder) + "/", "")
