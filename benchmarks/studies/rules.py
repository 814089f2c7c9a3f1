"""Every rule of ``configs/rules`` on one history: what each earned, traded and paid, as ``benchmarks/studies/rules.md``.

``python benchmarks/studies/rules.py --prices FILE [--filings FILE]``, or ``make rules``. The prices are those of the
configs' assets; the filings, a point-in-time table with ``net_income`` and ``free_cash_flow``, add the loss review by
quality, on the plan's satellites and on four companies that such a table is likely to hold. Every number in the notes
comes from the runs; two are recomputed here without the engine.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from engine.analysis.comparison import PortfolioResult, RelativePerformance
from engine.backtest import workflow
from engine.backtest.config import RunConfig
from engine.backtest.config_sections import Benchmark, Compare
from engine.backtest.outputs import RunResult
from engine.composition import load_run
from engine.core.files import atomic_write
from engine.data.research.fundamentals import Fundamentals
from engine.data.sessions import MONTH_NAMES
from engine.portfolio.costs import NoCosts
from engine.report import number_format as fmt
from engine.report.phrases import plural
from engine.report.run.verdict import describe_difference
from strategies.fixed_mix import FixedMix
from strategies.schedules import Annual, Never

ROOT = Path(__file__).parents[2]
RULES = ROOT / "configs" / "rules"
PAGE = ROOT / "benchmarks" / "studies" / "rules.md"
STARTS = ("2004-02-01", "2010-01-01")
LABELS = {
    "january_only": "January only",
    "always_capped": "January, always capped",
    "bands_5_25": "5/25 bands",
    "vanguard_200_175": "200/175 bands",
    "daryanani": "20 % bands, two weeks, drifted only",
    "review_always": "January, review: always top up",
    "review_never": "January, review: always sell",
    "review_trend": "January, review: trend",
    "review_list": "January, review: list (made up)",
    "chosen_momentum": "January, four by momentum",
}
QUALITY = "January, review: quality"
COVERED = ("JNJ", "KO", "UNH", "XOM")
CRITERIA = "[net_income > 0, free_cash_flow > 0]"
CLAIM = (0.005, 0.01)
HELD, JANUARY = "held", "january"

Config = RunConfig[Any]


@dataclass(frozen=True)
class RuleRow:
    """One line of a table: a portfolio, its differences to buy-and-hold and to January only, and the run it is from."""

    label: str
    portfolio: PortfolioResult
    to_held: RelativePerformance | None
    to_january: RelativePerformance | None
    run: RunResult

    @property
    def cagr(self) -> float:
        """Growth a year [fraction]."""
        return float(self.portfolio.metrics["cagr"] or 0.0)

    @property
    def highest(self) -> tuple[float, str]:
        """The highest weight of any satellite at any close, and whose."""
        return max((peak.weight, ticker) for ticker, peak in self.portfolio.peak_weights.items())

    @property
    def verdicts(self) -> tuple[int, int, int]:
        """How many reviews ended intact, broken and unknown."""
        found = [one.verdict.intact for one in self.portfolio.ledger.reviews]
        return found.count(True), found.count(False), found.count(None)

    def cells(self) -> list[str]:
        """Return the line's cells."""
        figures = self.portfolio.metrics
        reviewed = "/".join(map(str, self.verdicts)) if any(self.verdicts) else fmt.DASH
        return [
            self.label,
            fmt.percent(figures["cagr"]),
            fmt.percent(figures["volatility"]),
            fmt.percent(figures["max_drawdown"]),
            fmt.percent(figures["turnover"]),
            fmt.count(figures["trades"]),
            fmt.money(figures["costs"]),
            fmt.percent(self.highest[0]),
            reviewed,
            difference(self.to_held),
            difference(self.to_january),
        ]


HEADER = [
    "rule",
    "CAGR",
    "volatility",
    "max drawdown",
    "turnover a year",
    "orders",
    "costs",
    "highest satellite",
    "reviews: intact/broken/unknown",
    "CAGR less buy-and-hold's (95 % interval)",
    "CAGR less January only's (95 % interval)",
]


def main() -> None:
    """Run everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prices", type=Path, required=True, metavar="FILE")
    parser.add_argument("--filings", type=Path, metavar="FILE")
    parser.add_argument("--out", type=Path, default=PAGE, metavar="FILE")
    options = parser.parse_args()
    prices, out = options.prices.resolve(), options.out.resolve()
    filings = options.filings.resolve() if options.filings else None
    os.chdir(ROOT)  # the universe's path in a config starts at the working directory
    atomic_write(out, page(prices, filings).encode())
    print(out.name, "written")


def page(prices: Path, filings: Path | None) -> str:
    """Return the whole page."""
    tables = [rows_of(prices, filings, start) for start in STARTS]
    parts = [
        "# The rules on one history",
        "",
        "Made by `make rules` (`benchmarks/studies/rules.py`) from `configs/rules/*.yaml`; nothing here is typed by hand. SPY,",
        "VB 15 % and four satellites at 2.5 % each under a cap of 3 %, 100,000 USD, 0.1 % a trade, total-return closes.",
        "*Orders* and *costs* include the opening; *turnover* is one way and leaves it out; *highest satellite* is the",
        "highest weight of any satellite at any close; a difference is the row's CAGR less that of the portfolio named,",
        "with the interval of `docs/semantics.md` (*Performance*).",
    ]
    for rows in tables:
        parts += ["", f"## {span(rows[0])}", "", *table(rows)]
    if filings:
        rows = covered_rows(prices, filings)
        parts += ["", f"## Quality seen working: {', '.join(COVERED)}, {span(rows[0])}", "", *covered_words(rows), ""]
        parts += table(rows)
    parts += ["", "## What the data say", ""]
    parts += [f"{number}. {note}" for number, note in enumerate(notes(tables, prices, filings), 1)]
    used = tables[0][0].run.summary.data.sha256[:12]
    return "\n".join([*parts, "", f"Prices of the first row of the first table: SHA-256 {used}.", ""])


def rows_of(prices: Path, filings: Path | None, start: str) -> list[RuleRow]:
    """Return buy-and-hold and every rule over one window."""
    january = load(prices, "january_only", f"window.start={start}")
    rows = measured(january, LABELS["january_only"], january)
    for stem, label in LABELS.items():
        if stem != "january_only":
            rows += measured(load(prices, stem, f"window.start={start}"), label, january)[1:]
    if filings:
        config = load(prices, "review_always", f"window.start={start}", by_quality(filings))
        rows.insert(-1, measured(config, QUALITY, january)[1])
    return rows


def covered_rows(prices: Path, filings: Path) -> list[RuleRow]:
    """Return the loss review on satellites that the filings cover, from their peaks and from cost."""
    names = ", ".join(f"{name}: 2.5%" for name in COVERED)
    base = (f"window.start={STARTS[1]}", f"strategy.satellites={{{names}}}")
    january = load(prices, "january_only", *base)
    rows = measured(january, LABELS["january_only"], january)
    peak = (*base, "strategy.loss_review.from=peak")
    for label, stem, more in (
        ("January, review from cost: quality", "review_always", (*base, by_quality(filings))),
        ("January, review from peak: quality", "review_always", (*peak, by_quality(filings))),
        ("January, review from peak: always top up", "review_always", peak),
        ("January, review from peak: always sell", "review_never", peak),
    ):
        rows += measured(load(prices, stem, *more), label, january)[1:]
    return rows


def load(prices: Path, stem: str, *overrides: str) -> Config:
    """Return a config of the folder on the prices of a file."""
    source = ("data.source.kind=files", f"data.source.path={prices}", "compare.benchmarks=[]")
    return load_run(RULES / f"{stem}.yaml", (*source, *overrides))


def by_quality(filings: Path) -> str:
    """Return the override that judges by filed figures."""
    return f"strategy.loss_review.thesis={{kind: quality, table: {{path: {filings}}}, criteria: {CRITERIA}}}"


def measured(config: Config, label: str, january: Config) -> list[RuleRow]:
    """Return buy-and-hold of January's opening portfolio and the config's own run, each beside both references."""
    held = january.strategy.model_copy(update={"rebalance": Never()})
    own = config.strategy == january.strategy
    rivals = [(HELD, held)] if own else [(HELD, held), (JANUARY, january.strategy)]
    benchmarks = tuple(Benchmark[Any](name=name, strategy=strategy) for name, strategy in rivals)
    compare = Compare[Any].model_construct(buy_and_hold=own, benchmarks=benchmarks)
    run = workflow.run_backtest(config.model_copy(update={"compare": compare}))
    portfolios, versus = run.comparison.portfolios, run.comparison.versus
    if own and not np.array_equal(portfolios[HELD].ledger.value, portfolios["buy_and_hold"].ledger.value):
        raise SystemExit("buy-and-hold and the plan that never rebalances differ")
    return [
        RuleRow("Buy-and-hold", portfolios[HELD], None, None, run),
        RuleRow(label, portfolios["strategy"], versus[HELD], versus.get(JANUARY), run),
    ]


def table(rows: Sequence[RuleRow]) -> list[str]:
    """Return a Markdown table."""
    lines = [HEADER, ["---", *["---:"] * (len(HEADER) - 1)], *(row.cells() for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def notes(tables: Sequence[Sequence[RuleRow]], prices: Path, filings: Path | None) -> Iterable[str]:
    """Yield what the tables say, in words that follow from them."""
    named = [by_label(rows) for rows in tables]
    yield claim([rows[LABELS["january_only"]] for rows in named])
    yield "**The month.** " + " ".join(
        month_matters(prices, start, span(rows[0])) for rows, start in zip(tables, STARTS, strict=True)
    )
    yield start_matters(prices)
    yield "**Where it comes from.** " + " ".join(
        where_from(prices, start, span(rows[0])) for rows, start in zip(tables, STARTS, strict=True)
    )
    yield "**Enforcing the cap.** " + " ".join(enforcement(rows) for rows in named)
    yield "**The other rules.** " + " ".join(spread(rows) for rows in tables)
    yield "**The loss review.** " + " ".join(reviews(rows) for rows in named)
    if filings:
        yield "**Review by quality.** " + " ".join(quality(rows, filings) for rows in named)
    yield "**Chosen by momentum.** " + " ".join(chosen(rows) for rows in named)
    yield (
        "**What this is not.** One path of one market, and the second window lies inside the first. The satellites were "
        "named with hindsight and are survivors: no top-up met a ruin and no sale avoided one. "
        f"Nobody pays taxes here, and rebalancing would. And of {len(tables[0]) - 1} rules tried on the "
        "same prices, the best one looks better than it is."
    )
    yield "**Recomputed without the engine**, from closes and weights alone: " + recomputed(tables[0], prices)


def claim(januaries: Sequence[RuleRow]) -> str:
    """Return what the windows say about the claim."""
    low, high = CLAIM
    told, inside, excluded = [], 0, 0
    for row in januaries:
        versus = row.to_held
        if versus is None or versus.cagr_difference is None or versus.cagr_difference_interval is None:
            raise SystemExit("a window is too short for an interval")
        found, (below, above) = versus.cagr_difference, versus.cagr_difference_interval
        inside += found >= low
        excluded += above < low or below > high
        where = "less than that" if found < low else "as much" if found <= high else "more than that"
        told_apart = describe_difference(versus)
        held = row.run.comparison.portfolios[HELD].metrics["cagr"]
        told.append(
            f"{span(row)}: {fmt.percent(row.cagr)} a year against {fmt.percent(held)} for buy-and-hold, that is "
            f"{told_apart.difference}, {where}; the 95 % interval, {told_apart.interval}, {told_apart.words}."
        )
    count = len(januaries)
    return (
        f"**Does yearly rebalancing add {100.0 * low:g} to {100.0 * high:g} percentage points a year?** {' '.join(told)} "
        f"So the claimed size was reached in {inside} of {count} windows, and the interval rules it out in {excluded}"
        + (": the data neither show the claim nor refute it." if inside == excluded == 0 else ".")
    )


def month_matters(prices: Path, start: str, window: str) -> str:
    """Return how much hangs on the month of the rebalance."""
    config = load(prices, "january_only", f"window.start={start}")
    months = {month: gain(config, Annual(month=month)) for month in MONTH_NAMES}
    best, worst = max(months, key=months.__getitem__), min(months, key=months.__getitem__)
    place = sorted(months.values(), reverse=True).index(months["january"]) + 1
    return (
        f"{window}: by month the same rule differs from buy-and-hold by {fmt.percentage_points(months[worst])} ({worst.capitalize()}) to "
        f"{fmt.percentage_points(months[best])} ({best.capitalize()}); January, at {fmt.percentage_points(months['january'])}, is number {place} of 12."
    )


def start_matters(prices: Path) -> str:
    """Return how much hangs on the year of the start."""
    years = range(2005, 2021)
    found = [gain(load(prices, "january_only", f"window.start={year}-01-01"), Annual()) for year in years]
    ahead, enough = sum(one > 0.0 for one in found), sum(one >= CLAIM[0] for one in found)
    return (
        f"**The start.** Begun in January of each year from {years[0]} to {years[-1]} and run to the end, January only is ahead "
        f"of buy-and-hold in {ahead} of {len(found)} cases and by {fmt.percentage_points(CLAIM[0])} or more in {enough}; the differences "
        f"range from {fmt.percentage_points(min(found))} to {fmt.percentage_points(max(found))}. The cases overlap: they are no independent trials."
    )


def where_from(prices: Path, start: str, window: str) -> str:
    """Return the gain without costs, and that of the two ETFs alone."""
    config = load(prices, "january_only", f"window.start={start}")
    core = {ticker: weight / 0.9 for ticker, weight in config.strategy.core().items()}
    etfs = config.model_copy(update={"strategy": FixedMix(weights=core)})
    free, paid, alone = gain(config, Annual(), costs=NoCosts()), gain(config, Annual()), gain(etfs, Annual())
    return (
        f"{window}: January only less buy-and-hold is {fmt.percentage_points(free)} without costs, {fmt.percentage_points(paid)} with them; the same "
        f"for the two ETFs alone, in the same proportion, is {fmt.percentage_points(alone)}, which leaves {fmt.percentage_points(paid - alone)} to "
        "having the satellites."
    )


def gain(config: Config, rule: Annual, **changes: object) -> float:
    """Return the CAGR of a plan with another rebalance less that of the same plan never rebalanced."""
    plan = config.strategy.model_copy(update={"rebalance": rule})
    compare = Compare[Any].model_construct(buy_and_hold=True, benchmarks=())
    run = workflow.run_backtest(
        config.model_copy(update={"strategy": plan, "compare": compare, **changes}), intervals=False
    )
    return float(run.comparison.versus["buy_and_hold"].cagr_difference or 0.0)


def enforcement(rows: dict[str, RuleRow]) -> str:
    """Return what watching the cap between Januaries cost in one window."""
    row, january = rows[LABELS["always_capped"]], rows[LABELS["january_only"]]
    watched, unwatched = (one.portfolio.performance for one in (row, january))
    highest, without = (max(peak.weight for peak in one.portfolio.peak_weights.values()) for one in (row, january))
    orders, costs = watched.trades - unwatched.trades, watched.costs - unwatched.costs
    return (
        f"{span(row)}: {orders:+,} orders, {costs:+,.0f} USD of costs, CAGR {difference(row.to_january)}; the "
        f"highest satellite stood at {fmt.percent(highest)} instead of {fmt.percent(without)}, for a close "
        "can be above the cap before the trim of the next session."
    )


def spread(rows: Sequence[RuleRow]) -> str:
    """Return how far the rules are apart, and which differ from January only by more than chance."""
    named = [row for row in rows if row.to_january is not None and row.label != LABELS["chosen_momentum"]]
    low, high = min(named, key=lambda row: row.cagr), max(named, key=lambda row: row.cagr)
    sure = [row.label for row in named if row.to_january and leaves_zero_out(row.to_january)]
    which = "; ".join(sure) or "none"
    return (
        f"{span(rows[0])}: with these satellites the CAGRs lie between {fmt.percent(low.cagr)} ({low.label}) and "
        f"{fmt.percent(high.cagr)} ({high.label}); with an interval of the difference to January only that leaves zero out: {which}."
    )


def reviews(rows: dict[str, RuleRow]) -> str:
    """Return what reviews did in one window, and where two theses are the same run."""
    buys, sells, trend = (rows[LABELS[f"review_{kind}"]] for kind in ("always", "never", "trend"))
    same = np.array_equal(sells.portfolio.ledger.value, trend.portfolio.ledger.value)
    also = " (every breach lay below the 200-session average: the two are one run)" if same else ""
    return (
        f"{span(buys)}: at a loss of 20 %, topping up ({plural(sum(buys.verdicts), 'review')}) changed January's CAGR by "
        f"{difference(buys.to_january)}, selling ({plural(sum(sells.verdicts), 'review')}) by {difference(sells.to_january)}, "
        f"the trend thesis by {difference(trend.to_january)}{also}."
    )


def quality(rows: dict[str, RuleRow], filings: Path) -> str:
    """Return what the filings said about the plan's satellites in one window."""
    row, january = rows[QUALITY], rows[LABELS["january_only"]]
    intact, broken, unknown = row.verdicts
    same = np.array_equal(row.portfolio.ledger.value, january.portfolio.ledger.value)
    satellites = sorted(row.portfolio.peak_weights)
    known = [name for name in satellites if name in Fundamentals(path=str(filings)).tickers]
    end = "every one was kept, so that the run is January only's to the last bit" if same else "the unknown were kept"
    return (
        f"{span(row)}: the table of filings has {' and '.join(known) or 'none'} of {', '.join(satellites)}; of "
        f"{plural(sum(row.verdicts), 'review')} {intact} ended intact, {broken} broken, {unknown} unknown; {end}."
    )


def chosen(rows: dict[str, RuleRow]) -> str:
    """Return what choosing did in one window."""
    row = rows[LABELS["chosen_momentum"]]
    weight, name = row.highest
    return (
        f"{span(row)}: {difference(row.to_january)} against January only. {name} alone stood at {fmt.percent(weight)} on "
        f"{row.portfolio.peak_weights[name].date}, as caps are looked at in January only, and the universe was drawn up knowing it."
    )


def covered_words(rows: Sequence[RuleRow]) -> list[str]:
    """Return what the extra table shows."""
    cost, peak = rows[2], rows[3]
    intact, broken, unknown = peak.verdicts
    return [
        f"The same plan with four large companies that the table of filings covers; the thesis is {CRITERIA.strip('[]')}.",
        f"Reviewed from cost it had {plural(sum(cost.verdicts), 'review')}; from the peak {sum(peak.verdicts)}: {intact} intact and topped",
        f"up, {broken} broken and sold, {unknown} unknown (the last filing lacks a figure and none fails) and kept.",
    ]


def recomputed(rows: Sequence[RuleRow], prices: Path) -> str:
    """Return how far buy-and-hold and January only are from a calculation with closes and weights alone."""
    held, january = rows[0], rows[1]
    weights = pd.Series({"SPY": 0.75, "VB": 0.15, **dict.fromkeys(january.portfolio.peak_weights, 0.025)})
    closes = history(prices)[list(weights.index)]
    closes = closes.loc[str(january.portfolio.ledger.dates[0]) : str(january.portfolio.ledger.dates[-1])]
    years = (closes.index[-1] - closes.index[0]).days / 365.25
    capital, rate = january.portfolio.ledger.capital, 0.001
    opened = capital / (1.0 + rate)
    grown = opened * float((weights * closes.iloc[-1] / closes.iloc[0]).sum())
    value, spots = opened, [0, *firsts(pd.DatetimeIndex(closes.index)), len(closes) - 1]
    for begin, end in pairwise(spots):
        money = value * weights * closes.iloc[end] / closes.iloc[begin]
        value = before = float(money.sum())
        for _ in range(100 if end != spots[-1] else 0):
            value = before - rate * float((weights * value - money).abs().sum())
    apart_held = abs((grown / capital) ** (1.0 / years) - 1.0 - held.cagr)
    apart_january = abs(value / float(january.portfolio.metrics["final_value"] or 0.0) - 1.0)
    if max(apart_held, apart_january) > 1e-10:
        raise SystemExit(f"recomputed figures differ: CAGR by {apart_held:g}, final value by {apart_january:g}")
    return (
        f"buy-and-hold's CAGR is {fmt.percent((grown / capital) ** (1.0 / years) - 1.0)}, January only ends at {value:,.2f} USD over "
        f"{len(spots) - 2} Januaries; both agree with the first table to better than 1e-10."
    )


@cache
def history(prices: Path) -> pd.DataFrame:
    """Return the file's closes as pandas reads them."""
    frame = pd.read_parquet(prices)
    frame = frame.set_index("date") if "date" in frame.columns else frame
    return frame.set_axis(pd.DatetimeIndex(frame.index), axis=0)


def firsts(days: pd.DatetimeIndex) -> list[int]:
    """Return the first session of every January after the first year."""
    return [at for at in range(1, len(days)) if days[at].year != days[at - 1].year]


def by_label(rows: Sequence[RuleRow]) -> dict[str, RuleRow]:
    """Return rows by what they are called."""
    return {row.label: row for row in rows}


def leaves_zero_out(versus: RelativePerformance) -> bool:
    """Return whether the whole interval lies on one side of zero."""
    return describe_difference(versus).leaves_zero_out


def span(row: RuleRow) -> str:
    """Return the years of a row."""
    dates = row.portfolio.ledger.dates
    return f"{str(dates[0])[:4]} to {str(dates[-1])[:4]}"


def difference(versus: RelativePerformance | None) -> str:
    """Return a CAGR difference with its interval."""
    if versus is None or versus.cagr_difference_interval is None:
        return fmt.DASH
    told = describe_difference(versus)
    return f"{told.difference} ({told.interval})"


if __name__ == "__main__":
    main()
