"""What was paid in and out? By year, and what the money itself earned."""

from __future__ import annotations

from math import fsum
from typing import Final

from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.run.panel import Panel

_HOW: Final = (
    (
        "Gain: the value at the end of the year, less that of the year before, or the capital, less what was paid "
        "in, and with what was withdrawn."
    ),
    (
        "The time-weighted rate is that of money which was there all the time; the money-weighted one (XIRR, "
        "calendar days / 365) is the one rate at which all that was paid in and out and the value at the end "
        "balance. It is higher where more money was there in good years."
    ),
)


def flows_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where nothing was paid in or out after the opening."""
    years, currency = run.summary.account_by_year, run.summary.account.currency
    if not years or not any(one.paid_in or one.withdrawn for one in years):
        return None
    paid_in, withdrawn, gain = (fsum(getattr(one, name) for one in years) for name in ("paid_in", "withdrawn", "gain"))
    metrics = run.summary.portfolios["strategy"].metrics
    answer = (
        f"After the opening {fmt.money(paid_in)} {currency} was paid in and {fmt.money(withdrawn)} {currency} "
        f"withdrawn; the account gained {fmt.money(gain)} {currency}."
    )
    whole_year = run.summary.window.years >= 1.0
    if whole_year and (own := metrics.get("xirr")) is not None and (growth := metrics.get("cagr")) is not None:
        answer += f" The money itself earned {fmt.percent(own)} a year (XIRR), each unit of it {fmt.percent(growth)}."
    rows = [
        (str(one.year), *(fmt.money(amount) for amount in (one.paid_in, one.withdrawn, one.value, one.gain)))
        for one in reversed(years)
    ]
    whole = ("All", *(fmt.money(amount) for amount in (paid_in, withdrawn, years[-1].value, gain)))
    content = {"rows": rows, "whole": whole, "currency": currency}
    return Panel("flows", "Paid in", "What was paid in and out?", "flows", answer, content, _HOW)
