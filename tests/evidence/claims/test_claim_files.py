"""Files of claims: what is refused and how, and what is said of data that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine import composition
from tests.support.claims import HEAD, check_text, made_frame, refusal
from tests.support.cli import engine
from tests.support.configs import CLAIMS

CAGR = "- {sentence: A grew 5 %, compute: {kind: figure, of: A, figure: cagr}, claimed: 5%}\n"


@pytest.mark.parametrize("path", CLAIMS, ids=lambda path: path.stem)
def test_every_shipped_file_of_claims_is_valid_and_names_itself(path: Path) -> None:
    file = composition.load_claims(path)
    assert file.name.replace("-", "_") == path.stem
    assert file.description
    assert all(claim.source for claim in file.claims)


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (
            CAGR.replace("kind: figure", "kind: figur"),
            "claims.yaml:5: claims.0.compute: unknown kind 'figur'; did you mean 'figure'?; known: figure, difference, "
            "best_ratio, worst_fall, period_return, rolling_win_share, compounding, rebalancing_premium, loss_review, "
            "basket_size",
        ),
        (
            CAGR.replace("cagr", "cgar"),
            "claims.yaml:5: claims.0.compute.figure: found 'cgar'; did you mean 'cagr'?; expected 'cagr', 'volatility', "
            "'max_drawdown' or 'total_return'",
        ),
        (
            CAGR.replace("claimed: 5%", "claimed: five"),
            "claims.yaml:5: claims.0.claimed: 'five' is nothing that can be measured; write 8.24%, a range as {from: "
            "0.5%, to: 1%}, positive or negative",
        ),
        (
            CAGR.replace("claimed: 5%", "claimed: {from: 2%, to: 1%}"),
            "claims.yaml:5: claims.0.claimed.to: the range does not rise; write the lower figure as from, -60% "
            "before -50%",
        ),
        (
            CAGR.replace("claimed: 5%", "claimed: {from: 1%, to: 1%}"),
            "claims.yaml:5: claims.0.claimed.to: the range does not rise; write the lower figure as from, -60% "
            "before -50%",
        ),
        (
            CAGR.replace("claimed: 5%", "claimed: {from: 2%, too: 1%}"),
            "claims.yaml:5: claims.0.claimed.too: unknown key 'too'; did you mean 'to'?",
        ),
        (
            CAGR.replace("claimed: 5%", "claimed: 5%, says: {closses: price}"),
            "claims.yaml:5: claims.0.says.closses: figure leaves no choice of 'closses'; did you mean 'closes'?",
        ),
        (
            CAGR.replace("claimed: 5%", "claimed: 5%, says: {sampling: weekly}"),
            "claims.yaml:5: claims.0.says.sampling: sampling is never 'weekly'; known: daily, monthly",
        ),
        (
            CAGR.replace("claimed: 5%", "claimed: positive, tolerance: 1%"),
            "claims.yaml:5: claims.0.tolerance: a sign has no tolerance; leave it out",
        ),
        (
            CAGR.replace(", claimed: 5%", ""),
            "claims.yaml:5: claims.0.claimed: key 'claimed' is missing; add `claimed: ...`",
        ),
        (
            "- {sentence: x, claimed: positive, compute: {kind: rebalancing_premium, weights: {A: 80%, B: 40%}}}\n",
            "claims.yaml:5: claims.0.compute: weights add up to 120%; 100% is all there is, lower them",
        ),
        (
            "- {sentence: x, claimed: positive, compute: {kind: difference, of: [B, A], minus: A}}\n",
            "claims.yaml:5: claims.0.compute.minus: A is set against itself; name another fund",
        ),
        (
            "- {sentence: x, claimed: positive, compute: {kind: best_ratio, of: A, among: [B, A]}}\n",
            "claims.yaml:5: claims.0.compute.among: A is set against itself; name another fund",
        ),
        (
            "- {sentence: x, claimed: positive, compute: {kind: rolling_win_share, of: A, over: A}}\n",
            "claims.yaml:5: claims.0.compute.over: A is set against itself; name another fund",
        ),
        (
            "- {sentence: x, claimed: positive, compute: {kind: basket_size, few: 3, many: 3, names: [A, B]}}\n",
            "claims.yaml:5: claims.0.compute.many: 3 names are not more than 3; name the larger basket here\n"
            "claims.yaml:5: claims.0.compute.names: 2 names, a basket takes 3; name more",
        ),
    ],
    ids=lambda value: value[:40] if value.startswith("claims") else "",
)
def test_a_fault_is_one_line_with_its_place_and_remedy(claim: str, said: str, tmp_path: Path) -> None:
    assert refusal(claim, tmp_path) == said


def test_a_ticker_that_is_not_in_the_data_leaves_its_claim_untold_and_says_which(tmp_path: Path) -> None:
    other = "- {sentence: Z beat A, compute: {kind: difference, of: Z, minus: A}, claimed: positive}\n"
    known, unknown = check_text(CAGR + other, made_frame(), tmp_path)
    assert known.readings
    assert unknown.verdict == "cannot be told from this data"
    assert unknown.measured is None
    assert "no closes of Z in this data" in unknown.missing
    either = "- {sentence: A or Z grew, compute: {kind: figure, of: [A, Z], figure: cagr}, claimed: positive}\n"
    (either_of,) = check_text(either, made_frame(), tmp_path)
    assert either_of.measured is not None
    assert either_of.verdict == "cannot be told from this data"


def test_days_that_the_closes_do_not_cover_leave_a_claim_untold_though_it_is_measured(tmp_path: Path) -> None:
    text = CAGR.replace("of: A", "of: A, period: {start: PERIOD}")
    early, late = check_text(
        text.replace("PERIOD", "2001-01-01") + text.replace("PERIOD", "2009-11-01"), made_frame(), tmp_path
    )
    assert early.verdict == "cannot be told from this data"
    assert early.measured is not None
    assert early.missing == ("A from 2001-01-01 to 2017-09-25: its closes are of 2010-01-04 to 2017-09-25",)
    assert late.missing == ()


def test_a_fund_that_is_only_set_beside_gives_the_common_days_though_no_claim_measures_it(tmp_path: Path) -> None:
    (only,) = check_text(CAGR.replace("cagr", "cagr, beside: [C, Z]"), made_frame(), tmp_path)
    starts = {one.way["window"]: one.start for one in only.readings if one.way["sampling"] == "daily"}
    assert starts["own"] == "2010-01-04"
    assert starts["common"] == str(made_frame()["C"].first_valid_index().date())


def test_days_after_the_last_close_are_missing_too(tmp_path: Path) -> None:
    (only,) = check_text(CAGR.replace("of: A", "of: A, period: {start: 2030-01-01}"), made_frame(), tmp_path)
    assert only.measured is None
    assert only.missing[0].startswith("A from 2030-01-01 to ")


def test_a_period_may_end_after_the_file_s_window(tmp_path: Path) -> None:
    text = CAGR.replace("of: A", "of: A, period: {end: 2013-06-28}")
    (only,) = check_text(text, made_frame(), tmp_path, "window.end=2011-06-30")
    assert only.measured.end == "2013-06-28"
    (late,) = check_text(text.replace("2013", "2030"), made_frame(), tmp_path, "window.end=2011-06-30")
    assert late.missing == ("A from 2010-01-04 to 2030-06-28: its closes are of 2010-01-04 to 2017-09-25",)


def test_no_data_at_all_is_no_crash(tmp_path: Path) -> None:
    (only,) = check_text(CAGR.replace("of: A", "of: Q"), made_frame(), tmp_path)
    assert only.verdict == "cannot be told from this data"


def test_the_command_prints_claims_with_verdicts_and_the_same_as_json(tmp_path: Path) -> None:
    made_frame().to_parquet(tmp_path / "closes.parquet")
    text = (
        CAGR
        + "- {sentence: B beat A, compute: {kind: difference, of: B, minus: A}, claimed: positive, about: expectation}\n"
        + "- {sentence: 1 % is 22 %, compute: {kind: compounding, rate: 1%, years: 20}, claimed: 22%, "
        + "says: {reckoned: compounded}}\n"
    )
    (tmp_path / "claims.yaml").write_text(HEAD.replace("PATH", "closes.parquet") + text)
    printed = engine("claims", "claims.yaml", cwd=tmp_path).stdout
    found = json.loads(engine("claims", "claims.yaml", "--json", cwd=tmp_path).stdout)
    assert [one["sentence"] for one in found["claims"]] == ["A grew 5 %", "B beat A", "1 % is 22 %"]
    assert found["claims"][2]["verdict"] == "holds"
    assert found["claims"][1]["interval"] is not None
    assert found["claims"][0]["interval"] is None
    for one in found["claims"]:
        assert one["sentence"] in printed
        assert f"{one['sentence']}: {one['verdict']}" in " ".join(printed.split())
    assert "1 of 1 reading agrees, and 0 of 1 that the sentence rules out" in " ".join(printed.split())
    bad = engine("claims", "claims.yaml", "--set", "claims.0.compute.kind=metric", cwd=tmp_path, check=1).stderr
    assert bad.count("\n") == 1
    assert bad.startswith("error: claims.yaml:5: claims.0.compute: unknown kind 'metric'; known: ")
