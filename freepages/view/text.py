"""The text form of a frame: what a terminal, a screen reader and a comparison of notebooks read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from freepages.view.frame import MARKS, Bits, Facts, Frame, FreeLists, Locks, PageMap, Panel, Tokens
from freepages.view.grid import Grid, Map, aligned, shown, tally
from freepages.view.palette import MARK_LOOKS, MIGRATETYPE_NAMES, STATES

GROUP = 8  # letters between two spaces


def text(frame: Frame, zoom: tuple[int, int] | None = None) -> str:
    """The frame in words and letters; of every map only the pfns [lo, hi) of `zoom`, all where it is None."""
    lines = [frame.title] if frame.title else []
    for group in aligned(frame.panels):
        lines += _maps(group, zoom) if isinstance(group[0], Map) else say(group[0])
    if frame.note:
        lines.append(frame.note)
    return "\n".join(line.rstrip() for line in lines)


class TextRow(NamedTuple):
    """One line of letters of a map for every row of its grid; `label` "" stands for the pfn of the row."""

    label: str
    letters: str


def _maps(panels: Sequence[Map], zoom: tuple[int, int] | None) -> Iterator[str]:
    lo, hi = shown(panels[0], zoom)
    for panel in panels:
        yield from heading(panel)
    if lo >= hi:
        if panels[0].pages:
            yield "  outside the range shown"
        return
    grid = Grid.of_letters(lo, hi)
    if grid.pages < panels[0].pages or grid.per_cell > 1:
        yield f"  shown [{lo:,}, {hi:,}), {_number(grid.per_cell, 'page')} a letter"
    rows = [row for panel in panels for row in letters(panel, grid)]
    width = max(len(f"{hi:,}"), *(len(row.label) for row in rows))
    for at, pfn in enumerate(grid.row_starts()):
        for label, written in rows:
            begin, end = (max(at * grid.columns + d - grid.first_cell, 0) for d in (0, grid.columns))
            part = (" " * grid.first_cell if at == 0 else "") + written[begin:end]
            groups = (part[i : i + GROUP] for i in range(0, len(part), GROUP))
            yield f"  {label or f'{max(pfn, lo):,}':>{width}}  {' '.join(groups)}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@singledispatch
def heading(panel: Map) -> Iterator[str]:
    """The lines above a map."""
    raise TypeError(f"no heading is known for {type(panel).__name__}")


@heading.register
def _(panel: PageMap) -> Iterator[str]:
    counts = (f"{STATES[state].words} {count:,}" for state, count in tally(panel.states).items())
    yield ", ".join((f"{panel.name}: pages [{panel.start:,}, {panel.end:,})", *counts))
    if panel.migratetypes:
        names = [MIGRATETYPE_NAMES[migratetype] for migratetype in panel.migratetypes[:8]]
        names += ["..."] if len(panel.migratetypes) > 8 else []
        yield f"  pageblocks of {_number(panel.pageblock, 'page')}: {', '.join(names)}"
    for pfn, token in panel.lost.items():
        yield f"  page {pfn} lost its content: it should hold {token}"


@heading.register
def _(panel: Bits) -> Iterator[str]:
    limit = f", limit {panel.limit:,}" if panel.limit is not None else ""
    yield f"{panel.name}: {int(np.count_nonzero(panel.bits)):,} of {panel.pages:,} set{limit}"


@heading.register
def _(panel: Tokens) -> Iterator[str]:
    for pfn, token in panel.lost.items():
        yield f"{panel.name}: page {pfn} lost its content: it should have {token}"


@singledispatch
def letters(panel: Map, grid: Grid) -> Iterator[TextRow]:
    """The lines of letters of a map, a letter for every cell of the grid."""
    raise TypeError(f"no letters are known for {type(panel).__name__}")


@letters.register
def _(panel: PageMap, grid: Grid) -> Iterator[TextRow]:
    here = slice(grid.lo - panel.start, grid.hi - panel.start)
    yield TextRow("", grid.majority(panel.states[here]).tobytes().decode("latin-1"))
    if panel.tokens and grid.per_cell == 1:
        yield TextRow("holds", "".join((token or " ")[0] for token in panel.tokens[here]))
    for mark in MARKS:
        if mark in panel.marks:
            yield TextRow(mark, _bit_letters(panel.marks[mark][here], grid, "·", MARK_LOOKS[mark].sign))


@letters.register
def _(panel: Bits, grid: Grid) -> Iterator[TextRow]:
    bits = panel.bits[grid.lo - panel.start : grid.hi - panel.start]
    yield TextRow(panel.name, _bit_letters(bits, grid, "0", "1"))


@letters.register
def _(panel: Tokens, grid: Grid) -> Iterator[TextRow]:
    if grid.per_cell == 1:
        here = slice(grid.lo - panel.start, grid.hi - panel.start)
        yield TextRow(panel.name, "".join((token or "·")[0] for token in panel.tokens[here]))


def _bit_letters(bits: NDArray[np.bool_], grid: Grid, none: str, every: str) -> str:
    """A letter for a cell of which no page is set, one for all, and + for some."""
    counts, pages = grid.counts(bits), grid.counts(np.ones(len(bits), bool))
    return "".join(np.where(counts == 0, none, np.where(counts == pages, every, "+")).tolist())


@singledispatch
def say(panel: Panel) -> Iterator[str]:
    """The lines of a panel that is no map."""
    raise TypeError(f"no text is known for {type(panel).__name__}")


@say.register
def _(panel: FreeLists) -> Iterator[str]:
    yield f"{panel.name}: nr_free {' '.join(map(str, panel.nr_free))}"
    for (order, migratetype), heads in panel.lists.items():
        if heads:
            few = ", ".join(map(str, heads[:16])) + (
                f", ... {len(heads) - 16:,} more" if len(heads) > 16 else ""
            )
            yield f"  order {order} {MIGRATETYPE_NAMES[migratetype]}: {few}"


@say.register
def _(panel: Locks) -> Iterator[str]:
    for lock in panel.rows:
        since = f" since step {lock.since}" if lock.since is not None else ""
        line = f"{lock.name}: held by {lock.holder}{since}" if lock.holder else f"{lock.name}: free"
        yield line + "".join(f", {waiter} waits" for waiter in lock.waiters)


@say.register
def _(panel: Facts) -> Iterator[str]:
    yield f"{panel.name}: " + ", ".join(f"{name} {value}" for name, value in panel.rows.items())
