"""The machine seen as the small world of the debate: every step of the one is some moves of the other.

What projects on what:

- free is what is on free_area; pages on per-CPU lists, of the driver and of a ring are in use;
- every byte that the driver or the device writes is a write of the workload's;
- a block of order n is 2^n pages that are allocated or freed one by one;
- what was done under a zone's lock is done when the lock is dropped. So a walk is one moment for each zone,
  and with two zones the small world's driver walks zone by zone too: taken for one moment, correct runs would
  be refused;
- a move of the host's is the same move, and stop to comparison is one;
- the driver has answered when the device has read the answer;
- a byte that driver or device write may be the one that stood there before. The small world knows only that
  it was written, so it may call such a page lost where the bytes agree. Programs always write new bytes.

A move that the small world does not allow, or a set that differs after it, is a refusal: then what was proved
of the small world says nothing about this machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from freepages.debate.guest_verbs import answer, drop_lock, free_page_bitmap, next_request
from freepages.debate.mailbox import Answer
from freepages.debate.proposals import Proposal
from freepages.debate.world import World
from freepages.engine import Choose, Process, Run, Scenario, Steps
from freepages.pages.pageset import PageSet
from freepages.scenarios.debate import debate
from freepages.scenarios.machine.world import Event, WholeMachine

MOVES = {"took": "a", "freed": "f", "wrote": "w"}


def zone_by_zone(zones: tuple[tuple[int, int], ...]) -> Callable[[World], Steps]:
    """The guest of a snapshot that looks at one zone after the other, each [start, end), under its lock."""

    def guest(w: World) -> Steps:
        while (request := (yield from next_request(w))) is not None:
            bitmap = w.range(0, 0)
            for start, end in zones:
                found = yield from free_page_bitmap(w, w.range(start, end))
                yield from drop_lock(w)
                bitmap |= found
            yield from answer(w, bitmap, request)

    return guest


def small_scenario(machine: WholeMachine, proposal: Proposal) -> Scenario:
    """The small world of as many pages, of which the same are free."""
    if len(machine.zones) > 1:
        edges = [[*machine.of_zone(zone)] for zone in machine.zones]
        spans = tuple((pages[0], pages[-1] + 1) for pages in edges)
        proposal = replace(proposal, guest=zone_by_zone(spans))
    return debate(proposal, pages=machine.pages, requests=machine.requests, free=[*machine.guest.free])


class Projection:
    """Follows a machine step by step. It is asked after each: `follow` is for :class:`WatchedProcess`.

    small    the small world, where the machine's steps have brought it
    made     how many moves it has made there
    refused  the first reason why a step is none of the small world's, None as long as all are; then it stops
    """

    def __init__(self, machine: WholeMachine, proposal: Proposal):
        self.machine = machine
        self.run = Run(small_scenario(machine, proposal))
        self.small: World = self.run.world
        self.moves: list[str] = []
        """What the last step was there."""
        self.made = self.steps = 0
        self.refused: str | None = None

    def follow(self, letter: str, choice: str) -> None:
        """The machine has made a step: make it here, and compare."""
        happened, self.machine.happened = self.machine.happened, []
        self.moves = []
        if self.refused or self.small.over:
            return
        self.steps += 1
        why = self._play("h", choice) if letter == "h" else None
        for event in happened:
            why = why or self._project(event)
        if why := why or self._differs():
            self.refused = f"step {self.steps}: {why}"

    def _project(self, event: Event) -> str | None:
        if event.what == "answered":
            return self._play("g")
        if event.what == "walked":
            looks = self.run.processes["g"].guard is not self.small.lock
            return next(filter(None, (self._play("g") for _ in range(4 if looks else 3))), None)
        plays = (self._play("w", f"{page}{MOVES[event.what]}") for page in event.pages)
        return next(filter(None, plays), None)

    def _play(self, letter: str, choice: str = "") -> str | None:
        """Make one move, or say why the small world does not allow it."""
        process = self.run.processes[letter]
        if why := refusal(process, choice):
            return f"the small world's {process.name} {why}"
        process.go(choice)
        self.moves.append(letter + choice)
        self.made += 1
        return None

    def _differs(self) -> str | None:
        """Which set is not the same on both sides."""
        here, there = self.machine, self.small
        free = PageSet(here.pages)
        for zone in here.zones:
            if zone.lock.holder is None:
                free |= here.listed(zone)
            else:  # between its lock's taking and dropping a zone is as it was
                before = here.guest.free.copy()
                before &= here.of_zone(zone)
                free |= before
        pairs = {
            "free": (free, there.guest.free),
            "what matters": (here.guest.matters(), there.guest.matters()),
            "to send": (here.host.to_send, there.host.to_send),
            "dirty": (here.log.bits, there.log.bits),
            "answers": (here.mail.answers, there.mail.answers),
            "lost": (
                sorted(here.lost),
                [page for page in sorted(there.lost) if not here.memory.written_back(page)],
            ),
        }
        for name, (one, other) in pairs.items():
            if one != other:
                return f"{name}: the machine has {said(one)}, the small world {said(other)}"
        return None


def said(some: object) -> str:
    """A set, a list of pages or of answers, in words."""
    if isinstance(some, list):
        return (
            "; ".join(f"{one.pages} for id {one.id}" if isinstance(one, Answer) else str(one) for one in some)
            or "none"
        )
    return str(some)


def refusal(process: Process, choice: str) -> str | None:
    """Why a process of the small world cannot move so: as Process.why_not, without listing what it could."""
    guard = process.guard
    if isinstance(guard, Choose) and choice:
        if process.letter == "w" and guard.refuse:
            return guard.refuse(choice) or None
        if choice in guard.options():
            return None
    return process.why_not(choice)
