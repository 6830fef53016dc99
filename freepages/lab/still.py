"""What is shown of a player where no kernel runs: one picture that tells the story of a step, and the same in
words.

From top to bottom: what was done and what comes, the source with its two marked lines, the picture with what
changed outlined, and the last steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from textwrap import wrap

from freepages.engine import Process
from freepages.lab.player import Entry, Player, ended
from freepages.view.changes import Changes, shortened
from freepages.view.draw import draw
from freepages.view.grid import aligned
from freepages.view.piece import cut
from freepages.view.scene import WIDTH, Boxes, Group, Scene, Shape, Strokes, Text
from freepages.view.source import DID, NEXT, listing, window
from freepages.view.text import text

LINES = 7  # of source, of each process that is shown
TALL = 560.0  # from this height on a picture shows only what changed
LOGGED = 4  # steps under the picture
LINE = 16.0
LABEL = 54.0  # the width of "done" and "next"
SAID, SMALL, CODE = 15.0, 12.0, 12.0  # sizes of text
SAID_LETTERS, SMALL_LETTERS, CODE_LETTERS, NAME_LETTERS = 66, 92, 68, 15  # in a line


def words(player: Player, zoom: tuple[int, int] | None = None) -> str:
    """The present in words: the schedule, what was done, what comes, who waits and why, the frame."""
    scenario, last = player.scenario, player.last
    lines = [
        f"{scenario.name} · {scenario.title}",
        f"schedule: {player.run.schedule or '(none yet)'}",
    ]
    if last:
        lines.append(f"done {last.step.number}: {_told(last)}")
    lines.append(f"next: {player.coming}")
    for process in player.run.processes.values():
        why = process.why_not() if not process.options() else None
        lines.append(f"{process.name} {f'cannot move: {why}' if why else f'can: {process.next()}'}")
    lines += map(str, player.log[1:])
    return "\n".join([*lines, "", text(player.frame, zoom, player.changed)])


def still(player: Player, zoom: tuple[int, int] | None = None) -> Scene:
    """The present as one scene."""
    scenario, last = player.scenario, player.last
    title = f"{scenario.name} · {scenario.title}"
    shapes: list[Shape] = [Text(0, 14, cut(title, 78), size=13, bold=True)]
    y = 22.0
    if last:
        y = _say(shapes, y, f"done {last.step.number}", last.done)
        y = _small(shapes, y, "; ".join(shortened(last.changes.said)))
    y = _say(shapes, y, "next", player.coming)
    for process in _acting(player):
        y = _source(shapes, y + 6, process, last, process.letter in scenario.read)
    scene = _picture(player, zoom)
    shapes.append(Group(0, y + 12, scene.shapes))
    y += 12 + scene.height + 10
    for entry in player.log[1:LOGGED]:
        shapes.append(Text(22, y + 12, str(entry.step.number), "dim", SMALL, "end", mono=True))
        for at, line in enumerate(wrap(_told(entry), SMALL_LETTERS - 5)[:2]):
            shapes.append(Text(32, y + 12, line, "dim" if at else "ink", SMALL))
            y += LINE
    said = f"{ended(last.done if last else scenario.title)} Next: {ended(player.coming)}"
    return Scene(WIDTH, y + 4, shapes, said)


def _picture(player: Player, zoom: tuple[int, int] | None) -> Scene:
    """The picture; of a high one the first maps, what the last step changed, and what else fits."""
    frame, changed = player.untitled, player.changed
    if draw(frame, zoom, changed).height <= TALL:
        return draw(frame, zoom, changed)
    marks = changed.marked or ({},) * len(frame.panels)
    first = [id(panel) for panel in aligned(frame.panels)[0]]

    def of(shown: set[int]) -> Scene:
        left = [getattr(one, "name", "") or "locks" for n, one in enumerate(frame.panels) if n not in shown]
        as_before = ", as before" * bool(changed.marked)
        note = "\n".join([*[frame.note] * bool(frame.note), f"not shown{as_before}: {', '.join(left)}"])
        panels = tuple(frame.panels[n] for n in sorted(shown))
        marked = tuple(marks[n] for n in sorted(shown))
        return draw(replace(frame, panels=panels, note=note), zoom, Changes(changed.said, marked))

    shown = {n for n, panel in enumerate(frame.panels) if marks[n] or id(panel) in first}
    for more in range(len(frame.panels)):
        if of(shown | {more}).height <= TALL:
            shown.add(more)
    return of(shown)


def _told(entry: Entry) -> str:
    changed = "; ".join(shortened(entry.changes.said))
    return entry.done + (f": {changed}" if changed else "")


def _say(shapes: list[Shape], y: float, label: str, said: str) -> float:
    shapes.append(Text(0, y + 17, label, "dim", SMALL))
    for line in wrap(said, SAID_LETTERS):
        y += 20
        shapes.append(Text(LABEL, y - 3, line, "ink", SAID, bold=True))
    return y


def _small(shapes: list[Shape], y: float, said: str) -> float:
    for line in wrap(said, SMALL_LETTERS - 9)[:3]:
        y += LINE
        shapes.append(Text(LABEL, y - 3, line, "ink", SMALL))
    return y


def _acting(player: Player) -> list[Process]:
    """Who made the last step, and who makes the next one."""
    coming, last = player.next_move(), player.last
    letters = [last.step.move.letter] if last else []
    letters += [coming.letter] if coming else []
    return [player.run.processes[letter] for letter in dict.fromkeys(letters)]


def _source(shapes: list[Shape], y: float, process: Process, last: Entry | None, read: bool) -> float:
    """One function that a process stands in, with the line of its last step and of its next one.

    The outermost, if that is what should be `read`; or else the innermost, where the last step was made in
    one that still runs, that one.
    """
    position = process.position()
    if not position:
        return y
    stood = dict(last.stood) if last and last.step.move.letter == process.letter else {}
    inner = [where for where in position if where[0] in stood] or position
    code, line = position[0] if read else inner[-1]
    for at, part in enumerate(wrap(process.name, NAME_LETTERS)):
        shapes.append(Text(0, y + 12 + at * LINE, part, "dim", SMALL, bold=True))
    shown = listing(code)
    for number, at, marks in window(shown, line, LINES, stood.get(code, 0)):
        shapes += _line(y, number, shown.plain[at], marks)
        y += LINE
    return y


def _line(y: float, number: int | None, code: str, marks: str) -> Iterator[Shape]:
    left = 110.0
    if NEXT in marks:
        yield Boxes("yellow", [(left, y, WIDTH - left, LINE - 1)], alpha=0.4)
        yield Boxes("orange", [(left, y, 4, LINE - 1)])
    elif DID in marks:
        yield Strokes("ink", [(left + 1.5, y + at, left + 1.5, y + at + 2.5) for at in (0.5, 6, 11.5)], 2.5)
    if number is not None:
        yield Text(left + 32, y + 12, f"{number}", "dim", 10, "end", mono=True)
    shown = cut(code.rstrip(), CODE_LETTERS) if number is not None else "…"
    yield Text(left + 40, y + 12, shown, "ink", CODE, mono=True)
