"""The life of one page in a run of the debate, as a table: whose it is, and what each side knows of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from freepages.debate.content import letter
from freepages.debate.world import World
from freepages.engine import Move, Run, Scenario, Schedule
from freepages.engine.text_table import columns


@dataclass(frozen=True, repr=False)
class Life:
    """A page after each step of a schedule; its text has a row for each step from number ``since`` on.

    The columns: whose the page is; whether the dirty log has it, and whether it is still to be sent (a host
    that only discards has neither); what it holds here, if that matters, and on the destination.
    """

    scenario: Scenario
    schedule: Schedule
    page: int = 0
    since: int = 0

    def rows(self) -> Iterator[list[str]]:
        run = Run(self.scenario)
        if not self.since:
            yield ["", "", "at the start", *self._seen(run.world)]
        for move in self.schedule:
            step = run.move(move)
            if step.number >= self.since:
                yield [str(step.number), step.who, step.text, *self._seen(run.world)]
        if self.page in run.world.lost:
            yield ["", "", f"page {self.page} should hold {letter(run.world.lost[self.page])}"]

    def _seen(self, w: World) -> list[str]:
        page = self.page
        whose = "free" if w.guest.free[page] else "the driver's" if w.guest.held[page] else "in use"
        here = letter(w.memory.source[page]) if w.guest.matters()[page] else "-"
        if w.purpose == "discard":
            return [whose, here]
        there = letter(w.memory.destination[page])
        return [whose, *("yes" if some[page] else "-" for some in (w.log.bits, w.host.to_send)), here, there]

    def __repr__(self) -> str:
        discards = Run(self.scenario).world.purpose == "discard"
        known = ["holds"] if discards else ["in the log", "to send", "here", "there"]
        head = ["", "", "", f"page {self.page}", *known]
        return "\n".join(columns([head, *self.rows()], right={0}))


def life(scenario: Scenario, schedule: str | Iterable[Move], page: int = 0, since: int = 0) -> Life:
    """The life of a page under a schedule, from step ``since`` on.

    Raises ScheduleError for a schedule that cannot be read, or, when it is shown, that has a move that is not
    possible where it stands.
    """
    moves = Schedule.parse(schedule) if isinstance(schedule, str) else Schedule(schedule)
    return Life(scenario, moves, page, since)
