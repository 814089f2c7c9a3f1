"""The article's sentences on real closes: every figure is that of pandas, or of the engine's own run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine import composition
from engine.backtest.workflow import run_backtest
from engine.core.yaml_document import parse_document
from engine.evidence.claims.check import CheckedClaim, check_claims
from engine.evidence.claims.claim_file import ClaimFile
from engine.report.evidence.claims_terminal import print_claims
from tests.support.configs import ROOT

FILE = ROOT / "configs" / "claims" / "small_caps.yaml"
END = "2025-10-31"
PLAN = {"SPY": 0.75, "VB": 0.15, "CRS": 0.025, "UNF": 0.025, "MMSI": 0.025, "ITRI": 0.025}


@pytest.fixture(scope="module")
def folder() -> Path:
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder shared/data with real prices is not beside this checkout")
    return folder


@pytest.fixture(scope="module")
def total(folder: Path) -> pd.DataFrame:
    frame = pd.read_parquet(folder / "prices.parquet")
    frame.index = pd.to_datetime(frame.index)
    return frame[:END]


@pytest.fixture(scope="module")
def price(folder: Path) -> pd.DataFrame:
    """Closes as traded in shares of the last day, dividends left out."""
    raw = pd.read_parquet(folder / "raw.parquet")
    raw["date"] = pd.to_datetime(raw["date"])
    splits = raw.pivot_table(index="date", columns="ticker", values="split").fillna(1.0).cumprod()
    return (raw.pivot_table(index="date", columns="ticker", values="close") * splits)[:END]


@pytest.fixture(scope="module")
def shipped(folder: Path) -> ClaimFile:
    sources = {"source": "prices.parquet", "price_source": "raw.parquet"}
    overrides = [
        text for key, name in sources.items() for text in (f"data.{key}.kind=files", f"data.{key}.path={folder / name}")
    ]
    return composition.load_claims(FILE, overrides)


@pytest.fixture(scope="module")
def checked(shipped: ClaimFile) -> tuple[CheckedClaim, ...]:
    return check_claims(shipped, composition.build_strategy)


def claim(checked: tuple[CheckedClaim, ...], start: str) -> CheckedClaim:
    (found,) = [one for one in checked if one.claim.sentence.startswith(start)]
    return found


def figures(one: CheckedClaim) -> dict[tuple[str, ...], float]:
    return {tuple(found.way.values()): found.figure for found in (*one.readings, *one.others)}


def closes_of(fund: str, way: Mapping[str, str], frames: Mapping[str, pd.DataFrame], funds: list[str]) -> pd.Series:
    frame = frames[way["closes"]].loc["2000":]
    own = frame[fund].dropna()
    if way.get("window") == "common":
        both = frame[[fund, *(one for one in funds if one != fund)]].dropna().index
        own = own[both[0] : both[-1]]
    return month_ends(own) if way.get("sampling") == "monthly" else own


def month_ends(series: pd.Series | pd.DataFrame) -> pd.Series | pd.DataFrame:
    months = series.index.to_period("M")
    return series[np.append(months[1:] != months[:-1], [True])]


def growth(series: pd.Series) -> float:
    days = (series.index[-1] - series.index[0]).days
    return float((series.iloc[-1] / series.iloc[0]) ** (365.25 / days) - 1.0)


def one_figure(series: pd.Series, figure: str, sampling: str) -> float:
    if figure == "cagr":
        return growth(series)
    if figure == "volatility":
        return float(series.pct_change().std() * np.sqrt(12 if sampling == "monthly" else 252))
    return float((series / series.cummax() - 1.0).min())


def test_every_figure_of_a_fund_is_that_of_pandas_in_all_its_readings(checked, total, price) -> None:
    frames, count = {"total_return": total, "price": price}, 0
    for one in checked:
        compute = one.claim.compute
        if compute.kind != "figure":
            continue
        for found in (*one.readings, *one.others):
            series = closes_of(compute.of[0], found.way, frames, list(compute.beside))
            wanted = one_figure(series, compute.figure, found.way["sampling"])
            assert found.figure == pytest.approx(wanted, rel=1e-9), (one.claim.sentence, found)
            assert (found.start, found.end) == (str(series.index[0].date()), str(series.index[-1].date()))
            count += 1
    assert count == 12 * 8


def test_nine_figures_of_the_table_hold_and_the_tenth_does_not(checked) -> None:
    verdicts = [one.verdict for one in checked[:10]]
    assert verdicts == ["holds"] * 9 + ["does not hold"]
    assert f"{100 * checked[9].measured.figure:.2f}" == "8.07"
    for one in checked[:9]:  # and what the table does not say would have been refuted
        assert {turn.key for turn in one.turns} & {"closes", "sampling"}


def test_differences_and_ratios_of_funds_are_those_of_pandas(checked, total, price) -> None:
    frames = {"total_return": total, "price": price}
    for start, first, last in (("2000 to 2006", "2000", "2006"), ("2016 to 2025", "2016", "2025")):
        one = claim(checked, start)
        for found in one.readings:
            cut = {key: frame[first:last] for key, frame in frames.items()}
            own, other = (
                closes_of(fund, found.way, cut, [found.way["fund"], "SPY"]) for fund in (found.way["fund"], "SPY")
            )
            assert found.figure == pytest.approx(growth(own) - growth(other), abs=1e-12)
        assert one.verdict == "holds"
    best = claim(checked, "Mid caps had the best")
    for found in best.readings:
        ratios = []
        for fund in ("MDY", "SPY", "IWM"):
            own = closes_of(fund, found.way, frames, ["MDY", "SPY", "IWM"])
            returns, periods = own.pct_change().dropna(), 12 if found.way["sampling"] == "monthly" else 252
            ratios.append(
                {
                    "sharpe": returns.mean() / returns.std() * np.sqrt(periods),
                    "return_over_volatility": growth(own) / (returns.std() * np.sqrt(periods)),
                    "calmar": growth(own) / -(own / own.cummax() - 1.0).min(),
                }[found.way["ratio"]]
            )
        assert found.figure == pytest.approx(ratios[0] - max(ratios[1:]), abs=1e-12)
    assert best.verdict == "cannot be told from this data"


def test_falls_and_returns_of_a_year_and_a_quarter_are_those_of_pandas(checked, total, price) -> None:
    frames = {"total_return": total, "price": price}
    for year, verdict in ((2008, "cannot be told from this data"), (2020, "does not hold")):
        one = claim(checked, f"Small caps fell 50 to 60 % in {year}")
        for found in one.readings:
            own = frames[found.way["closes"]][found.way["fund"]].dropna()
            own = month_ends(own) if found.way["sampling"] == "monthly" else own
            inside = own[str(year)]
            wanted = {
                "the_high_of_the_year": (inside / inside.cummax() - 1.0).min(),
                "the_highest_close_before": (own / own.cummax() - 1.0)[str(year)].min(),
                "the_last_close_of_the_year_before": inside.iloc[-1] / own[: str(year - 1)].iloc[-1] - 1.0,
            }[found.way["since"]]
            assert found.figure == pytest.approx(wanted, abs=1e-12)
        assert one.verdict == verdict
    for fund, sentence in (
        ("IWM", "In the third quarter of 2025 the Russell"),
        ("SPY", "In the third quarter of 2025 the S&P"),
    ):
        one = claim(checked, sentence)
        for found in (*one.readings, *one.others):
            own = frames[found.way["closes"]][fund].dropna()
            base = own["2025-07":].iloc[0] if found.way["since"] == "the_first_close" else own[:"2025-06"].iloc[-1]
            assert found.figure == pytest.approx(own[:"2025-09"].iloc[-1] / base - 1.0, abs=1e-12)
        assert one.verdict == "holds"


def test_shares_of_rolling_windows_are_those_of_pandas(checked, total, price) -> None:
    frames, count = {"total_return": total, "price": price}, 0
    for start, verdict in (
        ("Mid caps beat large", "cannot be told from this data"),
        ("Small caps beat large", "does not hold"),
        ("Mid caps beat small", "cannot be told from this data"),
    ):
        one = claim(checked, start)
        assert one.verdict == verdict
        for found in (*one.readings, *one.others):
            way, compute = found.way, one.claim.compute
            pair = frames[way["closes"]][[way.get("fund", compute.of[0]), compute.over]].dropna()
            if way["since"] == "the_window_begins":
                pair = pair["1991" if compute.period.start else "2000" :]
            if way["windows_begin"] == "every_session":
                begins = pair.index - pd.DateOffset(years=5)
                rows = pair.index.searchsorted(begins, side="right") - 1
                ends = np.flatnonzero(rows >= 0)
                won = (pair.to_numpy()[ends] / pair.to_numpy()[rows[ends]]).T
            else:
                months = month_ends(pair)
                if way["windows_begin"] == "every_january":
                    months = months[int(np.argmax(months.index.month == 12)) :]
                ratio = (months / months.shift(60)).dropna()
                won = ratio[:: 12 if way["windows_begin"] == "every_january" else 1].to_numpy().T
            assert found.figure == pytest.approx(float((won[0] > won[1]).mean()), abs=1e-12), found
            count += 1
    assert count == 12 + 36 + 12
    assert "MDY from 1991-01-01" in claim(checked, "Mid caps beat small").missing[0]


def rebalanced(closes: pd.DataFrame, month: int | None) -> pd.Series:
    """Return the value of the plan, brought back to its weights at the first session of a month of each year."""
    weights = np.array([PLAN[name] for name in closes])
    rows, values = closes.to_numpy(), np.empty(len(closes))
    units = weights / rows[0]
    for at, day in enumerate(closes.index):
        values[at] = units @ rows[at]
        if at and day.month == month and closes.index[at - 1].month != month:
            units = values[at] * weights / rows[at]
    return pd.Series(values, closes.index)


def test_what_rebalancing_added_is_that_of_a_loop_in_every_month(checked, total, price) -> None:
    one, frames = claim(checked, "Annual rebalancing"), {"total_return": total, "price": price}
    found = figures(one)
    months = [pd.Timestamp(2000, number, 1).strftime("%B").lower() for number in range(1, 13)]
    for closes, frame in frames.items():
        own = frame.loc["2000":, list(PLAN)].dropna()
        held = growth(rebalanced(own, None))
        for number, month in enumerate(months, start=1):
            assert found[closes, month] == pytest.approx(growth(rebalanced(own, number)) - held, abs=1e-11)
    assert one.verdict == "cannot be told from this data"
    low, high = one.measured.interval
    assert low < one.measured.figure < high


def test_the_interval_of_what_rebalancing_added_is_that_of_a_run_beside_its_buy_and_hold(checked, folder: Path) -> None:
    measured = claim(checked, "Annual rebalancing").measured
    weights = ", ".join(f"{name}: {100 * weight:g}%" for name, weight in PLAN.items())
    plan = (
        f"name: plan\ndata: {{source: {{kind: files, path: {folder / 'prices.parquet'}}}}}\n"
        f"window: {{start: 2004-01-30, end: {END}}}\n"
        f"strategy: {{kind: fixed_mix, weights: {{{weights}}}, rebalance: {{kind: annual, month: january}}}}\n"
    )
    config = composition.validate_run(parse_document(plan, "plan"))
    versus = run_backtest(config, parts=False).comparison.versus["buy_and_hold"]
    assert measured.figure == pytest.approx(versus.cagr_difference, abs=1e-15)
    assert measured.interval == pytest.approx(versus.cagr_difference_interval, abs=1e-15)


def test_what_the_loss_review_added_is_the_difference_of_two_runs(checked, folder: Path) -> None:
    one = claim(checked, "Buying at a 15 to 20 % loss")
    found = figures(one)
    plan = (
        f"name: plan\ndata: {{source: {{kind: files, path: {folder / 'prices.parquet'}}}}}\n"
        f"window: {{start: 2004-01-30, end: {END}}}\ncompare: {{buy_and_hold: false}}\n"
        "strategy:\n  kind: core_satellite\n  core: {SPY: 75%, VB: 15%}\n  cap: 2.5%\n"
        "  satellites: {CRS: 2.5%, UNF: 2.5%, MMSI: 2.5%, ITRI: 2.5%}\n  rebalance: {kind: annual, month: january}\n"
    )

    def cagr(review: str = "") -> float:
        config = composition.validate_run(parse_document(plan + review, "plan"))
        return run_backtest(config, intervals=False, parts=False).comparison.strategy.metrics["cagr"]

    review = "  loss_review: {trigger: 20%, from: peak, thesis: THESIS}\n"
    judged = cagr(review.replace("THESIS", "{kind: trend, sessions: 200}"))
    others = {"no_rule": cagr(), "selling_every_loss": cagr(review.replace("THESIS", "{kind: never}"))}
    for against, other in others.items():
        assert found["total_return", "20 %", "its_peak", against] == pytest.approx(judged - other, abs=1e-14)
    assert one.verdict == "cannot be told from this data"


def test_baskets_of_three_and_ten_are_those_of_all_choices(checked, total) -> None:
    one = claim(checked, "Three well-chosen")
    names = sorted(one.claim.compute.names)
    own = total.loc["2000":, list(one.claim.compute.names)].dropna()
    years = own.index.year
    rows = np.unique([0, *(np.flatnonzero(years[1:] != years[:-1]) + 1), len(own) - 1])
    factors = own.to_numpy()[rows[1:]] / own.to_numpy()[rows[:-1]]
    span = (own.index[-1] - own.index[0]).days / 365.25
    three = np.array([factors[:, list(chosen)].mean(axis=1).prod() for chosen in combinations(range(20), 3)])
    random = np.random.default_rng(5)
    ten = np.array([factors[:, random.permutation(20)[:10]].mean(axis=1).prod() for _ in range(20_000)])
    three, ten = three ** (1 / span) - 1, ten ** (1 / span) - 1
    found = figures(one)
    assert found["total_return", "the_median_of_baskets_drawn"] == pytest.approx(
        np.median(three) - np.median(ten), abs=2e-3
    )
    assert found["total_return", "the_mean_of_baskets_drawn"] == pytest.approx(three.mean() - ten.mean(), abs=2e-3)
    wins = (random.choice(three, 200_000) > random.choice(ten, 200_000)).mean() - 0.5
    assert found["total_return", "wins_of_pairs_drawn_above_one_half"] == pytest.approx(wins, abs=2e-2)
    best = [np.prod([now[np.argsort(-before)[:size]].mean() for before, now in pairwise(factors)]) for size in (3, 10)]
    span = (own.index[-1] - own.index[rows[1]]).days / 365.25
    wanted = best[0] ** (1 / span) - best[1] ** (1 / span)
    assert found["total_return", "the_best_names_of_the_year_before"] == pytest.approx(wanted, abs=1e-12)
    assert names == sorted(one.claim.compute.tickers)
    assert any("no closes as traded of" in text for text in one.left_out)


def test_arithmetic_needs_no_data(checked) -> None:
    half, whole = claim(checked, "0.5 % a year"), claim(checked, "1 % a year")
    assert half.measured.figure == pytest.approx(1.005**20 - 1, rel=1e-14)
    assert whole.measured.figure == pytest.approx(1.01**20 - 1, rel=1e-14)
    assert (half.verdict, whole.verdict) == ("holds", "does not hold")
    found = figures(whole)
    assert found[("share_of_the_final_value",)] == pytest.approx((1.0924 / 1.0824) ** 20 - 1, rel=1e-12)
    assert found[("added_up",)] == pytest.approx(0.2, rel=1e-14)


def test_the_readme_s_results_are_what_is_printed(shipped, checked, monkeypatch, capsys) -> None:
    """Regenerate with the command above the block, COLUMNS=100."""
    monkeypatch.setenv("COLUMNS", "100")
    print_claims(shipped, checked)
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    block = re.search(r"<!-- claims -->\n```\n(.*?)```\n<!-- /claims -->", (ROOT / "README.md").read_text(), re.DOTALL)
    assert block is not None
    assert block[1].strip() == printed.strip()
