"""Where each page of a map is: rows and columns of cells, and what a cell of many pages shows.

A row begins at a multiple of its own length, and lengths are powers of two, so that buddies lie where one
expects them: a block fills part of one row, or whole rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress, groupby, pairwise
from typing import Any

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

    def runs(self, cells: bytes) -> dict[int, list[tuple[int, int, int]]]:
        """Runs of equal cells, cut at the ends of rows: of every code (row, column, length)."""
        found: dict[int, list[tuple[int, int, int]]] = {}
        first, columns = self.first_cell, self.columns
        for at, end in pairwise([*compress(range(len(cells)), self._begins(cells)), len(cells)]):
            row, column = divmod(at + first, columns)
            found.setdefault(cells[at], []).append((row, column, end - at))
        return found

    def run_count(self, cells: bytes) -> int:
        """How many such runs there are."""
        return len(cells) - self._begins(cells).count(0)

    def _begins(self, cells: bytes) -> bytearray:
        """A byte a cell, not 0 where a run begins."""
        begins = bytearray(differing(cells[:1] + cells[:-1], cells))
        for at in {0, *range(-self.first_cell % self.columns, len(cells), self.columns)} if cells else ():
            begins[at] = 1
        return begins

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

    def cells(self, pages: bytes) -> Iterator[bytes]:
        """What each cell has of the bytes of [lo, hi); the first and the last one may be cut off."""
        first = -(self.lo % self.per_cell)
        for at in range(first, len(pages), self.per_cell):
            yield pages[max(at, 0) : at + self.per_cell]

    def shares(self, states: bytes) -> Iterator[dict[State, int]]:
        """For each cell how many of its pages have a state, for every state that occurs in [lo, hi)."""
        *some, last = tally(states)
        for cell in self.cells(states):
            share = {state: cell.count(state) for state in some}
            share[last] = len(cell) - sum(share.values())
            yield share

    def majority(self, states: bytes) -> bytes:
        """One state a cell: that of most of its pages, the first in State's order where two are equal."""
        return states if self.per_cell == 1 else bytes(map(most, self.shares(states)))


def most(share: Mapping[State, int]) -> State:
    """The state of most pages, the first where two are equal."""
    return max(share, key=share.__getitem__)


def differing(old: bytes, new: bytes) -> bytes:
    """A byte a page, not 0 where the two differ; as two large numbers, so that no page is looked at alone."""
    return (int.from_bytes(old, "little") ^ int.from_bytes(new, "little")).to_bytes(len(new), "little")


def tally(states: bytes) -> dict[State, int]:
    """How many pages have each state, of the states that occur."""
    return {state: states.count(state) for state in State if state in states}
