"""A band: where the cells of one line of a map lie. A strip: what is painted there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import itemgetter, sub
from typing import NamedTuple

from freepages.view.frame import State
from freepages.view.grid import Grid
from freepages.view.piece import Box
from freepages.view.scene import Image, Runs, Shape

GUTTER = 92.0  # left of the cells: the pfn of each row, or a bitmap's name
MOST_RUNS = 8192  # a map of more runs is painted as an image
MOST_OUTLINES = 512  # in a map; more could not be told from each other, and take long

Range = tuple[int, int]


class Band(NamedTuple):
    """Where a strip's cells are: row r is at y + r * pitch, `height` high; the grid says the rest."""

    grid: Grid
    y: float
    pitch: float
    height: float

    def box(self, row: int, column: int, rows: int, columns: int, inset: float = 0) -> Box:
        width = self.grid.width
        return (
            GUTTER + column * width + inset,
            self.y + row * self.pitch + inset,
            columns * width - 2 * inset,
            (rows - 1) * self.pitch + self.height - 2 * inset,
        )

    def boxes(self, lo: int, hi: int, inset: float = 0) -> list[Box]:
        """The rectangles that the pages [lo, hi) fill, as far as they are shown."""
        parts = self.grid.pieces(lo, hi)
        if self.pitch <= self.height + 2:
            return [self.box(*part, inset) for part in parts]
        # Other strips lie between the rows.
        return [
            self.box(row + n, column, 1, columns, inset)
            for row, column, rows, columns in parts
            for n in range(rows)
        ]

    def all_boxes(self, ranges: Iterable[Range]) -> list[Box]:
        """The rectangles of those ranges; of very many, ranges near each other are taken as one."""
        return [box for lo, hi in together([*ranges]) for box in self.boxes(lo, hi)]

    def runs(self, role: str, runs: Sequence[tuple[int, int, int]], hatch: str = "") -> Runs:
        return Runs(role, GUTTER, self.y, self.grid.width, self.height, self.pitch, runs, hatch)


class Strip(NamedTuple):
    """One line of a map: a panel's states, one of its marks, or a bitmap."""

    title: str
    remark: str
    height: float
    paint: Callable[[Band], Iterator[Shape]]
    marked: bool
    legend: Sequence[tuple[State, int]] = ()


def together(ranges: Sequence[Range]) -> Sequence[Range]:
    """At most MOST_OUTLINES ranges that cover these: the smaller the gap, the sooner it is covered too."""
    if len(ranges) <= MOST_OUTLINES:
        return ranges
    lows, highs = (sorted(map(itemgetter(end), ranges)) for end in (0, 1))
    gaps = [*map(sub, lows[1:], highs)]
    enough = sorted(gaps)[-MOST_OUTLINES]
    wide = [gap > enough for gap in gaps]
    return [*zip([lows[0], *compress(lows[1:], wide)], [*compress(highs, wide), highs[-1]], strict=True)]


def gaps(band: Band) -> Iterator[tuple[float, float, float, float]]:
    """The thin lines between cells that are large enough to be seen one by one."""
    for row in range(band.grid.rows):
        top = band.y + row * band.pitch
        for column in range(1, band.grid.columns):
            x = GUTTER + column * band.grid.width
            yield x, top, x, top + band.height


def image(band: Band, dots: bytes) -> Image:
    """The cells as dots of one image, from the first row's beginning to the last one's end."""
    grid = band.grid
    rgba = bytes(4 * grid.first_cell) + dots
    box = band.box(0, 0, grid.rows, grid.columns)
    return Image(*box, grid.columns, rgba.ljust(4 * grid.rows * grid.columns, b"\0"))


def coloured(cells: bytes, colours: Mapping[int, bytes]) -> bytes:
    """Red, green, blue and alpha of each cell, by its code."""
    dots = bytearray(4 * len(cells))
    for channel, values in enumerate(zip(*colours.values(), strict=True)):
        dots[channel::4] = cells.translate(bytes.maketrans(bytes(colours), bytes(values)))
    return bytes(dots)
