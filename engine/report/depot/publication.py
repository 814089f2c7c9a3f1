"""The folder of one day's orders."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.backtest.config import RunConfig
from engine.backtest.output_folders import ORDERS_KIND
from engine.core.errors import OutputError
from engine.core.files import atomic_write
from engine.core.json_files import to_json
from engine.core.regular_files import read_regular
from engine.depot.orders.answer_orders import OrderAnswer
from engine.depot.orders.state_file import state_json
from engine.portfolio.policy import PolicyT
from engine.report.depot.calendar_file import PRODUCT, calendar_file
from engine.report.depot.order_files import basket_csv, checklist, orders_csv, plan_json
from engine.report.depot.order_rows import order_rows
from engine.report.owned_folder import publish_owned

BASKETS: Final = ("basket.csv", "basket-2.csv")
"""The first wave's file, and the one of purchases that need its proceeds."""
_MAX_CALENDAR: Final = 1_000_000


def order_files(config: RunConfig[PolicyT], answer: OrderAnswer) -> dict[str, bytes]:
    """Return the content of every file of ``answer``, by name.

    Both basket files are always there, so that none of an earlier call is left beside newer orders.
    """
    rows, plan = order_rows(config, answer), answer.plan
    tag = f"{plan.name}-{plan.day.replace('-', '')}"
    return {
        "orders.json": to_json(plan_json(config, answer)),
        "orders.csv": orders_csv(rows),
        "checklist.txt": checklist(rows, config.identifiers, answer).encode(),
        **{name: basket_csv(rows, config.identifiers, tag, wave) for wave, name in enumerate(BASKETS, 1)},
        "state.json": to_json(state_json(plan.after, config.sha256())),
    }


def write_orders(config: RunConfig[PolicyT], answer: OrderAnswer, out: Path) -> Path:
    """Write the files of ``answer`` into ``out``/name/day, readable by their owner alone; return that folder.

    Raises
    ------
    OutputError
        When a file would be replaced that is another's, or was changed since.

    """
    folder = out / answer.plan.name / answer.plan.day
    for made in (folder.parent, folder):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    hashes = answer.sha256
    files = order_files(config, answer)
    signed = {"config": hashes["config"], "data": hashes["data"]}
    publish_owned(folder, files, ORDERS_KIND, "engine orders", **signed, private=True)
    return folder


def write_calendar(path: Path, answer: OrderAnswer) -> None:
    """Write the next decisions to a calendar file; raises OutputError where another program's would be replaced."""
    try:
        earlier = read_regular(path, _MAX_CALENDAR)
    except FileNotFoundError:
        earlier = PRODUCT.encode()
    except OSError as error:
        raise OutputError(f"{path}: cannot be replaced ({error.strerror}); choose another --ics") from None
    if PRODUCT.encode() not in earlier:
        raise OutputError(f"{path}: is no calendar of `engine orders` and would be replaced; choose another --ics")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, calendar_file(answer))
    path.chmod(0o600)
