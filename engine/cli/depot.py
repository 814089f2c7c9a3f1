"""The verb `depot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from engine import composition
from engine.cli.messages import print_json, warn_of_compilation
from engine.cli.options import ConfigPath, Overrides
from engine.core.errors import prefix_errors


def depot(
    config: ConfigPath,
    transactions: Annotated[
        Path, typer.Option("--transactions", metavar="FILE", help="What was booked, as brokers export it.")
    ],
    holdings_at_start: Annotated[
        Path | None, typer.Option("--holdings-at-start", metavar="FILE", help="What both hold when it starts.")
    ] = None,
    cash_at_start: Annotated[str, typer.Option("--cash-at-start", metavar="MONEY", help="Cash then.")] = "",
    holdings: Annotated[
        Path | None, typer.Option("--holdings", metavar="FILE", help="What is held at the end: a check.")
    ] = None,
    start: Annotated[str, typer.Option("--start", metavar="DATE", help="First day; the first money paid in.")] = "",
    end: Annotated[str, typer.Option("--end", metavar="DATE", help="Last day; the last one with prices.")] = "",
    prices: Annotated[
        Path | None, typer.Option("--prices", metavar="FILE", help="Prices at the end of what the source lacks.")
    ] = None,
    layout: Annotated[str, typer.Option("--layout", metavar="NAME", help="Layout of the file, where two match.")] = "",
    account: Annotated[str, typer.Option("--account", metavar="NAME", help="Where the file has several.")] = "",
    corrections: Annotated[
        Path | None, typer.Option("--corrections", metavar="FILE", help="CSV of date,code,ratio,cash: what is missing.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Files go to DIR/<name>/<end>/.")] = Path("depot"),
    overrides: Overrides = None,
    json: Annotated[bool, typer.Option("--json", help="Print depot.json and nothing else.")] = False,
) -> None:
    """Set what you did beside what the plan would have done.

    With the same money on the same days. The difference is split into late, price, size, not done, fees, taxes and
    income, without a rest; every deviation is named. Writes a page, JSON and CSV into DIR/<name>/<end>/.

    Example: engine depot plan.yaml --transactions bookings.csv
    """
    from engine.depot.comparison.compare_depot import compare_depot
    from engine.depot.comparison.flags import DepotFlags
    from engine.report.depot.comparison_files import comparison_json, write_comparison
    from engine.report.depot.comparison_terminal import print_comparison

    loaded = composition.load_run(config, overrides or ())
    warn_of_compilation()
    flags = DepotFlags(holdings_at_start, cash_at_start, holdings, start, end, prices, layout, account, corrections)
    with prefix_errors(config, "--", transactions, holdings_at_start, holdings, prices, corrections):
        comparison = compare_depot(loaded, transactions, flags)
    folder = write_comparison(comparison, out)
    if json:
        print_json(comparison_json(comparison))
    else:
        print_comparison(comparison, str(folder))
