"""The verb `depot`."""

from __future__ import annotations

from pathlib import Path

from engine import composition
from engine.cli import depot_options as option
from engine.cli.messages import print_json
from engine.cli.options import ConfigPath, Overrides
from engine.core.errors import prefix_errors
from engine.library.compilation_warning import warn_of_compilation


def depot(
    config: ConfigPath,
    transactions: option.Transactions,
    holdings_at_start: option.HoldingsAtStart = None,
    cash_at_start: option.CashAtStart = "",
    holdings: option.HoldingsAtEnd = None,
    start: option.Start = "",
    end: option.End = "",
    prices: option.EndPrices = None,
    layout: option.Layout = "",
    account: option.AccountName = "",
    corrections: option.Corrections = None,
    out: option.DepotFolder = Path("depot"),
    overrides: Overrides = None,
    offline: option.Offline = False,
    json: option.DepotJson = False,
) -> None:
    """Set what you did beside what the plan would have done.

    With the same money on the same days. The difference is split into late, price, size, not done, fees, taxes and
    income, without a rest; every deviation is named. Writes a page, JSON and CSV into DIR/<name>/<end>/.

    Example: engine depot plan.yaml --transactions bookings.csv
    """
    from engine.data.sources.network import network
    from engine.depot.comparison.compare_depot import compare_depot
    from engine.depot.comparison.flags import DepotFlags
    from engine.report.depot.comparison_files import comparison_json, write_comparison
    from engine.report.depot.comparison_terminal import print_comparison

    loaded = composition.load_run(config, overrides or ())
    warn_of_compilation()
    flags = DepotFlags(holdings_at_start, cash_at_start, holdings, start, end, prices, layout, account, corrections)
    with prefix_errors(config, "--", transactions, *flags.files), network(offline=offline):
        comparison = compare_depot(loaded, transactions, flags)
    folder = write_comparison(comparison, out)
    if json:
        print_json(comparison_json(comparison))
    else:
        print_comparison(comparison, str(folder))
