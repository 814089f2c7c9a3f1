"""What no plan needs is refused on its line while the text is read, before anything slower than that begins."""

from __future__ import annotations

import pytest

from engine.core.errors import ConfigError
from engine.core.yaml_document import parse_document
from engine.core.yaml_tree import MAX_CHARACTERS, MAX_ITEMS, MAX_KEYS, MAX_VALUES

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
