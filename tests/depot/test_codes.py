"""Codes of securities: check digits, and which asset of a plan is meant."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from engine.cli import main
from engine.core.errors import DataError
from engine.core.security_codes import find_code_fault
from engine.depot.codes import Identifiers, assign_tickers
from engine.depot.records import Codes, Holdings, Position

LIST = {"IE00B4L5Y983": "EUNL", "A0RPWH": "EUNL", "IE00BKM4GZ66": "IS3N", "42": "IS3N"}


@pytest.mark.parametrize(
    "isin", ["IE00B4L5Y983", "IE00BKM4GZ66", "DE0005557508", "US0378331005", "AU0000XVGZA3", "GB0002634946"]
)
def test_the_check_digits_of_real_isins_are_right(isin: str) -> None:
    assert find_code_fault(isin) == ""


@pytest.mark.parametrize("at", range(12))
def test_one_wrong_digit_or_letter_is_found(at: int) -> None:
    isin = "IE00B4L5Y983"
    wrong = isin[:at] + ("7" if isin[at] != "7" and isin[at].isdigit() else "Q") + isin[at + 1 :]
    assert find_code_fault(wrong) != ""


@pytest.mark.parametrize(
    ("codes", "ticker"),
    [
        (Codes(isin="IE00B4L5Y983"), "EUNL"),
        (Codes(wkn="A0RPWH"), "EUNL"),
        (Codes(conid="42"), "IS3N"),
        (Codes(symbol="IS3N"), "IS3N"),
        (Codes(isin="IE00B4L5Y983", symbol="IS3N"), "EUNL"),
        (Codes(isin="IE00B4L5Y983", conid="42"), "EUNL"),
        (Codes(wkn="A0RPWH", conid="42"), "IS3N"),
        (Codes(isin="DE0005557508", symbol="DTE"), None),
        (Codes(), None),
    ],
)
def test_an_isin_counts_more_than_the_list_that_more_than_a_wkn_and_a_ticker_least(
    codes: Codes, ticker: str | None
) -> None:
    assert Identifiers(LIST, ["EUNL", "IS3N"]).find(codes) == ticker


def test_an_empty_code_matches_nothing_not_even_an_empty_ticker() -> None:
    assert Identifiers({"": "EUNL", " - ": "IS3N"}, ["EUNL", "IS3N", ""]).find(Codes()) is None


def test_a_list_may_name_assets_that_this_plan_does_not_hold() -> None:
    assert Identifiers(LIST, ["EUNL"]).find(Codes(isin="IE00BKM4GZ66")) is None


def test_every_fault_of_the_list_is_told_at_once() -> None:
    codes = {"IE00B4L5Y983": "EUNL", "ie00b4l5y983 ": "IS3N", "IE00BKM4GZ67": "IS3N"}
    with pytest.raises(DataError) as told:
        Identifiers(codes, ["EUNL", "IS3N"])
    assert "identifiers.ie00b4l5y983 : stands for IS3N, and identifiers.IE00B4L5Y983 for EUNL" in str(told.value)
    assert "identifiers.IE00BKM4GZ67: found the ISIN IE00BKM4GZ67, expected the check digit 6" in str(told.value)


def holdings(*codes: Codes) -> Holdings:
    positions = tuple(Position("a", one, "", Decimal(at), line=at) for at, one in enumerate(codes, 2))
    return Holdings(positions, {}, {}, "plain", "depot.csv", "")


def test_two_codes_of_one_asset_are_both_its_positions_and_the_rest_is_unknown() -> None:
    known, unknown = assign_tickers(
        holdings(Codes(isin="IE00B4L5Y983"), Codes(symbol="EUNL"), Codes(isin="DE0005557508")),
        Identifiers(LIST, ["EUNL", "IS3N"]),
    )
    assert {ticker: [one.line for one in positions] for ticker, positions in known.items()} == {"EUNL": [2, 3]}
    assert [one.line for one in unknown] == [4]


def test_another_security_of_the_same_ticker_is_not_taken_for_the_plan_s() -> None:
    with pytest.raises(
        DataError, match=r"depot.csv:2: found the ISIN DE0005557508 with a code of EUNL, expected IE00B4L5Y983"
    ):
        assign_tickers(holdings(Codes(isin="DE0005557508", symbol="EUNL")), Identifiers(LIST, ["EUNL"]))


def test_a_config_is_refused_for_a_code_that_orders_would_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(
        "name: two\ndata: {source: {kind: sample}}\n"
        "strategy: {kind: fixed_mix, weights: {AAPL: 50%, MSFT: 50%}, rebalance: {kind: annual}}\n"
        "identifiers:\n  US0378331006: AAPL\n  us5949181045: MSFT\n  US5949181045: AAPL\n"
    )
    monkeypatch.setattr(sys, "argv", ["engine", "validate", str(plan)])
    assert main() == 1
    told = capsys.readouterr().err
    assert "plan.yaml:5: identifiers.US0378331006: found the ISIN US0378331006, expected the check digit 5" in told
    assert "plan.yaml:7: identifiers.US5949181045: stands for AAPL, and identifiers.us5949181045 for MSFT" in told
