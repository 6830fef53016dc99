"""Where each page of a map is: rows and columns of cells, and what a cell of many pages shows.

A row begins at a multiple of its own length, and lengths are powers of two, so that buddies lie where one
expects them: a block fills part of one row, or whole rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freepages.view.frame import Bits, PageMap, Panel, State, Tokens

EXACT_CELLS = 1 << 16  # up to so many pages each has a cell of its own
MANY_CELLS = 1 << 15  # at most so many cells where a cell is many pages
ONE_ROW = 16  # so few pages are one row, of wide cells
LETTER_PAGES = 512  # up to so many pages are written in letters

Map = PageMap | Bits | Tokens


def aligned(panels: Iterable[Panel]) -> list[list[Any]]:
    """The panels in groups: maps of the same pages that follow each other are one group."""

    def alike(panel: Panel) -> object:
        return (panel.start, panel.pages) if isinstance(panel, Map) else id(panel)

    return [list(group) for _, group in groupby(panels, alike)]


def shown(panel: Map, zoom: tuple[int, int] | None) -> tuple[int, int]:
    """The pages [lo, hi) of a map that are within `zoom`; none where lo >= hi."""
    return (panel.start, panel.end) if zoom is None else (max(panel.start, zoom[0]), min(panel.end, zoom[1]))


@dataclass(frozen=True)
class Grid:
    """The pages [lo, hi) in rows of `columns` cells of `per_cell` pages; the first row begins at `origin`.

    `width` and `height` are those of one cell, in pixels.
    """

    lo: int
    hi: int
    per_cell: int
    columns: int
    origin: int
    width: float
    height: float

    @classmethod
    def fit(cls, lo: int, hi: int, room: float, tall: float) -> Grid:
        """The grid of [lo, hi) in `room` pixels of width, at most about `tall` high."""
        pages = max(1, hi - lo)
        if pages <= ONE_ROW:
            return cls(lo, hi, 1, pages, lo, min(48, room / pages), 26)
        per_cell = 1
        if pages > EXACT_CELLS:
            per_cell = 8
            while pages > MANY_CELLS * per_cell:
                per_cell *= 2
        cells, columns = -(-pages // per_cell), 32
        while cells / columns * (room / columns) * 0.8 > tall and columns < 512:
            columns *= 2
        row = columns * per_cell
        origin = lo // row * row
        rows = -(-(hi - origin) // row)
        width = room / columns
        return cls(lo, hi, per_cell, columns, origin, width, max(1, min(width * 1.6, 20, tall / rows)))

    @classmethod
    def of_letters(cls, lo: int, hi: int) -> Grid:
        """The grid of the text form: a letter a page, or at most LETTER_PAGES letters for all."""
        per_cell = 1 if hi - lo <= LETTER_PAGES else 8
        while per_cell * LETTER_PAGES < hi - lo:
            per_cell *= 2
        columns = 32 if per_cell == 1 else 64
        return cls(lo, hi, per_cell, columns, lo // (columns * per_cell) * columns * per_cell, 1, 1)

    @property
    def pages(self) -> int:
        return self.hi - self.lo

    @property
    def rows(self) -> int:
        return max(1, -(-(self.hi - self.origin) // (self.columns * self.per_cell)))

    @property
    def lettered(self) -> bool:
        """Whether a cell has room for a letter."""
        return self.pages <= LETTER_PAGES

    @property
    def first_cell(self) -> int:
        """The index of the first shown cell, counted from the beginning of the first row."""
        return (self.lo - self.origin) // self.per_cell

    def row_starts(self) -> range:
        """The pfn at which each row begins."""
        return range(self.origin, self.hi, self.columns * self.per_cell)

    def place(self, pfn: int) -> tuple[int, int]:
        """Row and column of a page's cell."""
        return divmod((pfn - self.origin) // self.per_cell, self.columns)

    def runs(self, cells: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Runs of equal cells, cut at the ends of rows: (n, 3) row, column, length; and their codes."""
        if not len(cells):
            return np.empty((0, 3), np.int64), cells
        at = np.arange(self.first_cell, self.first_cell + len(cells))
        begins = np.ones(len(cells), bool)
        np.not_equal(cells[1:], cells[:-1], out=begins[1:])
        begins[at % self.columns == 0] = True
        first = np.flatnonzero(begins)
        rows, columns = np.divmod(at[first], self.columns)
        return np.stack((rows, columns, np.diff(first, append=len(cells))), axis=1), cells[first]

    def pieces(self, lo: int, hi: int) -> Iterator[tuple[int, int, int, int]]:
        """The pages [lo, hi) as far as shown, as rectangles of cells: (row, column, rows, columns)."""
        lo, hi = max(lo, self.lo), min(hi, self.hi)
        if lo >= hi:
            return
        (row, column), (last, end) = self.place(lo), self.place(hi - 1)
        if row == last:
            yield row, column, 1, end + 1 - column
            return
        if column:
            yield row, column, 1, self.columns - column
            row += 1
        whole = last + (end == self.columns - 1) - row
        if whole:
            yield row, 0, whole, self.columns
        if end != self.columns - 1:
            yield last, 0, 1, end + 1

    def counts(self, pages: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of each cell's pages are set, of the bools of [lo, hi)."""
        return self._counts(self._whole(pages))

    def _whole(self, pages: NDArray[Any]) -> NDArray[Any]:
        """The values of [lo, hi), with zeros before and after that fill up the first and the last cell."""
        front = self.lo % self.per_cell
        back = -(front + len(pages)) % self.per_cell
        return np.pad(pages, (front, back)) if front or back else pages

    def _counts(self, whole: NDArray[np.bool_]) -> NDArray[np.int64]:
        if self.per_cell == 1:
            return whole.astype(np.int64)
        ones = np.bitwise_count(np.packbits(whole)).reshape(-1, self.per_cell // 8)
        return ones.sum(axis=1, dtype=np.int64)

    def shares(self, states: NDArray[np.uint8]) -> tuple[list[State], NDArray[np.int64]]:
        """The states that occur in [lo, hi), and (states, cells) how many pages of each cell have them."""
        whole = self._whole(states)
        counted = ((state, self._counts(where)) for state, where in _each(whole))
        found = [(state, counts) for state, counts in counted if counts.any()]
        return [state for state, _ in found], np.array([counts for _, counts in found], np.int64)

    def majority(self, states: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """One state a cell: that of most of its pages, the first in State's order where two are equal."""
        if self.per_cell == 1:
            return states
        present, counts = self.shares(states)
        return np.array(present, np.uint8)[counts.argmax(axis=0)]


def tally(states: NDArray[np.uint8]) -> dict[State, int]:
    """How many pages have each state, of the states that occur."""
    counted = {state: int(np.count_nonzero(where)) for state, where in _each(states)}
    return {state: count for state, count in counted.items() if count}


def _each(states: NDArray[np.uint8]) -> Iterator[tuple[State, NDArray[np.bool_]]]:
    """Every state and where it is; the array is good until the next one."""
    where = np.empty(len(states), bool)
    for state in State:
        yield state, np.equal(states, np.uint8(state), out=where)
