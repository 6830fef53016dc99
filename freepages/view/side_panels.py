"""The panels that stand beside a map: free lists, locks, facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from textwrap import wrap

from freepages.pages.orders import Migratetype
from freepages.view.changes import Marked
from freepages.view.frame import Facts, FreeLists, Locks
from freepages.view.palette import MIGRATETYPE_NAMES, MIGRATETYPE_ROLES
from freepages.view.piece import GAP, HEADER, MONO, SANS, SIDE, Box, Piece, outlined, piece, titled
from freepages.view.scene import WIDTH, Boxes, Shape, Strokes, Text

ALWAYS_SHOWN = (Migratetype.UNMOVABLE, Migratetype.MOVABLE, Migratetype.RECLAIMABLE)


@piece.register
def _(panel: FreeLists, marked: Marked) -> Piece:
    types = sorted({m for _, m in panel.lists}.union(ALWAYS_SHOWN))
    left, row = 98.0, 17.0
    room = (WIDTH - GAP - SIDE - left if len(types) == len(ALWAYS_SHOWN) else WIDTH - left) / len(types)
    width = left + room * len(types)
    shapes: list[Shape] = [*titled(0, panel.name, "")]
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
    shapes: list[Shape] = [*titled(0, panel.name, "")]
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
