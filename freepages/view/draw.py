"""From a frame to a scene: the layout of every kind of panel.

Panels with one thing a page (:class:`Memory`, :class:`Bits`) that follow each other and show the same pages
share one grid and lie aligned; where it has few rows they are interleaved, so that a page's bit is under the
page. Every other panel is a piece of its own. Sizes depend on what is shown and not on its values, so nothing
jumps from step to step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, singledispatch
from itertools import compress
from math import ceil
from operator import itemgetter, sub
from textwrap import wrap
from typing import NamedTuple

from freepages.pages.orders import Migratetype
from freepages.view.changes import BLOCKS, PAGES, TOKENS, Changes, Marked, runs_of, shortened
from freepages.view.frame import MARKS, Bits, Facts, Frame, FreeLists, Locks, PageMap, Panel, State, Tokens
from freepages.view.grid import Grid, Map, aligned, most, shown, tally
from freepages.view.palette import (
    HOLE_LINE,
    MARK_LOOKS,
    MIGRATETYPE_INKS,
    MIGRATETYPE_NAMES,
    MIGRATETYPE_ROLES,
    RGBA,
    STATES,
    light_colour,
    rgba,
)
from freepages.view.scene import WIDTH, Boxes, Group, Image, Letters, Runs, Scene, Shape, Strokes, Text

GUTTER = 92.0  # left of the cells: the pfn of each row, or a bitmap's name
ALL_MAPS, ONE_MAP = 420.0, (96.0, 300.0)  # about how high all maps may be together, and each by itself
GAP = 16.0
HEADER = 24.0
LEGEND = 20.0
SANS, MONO = 6.4, 7.25  # a letter's width in text of size 12, on average and always
WIDE = 7.3  # a letter's width where many are wide
SIDE = 214.0  # the width of a panel that can stand beside the free lists
NARROW = WIDTH - GAP - SIDE  # the width of maps of so few pages that such a panel can stand beside them
ALWAYS_SHOWN = (Migratetype.UNMOVABLE, Migratetype.MOVABLE, Migratetype.RECLAIMABLE)
BAR = 13.5
NOTE_LETTERS = 98  # in a line of the note
INTERLEAVED_ROWS = 4
MOST_RUNS = 8192  # a map of more runs is painted as an image
MOST_OUTLINES = 512  # in a map; more could not be told from each other, and take long

UNCHANGED = Changes()

_HOLES = bytes(code == State.HOLE for code in range(256))
_OPAQUE = bytes([0, *[255] * 255])

Range = tuple[int, int]
Box = tuple[float, float, float, float]


class Piece(NamedTuple):
    """One panel, or several aligned ones, laid out from (0, 0); `marked` where the last step changed it."""

    width: float
    height: float
    shapes: Sequence[Shape]
    kind: str
    name: str
    marked: bool = False


def draw(frame: Frame, zoom: Range | None = None, changed: Changes = UNCHANGED) -> Scene:
    """The scene of a frame, with what `changed` outlined; of every map only the pfns [lo, hi) of `zoom` are
    shown, all where it is None.

    A panel at x = 0 begins a row; the note is a row too. So the front end knows what it can leave out.
    """
    shapes: list[Shape] = []
    y = 0.0
    if frame.title:
        shapes.append(Text(0, 14, frame.title, size=14, bold=True))
        y = HEADER
    placed, height = _flow(list(_pieces(frame.panels, zoom, changed.marked)))
    shapes.extend(
        Group(x, y + down, p.shapes, p.kind + " marked" * p.marked, p.name) for x, down, p in placed
    )
    y += height
    note = [line for part in frame.note.splitlines() for line in wrap(part, NOTE_LETTERS)]
    if note:
        lines = [Text(0, 17 * n, line, "dim", 12) for n, line in enumerate(note, 1)]
        shapes.append(Group(0, y, lines, "note"))
    return Scene(WIDTH, y + 17 * len(note), tuple(shapes), _label(frame, changed))


def _label(frame: Frame, changed: Changes) -> str:
    """What is seen, and what of it the last step changed, for who hears it."""
    names = dict.fromkeys(name for panel in frame.panels if (name := getattr(panel, "name", "")))
    said = "; ".join(shortened(changed.said))
    return (frame.title or ", ".join(names)) + (f". Changed: {said}" if said else "")


def _flow(pieces: list[Piece]) -> tuple[list[tuple[float, float, Piece]], float]:
    """Places for the pieces from top to bottom, some beside a higher one; and the height of all."""
    placed: list[tuple[float, float, Piece]] = []
    y = 0.0
    while pieces:
        left = pieces.pop(0)
        placed.append((0, y, left))
        down = 0.0
        while pieces and left.width + GAP + pieces[0].width <= WIDTH:
            if down and down + pieces[0].height > left.height:
                break
            placed.append((WIDTH - pieces[0].width, y + down, pieces[0]))
            down += pieces.pop(0).height + GAP
        y += max(left.height, down - GAP) + GAP
    return placed, max(0.0, y - GAP)


def _pieces(panels: Sequence[Panel], zoom: Range | None, changed: Sequence[Marked]) -> Iterator[Piece]:
    groups = aligned(panels)
    marked = {id(panel): marks for panel, marks in zip(panels, changed, strict=False)}
    maps = sum(
        1 + len(panel.marks) if isinstance(panel, PageMap) else 1 for group in groups for panel in group
    )
    tall = min(max(ALL_MAPS / max(maps, 1), ONE_MAP[0]), ONE_MAP[1])
    for group in groups:
        marks = [marked.get(id(panel), {}) for panel in group]
        if isinstance(group[0], Map):
            yield from _maps(group, marks, zoom, tall)
        else:
            yield piece(group[0], marks[0])._replace(marked=bool(marks[0]))


# -- maps: panels with one thing a page


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


def together(ranges: Sequence[Range]) -> Sequence[Range]:
    """At most MOST_OUTLINES ranges that cover these: the smaller the gap, the sooner it is covered too."""
    if len(ranges) <= MOST_OUTLINES:
        return ranges
    lows, highs = (sorted(map(itemgetter(end), ranges)) for end in (0, 1))
    gaps = [*map(sub, lows[1:], highs)]
    enough = sorted(gaps)[-MOST_OUTLINES]
    wide = [gap > enough for gap in gaps]
    return [*zip([lows[0], *compress(lows[1:], wide)], [*compress(highs, wide), highs[-1]], strict=True)]


class Strip(NamedTuple):
    """One line of a map: a panel's states, one of its marks, or a bitmap."""

    title: str
    remark: str
    height: float
    paint: Callable[[Band], Iterator[Shape]]
    marked: bool
    legend: Sequence[tuple[State, int]] = ()


def _maps(
    panels: Sequence[Map], marked: Sequence[Marked], zoom: Range | None, tall: float
) -> Iterator[Piece]:
    """One piece for all, or where their rows are many one for each strip."""
    first = panels[0]
    lo, hi = shown(first, zoom)
    kind, name = " ".join(dict.fromkeys(type(p).__name__.lower() for p in panels)), first.name
    if lo >= hi:
        where = (
            f"pages [{first.start:,}, {first.end:,}), outside the range shown" if first.pages else "no pages"
        )
        yield Piece(WIDTH, HEADER, [*_title(0, name, where)], kind, name)
        return
    grid = Grid.fit(lo, hi, WIDTH - GUTTER, tall)
    lines = [
        strip for panel, marks in zip(panels, marked, strict=True) for strip in strips(panel, grid, marks)
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
    shapes += _title(y, strip.title, strip.remark, width)
    if not strip.legend:
        return HEADER
    return HEADER + _legend(shapes, y + HEADER - 4, strip.legend, grid.lettered, width)


def _row_label(y: float, height: float, label: str, mono: bool) -> Text:
    return Text(GUTTER - 20, y + height / 2 + 4.5, label, "dim", 13, "end", mono=mono)


def _title(y: float, title: str, remark: str, width: float = WIDTH) -> list[Shape]:
    return [Text(0, y + 12, title, size=13, bold=True), Text(width, y + 12, remark, "dim", 12, "end")]


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


def cut(text: str, length: int) -> str:
    """At most so many letters of a text, the last one a sign that there are more."""
    return text if len(text) <= length else text[: length - 1] + "…"


@singledispatch
def strips(panel: Panel, grid: Grid, marked: Marked) -> Iterator[Strip]:
    """The strips of a panel with one thing a page, what is marked outlined."""
    raise TypeError(f"no strips are known for {type(panel).__name__}")


@strips.register
def _(panel: PageMap, grid: Grid, marked: Marked) -> Iterator[Strip]:
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
            yield _bit_strip(mark, "", panel.marks[mark][here], grid, *MARK_LOOKS[mark], marked.get(mark, ()))


def _cells(band: Band, states: bytes) -> Iterator[Shape]:
    grid = band.grid
    if grid.per_cell > 1:
        blended = _blended(grid.shares(states), grid.per_cell)
        most_of, dots = zip(*blended, strict=True)
        yield _image(band, _hatched(grid, bytes(most_of), b"".join(dots)))
        return
    if grid.run_count(states) > MOST_RUNS:
        yield _image(band, _hatched(grid, states, _coloured(states, RGBA)))
        return
    runs = grid.runs(states)
    for state in tally(states):
        look = STATES[state]
        yield band.runs(look.role, runs[state], "" if grid.lettered else look.hatch)
    if not grid.lettered:
        holes = runs.get(State.HOLE, ())
        yield Strokes("line", [_slant(band, row, c) for row, c0, n in holes for c in range(c0, c0 + n)])
    elif grid.columns > 1:
        yield Strokes("paper", [*_gaps(band)], 1)


def _coloured(cells: bytes, colours: Mapping[int, bytes]) -> bytes:
    """Red, green, blue and alpha of each cell, by its code."""
    dots = bytearray(4 * len(cells))
    for channel, values in enumerate(zip(*colours.values(), strict=True)):
        dots[channel::4] = cells.translate(bytes.maketrans(bytes(colours), bytes(values)))
    return bytes(dots)


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


def _gaps(band: Band) -> Iterator[tuple[float, float, float, float]]:
    """The thin lines between cells that are large enough to be seen one by one."""
    for row in range(band.grid.rows):
        top = band.y + row * band.pitch
        for column in range(1, band.grid.columns):
            x = GUTTER + column * band.grid.width
            yield x, top, x, top + band.height


def _blended(shares: Iterable[Mapping[State, int]], per_cell: int) -> Iterator[tuple[State, bytes]]:
    """Of each cell the state of most pages, and the colour: those of its pages, mixed by their share."""

    @cache
    def mixed(*shares: tuple[State, int]) -> tuple[State, bytes]:
        weighed = [(count * RGBA[state][3], RGBA[state]) for state, count in shares]
        alpha = sum(weight for weight, _ in weighed)
        colour = [sum(weight * rgba[at] for weight, rgba in weighed) // max(alpha, 1) for at in range(3)]
        return most(dict(shares)), bytes([*colour, alpha // per_cell])

    return (mixed(*share.items()) for share in shares)


def _image(band: Band, dots: bytes) -> Image:
    """The cells as dots of one image, from the first row's beginning to the last one's end."""
    grid = band.grid
    rgba = bytes(4 * grid.first_cell) + dots
    box = band.box(0, 0, grid.rows, grid.columns)
    return Image(*box, grid.columns, rgba.ljust(4 * grid.rows * grid.columns, b"\0"))


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


def outlined(boxes: Sequence[Box]) -> Iterator[Shape]:
    """The outline of what the last step changed, in every panel."""
    if boxes:
        small = min(min(width, height) for _, _, width, height in boxes) < 6
        yield Boxes("yellow", boxes, 2 if small else 4.5, 0.9)
        yield Boxes("ink", boxes, 0.8 if small else 1.5)


def looked_at(boxes: Sequence[Box]) -> Iterator[Shape]:
    """The outline of what the last step only looked at."""
    if boxes:
        yield Boxes("sky", boxes, 2.5)


@strips.register
def _(panel: Bits, grid: Grid, marked: Marked) -> Iterator[Strip]:
    remark = f"{panel.bits.count(1):,} of {panel.pages:,} set"
    if panel.limit is not None:
        remark += f", limit {panel.limit:,}"
    if panel.absent:
        yield _absent(panel, grid, marked)
        return
    bits = panel.bits[grid.lo - panel.start : grid.hi - panel.start]
    strip = _bit_strip(panel.name, remark, bits, grid, "1", "bit", marked.get(PAGES, ()))

    def paint(band: Band) -> Iterator[Shape]:
        yield from looked_at(band.all_boxes(panel.highlight))
        yield from strip.paint(band)
        if panel.limit is not None and grid.lo <= panel.limit < grid.hi:
            x, y, _, height = band.box(*grid.place(panel.limit), 1, 1)
            yield from outlined([(x - 3, y - 3, 6, height + 6)] if "limit" in marked else ())
            yield Strokes("vermillion", [(x, y - 2, x, y + height + 2)], 2.5)

    yield strip._replace(paint=paint)


def _absent(panel: Bits, grid: Grid, marked: Marked) -> Strip:
    """A bitmap that is not there: slanting lines and the word why, no row of zeros."""

    def paint(band: Band) -> Iterator[Shape]:
        for row, column, rows, columns in grid.pieces(grid.lo, grid.hi):
            for at in range(row, row + rows):
                x, y, width, height = band.box(at, column, 1, columns)
                slants = (x + 8 * n for n in range(ceil((width - height / 2) / 8)))
                yield Strokes("line", [(left, y + height, left + height / 2, y) for left in slants])
                yield Boxes("line", [(x, y, width, height)], 1)
        x, y, width, height = band.box(*grid.place(grid.lo), 1, 1)
        yield Boxes("paper", [(x + 3, y + 1, len(panel.absent) * MONO + 6, height - 2)])
        yield Text(x + 6, y + height / 2 + 4.5, panel.absent, "dim", 12, mono=True)
        yield from outlined(band.all_boxes(marked.get(PAGES, ())))

    return Strip(panel.name, panel.absent, 16 if grid.lettered else grid.height, paint, PAGES in marked)


def _bit_strip(
    title: str,
    remark: str,
    bits: bytes,
    grid: Grid,
    sign: str,
    role: str,
    changed: Sequence[Range] = (),
) -> Strip:
    """One bit a page: where it is set, the cell has the colour and, if there is room, the sign."""

    def paint(band: Band) -> Iterator[Shape]:
        if grid.per_cell > 1 or grid.run_count(bits) > MOST_RUNS:
            shares = (cell.count(1) * 255 // grid.per_cell for cell in grid.cells(bits))
            alphas = bits.translate(_OPAQUE) if grid.per_cell == 1 else bytes(shares)
            shades = {alpha: bytes(rgba(light_colour(role), alpha)) for alpha in set(alphas)}
            yield _image(band, _coloured(alphas, shades))
        else:
            runs = grid.runs(bits)
            yield band.runs("shade", runs.get(0, ()))
            yield band.runs(role, runs.get(1, ()))
        if grid.lettered:
            yield Strokes("paper", [*_gaps(band)], 1)
            yield from _signs(band, bits, "0" if sign == "1" else "·", sign)
        yield from outlined(band.all_boxes(changed))

    return Strip(title, remark, 16 if grid.lettered else grid.height, paint, bool(changed))


def _signs(band: Band, bits: bytes, zero: str, one: str) -> Iterator[Shape]:
    grid = band.grid
    for row, pfn in enumerate(grid.row_starts()):
        lo, hi = max(pfn, grid.lo), min(pfn + grid.columns, grid.hi)
        here = bits[lo - grid.lo : hi - grid.lo]
        for value, sign, role in ((0, zero, "dim"), (1, one, "on-dark")):
            xs = [GUTTER + (lo - pfn + at + 0.5) * grid.width for at, bit in enumerate(here) if bit == value]
            if xs:
                yield Letters(xs, band.y + row * band.pitch + 12.5, sign * len(xs), role, 13)


@strips.register
def _(panel: Tokens, grid: Grid, marked: Marked) -> Iterator[Strip]:
    def paint(band: Band) -> Iterator[Shape]:
        if not grid.lettered:
            return
        for row, pfn in enumerate(grid.row_starts()):
            columns = min(pfn + grid.columns, grid.hi) - max(pfn, grid.lo)
            yield Boxes("shade", [band.box(row, max(grid.lo - pfn, 0), 1, columns)])
        yield Strokes("paper", [*_gaps(band)], 1)
        yield from looked_at(band.all_boxes(panel.highlight))
        yield from outlined(band.all_boxes(marked.get(PAGES, ())))
        for at in range(grid.lo, grid.hi):
            token, lost = panel.tokens[at - panel.start], panel.lost.get(at)
            x, y, width, height = band.box(*grid.place(at), 1, 1)
            text = token if lost is None else f"{token}≠{lost}"
            if text:
                quiet = lost is None and token in panel.quiet
                size = 12 if len(text) * 8 < width else 8
                role = "faint" if quiet else "ink"
                yield Text(
                    x + width / 2, y + height / 2 + size * 0.36, text, role, size, "middle", bold=not quiet
                )
        for at in panel.lost:
            yield Boxes("vermillion", band.boxes(at, at + 1, 1), 2.5)

    yield Strip(panel.name, "", 18 if grid.lettered else grid.height, paint, PAGES in marked)


# -- the other panels


@singledispatch
def piece(panel: Panel, marked: Marked) -> Piece:
    """The piece of a panel that is no map, what is marked outlined."""
    raise TypeError(f"no drawing is known for {type(panel).__name__}")


@piece.register
def _(panel: FreeLists, marked: Marked) -> Piece:
    types = sorted({m for _, m in panel.lists}.union(ALWAYS_SHOWN))
    left, row = 98.0, 17.0
    room = (WIDTH - GAP - SIDE - left if len(types) == len(ALWAYS_SHOWN) else WIDTH - left) / len(types)
    width = left + room * len(types)
    shapes: list[Shape] = [*_title(0, panel.name, "")]
    y = HEADER + 10
    shapes.append(Text(0, y, "order", "dim", 12))
    shapes.append(Text(left - 14, y, "nr_free", "dim", 12, "end"))
    for at, migratetype in enumerate(types):
        shapes.append(Text(left + at * room, y, MIGRATETYPE_NAMES[migratetype], "dim", 12))
        shapes.append(Boxes(MIGRATETYPE_ROLES[migratetype], [(left + at * room, y + 4, room - 12, 2)]))
    y += 10
    for order, free in enumerate(panel.nr_free):
        base = y + order * row + 13
        ink = "ink" if free else "faint"
        shapes.append(Text(0, base, str(order), ink, 12, mono=True))
        if order in marked:
            wide = len(f"{free:,}") * MONO + 6
            shapes += outlined([(left - 11 - wide, base - 12, wide, 16)])
        shapes.append(Text(left - 14, base, f"{free:,}", ink, 12, "end", bold=bool(free), mono=True))
        for at, migratetype in enumerate(types):
            heads = panel.lists.get((order, migratetype), ())
            joined = {pfn for pfn in heads if (order, migratetype, pfn) in marked}
            left_list = (order, migratetype) in marked
            shapes += _chain(heads, left + at * room, base, room - 12, joined, left_list)
    return Piece(width, y + len(panel.nr_free) * row + 4, shapes, "freelists", panel.name)


def _chain(
    heads: Sequence[int], x: float, base: float, room: float, joined: Collection[int], left: bool
) -> Iterator[Shape]:
    """A list from its head: pfn → pfn → …, and how many more there are where the room ends.

    Outlined: the entries that `joined` it; its end where one has `left` it.
    """
    if not heads:
        yield from outlined([(x - 3, base - 11, 13, 14)] if left else ())
        yield Text(x, base, "–", "dim", 12)
        return
    boxes: list[Box] = []
    new: list[Box] = []
    for at, pfn in enumerate(heads):
        width = len(str(pfn)) * MONO + 8
        more = len(heads) - at
        if x + width + (34 if more > 1 else 0) > x + room and at:
            yield Text(x, base, f"+{more:,}", "dim", 12)
            break
        if at:
            yield Strokes("dim", [(x - 9, base - 4, x - 1, base - 4)], 1, arrow=True)
        (new if pfn in joined else boxes).append((x, base - 11, width, 14))
        yield Text(x + width / 2, base, str(pfn), "ink", 12, "middle", mono=True)
        x, room = x + width + 11, room - width - 11
    yield Boxes("free-ink", boxes, 1.2)
    yield from outlined([*new, *([(x - 9, base - 11, 6, 14)] if left else ())])


@piece.register
def _(panel: Locks, marked: Marked) -> Piece:
    row = 50.0
    shapes: list[Shape] = []
    for at, lock in enumerate(panel.rows):
        y = at * row
        held = lock.holder is not None
        since = f" since step {lock.since}" if lock.since is not None else ""
        shapes += outlined([(-2, y - 3, SIDE, row - 2)] if lock.name in marked else ())
        shapes += [
            Boxes("orange" if held else "shade", [(0, y, 6, row - 8)]),
            Text(14, y + 11, lock.name, size=12, bold=True),
            Text(
                14, y + 26, f"held by {lock.holder}{since}" if held else "free", "ink" if held else "dim", 12
            ),
        ]
        if lock.waiters:
            waits = " and ".join(lock.waiters) + (" waits" if len(lock.waiters) == 1 else " wait")
            shapes.append(Text(14, y + 40, waits, "vermillion", 12, bold=True))
    return Piece(SIDE, len(panel.rows) * row - 8, shapes, "locks", "locks")


@piece.register
def _(panel: Facts, marked: Marked) -> Piece:
    row = 17.0
    shapes: list[Shape] = [*_title(0, panel.name, "")]
    y = HEADER
    for name, value in panel.rows.items():
        top = y
        shapes.append(Text(0, y + 11, name, "dim", 12))
        beside = len(name) * SANS + len(str(value)) * MONO + MONO <= SIDE
        for line in [str(value)] if beside else wrap(str(value), int(SIDE / MONO)):
            y += 0 if beside else row - 2
            shapes.append(Text(SIDE, y + 11, line, "ink", 12, "end", mono=True))
        shapes.append(Strokes("shade", [(0, y + 15, SIDE, y + 15)]))
        shapes += outlined([(-2, top - 1, SIDE + 4, y - top + row - 1)] if name in marked else ())
        y += row
    return Piece(SIDE, y, shapes, "facts", panel.name)
