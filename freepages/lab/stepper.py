"""The stepper: one widget in which every scenario is stepped, forwards and back.

Source, picture, log and controls of a :class:`freepages.lab.player.Player`, which is handed what the learner
presses and types. Nothing is printed: what goes wrong in a callback is said in the status line.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from itertools import groupby
from typing import Any

import ipywidgets as W

from freepages.engine.errors import FreepagesError
from freepages.engine.run import Move, Process, Scenario, Schedule, ScheduleError
from freepages.lab.explorer import Zoom
from freepages.lab.picture import live_bundle
from freepages.lab.player import WAITING, Player
from freepages.view import source as source_view
from freepages.view import svg as svg_view
from freepages.view.draw import draw
from freepages.view.scene import Scene, Shape, Text
from freepages.view.source import listing, source
from freepages.view.svg import svg
from freepages.view.text import text

SPEEDS = {"× ½": 1.6, "× 1": 0.8, "× 2": 0.4, "× 4": 0.2}  # seconds a step
# The slider's range never changes: in ipywidgets 8.1 the key End goes to the end of the range it began with.
TRACK = 10_000
KEYED = 5  # units at most by a key (Page Up and Page Down); a mouse moves by more
HEADING = 28.0  # pixels, over the source of each process
LEAST_TALL = 400.0  # pixels, for the source of all processes; where the picture is higher, so much
LEAST_EACH = 130.0  # pixels, for that of one: its first function and its last, three lines each
CHOICES = 200  # of a process that are offered; any other can be typed
FEW = 12  # choices that one menu shows; where there are more, what is done has a menu, and where another
AMONG = 5  # lines that a function that should be read leaves for what it calls
READ_TALL = 640.0  # pixels at most for the source where functions should be read

STYLE = (
    svg_view.STYLE
    + source_view.STYLE
    + """
.fp-stepper{border:1px solid var(--jp-border-color2,#ddd);border-radius:6px;padding:8px 12px;
  background:var(--jp-layout-color0,#fff);color:var(--jp-ui-font-color1,#222);box-sizing:border-box}
.fp-stepper .widget-html{min-width:0}
.fp-stepper .widget-html-content{min-width:0;flex:1 1 auto}
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
.fp-remark{font-size:13px;line-height:28px;padding-left:4px;color:var(--jp-ui-font-color2,#666);
  white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
"""
)


class Mover(W.HBox):
    """The button of one process, and beside it what it can choose from, or why it may not move."""

    def __init__(self, process: Process):
        name = f"{process.name} ({process.letter})"
        # As wide as the name: the letter at its end is what a learner types.
        self.button = W.Button(description=name, layout=W.Layout(width=f"{max(136, 40 + 7 * len(name))}px"))
        self.dropdown = W.Dropdown(
            tooltip=f"{process.name}'s choice", layout=W.Layout(flex="1 1 0", min_width="0", width="auto")
        )
        self.numbers = W.Dropdown(tooltip="which", layout=W.Layout(flex="0 0 76px", width="76px"))
        self.remark = W.HTML(layout=W.Layout(flex="1 1 0"))
        self._menus: dict[str, list[str]] = {}
        self.dropdown.observe(lambda _: self._show_numbers(), "value")
        super().__init__(
            [self.button, self.dropdown, self.numbers, self.remark], layout=W.Layout(flex="1 1 300px")
        )

    @property
    def choice(self) -> str:
        """The choice that is selected, "" where there is none to make."""
        chosen: str = self.dropdown.value or ""
        return f"{self.numbers.value}{chosen}" if chosen in self._menus else chosen

    def show(self, process: Process) -> None:
        options = process.options()
        chooses = "" not in options and bool(options)
        with self.button.hold_sync():
            self.button.disabled = not options
            self.button.button_style = "primary" if options else ""
            self.button.tooltip = f"{process.name} {process.next()}"
        said = escape(process.next() if options else process.why_not() or "")
        self.remark.value = f'<div class="fp-remark" title="{said}">{said}</div>'
        self.remark.layout.display = "none" if chooses else None
        self.dropdown.layout.display = None if chooses else "none"
        labels = self._labels(options if chooses else {})
        if self.dropdown.options != labels:
            _offer(self.dropdown, labels)
        self._show_numbers()

    def _labels(self, options: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """What the menu says. Of many choices, those that end in one letter are one line, and are kept as a
        menu of numbers."""
        self._menus = {}
        if len(options) > FEW:
            for choice in list(options)[:CHOICES]:
                self._menus.setdefault(choice[-1], []).append(choice[:-1])
            self._menus = {letter: numbers for letter, numbers in self._menus.items() if len(numbers) > 1}
        labels = {}
        for choice in list(options)[:CHOICES]:
            letter, number = choice[-1], choice[:-1]
            if letter not in self._menus:
                labels[choice] = f"{choice}  {options[choice]}"
            elif letter not in labels:
                labels[letter] = f"…{letter}  " + re.sub(rf"\b{number}\b", "…", options[choice])
        return tuple((label, choice) for choice, label in labels.items())

    def _show_numbers(self) -> None:
        numbers = self._menus.get(self.dropdown.value or "", [])
        self.numbers.layout.display = None if numbers else "none"
        if self.numbers.options != tuple((number, number) for number in numbers):
            _offer(self.numbers, tuple((number, number) for number in numbers))


def _offer(menu: W.Dropdown, labels: tuple[tuple[str, str], ...]) -> None:
    """Other options for a menu, which keeps what is chosen if that is still among them."""
    chosen, values = menu.value, [value for _, value in labels]
    with menu.hold_sync():
        menu.options = labels
        menu.value = chosen if chosen in values else next(iter(values), None)


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
        self._wanted = self._lines_wanted()
        self._tall = max(LEAST_TALL, LEAST_EACH * len(self.player.run.processes))
        if self._wanted:
            wanted = sum(self._wanted.values()) * source_view.LINE + len(self._wanted) * HEADING
            self._tall = max(LEAST_TALL, min(wanted, READ_TALL))
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
        self._movers = {p.letter: Mover(p) for p in processes}
        for letter, mover in self._movers.items():
            mover.button.on_click(self._guarded(partial(self._press, letter)))

        self._slider.observe(self._guarded(self._slid), "value")
        self._playing.observe(self._guarded(self._play), "value")
        self._typed.observe(self._guarded(lambda: player.follow(self._typed.value)), "value")

        row = W.Layout(width="100%", flex_flow="row wrap", align_items="center")
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
                # Above the picture: however tall that is, what is pressed and what it does are seen together.
                W.HBox([*controls, self._playing, self._speed, self._story], layout=row),
                W.HBox([*self._movers.values()], layout=row),
                self._status,
                W.Box([sources, self._picture], layout=W.Layout(width="100%", flex_flow="row wrap")),
                self.zoom,
                self._log,
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

    def _press(self, letter: str) -> None:
        self.player.move(Move(letter, self._movers[letter].choice))

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
        scene = draw(player.frame, self.zoom.range)
        self._picture.value = svg(scene, at)  # first: it is what is waited for
        self._tall = max(self._tall, scene.height)
        for process in player.run.processes.values():
            self._show_process(process)
        self._log.value = self._log_html()
        self._status.value = self._status_html()
        self._slider.value = self._on_track()
        if not self._message and _moves_in(self._typed.value) != player.run.schedule:
            self._typed.value = _to_type(player.run.schedule)
        self._reset.disabled = self._back.disabled = at == 0
        self._forward.disabled = self._end.disabled = self._playing.disabled = not further
        self._playing.value = self._playing.value and further

    def _show_process(self, process: Process) -> None:
        can = bool(process.options())
        now = process.next() if can else process.why_not()
        lines, read = self._room_for(process), process.letter in self.player.scenario.read
        over = [(process.code, 0)] if read and process.code else []
        shown = source(process.position() or over, lines, read)
        self._sources[process.letter].value = (
            f'<div class="fp-who" data-process="{process.letter}"><b>{escape(process.name)}</b>'
            f' <span class="{"next" if can else "held"}">{escape(str(now))}</span></div>'
            f'<div style="height:{lines * source_view.LINE}px">{shown}</div>'
        )
        self._movers[process.letter].show(process)

    def _lines_wanted(self) -> dict[str, int]:
        """How many lines of source each process wants, where there are some that should be read."""
        run, read = self.player.run, self.player.scenario.read
        return {
            p.letter: len(listing(p.code).numbers) + AMONG
            if p.letter in read and p.code
            else source_view.LEAST
            for p in run.processes.values()
            if read
        }

    def _room_for(self, process: Process) -> int:
        """How many lines of source a process has: as many as the others or, of those that should be read, by
        how many it wants."""
        count = len(self.player.run.processes)
        if not self._wanted:
            return int(self._tall / count - HEADING) // source_view.LINE
        if process.letter not in self.player.scenario.read:
            return source_view.LEAST
        room = int(self._tall - count * HEADING) // source_view.LINE
        wanted = {letter: n for letter, n in self._wanted.items() if letter in self.player.scenario.read}
        room -= source_view.LEAST * (count - len(wanted))
        return room * wanted[process.letter] // sum(wanted.values())

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


def _to_type(schedule: Schedule) -> str:
    """The schedule with spaces only around choices, so that one Backspace takes one plain move back."""
    parts = groupby(map(str, schedule), key=lambda move: len(move) > 1)
    return " ".join(" ".join(moves) if chosen else "".join(moves) for chosen, moves in parts)


def _moves_in(typed: str) -> Schedule | None:
    """The schedule that is written there, or None."""
    try:
        return Schedule.parse(typed)
    except ScheduleError:
        return None
