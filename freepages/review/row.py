"""One row of the review: a claim about the patch, and the run that shows it."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import unified_diff
from textwrap import wrap
from typing import Literal

from freepages.balloon.april2016 import AprilPatch
from freepages.balloon.repaired import Repaired
from freepages.engine import Run, Scenario, Schedule
from freepages.engine.errors import FreepagesError
from freepages.engine.state import past
from freepages.engine.text_table import columns
from freepages.search.plain import Found, search

Verdict = Literal["bug", "conditional", "harmless"]
Shows = Callable[[Run], str | None]
"""What a state shows, as a sentence, or None."""


@dataclass(frozen=True, repr=False)
class Row:
    """A line of the review.

    id        as in the list of defects, "B3"
    where     function and file in the patch
    verdict   a bug; conditional, where it takes a guest or a host of a certain kind; or harmless
    claim     what is wrong, or why it is not, in a sentence
    later     who found it, or what became of it, with a link
    patch     the scenario on which it shows, and `repaired`, the same on the repaired driver (or host); None
              where no run can show it: `needs` says what would
    shows     what a state of a run shows of it, as a sentence, or None
    schedule  the shortest schedule of `patch` that leads there, as the search found it
    methods   the methods of the driver that the repair changes
    """

    id: str
    title: str
    where: str
    verdict: Verdict
    claim: str
    later: str
    patch: Callable[[], Scenario] | None = None
    repaired: Callable[[], Scenario] | None = None
    shows: Shows | None = None
    schedule: str = ""
    methods: tuple[str, ...] = ()
    needs: str = ""

    @property
    def runnable(self) -> bool:
        return self.patch is not None

    @property
    def moves(self) -> int | None:
        """How many moves the shortest schedule has."""
        return len(Schedule.parse(self.schedule)) if self.runnable else None

    def has(self, words: str) -> bool:
        """Whether every one of the words stands somewhere in the row, in small or capital letters."""
        text = " ".join((self.id, self.title, self.where, self.verdict, self.claim, self.later)).casefold()
        return all(word in text for word in words.casefold().split())

    def __repr__(self) -> str:
        """From the claim to the run, in lines."""
        told = {"where": self.where, "claim": self.claim}
        if self.runnable:
            told |= {"moves": self.schedule, "run": self.run().sentence or "does not show"}
            if self.repaired:
                told["repaired"] = self.run_repaired().sentence or "does not show"
        else:
            told["run"] = f"none: it takes {self.needs}"
        told["later"] = self.later
        rows = [
            (name, "\n".join(wrap(text, 84, break_long_words=False, break_on_hyphens=False)))
            for name, text in told.items()
        ]
        return "\n".join([f"{self.id} · {self.title} · {self.verdict}", *columns(rows)])

    def scenario(self) -> Scenario:
        """The patch, with the schedule that shows the row as its story, and what it shows as its property.

        That speaks of what was done as well as of what is, so the key merges no two schedules. Raises
        FreepagesError for a row that cannot be run.
        """
        if self.patch is None or self.shows is None:
            raise FreepagesError(f"{self.id} cannot be run: {self.needs}")
        return replace(self.patch(), story=self.schedule, property=self.shows, key=past)

    def run(self) -> Shown:
        """The patch under the shortest schedule. Raises FreepagesError for a row that cannot be run."""
        run = Run(self.scenario(), self.schedule)
        return Shown(self.id, run, self._sentence(run))

    def run_repaired(self) -> Shown:
        """The repaired driver under the same schedule, as far as it goes, and on to the end.

        What cannot be moved there is passed over. Raises FreepagesError for a row without a repair to run.
        """
        if self.repaired is None:
            raise FreepagesError(f"{self.id} has no repair to run")
        run, sentence = follow(self.repaired(), Schedule.parse(self.schedule), self._sentence)
        return Shown(self.id, run, sentence)

    def _sentence(self, run: Run) -> str | None:
        assert self.shows
        return self.shows(run)

    def search(self, limit: int = 20_000) -> Found:
        """Find the shortest schedule again."""
        return search(self.scenario(), limit)

    def diff(self) -> str:
        """The repair, method by method, as a unified diff of the driver's source; "" where it has none."""
        lines: list[str] = []
        for name in self.methods:
            old, new = (
                inspect.getsource(getattr(driver, name)).splitlines() if hasattr(driver, name) else []
                for driver in (AprilPatch, Repaired)
            )
            lines += unified_diff(old, new, f"as patched: {name}", f"repaired: {name}", n=9, lineterm="")
        return "\n".join(lines)


def follow(scenario: Scenario, schedule: Schedule, shows: Shows, limit: int = 2000) -> tuple[Run, str | None]:
    """A scenario under the schedule of another that is like it: each possible move is made, the others are
    passed over, and then everybody moves in turn until nobody can, or `limit` moves are made.

    Returns the run and the first sentence that any of its states shows, or None.
    """
    run = Run(scenario)
    sentence = shows(run)
    turns = deque(schedule)
    while sentence is None and len(run.steps) < limit:
        moves = run.moves()
        if not moves:
            break
        wanted = turns.popleft() if turns else moves[len(run.steps) % len(moves)]
        if wanted in moves:
            run.move(wanted)
            sentence = shows(run)
    return run, sentence


class Shown:
    """What came of running a row: `run` to open in the stepper, and the sentence its last state shows."""

    def __init__(self, id: str, run: Run, sentence: str | None):
        self.id, self.run, self.sentence = id, run, sentence

    def __repr__(self) -> str:
        told = f"{self.id} after {len(self.run.steps)} moves: {self.sentence or 'does not show'}"
        return "\n".join(wrap(told, 96, subsequent_indent="    ", break_on_hyphens=False))
