"""Notebook 11: what an id is for; and a host that waits for nobody and keeps no copy of the bitmap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freepages.debate.own_proposal import proposal, wrong_with
from freepages.debate.proposals import Proposal
from freepages.engine import Move, Run
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.exercises.searched import loss, safe
from freepages.scenarios.debate import debate
from freepages.search.verdict import check

STRAIGHT = 20
"""Steps that a host may make in a row without a choice."""


def fewest_requests(bits: int) -> int:
    """How many requests it takes until ids of so many bits lose a page of request_id; at most 8 are tried."""
    assume = [f"id-bits={bits}"]
    return next(n for n in range(1, 9) if check("request_id", assume=assume, pages=1, requests=n).schedule)


prediction = Forecast(
    lambda: (
        {name: safe(name) for name in ("no_wait", "request_id", "request_id_unchecked")}
        | {"requests": fewest_requests(bits=2)}
    ),
    why={
        "no_wait": "A sync moves the note of a write to 'to send'; an older answer then clears it there.",
        "request_id": "What was written since the request is in the log, or stands under 'brought'.",
        "request_id_unchecked": "An answer to the first request meets the copy of the second.",
        "requests": "The last of them is the first that repeats an id.",
    },
    wrong={
        "no_wait": {"safe": "The log notes each write once. Who still knows of it after a sync?"},
        "request_id": {"unsafe": "Ask of each page that an answer lists wrongly: who noted its write?"},
        "request_id_unchecked": {"safe": "The host may ask twice. Which copy does the first answer meet?"},
        "requests": {
            4: "Four requests have four different ids.",
            3: "Three ids of two bits differ.",
            2: "Two ids of two bits differ.",
            **dict.fromkeys((6, 8, 16), "Fewer are enough: which request is the first to get an id again?"),
        },
    },
)
"""Which of three hosts loses a page, and with how many requests ids of two bits come round."""


def yours(host: Callable[[Any], Any]) -> Proposal:
    """The proposal of this host, to be stepped: ``Stepper(debate(yours(host)))``. The guest is Li's."""
    return proposal(host=host, title="a host of your own")


def _judge(host: Callable[[Any], Any]) -> str:
    mine = yours(host)
    if lost := loss(mine, "migrate"):
        synced = "h0y" in lost and "h0t" in lost
        raise Wrong(lost + " h0y empties the log: where is the write noted after h0t?" * synced)
    alone = Run(debate(mine))
    if not _choose(alone, "0r") or not alone.world.mail.requests:
        raise Wrong("it never asks the guest.")
    alone.move("w0a")
    alone.move("w0w")
    if _choose(alone, "0y") and alone.world.log.bits.count():
        raise Wrong(
            "at a sync it does not read the dirty log: everything is left until the guest is stopped."
        )
    if not _choose(alone, "0x"):
        raise Wrong("it has asked, and cannot stop before the guest answers: a silent guest holds it up.")
    run = Run(debate(mine))
    _choose(run, "0r")
    while run.processes["g"].options():
        run.move("g")
    if not _choose(run, "0t") or not _choose(run, "0x") or not run.world.host.stopped:
        raise Wrong("it asks, and the guest answers, and it does not come to the end of the migration.")
    if any(run.world.memory.destination):
        raise Wrong("no schedule loses a page, but it sends free pages that it was told of in good time.")
    if run.world.host.copy is not None:
        raise Wrong("no schedule loses a page, but it keeps a copy of the bitmap.")
    return "no schedule loses a page, and it waits for nobody and keeps no copy of the bitmap."


def _choose(run: Run, choice: str) -> bool:
    """Let the host go on until it can make this choice, and make it; whether it could."""
    host = run.processes["h"]
    for _ in range(STRAIGHT):
        if host.why_not():
            break
        run.move("h")
    if choice not in host.options():
        return False
    run.move(Move("h", choice))
    while not host.why_not() and len(run.steps) < 2 * STRAIGHT:
        run.move("h")
    return True


no_copy = Exercise(
    """Write host(w) that asks, never waits for the answer, never calls w.host.keep_copy(), and loses no page.
Its verbs: log_on(w), precopy(w, asks=True), apply(w, pages), w.request(), which returns the request's id.
precopy(w, asks=True, tells_sync=True) also returns SYNC when it is time for a sync: call w.sync() then.""",
    _judge,
    (
        "an answer lists pages that were free at some time after its request. What must not have happened "
        "since that request, so that whatever was written since is still in the log?",
        "a sync: it empties the log. If one came after the request, treat the answer like an answer to an "
        "old request.",
        "take the given host without keep_copy() and without in_copy=True; at SYNC write current = None, "
        "then w.sync()",
    ),
    wrong_with,
)
