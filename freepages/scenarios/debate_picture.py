"""How a proposal looks: the guest's pages, what the host knows of them, the destination, what is under way.

What guest and host keep in mind is shown under the names that it has in their source. Of a run's processes
only what they would read again is looked at, as in :mod:`freepages.engine.position`.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any

from freepages.debate.content import ZERO, letter
from freepages.debate.world import World
from freepages.engine.position import PLAIN, needed
from freepages.engine.run import Process, Run
from freepages.scenarios.panels import locks
from freepages.view.frame import Bits, Facts, Frame, PageMap, Panel, State, Tokens

HELD = ("bitmap", "pages")
"""What a guest calls the pages that it is about to tell of, or has told of and still holds."""

ON_PAGES = ("a", "w", "f", "s", "e", "l", "h")
"""The letters of the choices that are about the page whose number they follow."""

SENDS = "s"


def picture(run: Run) -> Frame:
    """The pages on both sides, what is to be sent, what the log has, and what is under way."""
    w: World = run.world
    migrates = w.purpose == "migrate"
    guest, host = run.processes.get("g"), run.processes["h"]
    page, choice = _touched(run)
    here = [] if page is None or choice == SENDS else [(page, page + 1)]
    there = [(page, page + 1)] if page is not None and choice == SENDS else []
    lost = {pfn: letter(token) for pfn, token in w.lost.items()}

    panels: list[Panel] = [_memory(w, here, {} if migrates else lost)]
    if guest:
        names = [name for name in HELD if name in _code(guest).co_varnames]
        panels += [_bits(w, name, _held(w, guest)) for name in names[:1]]
    if migrates:
        panels.append(_bits(w, "dirty log", w.log.bits))
        if w.log.pending is not None:
            panels.append(_bits(w, "pending", w.log.pending))
        if w.log.protected is not None:
            panels.append(_bits(w, "protected", w.log.protected))
    if guest:
        panels.append(Tokens("answers", 0, [_ids(w, pfn) for pfn in range(w.pages)]))
    if migrates:
        if "keep_copy" in _code(host).co_names:
            none = w.kind(w.pages)
            panels.append(_bits(w, "copy", none if w.host.copy is None else w.host.copy))
            panels.append(_bits(w, "brought", none if w.host.brought is None else w.host.brought))
        panels += [
            _bits(w, "to send", w.host.to_send),
            Tokens(
                "destination",
                0,
                [letter(t) for t in w.memory.destination],
                letter(ZERO),
                lost,
                highlight=there,
            ),
        ]
    panels.append(locks(run, w.lock))
    facts = _under_way(w, guest) if guest else {}
    for process in (guest, host):
        if process:
            facts |= {f"{process.name}'s {name}": value for name, value in _kept(process).items()}
    if facts:
        panels.append(Facts("messages and variables", facts))
    return Frame(run.scenario.title, tuple(panels), _outcome(w))


def _memory(w: World, highlight: list[tuple[int, int]], lost: dict[int, str]) -> PageMap:
    """The guest's pages: whose each is and, where that matters, what is in it."""
    matters = w.guest.matters()
    states = [
        State.BALLOON if w.guest.held[pfn] else State.FREE if w.guest.free[pfn] else State.ANONYMOUS
        for pfn in range(w.pages)
    ]
    tokens = [letter(token) if matters[pfn] else "" for pfn, token in enumerate(w.memory.source)]
    return PageMap("guest", 0, states, tokens=tokens, lost=lost, highlight=highlight)


def _bits(w: World, name: str, pages: Any) -> Bits:
    return Bits(name, 0, [pages[pfn] for pfn in range(w.pages)])


def _touched(run: Run) -> tuple[int | None, str]:
    """The page that the last step was about and the letter of what was done with it; (None, "") if none."""
    who, choice = run.steps[-1].move if run.steps else ("", "")
    silent = who == "g" and choice == "0s"
    return (int(choice[:-1]), choice[-1]) if choice[-1:] in ON_PAGES and not silent else (None, "")


def _ids(w: World, pfn: int) -> str:
    """The ids of the answers under way that list the page; a dot for one without an id."""
    answers = (answer for answer in w.mail.answers if answer.pages is not None and answer.pages[pfn])
    return ",".join("•" if answer.id is None else str(answer.id) for answer in answers)


def _under_way(w: World, guest: Process) -> dict[str, str]:
    rows = {"requests": ", ".join(f"id {id}" for id in w.mail.requests) or "none"}
    if "next_command" in _code(guest).co_names:
        names = {0: " (stop)", 1: " (done)"}
        rows = {"command id": f"{w.mail.register}{names.get(w.mail.register, '')}"}
    answers = (
        ("" if id is None else f"id {id}" + ": " * (pages is not None))
        + ("" if pages is None else _counted(pages.count()))
        for id, pages in w.mail.answers
    )
    rows["answers"] = "; ".join(answers) or "none"
    if "until_returned" in _code(guest).co_names:
        rows["buffers given back"] = str(w.mail.returned)
    return rows


def _counted(pages: int) -> str:
    return f"{pages} page{'s' * (pages != 1)}"


def _outcome(w: World) -> str:
    """What has come of it, once that is known."""
    if w.lost:
        first, should = next(iter(w.lost.items()))
        others = f" (and {_counted(len(w.lost) - 1)} more)" * (len(w.lost) > 1)
        has = "it was discarded"
        if w.purpose == "migrate":
            has = f"the destination has {letter(w.memory.destination[first])}"
        return f"Page {first}{others} is lost: the guest needs the {letter(should)} in it, {has}."
    return "The guest stands still, and no page that it needs differs on the destination." * w.host.stopped


# -- what processes keep


def _code(process: Process) -> CodeType:
    """The code of the function that the process is."""
    assert process.code is not None, f"{process.name} has no function"
    return process.code


def _frames(process: Process) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """The values of each of its running functions, the outermost first, and which of them it reads again."""
    steps: Any = process.steps
    while (frame := getattr(steps, "gi_frame", None)) is not None:
        yield frame.f_locals, needed(steps.gi_code)[frame.f_lasti]
        steps = steps.gi_yieldfrom


def _held(w: World, guest: Process) -> Any:
    """The pages that the guest is about to tell of or still holds."""
    found = w.kind(w.pages)
    for values, names in _frames(guest):
        for name in names:
            if name != "within" and isinstance(values.get(name), w.kind):
                found |= values[name]
    return found


def _kept(process: Process) -> dict[str, str]:
    """The plain values of a proposal's function that outlive a step; a dash for one that it will not read."""
    values, live = next(_frames(process), ({}, ()))
    return {
        name: str(values[name]) if name in live and isinstance(values.get(name, ...), PLAIN) else "–"
        for name in _outliving(_code(process))
    }


@cache
def _outliving(code: CodeType) -> tuple[str, ...]:
    """The locals of a function, without its arguments, that it may read after one of its steps."""
    live = needed(code)
    rests = [live[i.offset] for i in dis.get_instructions(code) if i.opname in ("YIELD_VALUE", "SEND")]
    return tuple(
        name
        for name in code.co_varnames[code.co_argcount :]
        if name not in HELD and any(name in names for names in rests)
    )
