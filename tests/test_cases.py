"""Small price files whose right answer was worked out by somebody else, by kind of fault; they lie beside the checkout."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest

import engine
from engine.core.errors import EngineError

CASES = Path(__file__).parents[2] / "shared" / "cases"
KINDS = {
    "closes that are not daily",
    "findings lost before the window",
    "no close at the opening",
    "calendars of five and of seven days",
    "the adjusted column is not recognised",
    "two columns may be the close",
    "the currency that the file states",
    "dates that can only mean one thing",
    "dates that can mean two things",
    "decimal commas and semicolons",
    "the ticker stands in a column called Name",
    "time stamps that move the date",
    "blocks side by side",
    "a second download beside the first",
    "a layout taken for another one",
    "an Excel workbook",
    "a split that the file states",
    "a column without a close",
    "a damaged Parquet file",
    "a figure missing in the latest filing",
    "constant growth",
    "small account, large flow",
    "fees above the account",
    "orders worth less than their fee",
    "too small for a share",
    "no drawdown",
    "everything lost",
    "two columns of one name",
}
NAMES = sorted(
    path.parent.name for path in CASES.glob("*/expect.json") if json.loads(path.read_text())["kind"] in KINDS
)


@pytest.mark.skipif(not NAMES, reason="the folder shared/cases is not beside this checkout")
@pytest.mark.parametrize("name", NAMES or ["none"])
def test_a_case_has_one_of_its_right_answers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run says, and the figures it has, are those of one of the alternatives."""
    monkeypatch.chdir(CASES / name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    expected = json.loads(Path("expect.json").read_text())
    code, said, summary = answer(tuple(expected.get("command", ["run", "plan.yaml"])))
    faults = [list(differences(one, code, said, summary)) for one in expected.get("any_of", [expected])]
    assert not all(faults), faults


def answer(command: tuple[str, ...]) -> tuple[int, str, dict[str, object]]:
    """Return the exit code, what was said, and the summary of a run."""
    settings = [command[at + 1] for at, word in enumerate(command) if word == "--set"]
    try:
        run = engine.run(command[1], *settings)
    except EngineError as error:
        return 1, str(error), {}
    return 0, "\n".join(run.warnings), {"portfolios": run.summary.to_dict()}


def differences(wanted: dict[str, object], code: int, said: str, summary: dict[str, object]):
    """Yield how an answer differs from a wanted one."""
    if wanted.get("exit", code) != code:
        yield f"exit {code}: {said}"
    for key, found in (("output_has", True), ("warnings_has", True), ("output_lacks", False), ("warnings_lack", False)):
        yield from (f"{key} {text}: {said}" for text in wanted.get(key, []) if bool(re.search(text, said)) != found)
    for path, (figure, tolerance) in wanted.get("summary", {}).items():
        value = at(summary, path)
        if (value is None) != (figure is None) or (value is not None and abs(value - figure) > tolerance):
            yield f"{path} is {value}, not {figure}"
    yield from (f"{path} is null" for path in wanted.get("summary_not_null", []) if at(summary, path) is None)


def at(summary: dict[str, object], path: str) -> float | None:
    """Return what stands at a path of a summary; None where nothing does."""
    value: object = summary
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return None if value is None or math.isnan(value) else value
