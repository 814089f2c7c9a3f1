"""The verb `orders`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from engine import composition
from engine.cli.messages import print_json, warn_of_compilation
from engine.cli.options import ConfigPath, Overrides
from engine.core.errors import prefix_errors


def orders(
    config: ConfigPath,
    holdings: Annotated[Path, typer.Option("--holdings", metavar="FILE", help="What you hold, as brokers export it.")],
    cash: Annotated[str, typer.Option("--cash", metavar="MONEY", help="Cash, where the file has none.")] = "",
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Session of the orders; the next one.")] = "",
    layout: Annotated[str, typer.Option("--layout", metavar="NAME", help="Layout of the file, where two match.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Where the file has several.")] = "",
    prices: Annotated[
        Path | None, typer.Option("--prices", metavar="FILE", help="CSV of ticker,price, instead of the last closes.")
    ] = None,
    contribute: Annotated[float, typer.Option("--contribute", metavar="MONEY", help="Money paid in.")] = 0.0,
    withdraw: Annotated[float, typer.Option("--withdraw", metavar="MONEY", help="Money taken out.")] = 0.0,
    now: Annotated[bool, typer.Option("--now", help="Rebalance now, whatever the calendar says.")] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Also order what is within one share of its target.")] = False,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="What was decided: state.json of earlier orders.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 4 when orders are due.")] = False,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Files go to DIR/<name>/<date>/.")] = Path("orders"),
    overrides: Overrides = None,
    json: Annotated[bool, typer.Option("--json", help="Print orders.json and nothing else.")] = False,
) -> None:
    """Say what the tested rule asks for in your own depot: the orders, or when the next are due; nothing is sent."""
    from engine.depot.order_run import OrderFlags, make_order_plan
    from engine.report.depot.order_files import plan_json
    from engine.report.depot.order_terminal import print_orders
    from engine.report.depot.publication import write_orders

    loaded = composition.load_run(config, overrides or ())
    warn_of_compilation()
    day = as_of or dt.datetime.now(tz=dt.UTC).date().isoformat()  # printed and written with the orders
    flags = OrderFlags(cash, day, layout, account, prices, contribute - withdraw, now, exact, state)
    with prefix_errors(config):
        plan, depot = make_order_plan(loaded, holdings, flags)
    folder = write_orders(loaded, plan, depot, out)
    if json:
        print_json(plan_json(plan, depot))
    else:
        print_orders(plan, depot, str(folder))
    if exit_code and plan.sized.orders:
        raise typer.Exit(4)
