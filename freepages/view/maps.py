"""Maps: panels with one thing a page.

Those that follow each other and show the same pages share one grid and lie aligned; where it has few rows
they are interleaved, so that a page's bit is under the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from freepages.view.band import GUTTER, Band, Range, Strip
from freepages.view.bit_strips import bit_strips, token_strips
from freepages.view.changes import Marked
from freepages.view.frame import Bits, PageMap, State, Tokens
from freepages.view.grid import Grid, Map, shown
from freepages.view.page_strips import page_strips
from freepages.view.palette import STATES
from freepages.view.piece import GAP, HEADER, MONO, SIDE, WIDE, Piece, cut, titled
from freepages.view.scene import WIDTH, Boxes, Group, Letters, Runs, Shape, Text

LEGEND = 20.0
NARROW = WIDTH - GAP - SIDE  # the width of maps of so few pages that such a panel can stand beside them
INTERLEAVED_ROWS = 4

STRIPS: dict[type, Callable[[Any, Grid, Marked], Iterator[Strip]]] = {
    PageMap: page_strips,
    Bits: bit_strips,
    Tokens: token_strips,
}


def maps(panels: Sequence[Map], marked: Sequence[Marked], zoom: Range | None, tall: float) -> Iterator[Piece]:
    """One piece for all, or where their rows are many one for each strip."""
    first = panels[0]
    lo, hi = shown(first, zoom)
    kind, name = " ".join(dict.fromkeys(type(p).__name__.lower() for p in panels)), first.name
    if lo >= hi:
        where = (
            f"pages [{first.start:,}, {first.end:,}), outside the range shown" if first.pages else "no pages"
        )
        yield Piece(WIDTH, HEADER, [*titled(0, name, where)], kind, name)
        return
    grid = Grid.fit(lo, hi, WIDTH - GUTTER, tall)
    lines = [
        strip
        for panel, marks in zip(panels, marked, strict=True)
        for strip in STRIPS[type(panel)](panel, grid, marks)
    ]
    interleaved = grid.rows <= INTERLEAVED_ROWS
    width = NARROW if grid.columns * grid.width + GUTTER <= NARROW else WIDTH
    shapes: list[Shape] = []
    y = 0.0
    if interleaved:
        for strip in lines:
            if strip.legend:
                y += _header(shapes, y, strip, grid, width)
        if grid.lettered:
            shapes += _ruler(grid, y + 6)
            y += 10
        pitch = sum(strip.height + 3 for strip in lines) + 2
        for strip in lines:
            shapes += strip.paint(Band(grid, y, pitch, strip.height))
            for row, pfn in enumerate(grid.row_starts()):
                label = strip.title
                if strip.legend or (strip is lines[0] and grid.rows > 1):
                    # The ruler counts from where a row begins, which may lie before the first page shown.
                    begins = pfn if grid.lettered else max(pfn, lo)
                    label = f"{begins:,}" + f" {strip.title}" * (not strip.legend)
                shapes.append(
                    _row_label(y + row * pitch, min(strip.height, 24), cut(label, 12), bool(strip.legend))
                )
            y += strip.height + 3
        touched = any(strip.marked for strip in lines)
        yield Piece(width, y + (grid.rows - 1) * pitch, shapes, kind, name, touched)
        return
    for strip in lines:
        shapes = []
        y = _header(shapes, 0, strip, grid)
        pitch = strip.height + (1 if grid.lettered else 0)
        painted = [*strip.paint(Band(grid, y, pitch, strip.height))]
        at = (GUTTER, y, grid.width, pitch, grid.columns, grid.origin, grid.per_cell)
        shapes.append(Group(0, 0, painted, "cells", " ".join(f"{n:.12g}" for n in at)))
        every = 1
        while every * pitch < 13:
            every *= 2
        for row in range(0, grid.rows, every):
            if row == 0 or (row + 1) * pitch + 4 < grid.rows * pitch or every == 1:
                pfn = max(lo, grid.row_starts()[row])
                shapes.append(_row_label(y + row * pitch, max(pitch, 8), f"{pfn:,}", mono=True))
        yield Piece(WIDTH, y + grid.rows * pitch, shapes, kind, strip.title, strip.marked)


def _header(shapes: list[Shape], y: float, strip: Strip, grid: Grid, width: float = WIDTH) -> float:
    """The line above a map and, for states, the legend below that; returns their height."""
    shapes += titled(y, strip.title, strip.remark, width)
    if not strip.legend:
        return HEADER
    return HEADER + _legend(shapes, y + HEADER - 4, strip.legend, grid.lettered, width)


def _row_label(y: float, height: float, label: str, mono: bool) -> Text:
    return Text(GUTTER - 20, y + height / 2 + 4.5, label, "dim", 13, "end", mono=mono)


def _legend(
    shapes: list[Shape], y: float, legend: Sequence[tuple[State, int]], lettered: bool, width: float
) -> float:
    """The states that occur, and how many pages have each; returns the height."""
    x, height = 0.0, LEGEND
    for state, count in legend:
        look, words = STATES[state], f"{STATES[state].words} {count:,}"
        wide = len(words) * WIDE + 34
        if x and x + wide > width:
            x, y, height = 0.0, y + LEGEND, height + LEGEND
        hatch = "" if lettered else look.hatch
        shapes += [
            Runs(look.role, x, y, 5, 14, 14, [(0, 0, 3)], hatch),
            Boxes("free-ink" if state is State.FREE else "line", [(x, y, 15, 14)], 1),
            Text(x + 20, y + 12, words, "dim", 12),
        ]
        if lettered or state is State.HOLE:
            shapes.append(Letters([x + 7.5], y + 11.5, state.letter, look.ink, 12, bold=state is State.FREE))
        x += wide
    return height


def _ruler(grid: Grid, y: float) -> Iterator[Shape]:
    """Small numbers above the columns."""
    every = 8 if grid.columns > 16 else 1 if grid.width > 3 * MONO else 2
    for column in range(0, grid.columns, every):
        x = GUTTER + (column + 0.5) * grid.width
        yield Text(x, y, f"+{column}", "dim", 12, "middle", mono=True)
