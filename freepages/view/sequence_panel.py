"""An exchange as a sequence chart, as a panel: a column for each who takes part, a row for each thing done.

Data, drawing, text and differences are here together; importing this module makes the panel known to whoever
draws, writes or compares frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.view.changes import Change, Marked, differences
from freepages.view.frame import Panel
from freepages.view.piece import GAP, HEADER, SIDE, Piece, outlined, piece
from freepages.view.scene import WIDTH, Boxes, Shape, Strokes, Text
from freepages.view.signs import Sign, signs
from freepages.view.text import CHANGED, say

ARROWS = {"message": "→", "signal": "⇒", "barrier": "", "alone": "", "waits": ""}


class Message(NamedTuple):
    """One row: the step's number, the column it comes from and the one it goes to, and what it is.

    kind  message (data) or signal (a kick, an interrupt); and what goes nowhere: barrier, alone, and waits,
          a write that nobody else sees yet
    """

    number: int
    source: int
    target: int
    label: str
    kind: str = "message"


@dataclass(frozen=True)
class SequenceChart(Panel):
    """Who told whom what, the oldest first; there is room to show so many of the newest.

    Raises FreepagesError where a message names no column or no kind.
    """

    name: str
    columns: Sequence[str]
    messages: Sequence[Message]
    room: int = 10
    logs = True

    def __post_init__(self) -> None:
        messages = tuple(Message(*message) for message in self.messages)
        self.__dict__.update(columns=tuple(self.columns), messages=messages)
        for message in messages:
            if not {message.source, message.target} <= set(range(len(self.columns))):
                raise FreepagesError(
                    f"{self.name}: message {message.number} names no column of {self.columns}"
                )
            if message.kind not in ARROWS:
                raise FreepagesError(
                    f"{self.name}: no kind is named {message.kind!r}: {', '.join(ARROWS)} are"
                )


NUMBERS = 32.0  # the width of the steps' numbers
EDGE = 44.0  # of the first and the last lifeline from the side
ROW = 20.0
LETTER = 6.8  # the width of a letter of a label


@piece.register
def _(panel: SequenceChart, marked: Marked) -> Piece:
    # Up to three columns leave room for another panel at the side.
    width = WIDTH - SIDE - GAP if len(panel.columns) <= 3 else WIDTH
    step = (width - NUMBERS - 2 * EDGE) / max(len(panel.columns) - 1, 1)
    xs = [NUMBERS + EDGE + n * step for n in range(len(panel.columns))]
    top = HEADER + 20
    bottom = top + panel.room * ROW + 6
    shapes: list[Shape] = [Text(0, 12, panel.name, size=13, bold=True)]
    for x, column in zip(xs, panel.columns, strict=True):
        shapes.append(Text(x, HEADER + 10, column, "ink", 12, "middle", bold=True))
        shapes.append(Strokes("line", [(x, HEADER + 15, x, bottom)], 1.5))
    shown = panel.messages[-panel.room :]
    for at, message in enumerate(shown):
        y = top + at * ROW
        shapes += outlined([(0, y - 1, width, ROW - 1)] if message.number in marked else ())
        shapes.append(Text(NUMBERS - 8, y + 12, str(message.number), "dim", 12, "end", mono=True))
        if message.source == message.target:
            shapes += _mark(message, y, xs, step)
        else:
            shapes += _arrow(message, y, xs, step)
    return Piece(width, bottom, shapes, "sequence", panel.name)


def _arrow(message: Message, y: float, xs: Sequence[float], step: float) -> Iterator[Shape]:
    start, end, signal = xs[message.source], xs[message.target], message.kind == "signal"
    role = "vermillion" if signal else "ink"
    yield Strokes(role, [(start, y + 15, end, y + 15)], 2.2 if signal else 1.3, arrow=True)
    # Between the first two lifelines that it crosses, so that it stands on none.
    middle = start + (step if end > start else -step) / 2
    yield Text(middle, y + 11.5, _cut(message.label, step - 8), role, 12, "middle", bold=signal)


def _mark(message: Message, y: float, xs: Sequence[float], step: float) -> Iterator[Shape]:
    x, last = xs[message.source], 0 < message.source == len(xs) - 1
    if message.kind == "barrier":
        yield Boxes("vermillion", [(x - 16, y + 6, 32, 4)])
    else:
        yield Boxes("ink", [(x - 3, y + 5, 6, 6)], 1.3 if message.kind == "waits" else 0)
    across = 20 if message.kind == "barrier" else 9
    label, side = _cut(message.label, step - across - 3), -across if last else across
    yield Text(x + side, y + 12, label, "dim", 12, "end" if last else "start")


def _cut(text: str, room: float) -> str:
    letters = int(room / LETTER)
    return text if len(text) <= letters else text[: letters - 1] + "…"


@say.register
def _(panel: SequenceChart, marked: Marked) -> Iterator[str]:
    yield f"{panel.name}: {', '.join(panel.columns)}"
    for message in panel.messages[-panel.room :]:
        source, target = panel.columns[message.source], panel.columns[message.target]
        where = source if source == target else f"{source} {ARROWS[message.kind]} {target}"
        waits = " (waits)" * (message.kind == "waits")
        yield f"  {message.number:2} {where}: {message.label}{waits}" + CHANGED * (message.number in marked)


@differences.register
def _(new: SequenceChart, old: SequenceChart) -> Iterator[Change]:
    known = set(old.messages)
    # What a message says is what its step says.
    yield from (Change("", message.number) for message in new.messages if message not in known)


@signs.register
def _(panel: SequenceChart) -> Iterator[Sign]:
    words = {
        "message": Sign("mark", "→", "data is read or written"),
        "signal": Sign("mark", "⇒", "a kick or an interrupt"),
        "barrier": Sign("mark", "red bar", "a barrier"),
        "alone": Sign("mark", "■", "a step that only its own side sees"),
        "waits": Sign("mark", "□", "a write that nobody else sees yet"),
    }
    yield from (words[kind] for kind in dict.fromkeys(message.kind for message in panel.messages))
