"""What editors, builds and `engine config` know of a config: its schema, its keys, its starters."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from engine.backtest.config_schema import described_keys, key_meanings
from engine.backtest.starter_files import SCHEMA_FILE, starter_text
from engine.composition import json_schema, open_document, validate_run, validate_sweep
from engine.core.errors import OutputError
from engine.report.config_keys import list_keys, print_keys, select_keys
from tests.support.cli import engine
from tests.support.configs import SHIPPED

ROOT = Path(__file__).parents[1]
SCHEMA = json_schema()
KINDS = ("plan", "savings", "small-caps", "sweep", "optimised", "taxed")


def as_an_editor_reads(text: str) -> object:
    """Return a config's content as YAML 1.2 has it: dates are text, and so is a key called on."""

    def plain(node: object) -> object:
        if isinstance(node, dict):
            return {"on" if key is True else str(key): plain(one) for key, one in node.items()}
        if isinstance(node, list):
            return [plain(one) for one in node]
        return node.isoformat() if isinstance(node, dt.date) else node

    return plain(yaml.safe_load(text))


def test_the_schema_says_which_dialect_and_version_it_is() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert re.fullmatch(r"urn:portfolio-engine:config:[\w.+-]+", SCHEMA["$id"])
    assert not [name for name in SCHEMA["$defs"] if "Annotated" in name]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_editor_finds_no_fault_in_a_shipped_config(path: Path) -> None:
    config = as_an_editor_reads(path.read_text())
    errors = [f"{one.json_path}: {one.message}" for one in jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)]
    assert errors == []


def test_every_key_has_one_meaning_and_no_meaning_is_of_a_key_that_is_gone() -> None:
    meanings, keys = key_meanings(), [(section, key) for section, key, _ in described_keys(SCHEMA)]
    assert [f"{section}.{key}" for section, key, one in described_keys(SCHEMA) if not one.get("description")] == []
    stated = {(section, key) for section, words in meanings.items() for key in words if section != "any"}
    assert stated - set(keys) == set()
    assert set(meanings["any"]) - {key for _, key in keys} == set()
    assert [one for words in meanings.values() for one in words.values() if one.endswith(".") or len(one) > 120] == []


def test_a_default_in_the_schema_is_what_its_key_takes() -> None:
    for section, key, one in described_keys(SCHEMA):
        if one.get("default") is not None:
            errors = list(
                jsonschema.Draft202012Validator({**one, "$defs": SCHEMA["$defs"]}).iter_errors(one["default"])
            )
            assert not errors, f"{section}.{key}: {errors[0].message}"


def test_every_key_of_the_schema_is_listed_in_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    keys = list_keys(SCHEMA)
    print_keys(keys)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if "\\n" in line]
    named = {one.path.rpartition(".")[2] for one in keys}
    assert {key for _, key, one in described_keys(SCHEMA) if "const" not in one} <= named
    at = lines.index("account.capital")
    assert lines[at + 1 : at + 3] == [
        "  number, above 0; default 100000",
        "  what the run starts with [account's currency]",
    ]


def test_a_section_is_shown_with_what_is_below_it_and_a_typing_error_names_the_key() -> None:
    keys = list_keys(SCHEMA)
    assert [one.path for one in select_keys(keys, "window")] == ["window", "window.start", "window.end"]
    assert {one.kind for one in select_keys(keys, "tax.allowance")} == {"tax: kind germany", "tax: kind flat"}
    assert "strategy.core.NAME.weight" in {one.path for one in keys}
    with pytest.raises(Exception, match="acount: is no key of a config; did you mean 'account'"):
        select_keys(keys, "acount")


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("invest", "did you mean 'account.contributions.invest'?"),
        ("account.invest", "did you mean 'account.contributions.invest'?"),
        ("strategy.month", "did you mean 'strategy.rebalance.month'?"),
    ],
)
def test_a_key_asked_for_without_the_sections_between_is_found_by_its_own_name(wanted: str, meant: str) -> None:
    with pytest.raises(OutputError) as raised:
        select_keys(list_keys(SCHEMA), wanted)
    assert meant[:-1] in str(raised.value)


@pytest.mark.parametrize("kind", KINDS)
def test_each_starter_is_valid_for_the_engine_and_for_editors(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(starter_text(kind))
    document = open_document(path)
    validate_sweep(document) if kind == "sweep" else validate_run(document)
    config = as_an_editor_reads(path.read_text())
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(config)) == []
    assert max(map(len, path.read_text().splitlines())) <= 140


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"small-caps", "taxed", "plan"}])
def test_each_starter_with_installed_prices_runs(kind: str, tmp_path: Path) -> None:
    engine("init", "plan.yaml", "--kind", kind, cwd=tmp_path)
    verb = ["sweep", "plan.yaml", "--no-evidence"] if kind == "sweep" else ["run", "plan.yaml"]
    done = engine(*verb, cwd=tmp_path)
    assert list((tmp_path / "runs").rglob("report.html"))
    assert "had the same return on every session" not in done.stdout, "a starter's rule does something"


def test_init_puts_the_schema_beside_the_config_where_its_first_line_says(tmp_path: Path) -> None:
    done = engine("init", "mine.yaml", "--kind", "savings", cwd=tmp_path)
    assert (
        done.stdout
        == f"mine.yaml written, {SCHEMA_FILE} beside it; next: engine validate mine.yaml, engine run mine.yaml\n"
    )
    first = (tmp_path / "mine.yaml").read_text().splitlines()[0]
    named = tmp_path / first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads(named.read_text()) == SCHEMA
    named.write_text('{"$id": "urn:portfolio-engine:config:0.0.1"}')
    engine("init", "other.yaml", cwd=tmp_path)
    assert json.loads(named.read_text()) == SCHEMA
    named.write_text("{}")
    done = engine("init", "third.yaml", cwd=tmp_path, check=1)
    assert "is there already and no schema of this program" in done.stderr
    assert not (tmp_path / "third.yaml").exists()
    done = engine("init", "fourth.yaml", "--kind", "saving", cwd=tmp_path, check=1)
    assert "did you mean 'savings'" in done.stderr


def test_the_hook_of_pre_commit_runs_validate_on_plans_and_on_nothing_else() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert (hook["id"], hook["entry"], hook["types"]) == ("engine-validate", "engine validate", ["yaml"])

    def takes(path: str) -> bool:
        return bool(re.search(hook["files"], path)) and not re.search(hook["exclude"], path)

    assert all(map(takes, ("plans/a.yaml", "x/portfolios/b.yml", "growth.plan.yaml")))
    assert not any(
        map(takes, ("docker-compose.yaml", "plans/universe_us.yaml", "plans/deep/x.yaml", "plans/prices.csv"))
    )


def test_the_hook_that_the_page_shows_is_the_shipped_one_on_plans_of_one_s_own() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    shown = page.partition("# .pre-commit-config.yaml\n")[2].partition("```")[0]
    ((own,),) = (one["hooks"] for one in yaml.safe_load(shown)["repos"])
    (shipped,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert all(own[key] == shipped[key] for key in ("id", "name", "entry", "types"))
    assert re.search(own["files"], "plan.yaml")
