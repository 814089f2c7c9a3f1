"""What every verb says of itself, and what editors, shells and builds ask of the command."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import webbrowser
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.cli.browser import open_page
from engine.cli.verbs import DATA_VERBS, VERBS, app
from tests.support.cli import engine

ROOT = Path(__file__).parents[1]
QUICK = ROOT / "configs" / "quickstart.yaml"
SWEEP = ROOT / "configs" / "sweeps" / "quickstart_sweep.yaml"
NAMES = [[one.__name__] for one in VERBS] + [["data"]] + [["data", one.__name__] for one in DATA_VERBS]


def said(*arguments: str) -> str:
    """Return what the command says in a terminal of 80 columns, without a process of its own."""
    done = CliRunner().invoke(app, list(arguments), prog_name="engine", env={"COLUMNS": "80"})
    assert done.exit_code == 0, done.output
    return done.output


def test_the_version_is_that_of_the_package_beside_python_s() -> None:
    line = said("--version")
    assert line.startswith(f"portfolio-engine {version('portfolio-engine')} (Python {sys.version.split()[0]}, ")
    assert line.count("\n") == 1


@pytest.mark.parametrize("verb", [[], *NAMES], ids=" ".join)
def test_every_verb_has_its_help_in_80_columns_under_both_names(verb: list[str]) -> None:
    text = said(*verb, "-h")
    assert text == said(*verb, "--help")
    assert max(map(len, text.splitlines())) <= 80


def test_the_list_of_verbs_cuts_no_sentence_short() -> None:
    text = "".join(said(*group, "-h").split("Commands:", 1)[1] for group in ([], ["data"]))
    assert "..." not in text
    for verb in NAMES:
        assert re.search(rf"^  {verb[-1]} +[A-Z].*\.$", text, re.MULTILINE), verb


def test_every_example_of_a_help_is_a_command_that_there_is() -> None:
    found = 0
    for verb in NAMES:
        for line in re.findall(r"^  Example: (engine .*)$", said(*verb, "-h"), re.MULTILINE):
            words = shlex.split(line)[1:]
            assert words[: len(verb)] == verb
            options = {word for word in words if word.startswith("--")}
            assert options <= set(re.findall(r"--[a-z-]+", said(*verb, "-h").split("Options:")[1])), line
            found += 1
    assert found > 15


def test_a_shell_completes_verbs_and_options(tmp_path: Path) -> None:
    def complete(words: str) -> set[str]:
        asked = {"_ENGINE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
        job = [sys.executable, "-m", "engine"]
        done = subprocess.run(
            job, cwd=tmp_path, env={**os.environ, **asked}, capture_output=True, text=True, check=True
        )
        return set(done.stdout.split())

    assert complete("engine re") == {"report", "replay"}
    assert "--variant" in complete("engine run --va")


def test_validate_says_all_faults_of_all_files_as_json_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: x\nfoo: 1\n")
    done = engine("validate", "--json", "bad.yaml", QUICK, SWEEP, "gone.yaml", cwd=tmp_path, check=1)
    assert done.stderr == ""
    bad, run, sweep, gone = json.loads(done.stdout)
    assert [(one["line"], one["key"]) for one in bad["faults"]] == [(1, "data"), (1, "strategy"), (2, "foo")]
    assert bad["faults"][2]["file"] == "bad.yaml"
    assert (run["valid"], run["kind"], run["name"], run["faults"]) == (True, "run", "quickstart", [])
    assert (sweep["kind"], sweep["points"]) == ("sweep", 4200)
    assert gone["faults"][0]["message"] == "No such file or directory"


def test_validate_goes_on_after_a_file_with_a_fault(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: x\nfoo: 1\n")
    done = engine("validate", "bad.yaml", QUICK, "gone.yaml", cwd=tmp_path, check=1)
    assert "quickstart.yaml: valid" in done.stdout
    assert "bad.yaml:2: foo: unknown key 'foo'" in done.stderr
    assert "gone.yaml: No such file or directory" in done.stderr


def test_no_browser_is_opened_in_a_test_or_without_a_display(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page, opened = tmp_path / "report.html", []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    for name in ("CI", "PYTEST_CURRENT_TEST", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert open_page(page) == f"there is no display, so the report is not opened; it is {page}"
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("CI", "true")
    assert "a test or a build" in open_page(page)
    assert not opened
    monkeypatch.delenv("CI")
    assert open_page(page) == ""
    assert opened == [page.as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    assert open_page(page) == f"no browser was found, so the report is not opened; it is {page}"


def test_a_report_that_cannot_be_opened_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    done = engine("run", QUICK, "--open", cwd=tmp_path, CI="true")
    path = (tmp_path / "runs" / "quickstart" / "report.html").resolve()
    assert f"warning: this is a test or a build, so the report is not opened; it is {path}\n" in done.stderr
    assert path.exists()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make plans of 200 assets with long names, and their closes; one of them lists late."""
    folder = tmp_path_factory.mktemp("many")
    names = [f"ASSET{at:03d}.XETRA" for at in range(200)]
    dates = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-06-30")).astype(str)
    rng = np.random.default_rng(1)
    closes = 100.0 * np.cumprod(1.0 + rng.normal(0.0, 0.01, (len(dates), 200)), axis=0)
    rows = [[day, *(f"{one:.4f}" for one in row)] for day, row in zip(dates, closes, strict=True)]
    for row in rows[:9]:
        row[151] = ""
    (folder / "prices.csv").write_text("\n".join(",".join(row) for row in [["date", *names], *rows]) + "\n")
    common = "data: {source: {kind: files, path: prices.csv, closes: adjusted, currency: EUR}, calendar: 24/7}\n"
    account = "account: {currency: EUR}\n"
    weights = ", ".join(f"{name}: 0.5%" for name in names)
    plan = f"strategy: {{kind: fixed_mix, weights: {{{weights}}}, rebalance: {{kind: never}}}}\n"
    found = f"strategy: {{kind: optimised, core: [{', '.join(names)}], objective: {{kind: min_variance}}, "
    found += "estimates: {lookback: 60, min_history: 60}}\n"
    (folder / "mix.yaml").write_text(f"name: mix\n{common}{account}{plan}")
    (folder / "found.yaml").write_text(f"name: found\n{common}{account}{found}")
    return folder


@pytest.mark.parametrize(
    ("arguments", "rest"),
    [
        (["validate", "mix.yaml"], "and 160 more, which the config names"),
        (["data", "check", "mix.yaml"], "and 160 more with closes as usual here; --all lists them"),
        pytest.param(
            ["optimise", "found.yaml"],
            "and 160 more of smaller weight; optimal.json has all",
            marks=pytest.mark.slow,
        ),
        pytest.param(["run", "mix.yaml"], "", marks=pytest.mark.slow),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_two_hundred_assets_fit_a_terminal_and_the_rest_is_named(arguments: list[str], rest: str, many: Path) -> None:
    lines = engine(*arguments, cwd=many, COLUMNS="80").stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 120
    assert rest in " ".join(line.strip() for line in lines)


def test_an_asset_that_begins_otherwise_than_the_others_is_listed_among_the_first(many: Path) -> None:
    assert "ASSET150.XETRA   2020-01-10" in engine("data", "check", "mix.yaml", cwd=many).stdout
    listed = engine("data", "check", "mix.yaml", "--all", cwd=many).stdout
    assert len(re.findall(r"^ASSET", listed, re.MULTILINE)) == 200
