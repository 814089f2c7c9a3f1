"""The verb `orders`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from engine import composition
from engine.cli import depot_options as option
from engine.cli.messages import print_json, warn
from engine.cli.options import ConfigPath, Overrides
from engine.core.errors import prefix_errors
from engine.library.compilation_warning import warn_of_compilation

if TYPE_CHECKING:
    from engine.backtest.config import RunConfig
    from engine.depot.orders.answer_orders import OrderAnswer
    from engine.portfolio.policy import PolicyT


def orders(
    config: ConfigPath,
    holdings: option.Holdings,
    cash: option.Cash = "",
    as_of: option.AsOf = "",
    layout: option.Layout = "",
    account: option.AccountName = "",
    prices: option.SizingPrices = None,
    fx: option.Rates = None,
    stale_ok: option.StaleOk = False,
    contribute: option.Contribute = 0.0,
    withdraw: option.Withdraw = 0.0,
    now: option.Now = False,
    exact: option.Exact = False,
    state: option.State = None,
    pending: option.Pending = None,
    settled_cash: option.SettledCash = None,
    rounding: option.HowRounded = "plan",
    fewest: option.Fewest = None,
    exit_code: option.ExitCode = False,
    ics: option.Calendar = None,
    out: option.OrdersFolder = Path("orders"),
    overrides: Overrides = None,
    offline: option.Offline = False,
    form: option.PrintedFile = None,
    json: option.OrdersJson = False,
) -> None:
    """Say what the tested plan orders in your own depot now.

    Reads what you hold from a broker's file and prints whole orders with limits, fees and enough cash, or when the next
    are due; writes files for a broker into DIR/<name>/<date>/. Nothing is sent to anyone.

    Exit code 4 with --exit-code when orders are due.

    Example: engine orders plan.yaml --holdings depot.csv --cash 1234.56
    """
    from engine.data.sources.network import network
    from engine.depot.orders.answer_orders import answer_orders
    from engine.depot.orders.order_flags import OrderFlags
    from engine.report.depot.publication import write_calendar, write_orders

    day = as_of or dt.datetime.now(tz=dt.UTC).date().isoformat()  # printed and written with the orders
    flags = OrderFlags(
        cash=cash,
        as_of=day,
        layout=layout,
        account=account,
        prices=prices,
        contribute=contribute,
        withdraw=withdraw,
        now=now,
        exact=exact,
        state=state,
        fx=tuple(fx or ()),
        stale_ok=stale_ok,
        agenda=ics is not None,
        pending=pending,
        settled_cash=settled_cash,
        rounding=rounding,
        fewest=fewest,
    )
    loaded = composition.load_run(config, overrides or ())
    warn_of_compilation()
    with prefix_errors(config, "--", holdings, *flags.files), network(offline=offline):
        answer = answer_orders(loaded, holdings, flags)
    folder = write_orders(loaded, answer, out)
    if ics is not None:
        write_calendar(ics, answer)
    _print_answer(loaded, answer, folder, "json" if json else form)
    if exit_code and answer.plan.sized.orders:
        raise typer.Exit(4)


def _print_answer(
    config: RunConfig[PolicyT], answer: OrderAnswer, folder: Path, form: option.Format | Literal["json"] | None
) -> None:
    """Print the orders as a person reads them, or one file; a second basket is named on standard error."""
    from engine.report.depot.order_files import plan_json
    from engine.report.depot.order_terminal import print_orders
    from engine.report.depot.publication import BASKETS, order_files

    if form is None:
        print_orders(config, answer, str(folder))
    elif form == "json":
        print_json(plan_json(config, answer))
    else:
        names = {"csv": "orders.csv", "basket": BASKETS[0], "checklist": "checklist.txt"}
        sys.stdout.buffer.write(order_files(config, answer)[names[form]])
    if form == "basket" and any(one.wave == 2 for one in answer.plan.sized.orders):
        warn(f"{BASKETS[1]} has the purchases that need the proceeds of these sales; import it after they are filled")
