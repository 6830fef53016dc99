"""Rows of text as columns."""

from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.text_table import columns


def test_left_right_rule_and_cells_of_several_lines():
    rows = [["name", "pages"], ["DMA", "7"], ["Normal\n(above 4 GiB)", "12345"]]
    assert columns(rows, right=[1], rule=True) == [
        "name           pages",
        "-------------  -----",
        "DMA                7",
        "Normal         12345",
        "(above 4 GiB)",
    ]


def test_no_rows_are_no_lines_and_a_short_row_is_a_short_line():
    assert columns([]) == []
    assert columns([["a", "b"], ["c"]]) == ["a  b", "c"]


word = st.text("abc-", max_size=5)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(word, min_size=n, max_size=n), min_size=1)))
def test_every_cell_stands_in_its_column(rows):
    at = 0
    for number in range(len(rows[0])):
        width = max(len(row[number]) for row in rows)
        for row, line in zip(rows, columns(rows), strict=True):
            assert line.ljust(200)[at : at + width] == row[number].ljust(width)
        at += width + 2
