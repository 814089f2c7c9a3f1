"""``engine report DIR --dialect``: a table, the same as JSON, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.backtest.finished_run import read_run
from engine.core.errors import OutputError
from engine.report.run.dialect import dialect_json, print_dialect, read_dialect

NAMES = ("quantstats", "ffn", "empyrical", "vectorbt", "portfolio-visualizer", "lean")


@pytest.mark.parametrize("name", NAMES)
def test_a_table_says_here_there_and_because_in_80_columns(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read_dialect(folder, name)
    print_dialect(*found)
    page = capsys.readouterr().out
    assert name in page
    assert found[0].version in " ".join(page.split())
    assert max(map(len, page.splitlines())) <= 80
    for word in ("figure", "here", "there", "because", "CAGR", "Sharpe", "Both come to the same."):
        assert word in page


def test_json_has_the_run_s_own_figures_here_and_no_figure_that_does_not_exist(folder: Path) -> None:
    plain = json.loads(json.dumps(dialect_json(*read_dialect(folder, "quantstats")), allow_nan=False))
    rows = {row["figure"]: row for row in plain["figures"]}
    summary = read_run(folder).summary
    own = summary.portfolios["strategy"].metrics
    assert {name: row["here"] for name, row in rows.items() if name in own} == {
        name: own[name] for name in rows if name in own
    }
    assert rows["information_ratio"]["here"] == summary.versus["buy_and_hold"].information_ratio
    assert (plain["dialect"], plain["rival"]) == ("quantstats", "buy_and_hold")
    assert rows["turnover"]["there"] is None
    assert rows["volatility"]["because"] == "Both come to the same."
    assert rows["max_drawdown"]["there"] == pytest.approx(rows["max_drawdown"]["here"], abs=0.01)


def test_what_is_no_dialect_or_no_run_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    known = "quantstats, ffn, empyrical, vectorbt, portfolio-visualizer, lean"
    with pytest.raises(OutputError, match=f"'quantstat' is none of {known}; did you mean 'quantstats'"):
        read_dialect(folder, "quantstat")
    (tmp_path / "luck").mkdir()
    (tmp_path / "luck" / "manifest.json").write_text('{"kind": "luck"}')
    with pytest.raises(OutputError, match="holds a luck; --dialect takes a folder that `engine run` wrote"):
        read_dialect(tmp_path / "luck", "ffn")
