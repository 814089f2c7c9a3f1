"""The state of a run's account before a session, as files beside the run: `engine orders` goes on from them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Final

from engine.backtest.config import RunConfig
from engine.core.files import atomic_write
from engine.depot.orders.state_at import AccountAt
from engine.depot.orders.state_file import state_json
from engine.portfolio.policy import PolicyT

STATE_FILE: Final = "state.json"
HOLDINGS_FILE: Final = "holdings.csv"


def write_account(config: RunConfig[PolicyT], account: AccountAt, folder: Path) -> tuple[Path, Path]:
    """Write what was decided and what is held into the ``folder`` of a run; return both paths.

    They are no results of the run: its manifest does not name them, and a later run leaves them alone.
    """
    rows = [f"{ticker},{quantity:f}" for ticker, quantity in sorted(account.held.items())]
    holdings = "\n".join(["ticker,quantity", *rows, f"CASH,{Decimal(repr(account.state.cash)):f}", ""])
    state, held = folder / STATE_FILE, folder / HOLDINGS_FILE
    atomic_write(state, (json.dumps(state_json(account.state, config.sha256()), indent=1) + "\n").encode())
    atomic_write(held, holdings.encode())
    return state, held
