"""A scene: a few kinds of shape with colour roles, laid out once, for any painter.

``draw.py`` makes a scene from a frame; ``svg.py`` and ``png.py`` paint it. Lengths are in pixels of a
scene that is WIDTH wide, x to the right and y down. A role is a name of ``palette.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from typing import NamedTuple

WIDTH = 640

Line = tuple[float, float, float, float]


class Hatch(NamedTuple):
    """A pattern along the middle of a run: how wide (1 is the cell's height), dash and gap (1 is a cell)."""

    width: float
    dash: tuple[float, float] | None = None


HATCHES = {
    "line": Hatch(0.15),
    "bar": Hatch(0.3),
    "dots": Hatch(0.3, (0.3, 0.7)),
    "dashes": Hatch(0.15, (1.25, 0.75)),
}


@dataclass(frozen=True)
class Runs:
    """Runs of equal cells in a map: many cells, one shape.

    The cell in row r and column c covers [x + c * width, + width) by [y + r * pitch, + height).
    runs    row, first column, how many cells
    hatch   a name in HATCHES, or "" for none
    """

    role: str
    x: float
    y: float
    width: float
    height: float
    pitch: float
    runs: Sequence[tuple[int, int, int]]
    hatch: str = ""


@dataclass(frozen=True)
class Boxes:
    """Rectangles (x, y, width, height), filled, or outlined where `line` is the width of the outline."""

    role: str
    boxes: Sequence[tuple[float, float, float, float]]
    line: float = 0
    alpha: float = 1


@dataclass(frozen=True)
class Strokes:
    """Straight lines (x1, y1, x2, y2), with an arrow's head at the second point where `arrow` is set."""

    role: str
    lines: Sequence[Line]
    width: float = 1
    arrow: bool = False


HEAD = 4.0  # length of an arrow's head


def arrow_heads(lines: Sequence[Line]) -> list[Line]:
    """The two short lines of the head of each arrow."""
    heads: list[Line] = []
    for x1, y1, x2, y2 in lines:
        length = max(hypot(x2 - x1, y2 - y1), 1e-9)
        ux, uy = (x2 - x1) / length * HEAD, (y2 - y1) / length * HEAD
        heads += ((x2 - ux + side * uy, y2 - uy - side * ux, x2, y2) for side in (-0.7, 0.7))
    return heads


@dataclass(frozen=True)
class Text:
    """One line of text on the base line y; `anchor` says whether x is its start, middle or end."""

    x: float
    y: float
    text: str
    role: str = "ink"
    size: float = 12
    anchor: str = "start"
    bold: bool = False
    mono: bool = False


@dataclass(frozen=True)
class Letters:
    """Single characters on one base line, each with its middle at its own x."""

    xs: Sequence[float]
    y: float
    text: str
    role: str = "ink"
    size: float = 12
    bold: bool = False


@dataclass(frozen=True)
class Image:
    """Rows of so many dots, stretched over the rectangle without smoothing; `rgba` has 4 bytes a dot."""

    x: float
    y: float
    width: float
    height: float
    columns: int
    rgba: bytes


@dataclass(frozen=True)
class Group:
    """Shapes moved by (x, y); `kind` and `name` say what they show, for whoever looks for them.

    `high` is how high a panel is, 0 where nobody asks.
    """

    x: float
    y: float
    shapes: Sequence[Shape]
    kind: str = ""
    name: str = ""
    high: float = 0


Shape = Runs | Boxes | Strokes | Text | Letters | Image | Group


@dataclass(frozen=True)
class Scene:
    """All shapes of one frame; `label` says in words what is seen."""

    width: float
    height: float
    shapes: Sequence[Shape]
    label: str
