"""Figures in plain words: what a reader who knows no formula has to know of each."""

from __future__ import annotations

from typing import Final

TITLES: Final = {
    "cagr": "Growth a year (CAGR)",
    "max_drawdown": "Worst fall (max drawdown)",
    "longest_drawdown": "Longest time below a high",
    "turnover": "Traded a year",
}
"""What a page calls a figure whose name of the trade says little to most; the others keep their titles."""

PLAIN_WORDS: Final = {
    "cagr": "The steady yearly rate that ends at the same value.",
    "total_return": "What the whole window earned, not a year.",
    "final_value": "What the account was worth at the end.",
    "volatility": "How widely returns spread, scaled to a year.",
    "sharpe": "Return above the risk-free rate for each unit of volatility.",
    "sortino": "Return above the risk-free rate for each unit of downward spread.",
    "max_drawdown": "The largest loss from a high to a later low, closes only.",
    "longest_drawdown": "How long it took at most to come back to a high.",
    "calmar": "Growth a year for each unit of the worst fall.",
    "ulcer": "How deep and how long it stood below its highs.",
    "best_year": "The calendar year with the highest return.",
    "worst_year": "The calendar year with the lowest return.",
    "turnover": "Half of purchases and sales over the mean value, a year.",
    "costs": "What orders cost, with the yearly fee.",
    "xirr": "What each unit of money earned a year, counted from the day it came in.",
    "var_95": "On one session in twenty the loss was at least this.",
    "cvar_95": "The mean loss of the worst sessions, one in twenty.",
    "skew": "Whether large gains (above 0) or large losses (below 0) were the rarer, larger ones.",
    "kurtosis": "How often returns were far from their mean.",
    "omega": "Gains for each unit of loss.",
}
"""One line before the formula."""

MORE: Final = (
    (
        "Buy and hold",
        "The opening portfolio: it buys a name that lists later once, else never trades; same flows, costs and taxes.",
    ),
    (
        "Interval",
        "The range in which 95 % of resampled histories put the difference; it knows this history's days only.",
    ),
    ("Point (pp)", "The difference of two percentages."),
    ("CAGR difference", "The plan's CAGR minus the other's over the sessions both have."),
    ("Tracking error", "std (n - 1) of return differences x sqrt(A), the smaller A of the two (252 for daily closes)."),
    ("Information ratio", "Mean return difference x A / tracking error."),
)
"""Words of the page that are no figures of a portfolio."""

OF_TAXES: Final = (
    ("Before tax", "The same plan on the same prices in a run of its own without any tax."),
    ("Held", "The value at the last close less the tax that is owed and not paid yet."),
    ("Sold", "Held less the tax of selling everything at the last closes, without costs of orders."),
    ("Tax drag", "CAGR before tax minus CAGR sold."),
)
"""Words of a page with taxes."""
