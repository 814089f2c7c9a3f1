"""The certificate of no look-ahead: planted leaks are found and named, plans that look back are clean."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import cli
from engine.core.errors import EngineError
from engine.data.market import Market
from engine.evidence.later_closes import REPLACEMENTS, replace_later_closes
from engine.evidence.look_ahead import certify, sessions_to_test
from engine.portfolio.policy import Decision
from engine.simulation import spine
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.configs import QUICK
from tests.support.markets import account, free, market_of, percent
from tests.support.rule_book import MONTHLY, TOP, plan_of, stormy

ASSETS = 4
DELAYS = {"close": 0, "next_close": 1}


def walk(sessions: int = 260, *, gaps: bool = False) -> np.ndarray:
    """Four assets that move a lot; with ``gaps`` each misses every fifth close or so, never two at once."""
    rng = np.random.default_rng(5)
    closes = 50.0 * np.cumprod(1.0 + rng.normal(0.0, 0.03, (sessions, ASSETS)), axis=0)
    if gaps:
        missing = rng.random(closes.shape) < 0.2
        missing[1:] &= ~missing[:-1]
        closes[1:-1][missing[1:-1]] = np.nan
    return closes


class Planted(FixedMix):
    """Holds what ``score`` likes, decided anew every week; the arrays of the whole market are behind a history's."""

    def fixed_targets(self):
        return None

    def score(self, closes: np.ndarray, ages: np.ndarray, row: int) -> np.ndarray:
        raise NotImplementedError

    def target_weights(self, decision: Decision) -> np.ndarray:
        if not len(decision.history.dates):
            return decision.eligible / ASSETS
        history = decision.history
        liked = self.score(history.prices.base, history.age.base, len(history.dates)) * decision.eligible
        return liked / max(liked.sum(), 1.0)


class SeesTheFill(Planted):
    """Takes what rises at the session of the fill."""

    def score(self, closes, ages, row):
        return closes[min(row, len(closes) - 1)] > closes[row - 1]


class CentredAverage(Planted):
    """Compares a close with the average of the sessions around it."""

    def score(self, closes, ages, row):
        return closes[row - 1] > closes[max(row - 6, 0) : row + 5].mean(axis=0)


class RanksTheNextReturn(Planted):
    """Takes the two that rise most in the session after the fill."""

    def score(self, closes, ages, row):
        after = min(row + 1, len(closes) - 1)
        return np.argsort(np.argsort(closes[after] / closes[row - 1])) >= ASSETS // 2


class FillsGapsBackwards(Planted):
    """Takes the next close where the last is missing, and holds what has risen to it."""

    def score(self, closes, ages, row):
        following = [closes[row - 1 + int((ages[row - 1 :, j] == 0).argmax()), j] for j in range(ASSETS)]
        return np.array(following) > closes[max(row - 4, 0)]


class WholeSample(Planted):
    """Holds what is below its average of all the closes there are."""

    def score(self, closes, ages, row):
        return closes[row - 1] < closes.mean(axis=0)


class SeesTheEnd(Planted):
    """Sells what has no close a week later; only closes that go missing can show it."""

    def score(self, closes, ages, row):
        return ages[min(row + 4, len(ages) - 1)] == 0


class LooksBack(Planted):
    """Does all of these with what has been."""

    def score(self, closes, ages, row):
        before = closes[max(row - 30, 0) : row]
        gap = np.where(ages[row - 1] > 0, closes[row - 1], before.mean(axis=0))
        rank = np.argsort(np.argsort(before[-1] / before[0]))
        return (before[-1] >= gap) | (rank == 0) | (before[-1] > before.mean(axis=0) + before.std(axis=0))


LEAKS = (SeesTheFill, CentredAverage, RanksTheNextReturn, FillsGapsBackwards, WholeSample, SeesTheEnd)


def planted(kind: type[Planted]) -> Planted:
    return kind(weights=dict.fromkeys("ABCD", 0.25), rebalance={"kind": "every", "period": "week"})


@pytest.mark.parametrize("execution", DELAYS)
@pytest.mark.parametrize("leak", LEAKS)
def test_a_strategy_that_looks_ahead_is_found(leak: type[Planted], execution: str) -> None:
    """In each of six ways; the decision named is one of the run, moved by closes that it may not use."""
    market, terms = market_of(walk(gaps=leak is FillsGapsBackwards)), account(execution=execution)
    ledger = simulate(market, planted(leak), terms, free(ASSETS))
    moved = certify(market, planted(leak), terms, free(ASSETS), ledger=ledger).moved
    assert moved is not None
    assert moved.kind == "decision"
    assert moved.asset in market.assets
    row = int(np.searchsorted(market.dates, np.datetime64(moved.date)))
    assert row in ledger.rows[ledger.rebalances]
    assert moved.known == str(market.dates[row - 1 - DELAYS[execution]])
    assert moved.known <= moved.replaced_after


@pytest.mark.parametrize("execution", DELAYS)
@pytest.mark.parametrize("gaps", [False, True])
def test_a_strategy_that_does_the_same_with_the_past_is_clean(execution: str, gaps: bool) -> None:
    market, terms = market_of(walk(140, gaps=gaps)), account(execution=execution)
    found = certify(market, planted(LooksBack), terms, free(ASSETS))
    assert found.moved is None
    assert (found.sessions, found.replacements) == (50, ("missing", "times 1000", "reversed"))
    assert found.decisions > 20
    assert found.trades > 40


def test_the_first_decision_that_moves_is_named() -> None:
    """One that sees its fill's close from its 30th decision on, which no trade before has to do with."""
    market = market_of(walk(sessions=49))  # every session but the last is tested
    fills = np.flatnonzero(np.diff(market.dates.astype(int), prepend=0) > 1)[1:]
    due = int(fills[4])

    class Late(SeesTheFill):
        def score(self, closes, ages, row):
            return super().score(closes, ages, row) if row >= due else np.ones(ASSETS)

    found = certify(market, planted(Late), account(), free(ASSETS))
    assert found.sessions == 48
    assert found.moved is not None
    days = [str(market.dates[row]) for row in (due, due - 1)]
    assert [found.moved.date, found.moved.known, found.moved.replaced_after] == [*days, days[1]]
    said = rf"^look-ahead: the decision filled on {days[0]} \([ABCD]\) may use closes up to {days[1]}, and moved when "
    assert re.match(said, str(found.moved))


@pytest.mark.parametrize("what", ["an event less", "another reason"])
def test_a_run_that_differs_in_its_last_event_alone_is_told_by_it(what: str) -> None:
    """Held against a ledger that lacks it, or that has another reason for it; values are the same."""
    market, plan = market_of(walk(100)), planted(LooksBack)
    ledger = simulate(market, plan, account(), free(ASSETS))
    names = ("rows", "targets", "trades", "prices", "costs", "lazy_reasons", "asset_reasons", "rebalances")
    flags = ("partial_rebalances", "opening", "contributions", "payouts")
    if what == "an event less":
        other = dataclasses.replace(ledger, **{name: getattr(ledger, name)[:-1] for name in (*names, *flags)})
    else:
        other = dataclasses.replace(ledger, lazy_reasons=(*ledger.lazy_reasons[:-1], "no reason"))
    moved = certify(market, plan, account(), free(ASSETS), ledger=other).moved
    assert moved is not None
    assert (moved.kind, moved.date) == ("decision", str(market.dates[ledger.rows[-1]]))


def test_a_history_that_is_one_session_too_long_is_found_of_a_shipped_strategy(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Market.history_before
    monkeypatch.setattr(Market, "history_before", lambda self, row: before(self, min(row + 1, len(self.dates))))
    choose = {"kind": "top", "count": 2, "by": "momentum", "lookback": 5}
    plan = plan_of({**TOP, "choose": choose}, rebalance=MONTHLY)
    found = certify(market_of(stormy()), plan, account(), percent(0.001, 6))
    assert found.moved is not None
    assert found.moved.kind == "decision"


def test_a_review_that_sees_the_session_of_its_fill_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a plan whose calendar never decides again."""
    plan = plan_of(
        rebalance={"kind": "never"},
        loss_review={"trigger": "10%", "from": "peak", "thesis": {"kind": "trend", "sessions": 5}, "unknown": "keep"},
    )
    market = market_of(stormy())
    assert certify(market, plan, account(), percent(0.001, 6)).moved is None
    before = Market.history_before
    monkeypatch.setattr(Market, "history_before", lambda self, row: before(self, min(row + 1, len(self.dates))))
    assert certify(market, plan, account(), percent(0.001, 6)).moved is not None


def test_an_order_that_knows_the_next_close_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a plan whose weights are fixed: what it trades is moved by the engine, no decision is."""
    rebalance = spine.rebalance

    def lucky(state, row, target, reason) -> None:
        after = state.market.prices[min(row + 1, len(state.market.dates) - 1)]
        rebalance(state, row, np.where(after > state.market.prices[row], target, target / 2.0), reason)

    monkeypatch.setattr(spine, "rebalance", lucky)
    plan = FixedMix(weights={"A": 0.5, "B": 0.3}, rebalance={"kind": "every", "period": "month"})
    terms = account(contributions={"amount": 100})  # money that comes in keeps the run from being one call
    assert certify(market_of(walk()), plan, terms, free(ASSETS)).moved is not None


def test_replaced_closes_are_those_of_the_market_built_from_them() -> None:
    """Late, dead and missing ones among them: carried closes, ages and lives are what building anew makes of them."""
    closes = walk(120, gaps=True)
    closes[:70, 1], closes[40:, 2] = np.nan, np.nan
    market = market_of(closes)
    for row in (10, 39, 40, 69, 70, 90, 118):
        later = closes[row + 1 :]
        flipped = later.copy()
        for j in range(ASSETS):
            printed = np.isfinite(later[:, j])
            flipped[printed, j] = later[printed, j][::-1]
        changed = {"times 1000": later * 1000.0, "reversed": flipped, "missing": np.full_like(later, np.nan)}
        for how, after in changed.items():
            there, built = replace_later_closes(market, row, how), market_of(np.vstack([closes[: row + 1], after]))
            for name in ("prices", "age"):
                assert getattr(there, name).tobytes() == getattr(built, name).tobytes(), (row, how, name)
            same = slice(None) if how == "missing" else slice(0)  # a gap at the row is not known to be an end
            assert np.array_equal(there.listed[: row + 1], market.listed[: row + 1])
            assert there.listed[row + 1 :].any() == (how != "missing" and bool(market.listed[row + 1 :].any()))
            assert not there.listed[row + 1 :][same].any()
            assert there.fresh[: row + 1].tobytes() == market.fresh[: row + 1].tobytes()


def test_dividends_after_a_session_are_replaced_and_those_before_it_stay() -> None:
    closes = walk(60)
    paid = np.zeros_like(closes)
    paid[9::10] = 0.5 + np.arange(6)[:, None]
    market = dataclasses.replace(market_of(closes), dividends=paid)
    for how in REPLACEMENTS:
        other = replace_later_closes(market, 30, how)
        assert other.dividends is not None
        assert np.array_equal(other.dividends[:31], paid[:31])
        assert not np.array_equal(other.dividends[31:], paid[31:])
        assert other.total_return_prices[:31].tobytes() == market.total_return_prices[:31].tobytes()


@pytest.mark.parametrize("delay", [0, 1])
def test_fifty_sessions_lie_all_over_the_run_and_around_its_decisions(delay: int) -> None:
    market = market_of(walk(900))
    terms = account(execution="next_close" if delay else "close")
    ledger = simulate(market, planted(LooksBack), terms, free(ASSETS), start=100)
    rows = sessions_to_test(market, ledger, delay)
    assert len(np.unique(rows)) == 50
    assert (rows[0], rows[-1]) == (100, 898)
    assert np.diff(rows).max() < 130
    decided = 100 + ledger.rows[ledger.rebalances] - delay
    for shift in (-1, 0, 1):
        assert np.isin(rows, decided + shift).sum() >= 11


def test_a_withdrawal_that_replaced_closes_cannot_pay_is_no_finding() -> None:
    """The reversed closes ruin the account at once, those that were do not."""
    closes = np.full((80, 2), 100.0)
    closes[40:, :] = 1000.0
    closes[-2:, :] = 1e-4
    market = market_of(closes)
    plan = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance=MONTHLY)
    terms = account(capital=1000, contributions={"amount": -60, "to": "2020-04-01"})
    assert certify(market, plan, terms, free(2)).moved is None


def test_a_run_that_replaced_closes_end_otherwise_says_after_which_session(monkeypatch: pytest.MonkeyPatch) -> None:
    class Fails(SeesTheFill):
        def score(self, closes, ages, row):
            if closes[row - 1].max() > 1e4:
                raise EngineError("the model does not converge")
            return np.ones(ASSETS)

    with pytest.raises(EngineError, match=r"^--certify: with the closes after 2020-0.* by 1000: the model does not"):
        certify(market_of(walk(60)), planted(Fails), account(), free(ASSETS))


def run_command(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    arguments = ["engine", "run", str(QUICK), "--set", "window.start=2020-01-02", "--out", str(folder), *options]
    monkeypatch.setattr(sys, "argv", arguments)
    return cli.main()


def test_the_command_prints_the_certificate_and_writes_the_same_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run_command(tmp_path, monkeypatch, "--certify", "--json") == 0
    printed = json.loads(capfdbinary.readouterr().out)
    written = (tmp_path / "quickstart" / "summary.json").read_bytes()
    certificate = printed.pop("certificate")
    assert printed == json.loads(written)
    assert certificate["sessions"] == 50
    assert certificate["replacements"] == list(REPLACEMENTS)
    assert certificate["moved"] is None
    assert run_command(tmp_path, monkeypatch, "--certify") == 0
    said = " ".join(capfdbinary.readouterr().out.decode().split())
    assert "No decision or trade up to t moved when every later close was replaced: 50 sessions x 3 " in said
    assert (tmp_path / "quickstart" / "summary.json").read_bytes() == written


def test_a_finding_is_one_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    honest = CoreSatellite.target_weights

    def leaking(self: CoreSatellite, decision: Decision) -> np.ndarray:
        closes, row = decision.history.prices.base, decision.row
        return honest(self, decision) * (closes[row] > closes[row - 1])

    monkeypatch.setattr(CoreSatellite, "fixed_targets", lambda self: None)
    monkeypatch.setattr(CoreSatellite, "target_weights", leaking)
    assert run_command(tmp_path, monkeypatch, "--certify", "--json") == 1
    done = capfdbinary.readouterr()
    errors = done.err.decode().splitlines()
    assert len(errors) == 1
    assert errors[0].startswith(f"error: {QUICK}: look-ahead: the decision filled on 20")
    assert json.loads(done.out)["certificate"]["moved"]["kind"] == "decision"
    assert (tmp_path / "quickstart" / "summary.json").exists()
