"""No damaged file ends in a traceback, and none is read as something that it cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backtest.prices import load_prices
from tests.support.configs import config
from tests.support.corrupted_files import PLAN, frame, originals, read_corrupted, read_outcome


@pytest.mark.parametrize("name", originals())
def test_what_is_damaged_elsewhere_is_read_when_it_is_whole(tmp_path: Path, name: str) -> None:
    """Otherwise all that damage does is hidden behind a refusal of the undamaged file."""
    (tmp_path / name).write_bytes(originals()[name])
    market = load_prices(config(PLAN, f"data.source.path={tmp_path / name}")).market
    np.testing.assert_array_equal(market.prices, frame().to_numpy())


def test_corrupted_files_are_read_or_refused(tmp_path: Path) -> None:
    """Bytes turned, lost, doubled, cut; cells, types, names and metadata that are wrong: some of each kind."""
    assert read_corrupted(range(150), tmp_path).failures == []


@pytest.mark.slow
@pytest.mark.parametrize("thousand", range(20))
def test_twenty_thousand_corrupted_files_are_read_or_refused(tmp_path: Path, thousand: int) -> None:
    """As above, so many that rare ones are among them."""
    assert read_corrupted(range(1000 * thousand, 1000 * thousand + 1000), tmp_path).failures == []


def test_an_archive_whose_only_member_has_no_name(tmp_path: Path) -> None:
    """A name that begins with a zero byte is none, at which Python's own question whether it is a folder fails."""
    content = originals()["wide.csv.zip"]
    (tmp_path / "p.zip").write_bytes(content.replace(b"p.csv", b"\0.csv"))
    outcome, failure = read_outcome(config(PLAN, f"data.source.path={tmp_path / 'p.zip'}"), "p.zip")
    assert (outcome, failure) in {("refused", ""), ("read as written", "")}
