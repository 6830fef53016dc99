"""The strips of a bitmap, of a mark, and of what is in each page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil

from freepages.view.band import GUTTER, MOST_RUNS, Band, Range, Strip, coloured, gaps, image
from freepages.view.changes import PAGES, Marked
from freepages.view.frame import Bits, Tokens
from freepages.view.grid import Grid
from freepages.view.palette import light_colour, rgba
from freepages.view.piece import MONO, looked_at, outlined
from freepages.view.scene import Boxes, Letters, Shape, Strokes, Text

_OPAQUE = bytes([0, *[255] * 255])


def bit_strips(panel: Bits, grid: Grid, marked: Marked) -> Iterator[Strip]:
    """The one strip of a bitmap, with its limit."""
    remark = f"{panel.bits.count(1):,} of {panel.pages:,} set"
    if panel.limit is not None:
        remark += f", limit {panel.limit:,}"
    if panel.absent:
        yield _absent(panel, grid, marked)
        return
    bits = panel.bits[grid.lo - panel.start : grid.hi - panel.start]
    strip = bit_strip(panel.name, remark, bits, grid, "1", "bit", marked.get(PAGES, ()))

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


def bit_strip(
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
            yield image(band, coloured(alphas, shades))
        else:
            runs = grid.runs(bits)
            yield band.runs("shade", runs.get(0, ()))
            yield band.runs(role, runs.get(1, ()))
        if grid.lettered:
            yield Strokes("paper", [*gaps(band)], 1)
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


def token_strips(panel: Tokens, grid: Grid, marked: Marked) -> Iterator[Strip]:
    """The one strip of what is in each page, as tokens."""

    def paint(band: Band) -> Iterator[Shape]:
        if not grid.lettered:
            return
        for row, pfn in enumerate(grid.row_starts()):
            columns = min(pfn + grid.columns, grid.hi) - max(pfn, grid.lo)
            yield Boxes("shade", [band.box(row, max(grid.lo - pfn, 0), 1, columns)])
        yield Strokes("paper", [*gaps(band)], 1)
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
