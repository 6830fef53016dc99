"""The strips of a page map: its pages, each with its state, and below them its marks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from freepages.view.band import GUTTER, MOST_RUNS, Band, Strip, coloured, gaps, image
from freepages.view.bit_strips import bit_strip
from freepages.view.changes import BLOCKS, PAGES, TOKENS, Marked, runs_of
from freepages.view.frame import MARKS, PageMap, State
from freepages.view.grid import Grid, most, tally
from freepages.view.palette import (
    HOLE_LINE,
    MARK_LOOKS,
    MIGRATETYPE_INKS,
    MIGRATETYPE_NAMES,
    MIGRATETYPE_ROLES,
    RGBA,
    STATES,
)
from freepages.view.piece import WIDE, Box, looked_at, outlined
from freepages.view.scene import Boxes, Letters, Shape, Strokes, Text

BAR = 13.5  # under a row of pages, for the migratetypes

_HOLES = bytes(code == State.HOLE for code in range(256))


def page_strips(panel: PageMap, grid: Grid, marked: Marked) -> Iterator[Strip]:
    """The strip of the pages, and one for each mark."""
    here = slice(grid.lo - panel.start, grid.hi - panel.start)
    states = panel.states[here]
    extent = f"pages [{panel.start:,}, {panel.end:,})"
    if grid.pages < panel.pages:
        extent += f", shown [{grid.lo:,}, {grid.hi:,})"
    if grid.per_cell > 1:
        extent += f", {grid.per_cell:,} a dot"

    bar = BAR if _under(grid, panel) else 0.0
    token = 13.0 if panel.tokens and grid.lettered else 0.0
    own = [pages for part in (PAGES, BLOCKS, TOKENS) for pages in marked.get(part, ())]

    def paint(band: Band) -> Iterator[Shape]:
        cells = band._replace(height=band.height - bar)
        yield from _cells(cells, states)
        if grid.per_cell == 1:
            yield from _migratetypes(cells, panel)
            yield from _blocks(cells, panel)
        if grid.lettered:
            yield from _letters(cells, states)
            yield from _tokens(cells, panel)
        yield from looked_at(cells.all_boxes(panel.highlight))
        yield from outlined(cells.all_boxes(own))
        for pfn in panel.lost:
            yield Boxes("vermillion", cells.boxes(pfn, pfn + 1, 1), 2.5)

    height, legend = grid.height + token + bar, [*tally(panel.states).items()]
    yield Strip(panel.name, extent, height, paint, bool(own), legend)
    for mark in MARKS:
        if mark in panel.marks:
            yield bit_strip(mark, "", panel.marks[mark][here], grid, *MARK_LOOKS[mark], marked.get(mark, ()))


def _cells(band: Band, states: bytes) -> Iterator[Shape]:
    grid = band.grid
    if grid.per_cell > 1:
        blended = _blended(grid.shares(states), grid.per_cell)
        most_of, dots = zip(*blended, strict=True)
        yield image(band, _hatched(grid, bytes(most_of), b"".join(dots)))
        return
    if grid.run_count(states) > MOST_RUNS:
        yield image(band, _hatched(grid, states, coloured(states, RGBA)))
        return
    runs = grid.runs(states)
    for state in tally(states):
        look = STATES[state]
        yield band.runs(look.role, runs[state], "" if grid.lettered else look.hatch)
    if not grid.lettered:
        holes = runs.get(State.HOLE, ())
        yield Strokes("line", [_slant(band, row, c) for row, c0, n in holes for c in range(c0, c0 + n)])
    elif grid.columns > 1:
        yield Strokes("paper", [*gaps(band)], 1)


def _hatched(grid: Grid, states: bytes, dots: bytes) -> bytes:
    """The colours of the cells with slanting lines over the holes."""
    hatched = bytearray(dots)
    for lo, hi in runs_of(states.translate(_HOLES), 0):
        for at in range(lo, hi):
            if sum(divmod(at + grid.first_cell, grid.columns)) % 6 == 0:
                hatched[4 * at : 4 * at + 4] = HOLE_LINE
    return bytes(hatched)


def _slant(band: Band, row: int, column: int) -> tuple[float, float, float, float]:
    x, y, width, height = band.box(row, column, 1, 1)
    return x, y + height, x + width, y


def _blended(shares: Iterable[Mapping[State, int]], per_cell: int) -> Iterator[tuple[State, bytes]]:
    """Of each cell the state of most pages, and the colour: those of its pages, mixed by their share."""

    @cache
    def mixed(*shares: tuple[State, int]) -> tuple[State, bytes]:
        weighed = [(count * RGBA[state][3], RGBA[state]) for state, count in shares]
        alpha = sum(weight for weight, _ in weighed)
        colour = [sum(weight * rgba[at] for weight, rgba in weighed) // max(alpha, 1) for at in range(3)]
        return most(dict(shares)), bytes([*colour, alpha // per_cell])

    return (mixed(*share.items()) for share in shares)


def _letters(band: Band, states: bytes) -> Iterator[Shape]:
    grid = band.grid
    size = 12 if grid.width < 24 else 14
    for row, pfn in enumerate(grid.row_starts()):
        base = band.y + row * band.pitch + min(grid.height, 26) / 2 + size * 0.35
        lo, hi = max(pfn, grid.lo), min(pfn + grid.columns, grid.hi)
        text = states[lo - grid.lo : hi - grid.lo].decode("latin-1")
        inks = [STATES[State(ord(letter))].ink for letter in text]
        for ink in dict.fromkeys(inks):
            mine = [at for at, other in enumerate(inks) if other == ink]
            xs = [GUTTER + (lo - pfn + at + 0.5) * grid.width for at in mine]
            # The dot of a free page is at the foot of its cell: the order of its block is written above.
            y = base + min(grid.height, 26) / 4 if ink == "free-ink" else base
            yield Letters(xs, y, "".join(text[at] for at in mine), ink, size, bold=ink == "free-ink")


def _blocks(band: Band, panel: PageMap) -> Iterator[Shape]:
    """Each free block outlined, its order written on it where there is room."""
    grid = band.grid
    if min(grid.width, band.height) < 2.5 or not panel.blocks:
        return
    inset = 1.0 if grid.lettered else 0.4
    outlines: list[Box] = []
    for pfn, order in panel.blocks:
        if not grid.lo - (1 << order) < pfn < grid.hi:
            continue
        boxes = band.boxes(pfn, pfn + (1 << order), inset)
        outlines += boxes
        x, y, width, height = boxes[0]
        if grid.lettered and (order > 1 or grid.width > 14):
            yield Text(
                x + width / 2,
                y + min(grid.height, 26) * 0.52,
                str(order),
                "free-ink",
                12,
                "middle",
                bold=True,
            )
        elif width > 14 and height > 11:
            yield Text(x + width / 2, y + height / 2 + 4, str(order), "free-ink", 12, "middle", bold=True)
    yield Boxes("free-ink", outlines, 1.5 if grid.lettered else 0.8)


def _under(grid: Grid, panel: PageMap) -> bool:
    """Whether the bars of the migratetypes lie under their pages: where a row has more than one pageblock."""
    return bool(panel.migratetypes) and grid.lettered and panel.pageblock < grid.columns


def _migratetypes(band: Band, panel: PageMap) -> Iterator[Shape]:
    """For every pageblock a bar with the colour and name of its migratetype, under or left of its pages."""
    grid = band.grid
    for at, migratetype in enumerate(panel.migratetypes):
        lo = panel.start + at * panel.pageblock
        role, name = MIGRATETYPE_ROLES[migratetype], MIGRATETYPE_NAMES[migratetype]
        for row, column, rows, columns in grid.pieces(lo, lo + panel.pageblock):
            x, y, width, height = band.box(row, column, rows, columns)
            if _under(grid, panel):
                yield Boxes(role, [(x + 1, y + height + 1, width - 2, 2)])
                yield Text(x + 2, y + height + BAR, name if width > 80 else name[0], "dim", 12)
            elif panel.pageblock >= grid.columns:
                yield Boxes(role, [(x - 17, y, 14, height - 1)])
                if height > 11:
                    yield Text(
                        x - 10,
                        y + height / 2 + 4,
                        name[0],
                        MIGRATETYPE_INKS[migratetype],
                        12,
                        "middle",
                        bold=True,
                    )


def _tokens(band: Band, panel: PageMap) -> Iterator[Shape]:
    grid = band.grid
    if not panel.tokens:
        return
    for pfn in range(grid.lo, grid.hi):
        token, lost = panel.tokens[pfn - panel.start], panel.lost.get(pfn)
        if token or lost is not None:
            x, y, width, _ = band.box(*grid.place(pfn), 1, 1)
            text = f"{token}≠{lost}" if lost is not None and 3 * WIDE < grid.width else token
            look = STATES[State(panel.states[pfn - panel.start])]
            role = look.ink if look.colour else "ink"
            yield Text(x + width / 2, y + grid.height + 8.5, text, role, 12, "middle", bold=True)
