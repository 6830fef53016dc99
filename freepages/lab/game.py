"""The game: lose a page before the machine does.

A stepper of a scenario of the debate. The learner is every process at once, and is told when a page is lost,
and in how many moves; then the machine shows its shortest way, or says that there is none.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from html import escape
from textwrap import wrap
from typing import NamedTuple

import ipywidgets as W

from freepages.debate.content import letter
from freepages.engine.run import Move, Run, Scenario, Schedule
from freepages.lab.stepper import Stepper
from freepages.search.fast import LIMIT, PROVED, UNDETERMINED, Search, explore
from freepages.view.scene import Scene, Text

PATIENCE = 0.2  # seconds between two looks at how far the search is

LINE = 100  # characters, under the still picture

STYLE = """
.fp-score{font-size:14px;line-height:20px;padding:4px 0 4px 10px;color:var(--jp-ui-font-color1,#222);
  border-left:4px solid var(--jp-border-color1,#bbb)}
.fp-score.lost{border-left-color:#D55E00}
.fp-score.over{border-left-color:#0072B2}
"""


class Ending(NamedTuple):
    """How a game stands: the moves that counted, whether it is over, and what it lost, in words."""

    moves: int
    over: bool
    lost: tuple[str, ...]

    def __str__(self) -> str:
        counted = f"{self.moves} move{'s' * (self.moves != 1)}"
        if self.lost:
            return f"Lost, in {counted}: {'; '.join(self.lost)}."
        if self.over:
            return f"Over after {counted}, and nothing is lost. Go back, and try another way."
        return f"{counted}. No page is lost yet."


def outcome(scenario: Scenario, schedule: Iterable[Move]) -> Ending:
    """How a schedule ends. What is moved after the loss, or after the stop, no longer counts."""
    run = Run(scenario)
    for move in schedule:
        run.move(move)
        if run.world.over:
            break
    world = run.world
    discards = world.purpose == "discard"
    side, now = ("guest", world.memory.source) if discards else ("destination", world.memory.destination)
    lost = (
        f"page {pfn} should hold {letter(should)}, and the {side} has {letter(now[pfn])}"
        for pfn, should in sorted(world.lost.items())
    )
    return Ending(len(run.steps), world.over, tuple(lost))


def answer(found: Search, bounds: str, mine: Ending) -> str:
    """What the machine says, having searched, to a player whose game stands so."""
    if found.verdict == UNDETERMINED:
        return f"The machine gave up after {found.states:,} states. It lost no page, and has proved nothing."
    if found.schedule is None:
        return (
            f"{PROVED}: nobody can lose a page here. The machine has seen every order of moves, "
            f"{found.states:,} states. Bounds: {bounds}."
        )
    best = len(found.schedule)
    said = f"The machine loses a page in {best} moves, and no way is shorter"
    if not mine.lost:
        return f"{said}."
    return said + (f": you needed {mine.moves}." if mine.moves > best else ", yours neither.")


class Game(Stepper):
    """The widget: lose a page of a scenario of :func:`freepages.scenarios.debate.debate`, by hand.

    ``schedule`` are moves already made; ``limit`` is the number of states after which the machine gives up.
    Raises ScheduleError as Stepper does.
    """

    children: tuple[W.Widget, ...]

    def __init__(self, scenario: Scenario, schedule: str = "", *, limit: int = LIMIT):
        self.limit = limit
        self.found: Search | None = None
        self._mine = Schedule()
        self._told = ""
        self._seen = 0
        self._enough = threading.Event()
        self._searching: asyncio.Task[None] | None = None
        self._score = W.HTML(layout=W.Layout(flex="1 1 420px", min_width="0"))
        self._machine = W.Button(
            icon="cogs",
            description="machine",
            tooltip="let the machine search every order of moves, and show its shortest way",
            layout=W.Layout(width="104px"),
        )
        self._yours = W.Button(
            icon="user",
            description="my moves",
            tooltip="back to the moves that you made",
            layout=W.Layout(width="104px"),
        )
        super().__init__(scenario, schedule, story="")
        self._machine.on_click(self._guarded(self._press_machine))
        self._yours.on_click(self._guarded(self._show_mine))
        row = W.Layout(width="100%", flex_flow="row wrap", align_items="center")
        at = self.children.index(self._status)
        style = W.HTML(f"<style>{STYLE}</style>", layout=W.Layout(display="none"))
        buttons = W.HBox([self._machine, self._yours])
        score = W.HBox([self._score, buttons], layout=row)
        self.children = (style, *self.children[:at], score, *self.children[at:])

    @property
    def outcome(self) -> Ending:
        """How the present stands."""
        return outcome(self.player.scenario, self.player.run.schedule)

    # -- the machine

    def ask(self) -> str:
        """Let the machine search now, and show its way; what it says."""
        self._answer(self._search())
        self._show()
        return self._told

    def _search(self) -> Search:
        return explore(self.player.scenario, limit=self.limit, watch=self._watch)

    def _watch(self, seen: int) -> bool:
        self._seen = seen
        return self._enough.is_set()

    def _press_machine(self) -> None:
        """Begin to search, so that one may play on meanwhile; pressed again, end it."""
        if self._searching and not self._searching.done():
            self._enough.set()
            return
        self._enough.clear()
        self._seen = 0
        self._searching = asyncio.get_running_loop().create_task(self._search_on())

    async def _search_on(self) -> None:
        search = asyncio.get_running_loop().run_in_executor(None, self._search)
        try:
            while not (await asyncio.wait([search], timeout=PATIENCE))[0]:
                self._told = f"The machine searches: {self._seen:,} states. Press again to stop it."
                self._show_score()
            found = search.result()
        except Exception as fault:  # a task has nowhere else to say it
            self._told = f"{type(fault).__name__}: {fault}"
            self._show_score()
            return
        self._guarded(lambda: self._answer(found))()

    def _answer(self, found: Search) -> None:
        """Tell what was found; where it is a way, it is what comes when one steps forward."""
        mine = self.outcome
        self.found, self._told = found, answer(found, self.player.scenario.bounds, mine)
        if found.schedule is not None:
            self._mine = self.player.run.schedule
            self._told += " Step forward to see how."
            self.player.story = found.schedule
            self.player.begin_story()

    def _show_mine(self) -> None:
        self.player.follow(str(self._mine))

    # -- what is seen

    def _show_all(self) -> None:
        super()._show_all()
        self._show_score()

    def _show_score(self) -> None:
        stands = self.outcome
        kind = "lost" if stands.lost else "over" if stands.over else ""
        said = "".join(f"<div>{escape(line)}</div>" for line in self._lines(stands))
        self._score.value = f'<div class="fp-score {kind}" role="status" aria-live="polite">{said}</div>'
        self._yours.layout.display = None if self._mine else "none"
        self._story.layout.display = "none"

    def _lines(self, stands: Ending) -> list[str]:
        return [str(stands), *[self._told] * bool(self._told)]

    # -- where no kernel runs

    def __repr__(self) -> str:
        return "\n".join(["Lose a page. " + "\n".join(self._lines(self.outcome)), super().__repr__()])

    def _still(self) -> Scene:
        scene = super()._still()
        lines = (part for line in self._lines(self.outcome) for part in wrap(line, LINE))
        said = [Text(0, scene.height + 18 * n, line, "ink", 12) for n, line in enumerate(lines, 1)]
        return Scene(scene.width, scene.height + 18 * len(said) + 4, [*scene.shapes, *said], scene.label)
