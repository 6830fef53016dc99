"""The final task of a workshop: four answers, judged by running them, with points.

A colleague proposes a host: Li's, which takes the reported pages out of what is to be sent again after every
sync. It looks like care, and loses a page that the guest uses again: the sync has just brought that page.
"""

from __future__ import annotations

from collections.abc import Callable
from textwrap import fill
from typing import Any, NamedTuple

from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.own_proposal import proposal, wrong_with
from freepages.debate.world import World
from freepages.engine import Move, Run, Scenario, Schedule, Steps, straight
from freepages.exercises.exercise import Exercise, Remark, Wrong, written
from freepages.exercises.searched import loss
from freepages.lab.game import outcome
from freepages.pages.bitmap import PageBitmap
from freepages.scenarios.debate import debate
from freepages.scenarios.zones import zone_drawn
from freepages.search.fast import explore
from freepages.zone.free_page_bitmap import mark_free_pages_bitmap
from freepages.zone.zone import Zone

DRAWING = "kk··aap··c//····"
"""The zone of the first part."""


def zone() -> Zone:
    """Its zone, as it is before the walk."""
    return zone_drawn(DRAWING)


def colleague_host(w: World) -> Steps:
    """The colleague's host: after every sync it takes the reported pages out again."""
    yield from log_on(w)
    reported = w.kind(w.pages)
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            w.request()
            answer = yield from precopy(w, sync=False, stop=False)
            reported = answer.pages
        else:
            w.sync()
        yield from apply(w, reported)


def colleague() -> Scenario:
    """The colleague's proposal, to be stepped: ``Stepper(colleague())`` or ``Game(colleague())``."""
    return debate(proposal(host=colleague_host, title="the colleague's host"))


def _marked(answer: Any) -> str:
    if not isinstance(answer, set | list | tuple | range) or not all(
        isinstance(page, int) for page in answer
    ):
        raise Wrong(f"the answer is a set of page numbers such as {{2, 3}}, not {answer!r:.40}.")
    bitmap = PageBitmap(len(DRAWING))
    straight(mark_free_pages_bitmap(zone(), bitmap, len(DRAWING), len(DRAWING)))
    wanted = {page for page in range(len(DRAWING)) if bitmap[page]}
    if missing := len(wanted - set(answer)):
        raise Wrong(f"{missing} of the pages that the walk marks are missing.")
    if more := len(set(answer) - wanted):
        raise Wrong(f"{more} of these pages the walk does not mark.")
    return f"the walk marks these {len(wanted)} pages."


def _loses(answer: Any) -> str:
    stands = outcome(colleague(), Schedule.parse(answer))
    if not stands.lost:
        raise Wrong(str(stands))
    return "; ".join(stands.lost) + "."


def _loses_soonest(answer: Any) -> str:
    _loses(answer)
    best = explore(colleague()).schedule
    assert best is not None
    moves = len(Schedule.parse(answer))
    if moves > len(best):
        raise Wrong(f"it loses a page in {moves} moves, and there is a shorter way.")
    return f"{moves} moves, and no schedule is shorter."


def _loses_nothing(host: Callable[[Any], Any]) -> str:
    if lost := loss(proposal(host=host), "migrate"):
        raise Wrong(lost)
    return "no schedule loses a page."


def _skips(host: Callable[[Any], Any]) -> str:
    _loses_nothing(host)
    run = Run(debate(proposal(host=host)))
    for wanted in ("0r", "0t", "0y", "0x"):
        _until(run, wanted)
        if wanted in run.processes["h"].options():
            run.move(Move("h", wanted))
    _until(run, "")
    if not run.world.host.stopped:
        raise Wrong("it asks, and the guest answers, and it does not come to the end of the migration.")
    if any(run.world.memory.destination):
        raise Wrong("it sends free pages, though it was told of them and nobody used them.")
    return "a free page that it was told of, and that nobody used, is not sent."


def _until(run: Run, choice: str) -> None:
    """Let the host, and the guest when the host waits, go on until the host can make this choice."""
    for _ in range(40):
        host, guest = run.processes["h"], run.processes["g"]
        if choice in host.options() and choice:
            return
        if "" in host.options():
            run.move("h")
        elif "" in guest.options():
            run.move("g")
        else:
            return


SCHEDULE = written("a schedule such as 'h h0r g g'")

marked = Exercise(
    f"A zone is drawn as {DRAWING}, one letter for each page, from page 0. Which pages does the free-page "
    "bitmap mark? Write a set of page numbers, such as {0, 1}.",
    _marked,
    (),
)
loses = Exercise(
    "Write a schedule of colleague() that loses a page. One of the shortest gives one more point.",
    _loses,
    (),
    SCHEDULE,
)
loses_soonest = Exercise("No schedule is shorter.", _loses_soonest, (), SCHEDULE)
loses_nothing = Exercise(
    "Repair the colleague's host, so that no schedule loses a page. If it still skips the free pages that it "
    "is told of, that gives one more point.",
    _loses_nothing,
    (),
    wrong_with,
)
skips = Exercise("It skips the free pages that it is told of.", _skips, (), wrong_with)


class TaskPart(NamedTuple):
    """One part of the task, with its points."""

    name: str
    points: int
    exercise: Exercise


PARTS = {
    "pages": (TaskPart("the pages that the bitmap marks", 2, marked),),
    "schedule": (
        TaskPart("a schedule that loses a page", 2, loses),
        TaskPart("one of the shortest", 1, loses_soonest),
    ),
    "host": (
        TaskPart("a host that loses no page", 2, loses_nothing),
        TaskPart("it skips free pages", 1, skips),
    ),
}


class Marks(tuple[tuple[TaskPart, Remark], ...]):
    """What each part got."""

    __slots__ = ()

    @property
    def points(self) -> int:
        """The points of all parts that are right."""
        return sum(part.points for part, remark in self if remark.right)

    def __repr__(self) -> str:
        lines = []
        for part, remark in self:
            lines.append(f"{part.points if remark.right else 0} of {part.points}  {part.name}")
            lines.append(fill(repr(remark), 96, initial_indent="        ", subsequent_indent="          "))
        most = sum(part.points for part, _ in self)
        return "\n".join([*lines, f"{self.points} of {most} points. A person marks the letter."])


def assess(pages: Any, schedule: Any, host: Any) -> Marks:
    """The points of the answers to all parts that are judged by running them."""
    answers = {"pages": pages, "schedule": schedule, "host": host}
    return Marks(
        (part, part.exercise.check(answers[kind])) for kind, parts in PARTS.items() for part in parts
    )
