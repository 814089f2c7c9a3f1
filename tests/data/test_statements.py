"""Lists of transactions and holdings that are taken for prices."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.errors import DataError
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (
            "Action,Time,ISIN,No. of shares,Price\nBuy,2024-01-02,US1,1,5\nSell,2024-01-02,US1,1,6\n",
            "Action, ISIN, No. of shares",
        ),
        ("WKN;ISIN;Bezeichnung;Wert in EUR\nA1;IE1;World;5.000,00\n", "WKN, ISIN, Wert in EUR"),
    ],
)
def test_a_broker_s_list_is_called_one(tmp_path: Path, text: str, columns: str) -> None:
    """To remove a transaction because its date stands there twice would not make prices of the rest."""
    (tmp_path / "depot.csv").write_text(text)
    with pytest.raises(DataError, match=f"found the columns {columns}: a list of transactions or holdings"):
        Files(path=tmp_path / "depot.csv").load(PriceRequest(("DE1",)))


def test_closes_beside_an_isin_are_prices(tmp_path: Path) -> None:
    """A word of statements beside what can be read as prices refuses nothing."""
    (tmp_path / "AAA.csv").write_text("Date,ISIN,Close,Volume\n2024-01-02,US1,5.1,100\n2024-01-03,US1,5.2,100\n")
    assert Files(path=tmp_path / "AAA.csv").load(PriceRequest(("US1",))).closes.ravel().tolist() == [5.1, 5.2]
