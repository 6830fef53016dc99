"""A piece: one panel laid out, and what the drawings of all panels share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import singledispatch
from typing import NamedTuple

from freepages.view.changes import Marked
from freepages.view.frame import Panel
from freepages.view.scene import WIDTH, Boxes, Shape, Text

GAP = 16.0
HEADER = 24.0
SANS, MONO = 6.4, 7.25  # a letter's width in text of size 12, on average and always
WIDE = 7.3  # a letter's width where many are wide
SIDE = 214.0  # the width of a panel that can stand beside the free lists

Box = tuple[float, float, float, float]


class Piece(NamedTuple):
    """One panel, or several aligned ones, laid out from (0, 0); `marked` where the last step changed it."""

    width: float
    height: float
    shapes: Sequence[Shape]
    kind: str
    name: str
    marked: bool = False


@singledispatch
def piece(panel: Panel, marked: Marked) -> Piece:
    """The piece of a panel that is no map, what is marked outlined."""
    raise TypeError(f"no drawing is known for {type(panel).__name__}")


def titled(y: float, title: str, remark: str, width: float = WIDTH) -> list[Shape]:
    return [Text(0, y + 12, title, size=13, bold=True), Text(width, y + 12, remark, "dim", 12, "end")]


def cut(text: str, length: int) -> str:
    """At most so many letters of a text, the last one a sign that there are more."""
    return text if len(text) <= length else text[: length - 1] + "…"


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
