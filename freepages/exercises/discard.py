"""Notebook 12: which reports a host may discard by; and a guest whose pages it may, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import chain, combinations
from typing import Any

from freepages.debate.content import ZERO
from freepages.debate.guest_verbs import NOTICES
from freepages.debate.own_proposal import proposal, wrong_with
from freepages.debate.proposals import Proposal
from freepages.engine import DROPS_LOCK, Run
from freepages.engine.later import np
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.exercises.searched import loss, safe
from freepages.host.discard import HostMemory
from freepages.scenarios.debate import debate

PAGES, MOVES = 4, 60


def written_before_the_advice() -> str:
    """Whether what a guest wrote just before its host gave the advice MADV_FREE is still there when the
    host's kernel has taken its memory back: "safe" or "unsafe"."""
    old, new = 1, 2
    memory = HostMemory(np.array([old]))
    memory.write(0, new)
    memory.advise(0, "free")
    memory.reclaim()
    return "safe" if memory.tokens[0] == new else "unsafe"


prediction = Forecast(
    lambda: {
        "request_id": safe("request_id", "discard"),
        "inflate_deflate": safe("inflate_deflate", "discard"),
        "inflate_deflate, early release": safe("inflate_deflate", "discard", ["early-release"]),
        "request_id, MADV_FREE": written_before_the_advice(),
    },
    why={
        "request_id": "The page may be written before the host acts.",
        "inflate_deflate": "Nobody can have the page until the host is done.",
        "inflate_deflate, early release": "The host still acts on what it was told.",
        "request_id, MADV_FREE": "The write came before the advice, so it cancels nothing.",
    },
    wrong={
        "request_id": {"safe": "The id says which request. Does it say anything about now?"},
        "inflate_deflate": {"unsafe": "Who could write to a page that the balloon has allocated?"},
        "inflate_deflate, early release": {"safe": "Does the host hear that the page was given back?"},
        "request_id, MADV_FREE": {"safe": "A write after the advice cancels it. And one before it?"},
    },
)
"""Which reports are enough for a host that discards."""


def yours(guest: Callable[[Any], Any]) -> Proposal:
    """The proposal of this guest, to be stepped: ``Stepper(debate(yours(guest), "discard"))``. The host is
    the balloon's."""
    return proposal(guest=guest, title="a guest of your own")


def _judge(guest: Callable[[Any], Any]) -> str:
    mine = yours(guest)
    if lost := loss(mine, "discard"):
        whose = " Who could write to the page when the host discarded it, and why?"
        raise Wrong(lost + whose * ("loses a page" in lost))
    for free in chain.from_iterable(combinations(range(PAGES), n) for n in range(PAGES, -1, -1)):
        for order in ("gh", "hg"):
            run = Run(debate(mine, "discard", pages=PAGES, requests=1, free=free))
            if fault := _fault(run, order):
                listed = ", ".join(map(str, free)) or "none"
                raise Wrong(f"{fault} (of pages 0 to 3, these were free at first: {listed})")
    return (
        "no schedule loses a page, no more than half of the pages are out of use at a time, and the lock is "
        "soon dropped."
    )


def _fault(run: Run, order: str) -> str:
    """What a run without a workload shows that should not be, where the first of ``order`` that can
    moves; "" if nothing."""
    world = run.world
    most = max(end - start for start, end in world.chunks)
    free, hold = world.guest.free.copy(), world.guest.hold
    untimely: list[int] = []

    def watched(pages: Any) -> None:
        untimely.extend(pages if run.processes["g"].act is DROPS_LOCK else ())
        hold(pages)

    world.guest.hold = watched
    for _ in range(MOVES):
        ways = [move for move in run.moves() if move.letter in order and move.choice in ("", "0r", "0t")]
        if not ways:
            break
        run.move(min(ways, key=lambda move: order.index(move.letter)))
        if untimely:
            return "it allocates when it has dropped the zone lock: in between another CPU may take the page"
        if world.mail.answers and world.lock.holder:
            return f"after {run.schedule} the host has an answer to work on, and the zone lock is held"
        if (held := world.guest.held.count()) > most:
            return f"after {run.schedule} it holds {held} of {world.pages} pages; {most} are the most it may"
    if run.processes["g"].act is NOTICES:
        return "it waits for a buffer back, and the host has none: is an answer sent before?"
    if world.lock.holder:
        return "its work is done, and it still holds the zone lock"
    if world.guest.held.count():
        return f"its work is done, and it still holds {world.guest.held}"
    untold = [page for page in free if world.memory.source[page] != ZERO]
    return f"it was asked, and the host was never told of page {untold[0]}, which was free" if untold else ""


few_at_a_time = Exercise(
    """Write guest(w) whose pages the host may discard, with two conditions:
- while the host works on an answer, the zone lock is not held;
- the guest never has more than one chunk of pages, (start, end) in w.chunks, out of use.
Its verbs: next_request(w), which gives the id or None; free_page_bitmap(w, w.range(start, end)), which gives
the free pages of a chunk and comes back with the zone lock held; drop_lock(w); w.guest.hold(pages), which
allocates them and takes no step of its own; answer(w, pages, id); until_returned(w); deflate(w, pages).""",
    _judge,
    (
        "begin with the guest of 'locked'. What keeps its pages from being used once the lock is dropped?",
        "allocation does: hold the pages while the lock still guards them. When may they be given back?",
        "for each chunk: pages = yield from free_page_bitmap(...); w.guest.hold(pages); then drop_lock, "
        "answer, until_returned and deflate, each with 'yield from'",
    ),
    partial(wrong_with, which="guest"),
)
