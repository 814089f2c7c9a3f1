"""The verb `orders`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from engine import composition
from engine.cli.messages import print_json, warn, warn_of_compilation
from engine.cli.options import ConfigPath, Overrides
from engine.core.errors import EngineError, prefix_errors

if TYPE_CHECKING:
    from engine.backtest.config import RunConfig
    from engine.depot.orders.answer_orders import OrderAnswer
    from engine.portfolio.policy import PolicyT

Format = Literal["csv", "basket", "checklist"]
Rounding = Literal["plan", "best"]
_MOST_MONEY: Final = 1e15


def orders(
    config: ConfigPath,
    holdings: Annotated[Path, typer.Option("--holdings", metavar="FILE", help="What you hold, as brokers export it.")],
    cash: Annotated[
        str, typer.Option("--cash", metavar="MONEY|NAME", help="Cash, or the row of the file that is the cash.")
    ] = "",
    as_of: Annotated[str, typer.Option("--as-of", metavar="DATE", help="Session of the orders; the next one.")] = "",
    layout: Annotated[str, typer.Option("--layout", metavar="NAME", help="Layout of the file, where two match.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Where the file has several.")] = "",
    prices: Annotated[
        Path | None,
        typer.Option("--prices", metavar="FILE", help="CSV of ticker,price[,date], instead of the last closes."),
    ] = None,
    fx: Annotated[
        list[str] | None, typer.Option("--fx", metavar="RATE", help="As EURUSD=1.0832: 1 EUR = 1.0832 USD.")
    ] = None,
    stale_ok: Annotated[
        bool, typer.Option("--stale-ok", help="Let assets wait whose price is missing or too old.")
    ] = False,
    contribute: Annotated[float, typer.Option("--contribute", metavar="MONEY", help="Money paid in.")] = 0.0,
    withdraw: Annotated[float, typer.Option("--withdraw", metavar="MONEY", help="Money taken out.")] = 0.0,
    now: Annotated[bool, typer.Option("--now", help="Rebalance now, whatever the calendar says.")] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Order also what is within a share of its target, in all decimals.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option("--state", metavar="FILE", help="What was decided: state.json of earlier orders.")
    ] = None,
    pending: Annotated[
        Path | None, typer.Option("--pending", metavar="FILE", help="Open orders, a CSV of side,code,quantity,limit.")
    ] = None,
    settled_cash: Annotated[
        float | None,
        typer.Option("--settled-cash", metavar="MONEY", help="Cash that pays before sales settle."),
    ] = None,
    rounding: Annotated[
        Rounding, typer.Option("--rounding", help="Whole orders as tested (plan), or the closest there are (best).")
    ] = "plan",
    fewest: Annotated[
        int | None,
        typer.Option(
            "--fewest-orders", metavar="N", min=1, max=1_000_000, help="At most N orders, the closest of these."
        ),
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 4 when there are orders.")] = False,
    ics: Annotated[
        Path | None, typer.Option("--ics", metavar="FILE", help="Write the next five decisions as calendar entries.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Files go to DIR/<name>/<date>/.")] = Path("orders"),
    overrides: Overrides = None,
    form: Annotated[Format | None, typer.Option("--format", help="Print this file and nothing else.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print orders.json and nothing else.")] = False,
) -> None:
    """Say what the tested plan orders in your own depot now.

    Reads what you hold from a broker's file and prints whole orders with limits, fees and enough cash, or when the next
    are due; writes files for a broker into DIR/<name>/<date>/. Nothing is sent to anyone.

    Exit code 4 with --exit-code when orders are due.

    Example: engine orders plan.yaml --holdings depot.csv --cash 1234.56
    """
    from engine.depot.orders.answer_orders import OrderFlags, answer_orders
    from engine.report.depot.order_files import plan_json
    from engine.report.depot.order_terminal import print_orders
    from engine.report.depot.publication import write_calendar, write_orders

    _require_positive("--contribute", contribute)
    _require_positive("--withdraw", withdraw)
    if settled_cash is not None:
        _require_money("--settled-cash", settled_cash)
    loaded = composition.load_run(config, overrides or ())
    warn_of_compilation()
    flags = OrderFlags(
        cash=cash,
        as_of=as_of or dt.datetime.now(tz=dt.UTC).date().isoformat(),  # printed and written with the orders
        layout=layout,
        account=account,
        prices=prices,
        flow=contribute - withdraw,
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
    with prefix_errors(config, "--", holdings, prices, state, pending):
        answer = answer_orders(loaded, holdings, flags)
    folder = write_orders(loaded, answer, out)
    if ics is not None:
        write_calendar(ics, answer)
    if json:
        print_json(plan_json(loaded, answer))
    elif form is not None:
        _print_file(loaded, answer, form)
    else:
        print_orders(loaded, answer, str(folder))
    if exit_code and answer.plan.sized.orders:
        raise typer.Exit(4)


def _require_positive(flag: str, money: float) -> None:
    if not money >= 0.0:
        raise EngineError(f"{flag}: found {money:g}, expected money above zero, as 500; the other flag is for the rest")
    _require_money(flag, money)


def _require_money(flag: str, money: float) -> None:
    if not abs(money) <= _MOST_MONEY:
        raise EngineError(f"{flag}: found {money:g}, expected money up to {_MOST_MONEY:g}; correct it")


def _print_file(config: RunConfig[PolicyT], answer: OrderAnswer, form: Format) -> None:
    """Print one of the files; a second basket, which the first has to precede, is named on standard error."""
    from engine.report.depot.publication import BASKETS, order_files

    files = order_files(config, answer)
    sys.stdout.buffer.write(files[{"csv": "orders.csv", "basket": BASKETS[0], "checklist": "checklist.txt"}[form]])
    if form == "basket" and any(one.wave == 2 for one in answer.plan.sized.orders):
        warn(f"{BASKETS[1]} has the purchases that need the proceeds of these sales; import it after they are filled")
