"""The folder of one day's orders."""

from __future__ import annotations

import json
from pathlib import Path

from engine.backtest.config import RunConfig
from engine.core.files import atomic_write
from engine.depot.order_plan import OrderPlan
from engine.depot.request import OwnDepot
from engine.depot.state_file import state_json
from engine.portfolio.policy import PolicyT
from engine.report.depot.order_files import basket_csv, checklist, orders_csv, plan_json


def write_orders(config: RunConfig[PolicyT], plan: OrderPlan, depot: OwnDepot, out: Path) -> Path:
    """Write the files of ``plan`` into ``out``/name/day, readable by their owner alone; return that folder."""
    folder = out / plan.name / plan.day
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {
        "orders.json": (json.dumps(plan_json(plan, depot), indent=1, ensure_ascii=False) + "\n").encode(),
        "orders.csv": orders_csv(plan, depot),
        "checklist.txt": checklist(plan, depot).encode(),
        "state.json": (json.dumps(state_json(plan.after, config.sha256()), indent=1) + "\n").encode(),
    }
    waves = sorted({order.wave for order in plan.sized.orders}) or [1]
    for wave in waves:
        name = "basket.csv" if len(waves) == 1 else f"basket-{wave}.csv"
        files[name] = basket_csv(plan, config.identifiers, wave)[0]
    for name, content in files.items():
        atomic_write(folder / name, content)
        (folder / name).chmod(0o600)
    return folder
