"""Options of the verbs `orders` and `depot`: what each is called and does, apart from what the verbs do with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Format = Literal["csv", "basket", "checklist"]
Rounding = Literal["plan", "best"]

Layout = Annotated[str, typer.Option("--layout", metavar="NAME", help="Layout of the file, where two match.")]
AccountName = Annotated[str, typer.Option("--account", metavar="NAME", help="Where the file has several.")]
Offline = Annotated[bool, typer.Option("--offline", help="Ask no network; use the prices that are stored.")]

Holdings = Annotated[Path, typer.Option("--holdings", metavar="FILE", help="What you hold, as brokers export it.")]
Cash = Annotated[
    str, typer.Option("--cash", metavar="MONEY|NAME", help="Cash, or the row of the file that is the cash.")
]
AsOf = Annotated[str, typer.Option("--as-of", metavar="DATE", help="Session of the orders; the next one.")]
SizingPrices = Annotated[
    Path | None,
    typer.Option("--prices", metavar="FILE", help="CSV of ticker,price[,date], instead of the last closes."),
]
Rates = Annotated[list[str] | None, typer.Option("--fx", metavar="RATE", help="As EURUSD=1.0832: 1 EUR = 1.0832 USD.")]
StaleOk = Annotated[bool, typer.Option("--stale-ok", help="Let assets wait whose price is missing or too old.")]
Contribute = Annotated[float, typer.Option("--contribute", metavar="MONEY", help="Money paid in.")]
Withdraw = Annotated[float, typer.Option("--withdraw", metavar="MONEY", help="Money taken out.")]
Now = Annotated[bool, typer.Option("--now", help="Rebalance now, whatever the calendar says.")]
Exact = Annotated[
    bool, typer.Option("--exact", help="Order also what is within a share of its target, in all decimals.")
]
State = Annotated[
    Path | None, typer.Option("--state", metavar="FILE", help="What was decided: state.json of earlier orders.")
]
Pending = Annotated[
    Path | None, typer.Option("--pending", metavar="FILE", help="Open orders, a CSV of side,code,quantity,limit.")
]
SettledCash = Annotated[
    float | None, typer.Option("--settled-cash", metavar="MONEY", help="Cash that pays before sales settle.")
]
HowRounded = Annotated[
    Rounding, typer.Option("--rounding", help="Whole orders as tested (plan), or the closest there are (best).")
]
Fewest = Annotated[
    int | None,
    typer.Option("--fewest-orders", metavar="N", min=1, max=1_000_000, help="At most N orders, the closest of these."),
]
ExitCode = Annotated[bool, typer.Option("--exit-code", help="Exit with 4 when there are orders.")]
Calendar = Annotated[
    Path | None, typer.Option("--ics", metavar="FILE", help="Write the next five decisions as calendar entries.")
]
OrdersFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Files go to DIR/<name>/<date>/.")]
PrintedFile = Annotated[Format | None, typer.Option("--format", help="Print this file and nothing else.")]
OrdersJson = Annotated[bool, typer.Option("--json", help="Print orders.json and nothing else.")]

Transactions = Annotated[
    Path, typer.Option("--transactions", metavar="FILE", help="What was booked, as brokers export it.")
]
HoldingsAtStart = Annotated[
    Path | None, typer.Option("--holdings-at-start", metavar="FILE", help="What both hold when it starts.")
]
CashAtStart = Annotated[str, typer.Option("--cash-at-start", metavar="MONEY", help="Cash then.")]
HoldingsAtEnd = Annotated[
    Path | None, typer.Option("--holdings", metavar="FILE", help="What is held at the end: a check.")
]
Start = Annotated[str, typer.Option("--start", metavar="DATE", help="First day; the first money paid in.")]
End = Annotated[str, typer.Option("--end", metavar="DATE", help="Last day; the last one with prices.")]
EndPrices = Annotated[
    Path | None, typer.Option("--prices", metavar="FILE", help="Prices at the end of what the source lacks.")
]
Corrections = Annotated[
    Path | None, typer.Option("--corrections", metavar="FILE", help="CSV of date,code,ratio,cash: what is missing.")
]
DepotFolder = Annotated[Path, typer.Option("--out", metavar="DIR", help="Files go to DIR/<name>/<end>/.")]
DepotJson = Annotated[bool, typer.Option("--json", help="Print depot.json and nothing else.")]
