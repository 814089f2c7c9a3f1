"""What is printed of a fault stays short and steers nothing, whatever it quotes."""

from __future__ import annotations

import pytest

from engine.core.errors import MAX_LINE_CHARACTERS, DataError, prefix_errors, shorten_path


def test_a_line_is_short_also_once_its_control_characters_are_spelled_out() -> None:
    told = str(DataError("\x07" * 5_000 + "; remove them"))
    assert len(told) == MAX_LINE_CHARACTERS
    assert told.endswith("; remove them")


def test_a_long_path_is_shortened_in_its_middle_and_keeps_the_name_of_the_file() -> None:
    path, config = "deep/" * 300 + "held of 2026.csv", "deep/" * 300 + "plan.yaml"
    with pytest.raises(DataError) as told, prefix_errors(config, path):
        raise DataError(f"{path}:3: found no number; write one", "found no cash")
    first, second = str(told.value).splitlines()
    assert first == f"{shorten_path(path)}:3: found no number; write one"
    assert second.endswith("deep/plan.yaml: found no cash")
    assert "held of 2026.csv:3" in first
    assert max(len(first), len(second)) < 250


@pytest.mark.parametrize("name", ["a" * 500, "a/" * 250, "x" * 201])
def test_a_path_of_any_shape_is_shown_in_two_hundred_characters(name: str) -> None:
    assert len(shorten_path(name)) == 200


def test_faults_of_which_no_line_was_made_are_counted_whatever_is_put_before_them() -> None:
    error = DataError(*(f"held.csv:{line}: found no number" for line in range(200)))
    error.uncounted = 3
    with pytest.raises(DataError) as told, prefix_errors("plan.yaml"):
        raise error
    assert str(told.value).endswith("and 153 more; mend these first")
