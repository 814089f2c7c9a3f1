"""What no plan needs is refused on its line while the text is read, before anything slower than that begins."""

from __future__ import annotations

import pytest

from engine.backtest import loading
from engine.composition import run_config_class
from engine.core.did_you_mean import MAX_SUGGESTIONS
from engine.core.errors import ConfigError
from engine.core.yaml_document import parse_document
from engine.core.yaml_tree import MAX_CHARACTERS, MAX_ITEMS, MAX_KEYS, MAX_VALUES
from tests.support.configs import message

ROWS = -(-MAX_VALUES // 100)
TOO_LONG = {
    "keys": ("a:\n" + "".join(f"  k{at}: 1\n" for at in range(MAX_KEYS + 1)), f":{MAX_KEYS + 2}: a: .* 1,000 keys"),
    "one key again": ("a:\n" + "  k: 1\n" * (MAX_KEYS + 1), f":{MAX_KEYS + 2}: a: .* 1,000 keys"),
    "items": ("a:\n" + "  - 1\n" * (MAX_ITEMS + 1), f":{MAX_ITEMS + 2}: a: .* 5,000 items"),
    "empty lists": ("a: [" + "[]," * 300_000 + "]", ":1: a: .* 5,000 items"),
    "lists of lists": ("a:\n" + ("  - [" + "1," * 100 + "]\n") * ROWS, ": a.* 100,000 keys and items"),
    "a number": ("a: " + "9" * (MAX_CHARACTERS + 1), ":1: 4,097 characters in one text"),
    "a key": ("? " + "k" * (MAX_CHARACTERS + 1) + "\n: 1\n", ":1: 4,097 characters in one text"),
    "directives": ("".join(f"%TAG !{at}! x\n" for at in range(60_000)) + "---\na: 1\n", ":1: %TAG is not read"),
    "documents": ("---\n" * 300_000, ":2: a second document"),
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_what_is_too_long_is_refused_on_its_line(case: str) -> None:
    """One line says what there is too much of, where, and how much is read."""
    text, expected = TOO_LONG[case]
    with pytest.raises(ConfigError, match=expected) as caught:
        parse_document(text, "plan.yaml")
    assert len(str(caught.value)) < 300


def test_the_longest_that_is_read_is_read_whole() -> None:
    """A bound refuses one more than it says, and not one less."""
    keys = "".join(f"  k{at}: {at}\n" for at in range(MAX_KEYS))
    items = "".join(f"  - {at}\n" for at in range(MAX_ITEMS))
    document = parse_document(f"a:\n{keys}b:\n{items}c: {'9' * MAX_CHARACTERS}\n")
    assert document.tree["a"] == {f"k{at}": str(at) for at in range(MAX_KEYS)}
    assert document.tree["b"] == [str(at) for at in range(MAX_ITEMS)]
    assert document.lines["b", MAX_ITEMS - 1] == MAX_KEYS + MAX_ITEMS + 2


def test_what_stands_under_a_key_again_is_left_aside() -> None:
    """The first of two counts, with its line; what is below the second has none."""
    document = parse_document("a: {x: 1}\na: {y: [2]}\n? [b]\n: {z: 3}\nc: 4\n", "plan.yaml")
    assert document.tree == {"a": {"x": "1"}, "c": "4"}
    assert document.lines == {(): 1, ("a",): 1, ("a", "x"): 1, ("c",): 5}
    assert [str(fault) for fault in document.faults] == [
        "plan.yaml:2: a: key 'a' stands here and on line 1; keep one of the two",
        "plan.yaml:3: a key must be plain text; write `key: value`",
    ]


PLAN = """\
name: long
data: {{source: {{kind: sample}}}}
strategy: {{kind: {kind}, rebalance: {{kind: annual}}, {keys}}}
{more}
"""


def _refusal(keys: str, kind: str = "fixed_mix", more: str = "") -> str:
    return message(PLAN.format(kind=kind, keys=keys, more=more))


def test_lists_of_a_plan_have_bounds_of_their_own() -> None:
    """What is compared, limited or chosen from is counted before it is looked at."""
    names = ", ".join(f"T{at}" for at in range(MAX_ITEMS))
    mix = "weights: {QUAL: 100%}"
    many = ("core: [" + names + "], objective: {kind: min_variance}", "optimised")
    assert "strategy.core: expected at most 1,000 of them, found 5,000; leave some out" in _refusal(*many)
    found = _refusal(mix, more=f"compare: {{benchmarks: [{names}]}}")
    assert "compare.benchmarks: expected at most 100 of them, found 5,000; leave some out" in found
    limits = ", ".join(["{group: [QUAL], max: 50%}"] * 51)
    found = _refusal(f"core: {{QUAL: rest}}, satellites: {{KO: 1%}}, cap: 2%, limits: [{limits}]", "core_satellite")
    assert "strategy.limits: expected at most 50 of them, found 51" in found


def test_a_name_is_suggested_for_the_first_faults_only() -> None:
    """Thousands of mistyped names are told by number, and the time is not spent on guesses that nobody reads."""
    spreads = ", ".join(f"QUALX{at}: 0.1%" for at in range(40))
    with pytest.raises(ConfigError) as caught:
        loading.validate_run(
            parse_document(
                PLAN.format(
                    kind="fixed_mix",
                    keys="weights: {QUAL: 100%}",
                    more=f"costs: {{kind: none, spread: {{{spreads}, rest: 0%}}}}",
                )
            ),
            run_config_class(),
        )
    assert str(caught.value).count("did you mean 'QUAL'?") == MAX_SUGGESTIONS
    assert len(caught.value.faults) == 40


def test_more_faults_than_are_told_are_counted() -> None:
    """The last line says how many there are, whether they were put into words or not."""
    keys = ", ".join(f"k{at}: {{{', '.join(f'T{one}: x' for one in range(100))}}}" for at in range(20))
    figures = "compare: {published: {source: s, figures: {" + keys + "}}}"
    assert _refusal("weights: {QUAL: 100%}", more=figures).endswith("and 1,950 more; mend these first")
