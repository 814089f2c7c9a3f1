"""A small plan in euros with an asset in dollars and one in pence, and `engine orders` of it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main

CONFIG = """
name: three
data:
  calendar: XETR
  source: {kind: files, path: PRICES, closes: raw}
  currencies: {EUNL: EUR, SPY: USD, VOD: GBX}
  fx: {kind: files, path: RATES}
account: {capital: 20000, currency: EUR, shares: whole}
strategy:
  kind: fixed_mix
  weights: {EUNL: 50%, SPY: 30%, VOD: 20%}
  rebalance: {kind: annual, month: january}
costs: {kind: percent, rate: 0.1%, fx: 0.02%}
identifiers:
  IE00B4L5Y983: {ticker: EUNL, ibkr: EUNL, exchange: SMART/IBIS2}
  A0RPWH: EUNL
  US78462F1030: {ticker: SPY, ibkr: SPY, exchange: SMART/ARCA}
"""
PRICES = "date,EUNL,SPY,VOD\n" + "".join(
    f"2026-11-{day:02d},110.00,541.60,458.89\n" for day in (*range(16, 21), *range(23, 28))
)
RATES = "date,USD,GBP\n" + "".join(f"2026-11-{day:02d},1.0832,0.85\n" for day in (*range(16, 21), *range(23, 28)))
HELD = "ticker,quantity\nEUNL,90\nSPY,10\nVOD,400\nCASH,2000\n"


@dataclass
class OrdersCommand:
    """`engine orders` in ``folder`` for files that are there, unless told otherwise."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    config: str = CONFIG
    out: str = ""
    err: str = ""

    def run(self, *more: str, held: str | bytes = HELD, name: str = "held.csv", **files: str) -> int:
        """Run it on 2026-11-30; ``files`` by name are written first (their suffix is .csv)."""
        content = {"prices": PRICES, "rates": RATES, **files}
        for stem, text in content.items():
            (self.folder / f"{stem}.csv").write_text(text)
        if not (self.folder / name).exists() or (self.folder / name).stat().st_mode & 0o200:
            (self.folder / name).write_bytes(held if isinstance(held, bytes) else held.encode())
        plan = self.config.replace("PRICES", str(self.folder / "prices.csv")).replace(
            "RATES", str(self.folder / "rates.csv")
        )
        (self.folder / "plan.yaml").write_text(plan)
        command = ["engine", "orders", str(self.folder / "plan.yaml"), "--holdings", str(self.folder / name)]
        day = () if "--as-of" in more else ("--as-of", "2026-11-30")
        self.patch.setattr(sys, "argv", [*command, "--out", str(self.folder / "out"), *day, *more])
        code = main()
        self.out, self.err = self.capture.readouterr()
        return code

    def json(
        self, *more: str, held: str | bytes = HELD, name: str = "held.csv", **files: str
    ) -> Any:  # JSON of any shape
        """Return what it prints with ``--json``, having ended well."""
        code = self.run(*more, "--json", held=held, name=name, **files)
        assert code == 0, self.err
        return json.loads(self.out)
