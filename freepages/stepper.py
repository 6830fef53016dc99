"""The stepper: one widget in which every scenario is stepped, forwards and back.

Its logic is :class:`Player`, plain Python: a run, what is known of its future, and the sentences about its
last steps. :class:`Stepper` shows a player and hands it what the learner presses and types. Going back is
replaying one move less: forwards and back move by the same unit, and a step looks the same from both sides.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from html import escape
from typing import Any, NamedTuple

import ipywidgets as W

from freepages.engine import Choose, Move, Process, Run, Scenario, Schedule, ScheduleError, Step
from freepages.errors import FreepagesError
from freepages.explorer import Zoom
from freepages.view import source as source_view
from freepages.view import svg as svg_view
from freepages.view.changes import changes
from freepages.view.draw import draw
from freepages.view.frame import Frame
from freepages.view.picture import live_bundle
from freepages.view.scene import Scene, Shape, Text
from freepages.view.source import source
from freepages.view.svg import svg
from freepages.view.text import text

WAITING = "go on typing"  # how the answer to a choice that is begun begins
LOGGED = 8  # steps that the log shows
END = 10_000  # steps after which the end of a run is no longer looked for


class Entry(NamedTuple):
    """A step that was made, and what changed by it."""

    step: Step
    changes: list[str]

    def __str__(self) -> str:
        return " | ".join([f"{self.step.number} {self.step.who} {self.step.text}", *self.changes])


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
        schedule, before = self.run.schedule, self.frame if seen else None
        try:
            step = self.run.move(move)
        except ScheduleError:
            raise
        except Exception:  # the action itself failed half way: its run is lost, the place is not
            self._restart(schedule)
            raise
        self._frame = None
        if before is not None:
            self._entries[step.number] = Entry(step, changes(before, self.frame))

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
        begun = [choice for choice in process.options() if choice.startswith(digits)]
        if not begun:
            return ""
        more = " …" if len(begun) > 8 else ""
        return f"{WAITING}: {process.name} may choose {', '.join(begun[:8])}{more}"

    def why_no_forward(self) -> str:
        """Why next_move() has none."""
        processes = self.run.processes.values()
        choosers = [p.name for p in processes if p.options()]
        if choosers:
            return f"next is a choice of {' or of '.join(choosers)}"
        return "; ".join(f"{p.name} {p.why_not()}" for p in processes)


def _moves_in(typed: str) -> Schedule | None:
    """The schedule that is written there, or None."""
    try:
        return Schedule.parse(typed)
    except ScheduleError:
        return None


# One move of a schedule, as the engine's grammar has it, or as much of it as stands at this place.
_TOKEN = re.compile(r"[\s,]*[a-z]([0-9]+[a-z])?")


# -- the widget

SPEEDS = {"× ½": 1.6, "× 1": 0.8, "× 2": 0.4, "× 4": 0.2}  # seconds a step
# The slider's range never changes: in ipywidgets 8.1 the key End goes to the end of the range it began with.
TRACK = 10_000
KEYED = 5  # units at most by a key (Page Up and Page Down); a mouse moves by more
SOURCE_LINES = 22  # of all processes together
CHOICES = 200  # of a process that are offered; any other can be typed

STYLE = (
    svg_view.STYLE
    + source_view.STYLE
    + """
.fp-stepper{border:1px solid var(--jp-border-color2,#ddd);border-radius:6px;padding:8px 12px;
  background:var(--jp-layout-color0,#fff);color:var(--jp-ui-font-color1,#222);box-sizing:border-box}
.fp-stepper .widget-html,.fp-stepper .widget-html-content{min-width:0;flex:1 1 auto}
.fp-stepper .widget-html-content{line-height:normal;font-family:var(--jp-ui-font-family,sans-serif)}
.fp-title{font-size:15px;line-height:28px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.fp-title span{color:var(--jp-ui-font-color2,#666)}
.fp-who{font-size:13px;line-height:22px;height:22px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;
  border-top:1px solid var(--jp-border-color2,#ddd)}
.fp-who .held{color:var(--jp-ui-font-color2,#666)}
.fp-log{height:132px;overflow-y:auto;border-top:1px solid var(--jp-border-color2,#ddd)}
.fp-log table{width:100%;border-collapse:collapse;table-layout:fixed;font-size:13px;line-height:18px}
.fp-log td,.fp-log th{text-align:left;vertical-align:top;padding:1px 8px 1px 0;overflow-wrap:anywhere}
.fp-log th{font-weight:600;position:sticky;top:0;background:var(--jp-layout-color0,#fff)}
.fp-log td:first-child,.fp-log th:first-child{width:44px;text-align:right;padding-right:12px;
  color:var(--jp-ui-font-color2,#666)}
.fp-log tr.last td{background:var(--jp-layout-color2,#eee)}
.fp-log i{font-style:normal;color:var(--jp-ui-font-color2,#666);display:inline-block;margin-left:10px;
  padding-left:8px;border-left:2px solid var(--jp-border-color1,#bbb)}
.fp-status{font-size:13px;line-height:20px;height:20px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.fp-status.fault{color:var(--jp-error-color0,#b71c1c);font-weight:600}
.fp-status.wait{color:var(--jp-ui-font-color1,#222)}
.fp-stepper .fp-mover button{width:100%;overflow:hidden;text-overflow:ellipsis}
"""
)


class Stepper(W.VBox):
    """The widget for a scenario, at `schedule`, with the scenario's own story to come or the one given.

    ``zoom`` is the range of pfns [lo, hi) that the maps show at first. Raises ScheduleError as Player does.
    """

    def __init__(
        self,
        scenario: Scenario,
        schedule: str = "",
        story: str | None = None,
        zoom: tuple[int, int] | None = None,
    ):
        self.player = Player(scenario, schedule, story)
        self.zoom = Zoom(self.player.frame, zoom, self._show)
        self._showing = False
        self._message = ""
        self._task: asyncio.Task[None] | None = None
        processes = self.player.run.processes.values()

        title = f"<b>{escape(scenario.name)}</b> <span>· {escape(scenario.title)}</span>"
        self._typed = W.Text(
            description="schedule",
            style={"description_width": "initial"},
            placeholder="type moves here",
            tooltip="The moves made so far: copy them, paste others, or type one letter a move",
            layout=W.Layout(flex="0 1 420px", width="auto"),
        )
        self._sources = {p.letter: W.HTML() for p in processes}
        self._picture = W.HTML(layout=W.Layout(flex="3 1 480px", min_width="0"))
        self._log = W.HTML()
        self._status = W.HTML()
        self._slider = W.IntSlider(
            description="step",
            style={"description_width": "initial"},
            min=0,
            max=TRACK,
            readout=False,
            layout=W.Layout(flex="1 1 160px", min_width="120px"),
        )
        self._playing = W.ToggleButton(
            icon="play", description="play", tooltip="go on by itself", layout=W.Layout(width="78px")
        )
        self._speed = W.Dropdown(
            options=SPEEDS, value=SPEEDS["× 1"], tooltip="how fast play is", layout=W.Layout(width="66px")
        )

        player = self.player
        self._reset = self._button("fast-backward", "reset", "to the beginning", player.reset)
        self._back = self._button("step-backward", "back", "one step back", player.back)
        self._forward = self._button("step-forward", "forward", "one step forward", player.forward)
        self._end = self._button("fast-forward", "end", "as far as it goes", player.end)
        self._story = self._button("book", "story", "to the beginning of the story", player.begin_story)
        self._story.layout.display = None if player.story else "none"
        self._movers = {p.letter: self._mover(p) for p in processes}
        self._choices = {
            p.letter: W.Dropdown(
                tooltip=f"{p.name}'s choice", layout=W.Layout(flex="1 1 120px", width="auto", display="none")
            )
            for p in processes
        }

        self._slider.observe(self._guarded(self._slid), "value")
        self._playing.observe(self._guarded(self._play), "value")
        self._typed.observe(self._guarded(lambda: player.follow(self._typed.value)), "value")

        row = W.Layout(width="100%", flex_flow="row wrap", align_items="center")
        movers = [
            W.HBox([self._choices[letter], mover], layout=W.Layout(flex="1 1 220px", min_width="0"))
            for letter, mover in self._movers.items()
        ]
        sources = W.VBox(
            [*self._sources.values()], layout=W.Layout(flex="2 1 330px", min_width="0", margin="0 16px 0 0")
        )
        controls = [self._reset, self._back, self._slider, self._forward, self._end]
        super().__init__(
            [
                W.HTML(f"<style>{STYLE}</style>", layout=W.Layout(display="none")),
                W.HBox(
                    [
                        W.HTML(f'<div class="fp-title">{title}</div>', layout=W.Layout(flex="1 1 300px")),
                        self._typed,
                    ],
                    layout=row,
                ),
                W.Box([sources, self._picture], layout=W.Layout(width="100%", flex_flow="row wrap")),
                self.zoom,
                self._log,
                self._status,
                W.HBox([*controls, self._playing, self._speed, self._story], layout=row),
                W.HBox(movers, layout=row),
            ]
        )
        self.add_class("fp-stepper")
        self._show()

    # -- what is pressed

    def _guarded(self, action: Callable[[], Any]) -> Callable[..., None]:
        """A callback that does the action, shows where that leads, and what went wrong in the status line."""

        def act(*_: Any) -> None:
            if self._showing:
                return
            try:
                self._message = action() or ""
                self._show()
            except Exception as fault:  # a widget's callback has nowhere else to say it
                name = "" if isinstance(fault, FreepagesError) else f"{type(fault).__name__}: "
                self._message = f"{name}{fault}"
                self._show()

        return act

    def _button(self, icon: str, name: str, tooltip: str, action: Callable[[], Any]) -> W.Button:
        button = W.Button(icon=icon, description=name, tooltip=tooltip, layout=W.Layout(width="92px"))
        button.on_click(self._guarded(action))
        return button

    def _mover(self, process: Process) -> W.Button:
        letter = process.letter
        button = W.Button(layout=W.Layout(flex="1 1 120px", width="auto", min_width="0"))

        def move() -> None:
            choice = self._choices[letter].value if self._chooses(letter) else ""
            self.player.move(Move(letter, choice or ""))

        button.on_click(self._guarded(move))
        return button

    def _play(self) -> None:
        """Go on by itself from where the run is, as long as play is pressed.

        Not by ipywidgets' Play: of two views of one Play, the second stops what the first begins.
        """

        async def play() -> None:
            while self._playing.value:
                forward()
                await asyncio.sleep(self._speed.value)

        forward = self._guarded(self.player.forward)
        if self._playing.value and (self._task is None or self._task.done()):
            self._task = asyncio.get_running_loop().create_task(play())

    def _slid(self) -> None:
        """A key moves the slider by as many units as it means steps, the mouse by how far it was drawn."""
        by = self._slider.value - self._on_track()
        at, known = self.player.position, len(self.player.known)
        self.player.seek(at + by if abs(by) <= KEYED else round(self._slider.value * (known + 1) / TRACK))

    def _on_track(self) -> int:
        """Where on the slider the present is; while somebody can move, there is room for one move more."""
        at, known = self.player.position, len(self.player.known)
        return TRACK if known and self.player.next_move() is None else round(TRACK * at / (known + 1))

    def _chooses(self, letter: str) -> bool:
        return isinstance(self.player.run.processes[letter].guard, Choose)

    # -- what is seen

    def _show(self) -> None:
        self._showing = True
        try:
            self._show_all()
        finally:
            self._showing = False

    def _show_all(self) -> None:
        player = self.player
        at, further = player.position, player.next_move() is not None
        self._picture.value = svg(draw(player.frame, self.zoom.range), at)  # first: it is what is waited for
        for process in player.run.processes.values():
            self._show_process(process)
        self._log.value = self._log_html()
        self._status.value = self._status_html()
        self._slider.value = self._on_track()
        if not self._message and _moves_in(self._typed.value) != player.run.schedule:
            self._typed.value = "".join(map(str, player.run.schedule))
        self._reset.disabled = self._back.disabled = at == 0
        self._forward.disabled = self._end.disabled = self._playing.disabled = not further
        self._playing.value = self._playing.value and further

    def _show_process(self, process: Process) -> None:
        letter, why = process.letter, process.why_not()
        chooses = self._chooses(letter) and bool(process.options())
        now = process.next() if why is None or chooses else why
        kind = "next" if why is None or chooses else "held"
        lines = SOURCE_LINES // len(self.player.run.processes) - 1
        self._sources[letter].value = (
            f'<div class="fp-who" data-process="{letter}"><b>{escape(process.name)}</b>'
            f' <span class="{kind}">{escape(now)}</span></div>'
            f'<div style="height:{lines * 17}px">{source(process.position(), lines)}</div>'
        )
        mover, dropdown = self._movers[letter], self._choices[letter]
        with mover.hold_sync():
            mover.disabled = not process.options()
            mover.button_style = "" if mover.disabled else "primary"
            mover.description = f"{process.name} ({letter})" + ("" if process.options() else f": {why}")
            mover.tooltip = f"{process.name} {now}"
        dropdown.layout.visibility = "visible" if chooses else "hidden"
        if chooses:
            dropdown.layout.display = None
            options = [(f"{c}  {words}", c) for c, words in list(process.options().items())[:CHOICES]]
            if dropdown.options != tuple(options):
                chosen = dropdown.value
                with dropdown.hold_sync():
                    dropdown.options = options
                    offered = [choice for _, choice in options]
                    dropdown.value = chosen if chosen in offered else offered[0]

    @property
    def schedule(self) -> str:
        """The moves made so far, as text that can be pasted."""
        return str(self.player.run.schedule)

    # -- where no kernel runs

    def __repr__(self) -> str:
        """The present in words: the schedule, what everybody is about to do, the last steps, the frame."""
        player = self.player
        lines = [
            f"{player.scenario.name} · {player.scenario.title}",
            f"schedule: {self.schedule or '(none yet)'}",
        ]
        for process in player.run.processes.values():
            why = "" if process.options() else f" (cannot: {process.why_not()})"
            lines.append(f"{process.name} next: {process.next()}{why}")
        return "\n".join([*lines, *map(str, player.log), "", text(player.frame, self.zoom.range)])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        return live_bundle(super()._repr_mimebundle_(**kwargs), repr(self), self._still())

    def _still(self) -> Scene:
        """The picture with the schedule and the last steps under it."""
        scene = draw(self.player.frame, self.zoom.range)
        shapes: list[Shape] = [*scene.shapes]
        y = scene.height + 24
        shapes.append(Text(0, y, f"schedule: {self.schedule or '(none yet)'}"[:110], "ink", 11, mono=True))
        for entry in self.player.log[:4]:
            y += 16
            shapes.append(Text(0, y, str(entry)[:110], "dim", 11))
        return Scene(scene.width, y + 4, shapes, scene.label)

    def _log_html(self) -> str:
        """A row a step, the newest on top; what was done is in the column of the process that did it."""
        letters = list(self.player.run.processes)
        head = "".join(f"<th>{escape(p.name)}</th>" for p in self.player.run.processes.values())
        rows = []
        for step, changed in self.player.log:
            said = escape(step.text) + "".join(f"<i>{escape(change)}</i>" for change in changed)
            cells = ("<td>" + (said if letter == step.move.letter else "") + "</td>" for letter in letters)
            last = ' class="last"' if step.number == self.player.position else ""
            rows.append(f'<tr{last} data-step="{step.number}"><td>{step.number}</td>{"".join(cells)}</tr>')
        return (
            '<div class="fp-log" role="log" tabindex="0" aria-label="the last steps, the newest first">'
            f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table></div>"
        )

    def _status_html(self) -> str:
        kind, said = "", self._message
        if said:
            kind = "fault" if not said.startswith(WAITING) else "wait"
        elif self.player.position:
            step = self.player.run.steps[-1]
            said = f"step {step.number:,} of {len(self.player.known):,}: {step.who} {step.text}"
        else:
            said = "at the beginning"
        if not self._message and self.player.next_move() is None:
            said += f" — {self.player.why_no_forward()}"
        return f'<div class="fp-status {kind}" role="status" aria-live="polite">{escape(said)}</div>'
