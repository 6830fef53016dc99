from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from freepages.view.frame import State
from freepages.view.grid import EXACT_CELLS, Grid, tally

RANGES = st.tuples(st.integers(0, 1 << 40), st.integers(1, 1 << 21)).map(lambda r: (r[0], r[0] + r[1]))


@given(RANGES, st.floats(90, 400))
def test_every_page_has_its_own_place_in_the_grid(pages: tuple[int, int], tall: float) -> None:
    grid = Grid.fit(*pages, 556, tall)
    assert grid.place(grid.lo) >= (0, 0)
    assert grid.place(grid.hi - 1)[0] == grid.rows - 1
    assert grid.rows * grid.columns * grid.per_cell >= grid.pages
    assert (grid.per_cell == 1) == (grid.pages <= EXACT_CELLS)
    assert grid.rows * grid.columns <= 1 << 17
    if grid.pages > 16:
        assert grid.origin % (grid.columns * grid.per_cell) == 0


@given(st.integers(0, 200), st.integers(1, 700), st.integers(0, 900), st.integers(0, 900))
def test_the_pieces_of_a_range_are_its_pages(lo: int, length: int, a: int, b: int) -> None:
    grid = Grid.fit(lo, lo + length, 556, 300)
    cells = [
        (row + r, column + c)
        for row, column, rows, columns in grid.pieces(min(a, b), max(a, b))
        for r in range(rows)
        for c in range(columns)
    ]
    shown = range(max(min(a, b), grid.lo), min(max(a, b), grid.hi))
    assert cells == [grid.place(pfn) for pfn in shown]


@given(st.integers(0, 1000), st.integers(1, 300_000), st.integers(1, 50))
def test_the_counts_of_the_cells_are_those_of_their_pages(lo: int, length: int, every: int) -> None:
    grid = Grid.fit(lo, lo + length, 556, 300)
    pages = np.arange(lo, lo + length) % every == 0
    counts = np.array([cell.count(1) for cell in grid.cells(pages.tobytes())])
    wanted = np.bincount(
        np.arange(lo, lo + length)[pages] // grid.per_cell - lo // grid.per_cell, minlength=len(counts)
    )
    assert counts.tolist() == wanted.tolist()


@given(st.integers(0, 1000), st.integers(1, 300_000))
def test_the_shares_of_the_states_add_up(lo: int, length: int) -> None:
    grid = Grid.fit(lo, lo + length, 556, 300)
    states = np.array(list(State), np.uint8)[np.arange(length) // 7 % 5]
    total: Counter[State] = Counter()
    for share in grid.shares(states.tobytes()):
        total.update(share)
    assert total == tally(states.tobytes()) and total.total() == length
