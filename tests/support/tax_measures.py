"""What a plan can do about its taxes, measured: ``python -m tests.support.tax_measures RAW.parquet``.

The small-cap plan as shipped for Germany and the United States, and with one thing changed; the rows of README.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.report import number_format as fmt
from tests.support.configs import ROOT

_BAND: Final = "strategy.rebalance={kind: band, relative: 25%, look: month}"
_FUNDS: Final = ("tax.assets.SPY.income=accumulating", "tax.assets.VB.income=accumulating")
MEASURES: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("Germany", "as shipped: January, oldest lots", ()),
    ("Germany", "bands of 25 % instead of January", (_BAND,)),
    ("Germany", "dividends go to what is below target", ("data.dividends=towards_targets",)),
    ("Germany", "accumulating funds", _FUNDS),
    ("Germany", "the allowance used each December", ("tax.use_allowance=true",)),
    ("Germany", "losses taken each December", ("tax.harvest=year_end",)),
    ("Germany", "a tax budget of 500 a year", ("tax.budget=500",)),
    ("Germany", "a broker abroad: paid in the next July", ("tax.collect=assessment",)),
    ("United States", "as shipped: January, oldest lots", ()),
    ("United States", "bands of 25 % instead of January", (_BAND,)),
    ("United States", "dividends go to what is below target", ("data.dividends=towards_targets",)),
    ("United States", "dearest lots first", ("tax.lots=hifo",)),
    ("United States", "least tax first", ("tax.lots=min_tax",)),
    ("United States", "losses taken each December", ("tax.harvest=year_end",)),
    ("United States", "a tax budget of 500 a year", ("tax.budget=500",)),
    (
        "United States",
        "February instead of January",
        ("strategy.rebalance={kind: annual, month: february, session: first}",),
    ),
)


def measured(raw: Path) -> Iterator[str]:
    """Yield a row of the table for each of them, on closes as traded of a file."""
    source = f"data.source={{kind: files, path: {raw}, closes: raw, currency: USD}}"
    for country, words, changes in MEASURES:
        plan = ROOT / "configs" / f"us_small_caps_{country.lower().replace(' ', '_')}.yaml"
        done = run_backtest(load_run(plan, (source, "compare.benchmarks=[]", *changes)), intervals=False, parts=False)
        own, after = done.summary.portfolios["strategy"], done.summary.versus["buy_and_hold"].after_tax
        assert own.pre_tax is not None
        assert own.after_tax is not None
        assert own.tax is not None
        assert after is not None
        assert done.summary.drift is not None
        growths = (own.pre_tax.cagr, own.after_tax.held.cagr, own.after_tax.sold.cagr)
        ahead = (after.before, after.held, after.sold)
        paid = own.tax.paid + own.tax.withheld_abroad + own.tax.outside
        cells = (
            country,
            words,
            *(fmt.percent(one) for one in growths),
            *(fmt.percentage_points(one).removesuffix(" pp") for one in ahead),
            fmt.money(paid),
            fmt.money(own.tax.accrued_unpaid + own.tax.latent),
            fmt.percent(done.summary.drift.mean),
        )
        yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for row in measured(Path(sys.argv[1])):
        sys.stdout.write(f"{row}\n")
