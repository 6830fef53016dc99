"""The game: lose a page before the machine does.

A stepper of a scenario of the debate. The learner is every process at once, and is told when a page is lost,
and in how many moves; then the machine shows its shortest way, or says that there is none.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from textwrap import wrap
from typing import Any, NamedTuple

from freepages.debate.content import letter
from freepages.debate.world import World
from freepages.engine import Move, Run, Scenario, Schedule
from freepages.engine.errors import FreepagesError
from freepages.lab.player import Player
from freepages.lab.shown import scenario_of
from freepages.lab.stepper import Stepper
from freepages.search.fast import LIMIT, PROVED, UNDETERMINED, Search, explore
from freepages.view.scene import Scene, Text

PATIENCE = 0.2  # seconds between two looks at how far the search is

LINE = 100  # characters, under the still picture


class Ending(NamedTuple):
    """How a game stands: the moves that counted, whether it is over, what it lost in words, and the number of
    the step that last wrote the first lost page, 0 where none did."""

    moves: int
    over: bool
    lost: tuple[str, ...]
    write: int = 0

    def __str__(self) -> str:
        counted = f"{self.moves} move{'s' * (self.moves != 1)}"
        if self.lost:
            return f"Lost, in {counted}: {'; '.join(self.lost)}."
        if self.over:
            return f"The run is over after {counted}, and nothing is lost. Go back, and try another way."
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
    writes = (step.number for step in run.steps if step.move.choice == f"{min(world.lost, default=-1)}w")
    return Ending(len(run.steps), world.over, tuple(lost), max(writes, default=0))


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
    """The widget: lose a page of a proposal, or of a scenario of
    :func:`freepages.scenarios.debate.debate`, by hand.

    ``schedule`` are moves already made; ``limit`` is the number of states after which the machine gives up.
    ``still`` is a Stepper's, and so are the faults; a scenario in which no page can be lost is one too.

    Parameters
    ----------
    shown : Proposal, Scenario or str
    schedule : str
    limit : int
        States.
    still : int, optional
        The number of a step.

    Examples
    --------
    >>> game = Game("no_wait", "h h0r g")
    >>> game.schedule, game.outcome.over
    ('h h0r g', False)
    """

    def __init__(self, shown: Any, schedule: str = "", *, limit: int = LIMIT, still: int | None = None):
        scenario = scenario_of(shown)
        if not isinstance(Run(scenario).world, World):
            raise FreepagesError(
                f"a game is about a proposal, by name or made by proposal(...), and not {scenario.name}"
            )
        self.limit = limit
        self.found: Search | None = None
        self._mine: Schedule | None = None  # what the player had done when the machine showed its way
        self._told = ""
        self._seen = 0
        self._enough = threading.Event()
        self._searching: asyncio.Task[None] | None = None
        super().__init__(scenario, schedule, story="", still=still)
        self._answers |= {"machine": self._press_machine, "mine": self._show_mine}

    @property
    def outcome(self) -> Ending:
        """How the present stands."""
        return outcome(self.player.scenario, self.player.run.schedule)

    # -- the machine

    def ask(self) -> str:
        """Let the machine search now, and show its way; what it says."""
        self._answer(self._search())
        return self._told

    def _search(self) -> Search:
        return explore(self._player.scenario, limit=self.limit, watch=self._watch)

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
                self.send({"extra": self._extra()})
            self._answer(search.result())
        except Exception as fault:  # a task has nowhere else to say it
            name = "" if isinstance(fault, FreepagesError) else f"{type(fault).__name__}: "
            self._told = f"{name}{fault}"
            self.send({"extra": self._extra()})

    def _answer(self, found: Search) -> None:
        """Tell what was found; where it is a way, it is what comes when one steps forward."""
        self.found, self._told = found, answer(found, self._player.scenario.bounds, self.outcome)
        if found.schedule is None:
            self.send({"extra": self._extra()})
            return
        if self._mine is None:
            self._mine = self.player.run.schedule
        self._told += " Step forward to see how."
        self._player.story = found.schedule
        self.send(self._act(Player.begin_story) | {"pool": self._pool.fresh()})

    def _show_mine(self) -> dict[str, Any]:
        """Back to the player's own moves; the machine's way is shown no more."""
        mine, self._mine = str(self._mine or ""), None
        self._player.story = Schedule()
        return self._act(lambda player: player.follow(mine))

    # -- what is seen

    def _extra(self) -> dict[str, Any]:
        buttons = [
            ("machine", "machine", "let the machine search every order of moves, and show its shortest way")
        ]
        if self._mine is not None:
            buttons.append(("mine", "my moves", "back to the moves that you made"))
        return super()._extra() | {"told": self._told, "buttons": buttons}

    def view(self) -> dict[str, Any]:
        """As a stepper's, and how the game stands; once a page is lost, nobody moves any more."""
        seen = super().view()
        run = self._player.run
        stands = outcome(run.scenario, run.schedule)
        kind = "lost" if stands.lost else "over" if stands.over else ""
        seen["score"] = {"kind": kind, "text": str(stands), "write": stands.write}
        if stands.lost and len(run.steps) == len(self._player.known):
            seen |= {"mover": "", "next": "The game is over. Go back, or let the machine show its way."}
        if stands.lost:
            for process in seen["processes"]:
                process |= {"can": False, "says": "", "choices": ()}
        return seen

    # -- where no kernel runs

    def _lines(self) -> list[str]:
        run = self._pictured().run
        return [str(outcome(run.scenario, run.schedule)), *[self._told] * bool(self._told)]

    def __repr__(self) -> str:
        return "\n".join(["Lose a page. " + "\n".join(self._lines()), super().__repr__()])

    def still(self) -> Scene:
        scene = super().still()
        lines = (part for line in self._lines() for part in wrap(line, LINE))
        said = [Text(0, scene.height + 18 * n, line, "ink", 12) for n, line in enumerate(lines, 1)]
        return Scene(scene.width, scene.height + 18 * len(said) + 4, [*scene.shapes, *said], scene.label)
