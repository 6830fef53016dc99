"""From a frame to a scene: its panels, laid out from top to bottom.

Panels with one thing a page lie aligned (:mod:`freepages.view.maps`), every other panel is a piece by itself.
Sizes depend on what is shown and not on its values, so nothing jumps from step to step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from freepages.view import side_panels  # noqa: F401  it registers their drawings
from freepages.view.band import Range
from freepages.view.changes import Changes, Marked, shortened
from freepages.view.frame import Frame, PageMap, Panel
from freepages.view.grid import Map, aligned
from freepages.view.maps import maps
from freepages.view.piece import GAP, HEADER, Piece, piece
from freepages.view.scene import WIDTH, Group, Scene, Shape, Text

ALL_MAPS, ONE_MAP = 420.0, (96.0, 300.0)  # about how high all maps may be together, and each by itself
NOTE_LETTERS = 98  # in a line of the note

UNCHANGED = Changes()


def draw(frame: Frame, zoom: Range | None = None, changed: Changes = UNCHANGED) -> Scene:
    """The scene of a frame, with what `changed` outlined; of every map only the pfns [lo, hi) of `zoom` are
    shown, all where it is None.

    A panel at x = 0 begins a row; the note is a row too, and each says how high it is. So the front end knows
    what it can leave out.
    """
    shapes: list[Shape] = []
    y = 0.0
    if frame.title:
        shapes.append(Text(0, 14, frame.title, size=14, bold=True))
        y = HEADER
    placed, height = _flow(list(_pieces(frame.panels, zoom, changed.marked)))
    shapes.extend(
        Group(x, y + down, p.shapes, p.kind + " marked" * p.marked, p.name, p.height) for x, down, p in placed
    )
    y += height
    note = [line for part in frame.note.splitlines() for line in wrap(part, NOTE_LETTERS)]
    if note:
        lines = [Text(0, 17 * n, line, "dim", 12) for n, line in enumerate(note, 1)]
        shapes.append(Group(0, y, lines, "note", high=17 * len(note)))
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
            if down and down + pieces[0].height > left.height + GAP:
                break
            placed.append((WIDTH - pieces[0].width, y + down, pieces[0]))
            down += pieces.pop(0).height + GAP
        y += max(left.height, down - GAP) + GAP
    return placed, max(0.0, y - GAP)


def _pieces(panels: Sequence[Panel], zoom: Range | None, changed: Sequence[Marked]) -> Iterator[Piece]:
    groups = aligned(panels)
    marked = {id(panel): marks for panel, marks in zip(panels, changed, strict=False)}
    strips = sum(
        1 + len(panel.marks) if isinstance(panel, PageMap) else 1 for group in groups for panel in group
    )
    tall = min(max(ALL_MAPS / max(strips, 1), ONE_MAP[0]), ONE_MAP[1])
    for group in groups:
        marks = [marked.get(id(panel), {}) for panel in group]
        if isinstance(group[0], Map):
            yield from maps(group, marks, zoom, tall)
        else:
            yield piece(group[0], marks[0])._replace(marked=bool(marks[0]) and not group[0].logs)
