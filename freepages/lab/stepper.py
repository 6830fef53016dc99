"""The stepper: one widget in which every scenario is stepped, forwards and back, or asked for in a quiz.

A :class:`freepages.lab.player.Player` makes the moves, :func:`freepages.lab.step_view.step_view` says what is
to be seen; here the front end's questions are answered. It has the views around the present and plays them by
itself, so the kernel hears afterwards where it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from freepages.engine import Move, Run, Schedule
from freepages.engine.errors import FreepagesError
from freepages.lab.front_end import FrontEnd
from freepages.lab.page import page
from freepages.lab.picture import Window
from freepages.lab.player import WAITING, Player
from freepages.lab.pool import Pool
from freepages.lab.shown import scenario_of
from freepages.lab.step_view import as_json, run_view, step_view
from freepages.lab.still import still, words
from freepages.real.files import write_file
from freepages.view.scene import Scene

BUSY = 0.12  # seconds at most that views are made in, before somebody else is heard
LARGE = 20_000_000  # bytes of a page from which on one is asked first


class Stepper(FrontEnd):
    """The widget for a scenario, at `schedule`, with the scenario's own story to come or the one given.

    In place of a scenario it takes what :func:`freepages.lab.shown.scenario_of` knows: a zone, a node, a
    proposal, or a run, which it goes on with. ``zoom`` is the range of pfns [lo, hi) that the maps show at
    first. ``still`` is the number of the step
    that the picture and the text show where no kernel runs, the present where it is None. Raises
    ScheduleError as Player does, and FreepagesError for what has no steps and for a `still` that the run does
    not reach.

    Parameters
    ----------
    shown : Scenario, Run, Zone, Node, Proposal or str
    schedule : str
        Moves made already.
    story : str, optional
        Moves to come.
    zoom : (int, int), optional
        The pfns [lo, hi).
    still : int, optional
        The number of a step.

    Examples
    --------
    >>> stepper = Stepper("snapshot", "h h0r")
    >>> stepper.schedule
    'h h0r'
    >>> print(repr(stepper).splitlines()[0])
    snapshot · a snapshot, and the log: migrate
    """

    def __init__(
        self,
        shown: Any,
        schedule: str = "",
        story: str | None = None,
        zoom: tuple[int, int] | None = None,
        still: int | None = None,
    ):
        scenario = scenario_of(shown)
        if isinstance(shown, Run) and not schedule:
            schedule = str(shown.schedule)
        self._player = Player(scenario, schedule, story)
        steps = len(self._player.known)
        if still is not None and not 0 <= still <= steps:
            raise FreepagesError(f"still={still}: the run of {scenario.name} has the steps 0 to {steps}")
        self._still = still
        self._at = self._player.position
        self.window = Window(self._player.frame, zoom)
        self._pool = Pool()
        self._answers: dict[str, Callable[..., dict[str, Any] | None]] = {
            "hello": self._hello,
            "views": lambda numbers: {"views": self._views(numbers)},
            "at": lambda: None,
            "ahead": self._ahead,
            "move": lambda letter, choice: self._act(lambda p: p.move(Move(letter, choice))),
            "follow": lambda text: self._act(lambda p: p.follow(text)),
            "end": lambda: self._act(Player.end),
            "story": lambda: self._act(Player.begin_story),
            "zoom": self._look,
            "page": lambda: {"file": {"name": f"{scenario.name}.html", "text": self._page()}},
        }
        super().__init__("stepper", self._kept(Pool(), [self._at]))

    @property
    def player(self) -> Player:
        """The player, where the front end is."""
        if self._player.position != self._at:
            self._player.go(self._at)
        return self._player

    @property
    def schedule(self) -> str:
        """The moves made so far, as text that can be pasted."""
        return str(Schedule(self._player.known[: self._at]))

    # -- what the front end asks

    def _heard(self, message: dict[str, Any]) -> None:
        if reply := self.answer(message):
            self.send(reply)

    def answer(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to a message of the front end, with its number "ask" where it has one.

        What goes wrong is said in it.
        """
        what = {key: value for key, value in message.items() if key not in ("do", "number", "ask")}
        if "number" in message:
            self._at = message["number"]
        known = self._player.known
        try:
            reply = self._answers[message["do"]](**what)
        except Exception as fault:  # a widget's callback has nowhere else to say it
            name = "" if isinstance(fault, FreepagesError) else f"{type(fault).__name__}: "
            self._at = self._player.position
            reply = self._present(known) | {"say": {"text": f"{name}{fault}", "kind": "fault"}}
        if "ask" in message:
            reply = (reply or {}) | {"ask": message["ask"]}
        return reply and reply | {"pool": self._pool.fresh()}

    def _hello(self) -> dict[str, Any]:
        """All anew, the present first: for a front end that has nothing, or too much."""
        self._pool = Pool()
        return self._present(()) | {"reset": True, "known": self._moves()}

    def _act(self, action: Callable[[Player], str | None]) -> dict[str, Any]:
        """Do something to the run, and tell where it is now."""
        known = self._player.known
        said = action(self.player) or ""
        self._at = self._player.position
        kind = "wait" if said.startswith(WAITING) else "fault" if said else ""
        return self._present(known) | {"say": {"text": said, "kind": kind}}

    def _ahead(self) -> dict[str, Any]:
        """One step more that is known; nobody has moved there yet."""
        at = self._at
        self.player.forward()
        return {"known": self._moves(), "views": self._views([at + 1])}

    def _look(self, lo: int, hi: int) -> dict[str, Any]:
        self.window.look(lo, hi)
        return self._present(self._player.known) | {"drop": 0}

    def _present(self, before: tuple[Move, ...]) -> dict[str, Any]:
        """Where the run is, its view, and what is no longer so if `before` was known."""
        known, views = self._player.known, self._views([self._at])
        reply = {"at": self._at, "views": views, "extra": self._extra()}
        if known != before:
            same = next((n for n, (a, b) in enumerate(zip(before, known, strict=False)) if a != b), None)
            reply["known"], reply["drop"] = (
                self._moves(),
                min(len(before), len(known)) if same is None else same,
            )
        return reply

    def _moves(self) -> list[str]:
        return [str(move) for move in self._player.known]

    def _extra(self) -> dict[str, Any]:
        """What is shown beside the views."""
        return {"window": self.window.as_json()}

    # -- views

    def view(self) -> dict[str, Any]:
        """What is to be seen of the player's present."""
        return as_json(step_view(self._player, self.window.range))

    def _views(self, numbers: Iterable[int], pool: Pool | None = None) -> dict[int, list[int]]:
        """The views of those moments, as many as there is time for."""
        views: dict[int, list[int]] = {}
        begun = time.monotonic()
        for number in numbers:
            self._player.go(number)
            views[number] = (pool or self._pool).pack(self.view())
            if pool is None and time.monotonic() - begun > BUSY:
                break
        return views

    def _kept(self, pool: Pool, numbers: Iterable[int]) -> dict[str, Any]:
        """What a front end needs that is to show those moments without a kernel."""
        views = self._views(numbers, pool)
        scenario = self._player.scenario
        run = as_json(run_view(scenario)) | {
            "processes": [(p.letter, p.name) for p in self._player.run.processes.values()],
            "story": bool(self._player.story),
        }
        parts = {"run": run, "at": self._at, "known": self._moves()}
        return parts | {"pool": pool.pieces, "views": views}

    # -- where no kernel runs

    def _page(self) -> str:
        kept = self._kept(Pool(), range(len(self._player.known) + 1))
        return page(self._player.scenario.name, repr(self), kept)

    def export(self, path: str | Path, *, large: bool = False) -> None:
        """Write one HTML file that plays all known moves without a kernel, beginning where the stepper is.

        Raises FreepagesError where it cannot be written, or has more than 20 MB and `large` is not set.
        """
        text = self._page().encode()
        if len(text) > LARGE and not large:
            raise FreepagesError(
                f"{path}: the page would have {len(text) / 1e6:.0f} MB, with its "
                f"{len(self._player.known):,} steps; give large=True if it shall"
            )
        write_file(Path(path), text)

    def _pictured(self) -> Player:
        """The player, at the step that is shown where no kernel runs."""
        if self._still is None:
            return self.player
        self._player.go(self._still)
        return self._player

    def __repr__(self) -> str:
        """The step of the still picture, in words."""
        return words(self._pictured(), self.window.range)

    def still(self) -> Scene:
        """What was done and what comes, the source, the picture and the last steps."""
        return still(self._pictured(), self.window.range)
