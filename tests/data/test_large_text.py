"""A large text is split into columns, a small one into rows: what is read is the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.data.price_files.grid import CellGrid, ReadingKeys
from engine.data.price_files.text_grid import read_text_grid

CELLS = st.text(alphabet="09.,;-aé \t\u00a0", max_size=4)
PLAIN = st.lists(st.text(alphabet="09.aé", min_size=1, max_size=4), min_size=3, max_size=3)
TEXTS = st.builds(
    lambda rows, separator, ending, last: ending.join(separator.join(row) for row in rows) + last,
    st.lists(PLAIN, min_size=3, max_size=6) | st.lists(PLAIN | st.lists(CELLS, max_size=4), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    st.sampled_from(["", "\n", "\r\n", "\n,,\n", "\n;;"]),
)


def split(text: str, large: int, keys: ReadingKeys) -> CellGrid | str:
    """Return the grid of a text when those of ``large`` characters are split into columns, or what is wrong with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.data.price_files.text_grid.LARGE", large)
        try:
            return read_text_grid("p.csv", text.encode(), keys)
        except DataError as error:
            return str(error)


@given(TEXTS, st.sampled_from([ReadingKeys(), ReadingKeys(skip_rows=1), ReadingKeys(decimal=",")]))
def test_columns_and_rows_are_the_same_cells(text: str, keys: ReadingKeys) -> None:
    """Blank and ragged lines, every line ending, blanks around cells, lines of empty cells: cells, lines, decimal."""
    columns, rows = split(text, 0, keys), split(text, 10**9, keys)
    if isinstance(columns, str) or isinstance(rows, str):
        assert columns == rows
        return
    assert [list(row) for row in columns.rows] == rows.rows
    assert list(columns.lines) == list(rows.lines)
    assert (columns.decimal, columns.notes) == (rows.decimal, rows.notes)
    assert [columns.rows[at] for at in range(len(rows.rows))] == rows.rows
    assert list(columns.rows[1:-1]) == rows.rows[1:-1]


def test_a_large_text_is_split_into_columns() -> None:
    """Or nothing above is compared with anything."""
    grid = split("date,AAA\n" + "2024-01-02,1.5\n" * 3, 0, ReadingKeys())
    assert isinstance(grid, CellGrid)
    assert not isinstance(grid.rows, list)
