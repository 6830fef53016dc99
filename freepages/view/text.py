"""The text form of a frame: what a terminal, a screen reader and a comparison of notebooks read.

A line that ends in CHANGED has something in it that the last step changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import NamedTuple

from freepages.view.changes import PAGES, TOKENS, Changes, Marked, runs_of, spoken
from freepages.view.frame import MARKS, Bits, Facts, Frame, FreeLists, Locks, PageMap, Panel, Tokens
from freepages.view.grid import Grid, Map, aligned, shown, tally
from freepages.view.palette import MARK_LOOKS, MIGRATETYPE_NAMES, STATES

GROUP = 8  # letters between two spaces
CHANGED = " *"
UNCHANGED = Changes()


def text(frame: Frame, zoom: tuple[int, int] | None = None, changed: Changes = UNCHANGED) -> str:
    """The frame in words and letters, with what `changed` marked; of every map only the pfns [lo, hi) of
    `zoom`, all where it is None."""
    lines = [frame.title] if frame.title else []
    marked = {id(panel): marks for panel, marks in zip(frame.panels, changed.marked, strict=False)}
    for group in aligned(frame.panels):
        marks = [marked.get(id(panel), {}) for panel in group]
        lines += _maps(group, marks, zoom) if isinstance(group[0], Map) else say(group[0], marks[0])
    if frame.note:
        lines.append(frame.note)
    return "\n".join(line.rstrip() for line in lines)


class TextRow(NamedTuple):
    """One line of letters of a map for every row of its grid; `label` "" stands for the pfn of the row.

    ``changed`` are the pages [lo, hi) that the last step changed.
    """

    label: str
    letters: str
    changed: Sequence[tuple[int, int]] = ()


def _maps(panels: Sequence[Map], marked: Sequence[Marked], zoom: tuple[int, int] | None) -> Iterator[str]:
    lo, hi = shown(panels[0], zoom)
    for panel, marks in zip(panels, marked, strict=True):
        yield from heading(panel, marks)
    if lo >= hi:
        if panels[0].pages:
            yield "  outside the range shown"
        return
    grid = Grid.of_letters(lo, hi)
    if grid.pages < panels[0].pages or grid.per_cell > 1:
        yield f"  shown [{lo:,}, {hi:,}), {_number(grid.per_cell, 'page')} a letter"
    rows = [row for panel, marks in zip(panels, marked, strict=True) for row in letters(panel, grid, marks)]
    width = max([len(f"{hi:,}"), *(len(row.label) for row in rows)])
    for at, pfn in enumerate(grid.row_starts()):
        end_pfn = pfn + grid.columns * grid.per_cell
        for label, written, changed in rows:
            begin, end = (max(at * grid.columns + d - grid.first_cell, 0) for d in (0, grid.columns))
            part = (" " * grid.first_cell if at == 0 else "") + written[begin:end]
            groups = (part[i : i + GROUP] for i in range(0, len(part), GROUP))
            here = any(start < end_pfn and stop > pfn for start, stop in changed)
            yield f"  {label or f'{max(pfn, lo):,}':>{width}}  {' '.join(groups)}" + CHANGED * here


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


@singledispatch
def heading(panel: Map, marked: Marked) -> Iterator[str]:
    """The lines above a map."""
    raise TypeError(f"no heading is known for {type(panel).__name__}")


@heading.register
def _(panel: PageMap, marked: Marked) -> Iterator[str]:
    counts = (f"{STATES[state].words} {count:,}" for state, count in tally(panel.states).items())
    yield ", ".join((f"{panel.name}: pages [{panel.start:,}, {panel.end:,})", *counts))
    if panel.migratetypes:
        names = [MIGRATETYPE_NAMES[migratetype] for migratetype in panel.migratetypes[:8]]
        names += ["..."] if len(panel.migratetypes) > 8 else []
        yield f"  pageblocks of {_number(panel.pageblock, 'page')}: {', '.join(names)}"
    for pfn, token in panel.lost.items():
        yield f"  page {pfn} lost its content: it should hold {token}"


@heading.register
def _(panel: Bits, marked: Marked) -> Iterator[str]:
    if panel.absent:
        yield f"{panel.name}: {panel.absent}" + CHANGED * (PAGES in marked)
        return
    limit = f", limit {panel.limit:,}" if panel.limit is not None else ""
    yield f"{panel.name}: {panel.bits.count(1):,} of {panel.pages:,} set{limit}"


@heading.register
def _(panel: Tokens, marked: Marked) -> Iterator[str]:
    if not panel.lettered:
        said = (
            f"{token} in {spoken(runs_of(bytes(one == token for one in panel.tokens), panel.start))}"
            for token in dict.fromkeys(panel.tokens)
            if token
        )
        yield f"{panel.name}: {'; '.join(said) or 'none'}" + CHANGED * (PAGES in marked)
    for pfn, token in panel.lost.items():
        yield f"{panel.name}: page {pfn} lost its content: it should have {token}"


@singledispatch
def letters(panel: Map, grid: Grid, marked: Marked) -> Iterator[TextRow]:
    """The lines of letters of a map, a letter for every cell of the grid."""
    raise TypeError(f"no letters are known for {type(panel).__name__}")


@letters.register
def _(panel: PageMap, grid: Grid, marked: Marked) -> Iterator[TextRow]:
    here = slice(grid.lo - panel.start, grid.hi - panel.start)
    states = grid.majority(panel.states[here]).decode("latin-1")
    yield TextRow("", states, marked.get(PAGES, ()))
    if panel.tokens and grid.per_cell == 1:
        holds = "".join((token or " ")[0] for token in panel.tokens[here])
        yield TextRow("holds", holds, marked.get(TOKENS, ()))
    for mark in MARKS:
        if mark in panel.marks:
            signs = _bit_letters(panel.marks[mark][here], grid, "·", MARK_LOOKS[mark].sign)
            yield TextRow(mark, signs, marked.get(mark, ()))


@letters.register
def _(panel: Bits, grid: Grid, marked: Marked) -> Iterator[TextRow]:
    bits = panel.bits[grid.lo - panel.start : grid.hi - panel.start]
    if not panel.absent:
        yield TextRow(panel.name, _bit_letters(bits, grid, "0", "1"), marked.get(PAGES, ()))


@letters.register
def _(panel: Tokens, grid: Grid, marked: Marked) -> Iterator[TextRow]:
    if grid.per_cell == 1 and panel.lettered:
        here = slice(grid.lo - panel.start, grid.hi - panel.start)
        signs = "".join(token or "·" for token in panel.tokens[here])
        yield TextRow(panel.name, signs, marked.get(PAGES, ()))


def _bit_letters(bits: bytes, grid: Grid, none: str, every: str) -> str:
    """A letter for a cell of which no page is set, one for all, and + for some."""
    return "".join(none if 1 not in cell else every if 0 not in cell else "+" for cell in grid.cells(bits))


@singledispatch
def say(panel: Panel, marked: Marked) -> Iterator[str]:
    """The lines of a panel that is no map."""
    raise TypeError(f"no text is known for {type(panel).__name__}")


@say.register
def _(panel: FreeLists, marked: Marked) -> Iterator[str]:
    orders = any(isinstance(part, int) for part in marked)
    yield f"{panel.name}: nr_free {' '.join(map(str, panel.nr_free))}" + CHANGED * orders
    for (order, migratetype), heads in panel.lists.items():
        if heads:
            few = ", ".join(map(str, heads[:16])) + (
                f", ... {len(heads) - 16:,} more" if len(heads) > 16 else ""
            )
            here = any(isinstance(part, tuple) and part[:2] == (order, migratetype) for part in marked)
            yield f"  order {order} {MIGRATETYPE_NAMES[migratetype]}: {few}" + CHANGED * here


@say.register
def _(panel: Locks, marked: Marked) -> Iterator[str]:
    for lock in panel.rows:
        since = f" since step {lock.since}" if lock.since is not None else ""
        line = f"{lock.name}: held by {lock.holder}{since}" if lock.holder else f"{lock.name}: free"
        yield line + "".join(f", {waiter} waits" for waiter in lock.waiters) + CHANGED * (lock.name in marked)


@say.register
def _(panel: Facts, marked: Marked) -> Iterator[str]:
    rows = (f"{name} {value}" + CHANGED * (name in marked) for name, value in panel.rows.items())
    yield f"{panel.name}: " + ", ".join(rows)
