"""Playing a scenario: one step forward, one back, anywhere, or as a typed schedule says; without any widget.

Going back is replaying one move less: forwards and back move by the same unit, and a step looks the same from
both sides. The moves that were undone stay known until another move is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from types import CodeType
from typing import NamedTuple

from freepages.engine import Choose, Move, Run, Scenario, Schedule, ScheduleError, Step, sentence
from freepages.engine.guard import some_of
from freepages.lab.quiz import Asked, Before
from freepages.view.changes import Changes, changes, shortened
from freepages.view.frame import Frame

WAITING = "go on typing"  # how the answer to a choice that is begun begins
LOGGED = 8  # steps that the log shows
END = 10_000  # steps after which the end of a run is no longer looked for


class Entry(NamedTuple):
    """A step that was made, what it changed, where its process stood before it, what a quiz may ask."""

    step: Step
    changes: Changes
    stood: list[tuple[CodeType, int]]
    questions: tuple[Asked, ...]

    @property
    def done(self) -> str:
        """What the step did, as a sentence."""
        return sentence(self.step.who, self.step.text)

    def __str__(self) -> str:
        said = [f"{self.step.number} {self.step.who} {self.step.text}", *shortened(self.changes.said)]
        return " | ".join(said)


class Player:
    """A scenario being played: `run` is its present, `known` its moves made and, after them, those undone.

    Raises ScheduleError when `schedule` or `story` is not possible.
    """

    run: Run
    _frame: Frame | None

    def __init__(self, scenario: Scenario, schedule: str = "", story: str | None = None):
        self.scenario = scenario
        self.story = Run(scenario, scenario.story if story is None else story).schedule
        start = Run(scenario, schedule).schedule
        self.known = self.story if self.story[: len(start)] == start else start
        self._restart(())
        self._entries: dict[int, Entry] = {}
        self.go(len(start))

    @property
    def position(self) -> int:
        """How many steps were made."""
        return len(self.run.steps)

    @property
    def frame(self) -> Frame:
        """The picture of the present."""
        if self._frame is None:
            self._frame = self.scenario.picture(self.run)
        return self._frame

    @property
    def untitled(self) -> Frame:
        """The same without its title, where that is only the scenario's: it stands above the picture."""
        same = self.frame.title == self.scenario.title
        return replace(self.frame, title="") if same else self.frame

    @property
    def last(self) -> Entry | None:
        """The last step that was made; None at the beginning."""
        return self._entries.get(self.position)

    @property
    def changed(self) -> Changes:
        """What the last step changed."""
        return self.last.changes if self.last else Changes()

    @property
    def log(self) -> list[Entry]:
        """The last steps, the newest first."""
        return [self._entries[n] for n in range(self.position, max(0, self.position - LOGGED), -1)]

    def next_move(self) -> Move | None:
        """The move that forward makes: a known one, the story's, or that of the first who needs no choice."""
        at = self.position
        if at < len(self.known):
            return self.known[at]
        if at < len(self.story) and self.story[:at] == self.known:
            return self.story[at]
        return next((Move(p.letter) for p in self.run.processes.values() if "" in p.options()), None)

    def go(self, number: int) -> None:
        """To the present after so many of the known moves, all of them at most."""
        number = min(max(number, 0), len(self.known))
        unseen = {n for n in range(max(1, number - LOGGED + 1), number + 1) if n not in self._entries}
        start = min(unseen, default=number + 1) - 1
        if start < self.position:
            self._restart(self.known[:start])
        while self.position < number:
            self._step(self.known[self.position], seen=self.position + 1 in unseen)

    def move(self, move: Move) -> None:
        """Make a move; what was known of the future stays known only if this move begins it.

        Raises ScheduleError, nothing changed, if the move is not possible now.
        """
        at = self.position
        self._step(move)
        if self.known[at : at + 1] != (move,):
            self.known = self.run.schedule
            self._entries = {n: entry for n, entry in self._entries.items() if n <= self.position}

    def _step(self, move: Move, seen: bool = True) -> None:
        """One move; where it is `seen`, its entry says what it changed."""
        schedule, before = self.run.schedule, None
        if seen and not self.run.why_not(move):
            before = Before.of(self.run, move, self.frame)
            stood = self.run.processes[move.letter].position()
        try:
            step = self.run.move(move)
        except ScheduleError:
            raise
        except Exception:  # the action itself failed half way: its run is lost, the place is not
            self._restart(schedule)
            raise
        self._frame = None
        if before is not None:
            changed = changes(before.frame, self.frame)
            asked = before.questions(self.frame, changed)
            self._entries[step.number] = Entry(step, changed, stood, asked)

    def _restart(self, schedule: Iterable[Move]) -> None:
        self.run = Run(self.scenario, schedule)
        self._frame = None

    def forward(self) -> None:
        """One step. Raises ScheduleError when nobody can move without a choice."""
        move = self.next_move()
        if move is None:
            raise ScheduleError(self.why_no_forward())
        self.move(move)

    def back(self) -> None:
        self.go(self.position - 1)

    def reset(self) -> None:
        self.go(0)

    def end(self) -> None:
        """To the end of what is known; from there as far as it goes without a choice."""
        if self.position < len(self.known):
            self.go(len(self.known))
            return
        for _ in range(END):
            move = self.next_move()
            if move is None:
                return
            self.move(move)

    def seek(self, number: int) -> None:
        """To the present after so many of the known moves; from the last one further if more are wanted."""
        if number > self.position == len(self.known):
            self.forward()
        else:
            self.go(number)

    def begin_story(self) -> None:
        """To the beginning, with the story as what comes."""
        self.known = self.story
        self._entries.clear()
        self.reset()

    def follow(self, typed: str) -> str:
        """Make the run what the typed schedule says, as far as it can be; what is in the way, or "".

        A choice that is not complete yet is waited for: it is no fault.
        """
        moves, rest, at = [], "", 0
        while at < len(typed):
            found = _TOKEN.match(typed, at)
            if not found:
                rest = typed[at:].strip(" ,\t\n")
                break
            moves.append(Schedule.parse(found[0])[0])
            at = found.end()
        waiting = bool(moves) and not moves[-1].choice and (not rest or rest.isdecimal())
        same = 0
        while same < min(len(moves), len(self.known)) and moves[same] == self.known[same]:
            same += 1
        self.go(same)
        for at in range(same, len(moves)):
            move = moves[at]
            if waiting and at == len(moves) - 1 and (wanted := self._wants_choice(move, rest)):
                return wanted
            try:
                self.move(move)
            except ScheduleError as fault:
                return str(fault)
        if rest:
            try:
                Schedule.parse(typed)
            except ScheduleError as fault:
                return str(fault)
        return ""

    def _wants_choice(self, move: Move, digits: str) -> str:
        process = self.run.processes.get(move.letter)
        if process is None or not isinstance(process.guard, Choose) or not process.guard.ready():
            return ""
        begun = {choice: words for choice, words in process.options().items() if choice.startswith(digits)}
        if begun:
            return f"{WAITING}: {process.name} may choose {some_of(begun)}"
        return self.run.why_not(Move(move.letter, digits)) or ""

    def why_no_forward(self) -> str:
        """Why next_move() has none."""
        processes = self.run.processes.values()
        choosers = [p.name for p in processes if p.options()]
        if choosers:
            return f"next is a choice of {' or of '.join(choosers)}"
        return "; ".join(f"{p.name} {p.why_not()}" for p in processes)

    @property
    def coming(self) -> str:
        """What forward does from here, or why it cannot, as a sentence."""
        move = self.next_move()
        if move:
            process = self.run.processes[move.letter]
            return sentence(process.name, process.options().get(move.choice) or process.next())
        if all(process.done for process in self.run.processes.values()):
            return "Nothing: all are done"
        why = self.why_no_forward().removeprefix("next is ")
        return why[:1].upper() + why[1:]


def ended(sentence: str) -> str:
    """A sentence with its full stop, where it is no question."""
    return sentence if sentence.endswith("?") else f"{sentence}."


# One move of a schedule, as the engine's grammar has it, or as much of it as stands at this place.
_TOKEN = re.compile(r"[\s,]*[a-z]([0-9]+[a-z])?")
