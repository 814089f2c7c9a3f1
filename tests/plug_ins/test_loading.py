"""Entry points are found, taken into a union or refused with a line, without any other package being touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args

import numpy as np
import pytest
from pydantic import Field, TypeAdapter, ValidationError

from engine.core import plug_in_entries, plug_ins
from engine.core.errors import EngineError
from engine.core.fields import ConfigModel
from engine.core.plug_in_entries import PlugInError, installed_plug_ins, versions_of
from engine.core.plug_ins import extend_union, plug_in_of, refusals
from engine.data.market import Market
from engine.portfolio.policy import Decision
from strategies.plug_ins import detach, prepare_strategy
from tests.support.plug_in_packages import EQUAL, install, strategy


class BuiltIn(ConfigModel):
    """The only kind there is without plug-ins."""

    kind: Literal["built_in"] = "built_in"


Union = Annotated[BuiltIn, Field(discriminator="kind")]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder on the path whose distributions are the only ones that are looked at, in a register of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(plug_ins, "_REGISTER", plug_ins._Register())
    monkeypatch.setattr(
        plug_in_entries,
        "_distribution_folders",
        lambda: iter(sorted(str(one) for one in tmp_path.iterdir() if one.suffix == ".dist-info")),
    )
    installed_plug_ins.cache_clear()
    yield tmp_path
    installed_plug_ins.cache_clear()


def extended_union() -> object:
    return extend_union("strategies", Union, prepare_strategy)


def test_without_plug_ins_the_union_is_the_very_same_object(site: Path) -> None:
    assert extended_union() is Union


def test_a_strategy_is_extended_union_with_the_version_of_its_package(site: Path) -> None:
    install(site, "own-a", strategy(EQUAL), {"strategies.own": "Own"}, "2.5")
    model = TypeAdapter(extended_union()).validate_python({"kind": "own", "assets": ["A", "B"]})
    found = plug_in_of(model)
    assert found is not None
    assert versions_of([found]) == {"own-a": "2.5"}
    assert [one.__name__ for one in get_args(get_args(extended_union())[0])] == ["BuiltIn", "Own"]


@pytest.mark.parametrize(
    ("module", "target", "told"),
    [
        ("import there_is_no_such_module", "Own", "cannot be imported (ModuleNotFoundError: No module named"),
        ("raise SystemExit(1)", "Own", "cannot be imported (SystemExit: 1)"),
        (strategy(EQUAL), "Missing", "cannot be imported (AttributeError"),
        ("class Own: pass", "Own", "is no subclass of engine.core.fields.ConfigModel"),
        (strategy(EQUAL).replace("def decide_weights", "def decide"), "Own", "lacks decide_weights"),
        (strategy(EQUAL).replace('"own"', '"other"'), "Own", 'its `kind` must be `kind: Literal["own"] = "own"`'),
    ],
    ids=["module", "exit", "name", "subclass", "method", "kind"],
)
def test_what_cannot_be_used_is_left_out_and_told_to_whoever_names_it(
    site: Path, module: str, target: str, told: str, request: pytest.FixtureRequest
) -> None:
    name = f"broken-{request.node.callspec.id}"
    install(site, name, module, {"strategies.own": target})
    assert extended_union() is Union
    ((place, line),) = plug_ins.plug_in_faults({"strategy": {"kind": "own"}})
    assert place == ("strategy", "kind")
    assert line.startswith(f"plug-in {name} 1.0 (portfolio_engine.strategies: own = ")
    assert told in line
    assert "\n" not in line
    assert not list(plug_ins.plug_in_faults({"strategy": {"kind": "fixed_mix"}, "costs": {"kind": "own"}}))


def test_the_line_names_the_file_with_the_traceback(site: Path) -> None:
    install(site, "broken-log", "1 / 0", {"strategies.own": "Own"})
    extended_union()
    ((_, line),) = plug_ins.plug_in_faults({"compare": {"benchmarks": ["A", {"name": "b", "kind": "own"}]}})
    log = Path(line.rpartition("traceback: ")[2])
    assert "ZeroDivisionError" in log.read_text()


def test_a_kind_that_is_built_in_or_of_two_packages_belongs_to_none(site: Path) -> None:
    module = strategy(EQUAL)
    install(site, "twice-a", module, {"strategies.own": "Own"})
    install(site, "twice-b", module, {"strategies.own": "Own", "strategies.built_in": "Own"})
    assert extended_union() is Union
    found = refusals("strategies")
    assert "'built_in' is built into the engine" in found["built_in"]
    assert "'own' is also a kind of twice-a" in found["own"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("raise KeyError('x')", "decide_weights failed (KeyError: 'x') at wrong_raises.py:13; mend it"),
        ("return {'A': float('nan')}", "decide_weights answers a weight of nan for A"),
        ("return {'A': -0.5}", "decide_weights answers a weight of -0.5 for A"),
        ("return {'A': 0.7, 'B': 0.7}", "decide_weights answers weights that add up to 140 %"),
        ("return {'C': 1.0}", "decide_weights gives a weight to C at the decision of 2024-01-04, which `assets`"),
        ("return {'A': 'half'}", "decide_weights answers 'half' for A at the decision of 2024-01-04"),
        ("return [1.0, 0.0]", "decide_weights answers list at the decision of 2024-01-04; weights by ticker"),
        ("pass", "decide_weights answers NoneType at the decision of 2024-01-04; weights by ticker"),
        ("return {0: 1.0}", "decide_weights gives a weight to 0 at the decision of 2024-01-04, which `assets`"),
        ("raise SystemExit(0)", "decide_weights failed (SystemExit: 0)"),  # a run would end with code 0 and no files
        ("raise GeneratorExit", "decide_weights failed (GeneratorExit"),
    ],
    ids=["raises", "nan", "negative", "sum", "unknown", "text", "list", "nothing", "number", "exit", "end"],
)
def test_a_wrong_answer_ends_in_one_line_that_names_the_package(
    site: Path, body: str, told: str, request: pytest.FixtureRequest
) -> None:
    name = f"wrong-{request.node.callspec.id}"
    install(site, name, strategy(body), {"strategies.own": "Own"})
    policy = TypeAdapter(extended_union()).validate_python({"kind": "own", "assets": ["A", "B"]})
    with pytest.raises(PlugInError) as raised:
        policy.target_weights(decision())
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"plug-in {name} 1.0 (portfolio_engine.strategies: own = ")
    assert told in line


def test_of_several_in_one_module_the_one_whose_method_failed_is_named(site: Path) -> None:
    own = f"{strategy(EQUAL)}\n    def fail(self):\n        return 1 / 0\n"
    other = own.partition("class")[2].replace("Own(", "Other(").replace('"own"', '"other"')
    install(site, "two-parts", f"{own}\nclass {other}", {"strategies.own": "Own", "strategies.other": "Other"})
    for kind in ("own", "other"):
        policy = TypeAdapter(extended_union()).validate_python({"kind": kind, "assets": ["A"]})
        with pytest.raises(ZeroDivisionError) as raised:
            policy.fail()
        culprit = plug_ins.culprit_of(raised.value)
        assert culprit is not None
        assert culprit.kind == kind


def test_an_array_of_another_shape_is_refused(site: Path) -> None:
    module = strategy(EQUAL).replace("def decide_weights(self, decision)", "def target_weights(self, decision)")
    module = (
        module.replace(EQUAL, "return np.zeros((2, 2))")
        + "\n    def decide_weights(self, decision):\n        return {}\n"
    )
    install(site, "wrong-shape", module, {"strategies.own": "Own"})
    policy = TypeAdapter(extended_union()).validate_python({"kind": "own", "assets": ["A", "B"]})
    with pytest.raises(PlugInError, match=r"answers an array of shape \(2, 2\) at the decision of 2024-01-04; \(2,\)"):
        policy.target_weights(decision())


def test_an_error_that_a_plug_in_raises_on_purpose_is_its_own(site: Path) -> None:
    module = strategy("raise DataError('too little history')")
    install(site, "own-error", "from engine.core.errors import DataError\n" + module, {"strategies.own": "Own"})
    policy = TypeAdapter(extended_union()).validate_python({"kind": "own", "assets": ["A"]})
    with pytest.raises(EngineError, match=r"^too little history$"):
        policy.target_weights(decision())


def test_faults_of_its_fields_are_those_of_any_model(site: Path) -> None:
    install(site, "own-fields", strategy(EQUAL), {"strategies.own": "Own"})
    with pytest.raises(ValidationError, match="A is written twice"):
        TypeAdapter(extended_union()).validate_python({"kind": "own", "assets": ["A", "A"]})


def decision() -> Decision:
    """A decision about A and B in the midst of a market that goes on."""
    days = np.arange("2024-01-01", "2024-01-11", dtype="datetime64[D]")
    market = Market.build(days, ("A", "B"), np.linspace(1.0, 20.0, 20).reshape(10, 2))
    none = np.zeros(2, dtype=np.bool_)
    return Decision(market.history_before(4), np.zeros(2), 100.0, 4, market.eligible[4], none)


def test_what_a_plug_in_is_handed_is_read_only_and_leads_to_no_later_session() -> None:
    given = decision()
    assert given.history.prices.base is not None
    handed = detach(given)
    history = handed.history
    for name in ("dates", "prices", "listed", "age", "share_prices"):
        array, own = getattr(history, name), getattr(given.history, name)
        assert array.base is None
        assert not array.flags.writeable
        np.testing.assert_array_equal(array, own)
    for name in ("weights", "eligible", "barred"):
        assert getattr(handed, name).base is None
        assert not getattr(handed, name).flags.writeable
