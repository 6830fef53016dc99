"""The writes that a CPU has made and nobody else sees yet, as a panel: data, drawing, text and differences.

Importing this module makes the panel known to whoever draws, writes or compares frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from freepages.view.changes import Change, Marked, differences
from freepages.view.frame import Panel
from freepages.view.piece import HEADER, SIDE, Piece, outlined, piece
from freepages.view.scene import Shape, Strokes, Text
from freepages.view.signs import Sign, signs
from freepages.view.text import CHANGED, say

ROW = 17.0
LEFT = "left"


class Write(NamedTuple):
    """A write that waits: its number, what it writes, and whether a write barrier stands before it."""

    number: int
    what: str
    behind_barrier: bool = False


@dataclass(frozen=True)
class Waiting(Panel):
    """The writes in a store buffer, the oldest first; there is room to draw so many of them."""

    name: str
    writes: Sequence[Write]
    room: int = 6

    def __post_init__(self) -> None:
        self.__dict__.update(writes=tuple(Write(*write) for write in self.writes))


@piece.register
def _(panel: Waiting, marked: Marked) -> Piece:
    shapes: list[Shape] = [Text(0, 12, panel.name, size=13, bold=True)]
    y = HEADER
    shapes += outlined([(2, y - 3, SIDE - 2, 2)] if LEFT in marked else ())  # at the buffer's head
    if not panel.writes:
        shapes.append(Text(0, y + 11, "nothing waits", "faint", 12))
    shown = panel.writes[: panel.room if len(panel.writes) <= panel.room else panel.room - 1]
    for write in shown:
        if write.behind_barrier:
            shapes.append(Strokes("vermillion", [(0, y - 0.5, SIDE, y - 0.5)], 2.5))
        shapes.append(Text(26, y + 11, f"{write.number}v", "dim", 12, "end", mono=True))
        shapes.append(Text(36, y + 11, write.what, "ink", 12, mono=True))
        shapes += outlined([(2, y - 1, SIDE - 2, ROW - 2)] if write.number in marked else ())
        y += ROW
    if len(shown) < len(panel.writes):
        shapes.append(Text(36, y + 11, f"and {len(panel.writes) - len(shown)} more", "dim", 12))
    return Piece(SIDE, HEADER + panel.room * ROW, shapes, "waiting", panel.name)


@say.register
def _(panel: Waiting, marked: Marked) -> Iterator[str]:
    writes = (
        "| " * write.behind_barrier + f"{write.number}v {write.what}" + CHANGED * (write.number in marked)
        for write in panel.writes
    )
    yield f"{panel.name}: " + (", ".join(writes) or "nothing waits") + CHANGED * (LEFT in marked)


@differences.register
def _(new: Waiting, old: Waiting) -> Iterator[Change]:
    for write in new.writes:
        if write not in old.writes:
            yield Change(f"{write.what} waits in {new.name}", write.number)
    for write in old.writes:
        if write.number not in {left.number for left in new.writes}:
            yield Change("", LEFT)  # it is seen in the memory


@signs.register
def _(panel: Waiting) -> Iterator[Sign]:
    yield from (Sign("mark", "3v", "write 3 waits in the store buffer") for _ in panel.writes[:1])
