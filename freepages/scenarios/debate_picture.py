"""How a proposal looks: the guest's pages, what the host knows of them, the destination, what is under way.

A proposal says which panels it has and which of its locals a reader should see. They are shown under the
names that they have in its source; a dash stands for a value that it will not read again
(:mod:`freepages.engine.position`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from freepages.debate.content import POISON, ZERO, letter
from freepages.debate.mailbox import Answer
from freepages.debate.proposals import Proposal
from freepages.debate.world import World
from freepages.engine import Move, Process, Run
from freepages.engine.position import PLAIN, needed
from freepages.pages.pageset import PageSet
from freepages.scenarios.panels import locks
from freepages.view.frame import Bits, Facts, Frame, PageMap, Panel, State, Tokens

SIGNS = (
    ("A … Z", "what a page holds: other letters are other content"),
    (letter(ZERO), "a page of zeros"),
    (letter(POISON), "a page that the kernel has filled with its poison"),
    ("#0", "the answer with id 0, or the request; on a page: it lists the page"),
    ("•", "an answer without an id lists the page"),
)

ON_PAGES = ("a", "w", "f", "s", "e", "l", "h")
"""The letters of the choices that are about the page whose number they follow."""

SENDS = "s"

WRITTEN = 40
"""Characters of a process's variable that are shown."""


def picture(run: Run, shows: Proposal) -> Frame:
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
        if shows.tells:
            panels.append(_bits(w, shows.tells, _held(w, guest)))
    if migrates:
        logs = {"dirty log": w.log.bits, "pending": w.log.pending, "protected": w.log.protected}
        off = "" if w.log.on else "off"
        panels += (_bits(w, name, bits, off) for name, bits in logs.items() if bits is not None)
    if guest:
        panels.append(Tokens("answers", 0, [_ids(w, pfn) for pfn in range(w.pages)]))
    if migrates:
        if "copy" in shows.panels:
            panels += [_bits(w, "copy", w.host.copy), _bits(w, "brought", w.host.brought)]
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
    facts = _under_way(w, shows) if guest else {}
    for process, names in ((guest, shows.guest_keeps), (host, shows.host_keeps)):
        if process:
            facts |= {f"{process.name}'s {name}": value for name, value in _kept(process, names).items()}
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


def _bits(w: World, name: str, pages: Any, absent: str = "") -> Bits:
    """A set of pages as bits; None is one that is not there."""
    if pages is None:
        return Bits(name, 0, "0" * w.pages, absent="none")
    return Bits(name, 0, [pages[pfn] for pfn in range(w.pages)], absent=absent)


def _touched(run: Run) -> tuple[int | None, str]:
    """The page that the last step was about and the letter of what was done with it; (None, "") if none."""
    who, choice = run.steps[-1].move if run.steps else ("", "")
    silent = who == "g" and choice == "0s"
    return (int(choice[:-1]), choice[-1]) if choice[-1:] in ON_PAGES and not silent else (None, "")


def _ids(w: World, pfn: int) -> str:
    """The answers under way that list the page: #0 is the one with id 0, a dot one without an id."""
    answers = (answer for answer in w.mail.answers if answer.pages is not None and answer.pages[pfn])
    return ",".join("•" if answer.id is None else f"#{answer.id}" for answer in answers)


def _under_way(w: World, shows: Proposal) -> dict[str, str]:
    rows = {}
    if "command id" in shows.panels or w.mail.register:
        names = {0: " (stop)", 1: " (done)"}
        rows["command id"] = f"{w.mail.register}{names.get(w.mail.register, '')}"
    if "command id" not in shows.panels:
        rows["requests"] = ", ".join(f"#{id}" for id in w.mail.requests) or "none"
    answers = (
        ("" if id is None else f"#{id}" + ": " * (pages is not None))
        + ("" if pages is None else _counted(pages.count()))
        for id, pages in w.mail.answers
    )
    rows["answers"] = "; ".join(answers) or "none"
    if "buffers given back" in shows.panels:
        rows["buffers given back"] = str(w.mail.returned)
    if "the VM" in shows.panels or w.guest.paused:
        rows["the VM"] = "paused" if w.guest.paused else "runs"
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


def questions(run: Run, move: Move) -> Iterator[tuple[str, list[str], str]]:
    """Before the guest is stopped: what is lost by it?"""
    w: World = run.world
    if w.purpose == "migrate" and move == Move("h", "0x"):
        lost = Run(run.scenario, [*run.schedule, move]).world.lost
        answers = ["no page is lost", *(f"page {pfn} is lost" for pfn in range(min(w.pages, 3)))]
        right = f"page {min(lost)} is lost" if lost else answers[0]
        yield "The host stops the guest, syncs and sends the rest. What is lost?", answers, right


# -- what processes keep


def _frames(process: Process) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """The values of each of its running functions, the outermost first, and which of them it reads again."""
    steps: Any = process.steps
    while (frame := getattr(steps, "gi_frame", None)) is not None:
        yield frame.f_locals, needed(steps.gi_code)[frame.f_lasti]
        steps = steps.gi_yieldfrom


def _held(w: World, guest: Process) -> Any:
    """The pages that the guest is about to tell of or still holds; None where it has found none yet."""
    found = None
    for values, names in _frames(guest):
        for name in names:
            if name != "within" and isinstance(values.get(name), w.kind):
                found = w.kind(w.pages) if found is None else found
                found |= values[name]
    return found


def _kept(process: Process, names: tuple[str, ...] | None) -> dict[str, str]:
    """Some locals of a proposal's function, or all; a dash for one that it will not read again."""
    values, live = next(_frames(process), ({}, ()))
    if names is None:
        code = process.code
        names = code.co_varnames[code.co_argcount :] + code.co_cellvars if code else ()
    return {name: (_written(values.get(name, ...)) if name in live else "") or "–" for name in names}


def _written(value: Any) -> str:
    """A plain value, a set of pages or several of these as text; "" for any other."""
    if isinstance(value, PageSet):
        return str(value)
    if isinstance(value, Answer):
        id = "without an id" if value.id is None else f"#{value.id}"
        return f"answer {id}: {value.pages}"
    several = isinstance(value, tuple | list | dict | set | frozenset)
    return (f"{value}" if several or isinstance(value, PLAIN) else "")[:WRITTEN]
