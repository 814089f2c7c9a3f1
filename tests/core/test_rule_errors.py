"""Rules that contradict each other are found without data: one line with place, finding and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.composition import load_run
from engine.core.errors import ConfigError

UNIVERSE = """\
names:
  - {ticker: CRS, name: Carpenter, sector: Industrials, brokers: [ib, comdirect], tags: [metal]}
  - {ticker: UNF, name: UniFirst, sector: Industrials, brokers: [ib, comdirect]}
  - {ticker: MMSI, name: Merit, sector: Healthcare, brokers: [ib, comdirect], tags: [metal]}
  - {ticker: ITRI, name: Itron, sector: Technology, brokers: [ib, comdirect]}
  - {ticker: SRCE, name: 1st Source, sector: Finance, brokers: [ib]}
"""
FILES = {
    "universe.yaml": UNIVERSE,
    "dated.csv": "ticker,from,to\nCRS,2010-01-04,\nUNF,2010-01-04,\nMMSI,2010-01-04,2015-06-30\n",
    "wrong_key.yaml": UNIVERSE.replace("name: UniFirst, sector", "name: UniFirst, sectr"),
    "doubled.yaml": UNIVERSE.replace("ticker: UNF", "ticker: CRS"),
    "tabbed.yaml": UNIVERSE.replace("  - {ticker: UNF", "\t- {ticker: UNF"),
    "figures.csv": "ticker,period_end,available_date,net_income,equity\nCRS,2019-12-31,2020-02-01,1,2\n",
    "stranger.csv": "date,ticker,verdict\n2020-01-01,CRS,intact\n2020-02-01,CSR,broken\n",
    "future.csv": "date,ticker,verdict\n2020-01-01,CRS,intact\n2190-02-01,CRS,broken\n",
    "word.csv": "date,ticker,verdict\n2020-01-01,CRS,brokn\n",
    "prices_1996.csv": "observation_date,CPI\n1996-01-01,75.1\n",
}

HEAD = """\
name: plan
data:
  source: {kind: sample}
"""
WEIGHTS = f"""\
{HEAD}strategy:
  kind: core_satellite
  core: {{SPY: rest, VB: 15%}}
  satellites: {{CRS: 2.5%, UNF: 2.5%, MMSI: 2.5%}}
  cap: 3%
"""
CHOSEN = f"""\
{HEAD}strategy:
  kind: core_satellite
  core: {{SPY: rest, VB: 15%}}
  satellites:
    universe: universe.yaml
    available_at: [comdirect]
    choose: {{kind: named, names: [CRS, UNF, MMSI]}}
    count: {{min: 3, max: 5}}
    weight: 2.5%
  cap: 3%
"""
NAMES = "choose: {kind: named, names: [CRS, UNF, MMSI]}"
BAND = f"{WEIGHTS}  rebalance: {{kind: band, absolute: 2%, relative: 25%}}\n"
FLOWS = "account: {contributions: {amount: 100}}\n"


def edited(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def top(rest: str, *changes: tuple[str, str]) -> str:
    return edited(CHOSEN, (NAMES, f"choose: {{kind: top, {rest}}}"), *changes)


def review(keys: str) -> str:
    return f"{WEIGHTS}  loss_review: {{{keys}}}\n"


def by_quality(criteria: str, path: str = "figures.csv") -> str:
    return review(f"trigger: 20%, thesis: {{kind: quality, table: {{path: {path}}}, criteria: [{criteria}]}}")


def by_list(verdicts: str) -> str:
    return review(f"trigger: 20%, thesis: {{kind: list, verdicts: {verdicts}}}")


NO_BAND = "shapes what a band trades, and rebalance has none; add a band, as {kind: band, absolute: 5%}, or write"
NO_LOSS = "is no loss that can be reviewed; write more than 0% and less than 100%, as 20%"
SELL = "or write funding: sell_and_buy"
TOWARDS = "flows_first leaves a band to a flow towards the targets,"
QUALITY = "as table: {path: figures.parquet}, measure: net_income / equity"

CASES = {
    # caps, counts, limits
    "a weight above the cap": (
        edited(WEIGHTS, ("CRS: 2.5%", "CRS: 4%")),
        "plan.yaml:7: strategy.satellites.CRS: satellite CRS at 4% is above the cap of 3%; lower it, raise the cap or write over_cap: to_core",
    ),
    "the weight of all above the cap": (
        edited(CHOSEN, ("weight: 2.5%", "weight: 4%")),
        "plan.yaml:12: strategy.satellites.weight: satellites at 4% each are above the cap of 3%; "
        "lower the weight, raise the cap or write over_cap: to_core",
    ),
    "the weight of all above one's own cap": (
        CHOSEN + "  caps_by_name: {MMSI: 3%, UNF: 2%}\n",
        "plan.yaml:14: strategy.caps_by_name.UNF: satellite UNF at 2.5% is above its cap of 2%; "
        "lower it, raise the cap or write over_cap: to_core",
    ),
    "more than the universe has": (
        top("count: 5, by: momentum"),
        "plan.yaml:10: strategy.satellites.choose: 4 names of the universe are left, 5 are needed; "
        "widen available_at, tags or the universe",
    ),
    "fewer chosen than counted": (
        top("count: 2, by: momentum"),
        "plan.yaml:10: strategy.satellites.choose: 2 satellites are chosen, count allows 3 to 5; change one of the two",
    ),
    "fewer named than counted": (
        edited(CHOSEN, (", MMSI]", "]")),
        "plan.yaml:10: strategy.satellites.choose: 2 satellites are chosen, count allows 3 to 5; change one of the two",
    ),
    "a count upside down": (
        edited(CHOSEN, ("min: 3, max: 5", "min: 5, max: 3")),
        "plan.yaml:11: strategy.satellites.count: min 5 is above max 3; swap them",
    ),
    "a limit that the core breaks": (
        WEIGHTS + "  limits: [{group: VB, max: 10%}]\n",
        "plan.yaml:9: strategy.limits.0: group VB has 15%, its limit is 10%; lower a weight or raise the limit",
    ),
    "a limit that core and any choice break": (
        top("count: 3, by: momentum") + "  limits: [{group: [VB, satellites], max: 20%}]\n",
        "plan.yaml:14: strategy.limits.0: group VB, satellites has 22.5%, its limit is 20%; "
        "lower a weight or raise the limit",
    ),
    "a limit on sectors that names break": (
        CHOSEN + "  limits: [{group: sector, max: 4%}]\n",
        "plan.yaml:14: strategy.limits.0: group Industrials has 5%, its limit is 4%; lower a weight or raise the limit",
    ),
    "a limit on one sector that names break": (
        CHOSEN + "  limits:\n    - {group: satellites, max: 8%}\n    - {group: [Industrials], max: 4%}\n",
        "plan.yaml:16: strategy.limits.1: group Industrials has 5%, its limit is 4%; lower a weight or raise the limit",
    ),
    "a limit on sectors that no choice can keep": (
        top("count: 3, by: momentum") + "  limits: [{group: sector, max: 2%}]\n",
        "plan.yaml:14: strategy.limits.0: the limit of 2% leaves room for 0 satellites of 2.5% each, "
        "3 are to be chosen; raise it, lower the weight or choose fewer",
    ),
    "a limit on sectors of which there are too few": (
        top("count: 4, by: momentum") + "  limits: [{group: sector, max: 3%}]\n",
        "plan.yaml:14: strategy.limits.0: the limit of 3% leaves room for 3 satellites of 2.5% each, "
        "4 are to be chosen; raise it, lower the weight or choose fewer",
    ),
    "a limit on sectors without a universe": (
        WEIGHTS + "  limits: [{group: sector, max: 6%}]\n",
        "plan.yaml:9: strategy.limits.0: no sectors are known of these satellites; name them from a universe file",
    ),
    "an unknown sector": (
        CHOSEN + "  limits: [{group: [Helthcare], max: 6%}]\n",
        "plan.yaml:14: strategy.limits.0: limit names Helthcare, which is neither core nor satellite nor sector; "
        "known sectors: Finance, Healthcare, Industrials, Technology",
    ),
    # the universe and its filters
    "an unknown broker": (
        edited(CHOSEN, ("[comdirect]", "[comdirekt]")),
        "plan.yaml:9: strategy.satellites.available_at.0: the universe has no broker 'comdirekt'; "
        "did you mean 'comdirect'?",
    ),
    "a broker without brackets": (
        edited(CHOSEN, ("[comdirect]", "comdirect")),
        "plan.yaml:9: strategy.satellites.available_at: expected a list, found 'comdirect'; write [comdirect]",
    ),
    "an unknown tag": (
        edited(CHOSEN, ("available_at: [comdirect]", "tags: [metals]")),
        "plan.yaml:9: strategy.satellites.tags.0: the universe has no tag 'metals'; did you mean 'metal'?",
    ),
    "a name that is not in the universe": (
        edited(CHOSEN, ("MMSI]", "MSMI]")),
        "plan.yaml:10: strategy.satellites.choose.names.2: the universe has no ticker 'MSMI'; did you mean 'MMSI'?",
    ),
    "a name that the broker does not have": (
        edited(CHOSEN, ("MMSI]", "SRCE]")),
        "plan.yaml:10: strategy.satellites.choose.names.2: SRCE is not available under comdirect; "
        "drop it or widen the filter",
    ),
    "a name twice": (
        edited(CHOSEN, ("MMSI]", "MMSI, CRS]")),
        "plan.yaml:10: strategy.satellites.choose.names.3: CRS is written twice; remove one",
    ),
    "a core that is a candidate": (
        top("count: 3, by: momentum", ("VB: 15%", "ITRI: 15%")),
        "plan.yaml:7: strategy.satellites.ITRI: ITRI is core and satellite at once; keep one of the two",
    ),
    "a universe with a fault inside": (
        edited(CHOSEN, ("universe.yaml", "wrong_key.yaml")),
        "plan.yaml:8: strategy.satellites.universe: wrong_key.yaml:3: names.1.sectr: unknown key 'sectr'; "
        "did you mean 'sector'?",
    ),
    "a universe with a name twice": (
        edited(CHOSEN, ("universe.yaml", "doubled.yaml")),
        "plan.yaml:8: strategy.satellites.universe: doubled.yaml:3: names.1.ticker: CRS stands in the universe twice; "
        "keep one of the two",
    ),
    "a universe that is no YAML": (
        edited(CHOSEN, ("universe.yaml", "tabbed.yaml")),
        "plan.yaml:8: strategy.satellites.universe: tabbed.yaml:3:1: a tab where indentation or a value starts; "
        "indent with spaces",
    ),
    "an unknown way to choose": (
        edited(CHOSEN, ("kind: named", "kind: nmaed")),
        "plan.yaml:10: strategy.satellites.choose: unknown kind 'nmaed'; did you mean 'named'?; known: named, top",
    ),
    "no way to choose": (
        edited(CHOSEN, (f"    {NAMES}\n", "")),
        "plan.yaml:7: strategy.satellites.choose: key 'choose' is missing; add `choose: ...`",
    ),
    # scores
    "quality without a table": (
        top("count: 3, by: quality"),
        f"plan.yaml:10: strategy.satellites.choose.by: by: quality needs a table and a measure; {QUALITY}",
    ),
    "quality without a measure": (
        top("count: 3, by: quality, table: {path: figures.csv}"),
        f"plan.yaml:10: strategy.satellites.choose.by: by: quality needs a measure; {QUALITY}",
    ),
    "a measure of a column that is not there": (
        top("count: 3, by: quality, table: {path: figures.csv}, measure: net_incme / equity"),
        "plan.yaml:10: strategy.satellites.choose.measure: figures.csv has no column 'net_incme'; "
        "did you mean 'net_income'? known: equity, net_income",
    ),
    "a table for momentum": (
        top("count: 3, by: momentum, table: {path: figures.csv}"),
        "plan.yaml:10: strategy.satellites.choose.table: table belongs to by: quality; remove it or choose that",
    ),
    "a skip as long as the lookback": (
        top("count: 3, by: momentum, lookback: 20, skip: 20"),
        "plan.yaml:10: strategy.satellites.choose.skip: a lookback of 20 with skip 20 leaves 0 returns, 1 are needed; "
        "lower skip or raise lookback",
    ),
    "one return for a volatility": (
        top("count: 3, by: low_volatility, lookback: 20, skip: 19"),
        "plan.yaml:10: strategy.satellites.choose.skip: a lookback of 20 with skip 19 leaves 1 returns, 2 are needed; "
        "lower skip or raise lookback",
    ),
    "a skip into the future": (
        top("count: 3, by: momentum, skip: -1"),
        "plan.yaml:10: strategy.satellites.choose.skip: found '-1'; expected at least 0",
    ),
    # bands
    "an edge without a band": (
        WEIGHTS + "  trade_to: edge\n",
        f"plan.yaml:9: strategy.trade_to: trade_to {NO_BAND} trade_to: target",
    ),
    "inside without a band": (
        WEIGHTS + "  trade_to: {inside: 1%}\n",
        f"plan.yaml:9: strategy.trade_to: trade_to {NO_BAND} trade_to: target",
    ),
    "the drifted without a band": (
        WEIGHTS + "  trade_only: drifted\n",
        f"plan.yaml:9: strategy.trade_only: trade_only {NO_BAND} trade_only: all",
    ),
    "flows first without a band": (
        WEIGHTS + "  funding: flows_first\n" + FLOWS,
        f"plan.yaml:9: strategy.funding: funding {NO_BAND} funding: sell_and_buy",
    ),
    "flows first without flows": (
        BAND + "  funding: flows_first\n",
        f"plan.yaml:10: strategy.funding: {TOWARDS} and the account has no flows; "
        f"add contributions: {{amount: 100}} to the account, {SELL}",
    ),
    "flows first where flows go pro rata": (
        BAND + "  funding: flows_first\n" + FLOWS.replace("100", "100, invest: pro_rata"),
        f"plan.yaml:10: strategy.funding: {TOWARDS} and flows are invested by pro_rata; "
        f"write invest: towards_targets, {SELL}",
    ),
    "a flow that ends before it begins": (
        WEIGHTS + FLOWS.replace("100", "100, from: 2012-01-01, to: 2011-12-31"),
        "plan.yaml:9: account.contributions.to: the flow ends on 2011-12-31, before it begins on 2012-01-01; "
        "write a later date",
    ),
    "a flow on a date that recurs": (
        WEIGHTS + "account:\n  contributions:\n    - {amount: 100}\n    - {amount: 5, on: 2012-01-01, every: month}\n",
        "plan.yaml:12: account.contributions.1.every: every is of a flow that recurs, "
        "and this one is paid on 2012-01-01 only; leave one out",
    ),
    "an indexed flow from before its index": (
        WEIGHTS + FLOWS.replace("100", "100, from: 1990-01-01, indexed: {path: prices_1996.csv}"),
        "plan.yaml:9: account.contributions.indexed.path: prices_1996.csv: its first value is of 1996-01-01, "
        "one is needed on 1990-01-01; let the flow begin later (from), or name a longer file",
    ),
    "an index with a word in it": (
        WEIGHTS + FLOWS.replace("100", "100, indexed: {path: stranger.csv}"),
        "plan.yaml:9: account.contributions.indexed.path: stranger.csv:2: found '2020-01-01,CRS', "
        "expected a date and a value above zero up to 1e15, as 2024-01-01,309.685; correct the line",
    ),
    "flows that are invested in two ways": (
        WEIGHTS + "account:\n  contributions:\n    - {amount: 100}\n    - {amount: 5, invest: wait}\n",
        "plan.yaml:12: account.contributions.1.invest: invest is wait here and towards_targets in the first plan; "
        "flows are netted, so write one for all of them",
    ),
    "a flow with an unknown key": (
        WEIGHTS + FLOWS.replace("amount", "amont"),
        "plan.yaml:9: account.contributions.amont: unknown key 'amont'; did you mean 'amount'?",
    ),
    "flows first in a benchmark": (
        WEIGHTS + "compare:\n  benchmarks:\n    - SPY\n    - name: mix\n      kind: fixed_mix\n"
        "      weights: {SPY: 60%, AGG: 40%}\n      rebalance: {kind: band, absolute: 5%}\n"
        "      funding: flows_first\n",
        f"plan.yaml:16: compare.benchmarks.1.funding: {TOWARDS} and the account has no flows; "
        f"add contributions: {{amount: 100}} to the account, {SELL}",
    ),
    "inside as far as the band is wide": (
        BAND + "  trade_to: {inside: 2%}\n",
        "plan.yaml:10: strategy.trade_to.inside: 2% inside a band of at most 2% is its target; "
        "write trade_to: target, or less than 2%",
    ),
    "inside past a relative band": (
        edited(BAND, ("absolute: 2%, ", "")) + "  trade_to:\n    inside: 30%\n",
        "plan.yaml:11: strategy.trade_to.inside: 30% inside a band of at most 25% is its target; "
        "write trade_to: target, or less than 25%",
    ),
    "two bands": (
        WEIGHTS + "  rebalance: {kind: any, of: [{kind: band, absolute: 5%}, {kind: band, relative: 25%}]}\n",
        "plan.yaml:9: strategy.rebalance: two bands given; write one with both absolute and relative, "
        "whichever breaks first counts",
    ),
    "a look every fortnight": (
        edited(BAND, ("relative: 25%", "look: fortnight")),
        "plan.yaml:9: strategy.rebalance.look: found 'fortnight'; "
        "expected 'day', 'week', 'two_weeks', 'month', 'quarter', 'half_year' or 'year'",
    ),
    "years in a word": (
        WEIGHTS + "  rebalance: {kind: annual, every: two}\n",
        "plan.yaml:9: strategy.rebalance.every: 'two' is not a number; write digits only",
    ),
    # never sold
    "never sold and unknown": (
        WEIGHTS + "  never_sell: [CRS, UFN]\n",
        "plan.yaml:9: strategy.never_sell.1: UFN has no target to be kept above; did you mean 'UNF'?",
    ),
    "never sold and a sleeve": (
        edited(WEIGHTS, ("{SPY: rest, VB: 15%}", "{US: {weight: rest, of: {SPY: rest, VB: 20%}}}"))
        + "  never_sell: [VB, US]\n",
        "plan.yaml:9: strategy.never_sell.1: US has no target to be kept above; known: CRS, MMSI, SPY, UNF, VB",
    ),
    "never sold twice": (
        WEIGHTS + "  never_sell: [CRS, CRS]\n",
        "plan.yaml:9: strategy.never_sell.1: CRS is written twice; remove one",
    ),
    "never sold and trimmed": (
        WEIGHTS + "  caps: always\n  never_sell: [SPY, CRS]\n",
        "plan.yaml:10: strategy.never_sell.1: CRS is sold down by caps: always; "
        "write caps: at_rebalance or its own cap of 100%",
    ),
    "never sold and reviewed": (
        review("trigger: 20%, thesis: {kind: trend}") + "  never_sell: [CRS]\n",
        "plan.yaml:10: strategy.never_sell.0: CRS may be sold by loss_review; "
        "write broken: keep and unknown: keep, or take it off",
    ),
    "never sold and chosen": (
        top("count: 3, by: momentum") + "  never_sell: [CRS]\n",
        "plan.yaml:14: strategy.never_sell.0: CRS is chosen, and sold when it is no longer; "
        "name it in satellites, or take it off",
    ),
    "never sold and of a list with dates": (
        edited(CHOSEN, ("universe.yaml", "dated.csv"), ("    available_at: [comdirect]\n", ""))
        + "  never_sell: [CRS]\n",
        "plan.yaml:13: strategy.never_sell.0: CRS is chosen, and sold when it is no longer; "
        "name it in satellites, or take it off",
    ),
    "never sold in a band that trades a part": (
        BAND + "  trade_only: drifted\n  never_sell: [SPY]\n",
        "plan.yaml:11: strategy.never_sell: a band that trades a part asks at every close for sales that are never "
        "made; write trade_to: target and trade_only: all",
    ),
    "never sold in an account that ends by selling all": (
        WEIGHTS + "  never_sell: [SPY]\naccount: {when_spent: stop, contributions: {amount: -100}}\n",
        "plan.yaml:9: strategy.never_sell: account.when_spent: stop sells everything in the end; "
        "write when_spent: error, or leave never_sell out",
    ),
    "never sold names above the whole account": (
        f"{HEAD}strategy:\n  kind: fixed_mix\n  weights: {{SPY: 60%, VB: 50%}}\n  never_sell: [SPY, VB]\n",
        "plan.yaml:6: strategy.weights: weights add up to 110%; 100% is all there is, lower them",
    ),
    # the loss review
    "a trigger of nothing": (
        review("trigger: 0%, thesis: {kind: always}"),
        f"plan.yaml:9: strategy.loss_review.trigger: a trigger of 0% {NO_LOSS}",
    ),
    "a trigger of everything": (
        review("trigger: 100%, thesis: {kind: always}"),
        f"plan.yaml:9: strategy.loss_review.trigger: a trigger of 100% {NO_LOSS}",
    ),
    "a trigger with a minus": (
        review("trigger: -20%, thesis: {kind: always}"),
        f"plan.yaml:9: strategy.loss_review.trigger: a trigger of -20% {NO_LOSS}",
    ),
    "a bare trigger": (
        review("trigger: 25, thesis: {kind: always}"),
        "plan.yaml:9: strategy.loss_review.trigger: 25 could mean 25% or 25 times the whole; write 25% or 0.25",
    ),
    "no thesis": (
        review("trigger: 20%"),
        "plan.yaml:9: strategy.loss_review.thesis: key 'thesis' is missing; add `thesis: ...`",
    ),
    "a review that keeps everything": (
        review("trigger: 20%, thesis: {kind: trend}, intact: keep, broken: keep"),
        "plan.yaml:9: strategy.loss_review: this thesis is found intact or broken or unknown and then kept, "
        "so a review does nothing; write another intact than keep, or remove loss_review",
    ),
    "a thesis that always stands and is kept": (
        review("trigger: 20%, thesis: {kind: always}, intact: keep"),
        "plan.yaml:9: strategy.loss_review: this thesis is found intact and then kept, "
        "so a review does nothing; write another intact than keep, or remove loss_review",
    ),
    "a list without a verdict": (
        by_list("[]"),
        "plan.yaml:9: strategy.loss_review: this thesis is found unknown and then kept, "
        "so a review does nothing; write another unknown than keep, or remove loss_review",
    ),
    "an unknown thesis": (
        review("trigger: 20%, thesis: {kind: trand}"),
        "plan.yaml:9: strategy.loss_review.thesis: unknown kind 'trand'; did you mean 'trend'?; "
        "known: always, never, trend, quality, list",
    ),
    "a thesis in one word": (
        review("trigger: 20%, thesis: trend"),
        "plan.yaml:9: strategy.loss_review.thesis: expected `key: value` lines, found 'trend'; write {kind: trend}",
    ),
    "a trend of one session": (
        review("trigger: 20%, thesis: {kind: trend, sessions: 1}"),
        "plan.yaml:9: strategy.loss_review.thesis.sessions: found '1'; expected at least 2",
    ),
    "a criterion on a column that is not there": (
        by_quality("equity > 0, net_incme > 0"),
        "plan.yaml:9: strategy.loss_review.thesis.criteria.1: figures.csv has no column 'net_incme'; "
        "did you mean 'net_income'? known: equity, net_income",
    ),
    "half a criterion": (
        by_quality("net_income >"),
        "plan.yaml:9: strategy.loss_review.thesis.criteria.0: 'net_income >': found its end, "
        "expected a number, a column or a parenthesis; as net_income / equity",
    ),
    "two criteria in one": (
        by_quality("net_income > 0 and equity > 0"),
        "plan.yaml:9: strategy.loss_review.thesis.criteria.0: 'net_income > 0 and equity > 0': 'and' joins criteria; "
        "write each criterion for itself",
    ),
    "a verdict on a stranger in a file": (
        by_list("{path: stranger.csv}"),
        "plan.yaml:9: strategy.loss_review.thesis.verdicts.path: stranger.csv:3: a verdict on 'CSR', "
        "which is no satellite; did you mean 'CRS'?",
    ),
    "a verdict on a stranger": (
        by_list("[{date: 2020-01-01, ticker: CSR, verdict: broken}]"),
        "plan.yaml:9: strategy.loss_review.thesis.verdicts.0.ticker: a verdict on 'CSR', which is no satellite; "
        "did you mean 'CRS'?",
    ),
    "a word that is no verdict": (
        by_list("{path: word.csv}"),
        "plan.yaml:9: strategy.loss_review.thesis.verdicts.path: word.csv:2: verdict: found 'brokn', "
        "expected intact or broken; did you mean 'broken'?",
    ),
    "a mix with a loss review": (
        f"{HEAD}strategy:\n  kind: fixed_mix\n  weights: {{SPY: 60%, AGG: 40%}}\n  loss_review: {{trigger: 20%}}\n",
        "plan.yaml:7: strategy.loss_review: unknown key 'loss_review'; known: after_delisting, before_listing, "
        "funding, kind, never_sell, rebalance, trade_only, trade_to, weights",
    ),
}


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with the files that a plan can name; nowhere is a price."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return Path("plan.yaml")


def message(plan: Path, text: str, *overrides: str) -> str:
    plan.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_run(plan, overrides)
    return str(caught.value)


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_a_contradiction_is_one_line_with_place_finding_and_remedy(plan: Path, text: str, expected: str) -> None:
    assert message(plan, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        WEIGHTS,
        CHOSEN,
        BAND + "  trade_to: {inside: 1.9%}\n  trade_only: drifted\n  funding: flows_first\n" + FLOWS,
        top("count: 3, by: momentum, lookback: 2, skip: 1") + "  limits: [{group: sector, max: 2.5%}]\n",
        top("count: 3, by: quality, table: {path: figures.csv}, measure: net_income / equity"),
        review("trigger: 99.9%, thesis: {kind: always}, broken: keep"),
        by_quality("equity > 0, net_income / equity > 10%"),
        by_list("[]").replace("trigger", "unknown: exit, trigger"),
        CHOSEN + "  limits: [{group: sector, max: 5%}, {group: [VB, satellites], max: 22.5%}]\n",
    ],
)
def test_a_plan_at_the_bounds_of_what_its_rules_allow_is_accepted(plan: Path, text: str) -> None:
    plan.write_text(text)
    assert load_run(plan).name == "plan"


@pytest.mark.parametrize(
    ("text", "key", "name"),
    [
        (edited(CHOSEN, ("universe.yaml", "none.yaml")), "8: strategy.satellites.universe", "none.yaml"),
        (by_quality("equity > 0", "none.csv"), "9: strategy.loss_review.thesis.table.path", "none.csv"),
        (by_list("{path: none.csv}"), "9: strategy.loss_review.thesis.verdicts.path", "none.csv"),
    ],
)
def test_a_file_that_does_not_exist_is_named_with_where_it_was_looked_for(
    plan: Path, tmp_path: Path, text: str, key: str, name: str
) -> None:
    remedy = f"a relative path starts at the working directory, {tmp_path}"
    assert message(plan, text) == f"plan.yaml:{key}: {name}: found no such file; {remedy}"


def test_a_verdict_of_a_day_to_come_names_its_line_and_today(plan: Path) -> None:
    for verdicts, place in (
        ("{path: future.csv}", "verdicts.path: future.csv:3: date"),
        ("[{date: 2190-02-01, ticker: CRS, verdict: broken}]", "verdicts.0.date"),
    ):
        faults = message(plan, by_list(verdicts))
        assert faults.startswith(f"plan.yaml:9: strategy.loss_review.thesis.{place}: future date: 2190-02-01 is after ")
        assert faults.endswith("; date a verdict on the day it was made")
        assert "\n" not in faults


def test_a_contradiction_made_on_the_command_line_points_there(plan: Path) -> None:
    assert message(plan, CHOSEN, "strategy.cap=2%").startswith("plan.yaml:12: strategy.satellites.weight: ")
    assert message(plan, BAND, "strategy.funding=flows_first").startswith(f"--set: strategy.funding: {TOWARDS}")


def test_contradictions_far_apart_are_all_reported_in_the_order_of_the_file(plan: Path) -> None:
    text = edited(CHOSEN, ("[comdirect]", "[comdirekt]"), ("cap: 3%", "cap: 25"))
    faults = message(plan, text + "  loss_review: {trigger: 0%, thesis: {kind: trand}}\n").splitlines()
    assert [line.split(": ")[1] for line in faults] == [
        "strategy.satellites.available_at.0",
        "strategy.cap",
        "strategy.loss_review.trigger",
        "strategy.loss_review.thesis",
    ]
