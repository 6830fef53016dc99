"""What the front end shows of one step, as plain data: made here in Python, placed by the front end.

A :class:`StepView` is everything that is seen after so many steps, so that a front end that has it needs no
kernel to show it. A :class:`RunView` is what stays the same at every step. Both are strings, numbers, truth
values and tuples of these, which is to say JSON (:func:`as_json`). Sentences are plain text; markup are only
the fields that say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freepages.engine import TAKES_LOCK, Process, Scenario
from freepages.lab.key import key
from freepages.lab.player import Entry, Player, ended
from freepages.view.draw import draw
from freepages.view.source import source
from freepages.view.svg import svg
from freepages.view.text import text

LINES = 12  # of source, for each process
EVENTS = {
    "syncs with the dirty log": "sync",
    "takes the guest's answer": "answer",
    "reads the answer": "answer",
}
CHOICES = 200  # of a process that are offered; any other can be typed


@dataclass(frozen=True)
class QuizQuestion:
    """What quiz mode asks before a step is shown; ``right`` is the index of the right one of ``answers``."""

    text: str
    answers: tuple[str, ...]
    right: int


@dataclass(frozen=True)
class ProcessView:
    """One process at one moment.

    says       what it is about to do, or why it may not move: a sentence without its subject
    can        whether it may move now
    choices    (choice, words) of each choice that it may make, () where it has none to make
    source     markup: the functions it stands in, with the line just executed and the next one marked
    """

    letter: str
    name: str
    says: str
    can: bool
    choices: tuple[tuple[str, str], ...]
    source: str


@dataclass(frozen=True)
class StepView:
    """The moment after ``number`` steps.

    move       the move that led here ("h0r"), "" at the beginning; its first letter is who made it
    done       what that move did, a whole sentence, "" at the beginning
    changes    what differs from the moment before, one sentence each: "to send 0: 1 → 0"
    next       what *forward* does from here, or why it cannot: a whole sentence
    mover      the letter of who moves forward, "" where that needs a choice or nobody can move
    mark       what the track marks this step as: "lock", "sync", "answer", "loss" or ""
    processes  every process, in the scenario's order
    svg        markup: the picture, everything that the last step changed outlined
    text       the same in words and letters
    questions  about the step that led here, to be asked before it is shown
    """

    number: int
    move: str
    done: str
    changes: tuple[str, ...]
    next: str
    mover: str
    mark: str
    processes: tuple[ProcessView, ...]
    svg: str
    text: str
    questions: tuple[QuizQuestion, ...] = ()


@dataclass(frozen=True)
class RunView:
    """What is the same at every step: the scenario's name and title, and the key of its signs.

    key   (kind, sign, words): kind is "move" (of a process or a choice), "state" or "mark" (in the picture)
    """

    name: str
    title: str
    key: tuple[tuple[str, str, str], ...]


def run_view(scenario: Scenario) -> RunView:
    return RunView(scenario.name, scenario.title, key(scenario))


def step_view(player: Player, zoom: tuple[int, int] | None = None) -> StepView:
    """The view of a player's present; of every map only the pfns [lo, hi) of `zoom`, all where it is None."""
    coming, last = player.next_move(), player.last
    return StepView(
        player.position,
        str(last.step.move) if last else "",
        ended(last.done) if last else "",
        player.changed.said,
        ended(player.coming),
        coming.letter if coming else "",
        mark(last) if last else "",
        tuple(_process_view(process, last) for process in player.run.processes.values()),
        svg(draw(player.untitled, zoom, player.changed), player.position),
        text(player.frame, zoom, player.changed),
        tuple(QuizQuestion(q.text, q.answers, q.right) for q in last.questions) if last else (),
    )


def mark(entry: Entry) -> str:
    """What the track marks a step as: "loss", "lock", "sync", "answer", or "" for nothing."""
    if any(" lost its content" in says for says in entry.changes.said):
        return "loss"
    if entry.step.act is TAKES_LOCK:
        return "lock"
    return next((kind for begin, kind in EVENTS.items() if entry.step.text.startswith(begin)), "")


def _process_view(process: Process, last: Entry | None) -> ProcessView:
    options = process.options()
    choices = () if "" in options else tuple(options.items())[:CHOICES]
    says = process.next() if options else process.why_not() or ""
    did = last.stood if last and last.step.move.letter == process.letter else ()
    shown = source(process.position(), LINES, did=did)
    return ProcessView(process.letter, process.name, says, bool(options), choices, shown)


def as_json(view: StepView | RunView) -> dict[str, Any]:
    """The view as a dict of what JSON knows; it can be changed."""
    parts = dict(vars(view))
    for name in {"processes", "questions"} & parts.keys():
        parts[name] = [dict(vars(one)) for one in parts[name]]
    return parts
