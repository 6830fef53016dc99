"""Notebook 15: whether a careful host is safe; and a proposal of one's own that is safe and saves."""

from __future__ import annotations

from typing import Any

from freepages.debate.difference import difference
from freepages.debate.proposals import PROPOSALS, Proposal
from freepages.engine import Run
from freepages.engine.quantity import format_bytes
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.exercises.searched import loss, safe
from freepages.scenarios.debate import debate
from freepages.search.price import price
from freepages.search.verdict import check

prediction = Forecast(
    lambda careful: {purpose: safe(careful, purpose) for purpose in ("migrate", "discard")},
    why={
        "migrate": "The sync uses up the note of a write, and the answer then clears the page.",
        "discard": "Nobody owns the page while the host discards it.",
    },
    wrong={
        "migrate": {"safe": "The sync marks a written page as to be sent. What does the answer do then?"},
        "discard": {"safe": "Who keeps the page from being used while the host acts?"},
    },
)
"""What a host is safe for that syncs before it uses an answer."""


MOVES = 60
MOST = 0.75
"""Of the bytes that sending everything takes, the part that it may send."""


def _judge(mine: Proposal) -> str:
    for name, one in PROPOSALS.items():
        if not difference(one, mine).changed:
            raise Wrong(f"line by line it is {name}, which the debate has already: change something.")
    if lost := loss(mine, "migrate"):
        raise Wrong(lost)
    if _keeps_the_lock(Run(debate(mine, requests=1))):
        raise Wrong("in the end the driver still holds the zone lock, so no program gets a page any more.")
    sent, most = price(mine).sent, price("everything").sent
    told = f"it sends {format_bytes(sent)} where sending everything takes {format_bytes(most)}"
    if sent > MOST * most:
        raise Wrong(
            f"no schedule loses a page, but by the clock {told}. Does it ask, and is the answer used? A host "
            'that asks once may find that a sync comes first: see asks="after every sync".'
        )
    stuck = check(mine, assume=["silent-guest"], pages=1).stuck
    patient = "a silent guest can hold it up for ever" if stuck else "a silent guest never holds it up"
    return f"no schedule loses a page, {told}, and {patient}."


def _keeps_the_lock(run: Run) -> bool:
    """Whether the driver holds the zone lock when neither guest nor host has anything left to do for the
    other."""
    for _ in range(MOVES):
        ways = [move for move in run.moves() if move.letter in "gh" and move.choice in ("", "0r", "0t")]
        if not ways:
            break
        run.move(ways[0])
    return run.world.lock.holder is not None


def _wants(answer: Any) -> str:
    if isinstance(answer, Proposal):
        return ""
    given = "the function itself" if callable(answer) else f"{answer!r:.40}"
    return f"the answer is a proposal, such as proposal(host=host), and not {given}."


own = Exercise(
    f"""Write a proposal of your own: a guest, a host or both. It must lose no page of a migration, and by the
clock it may send at most {MOST:.0%} of the bytes that sending everything takes.
In the end the zone lock must be free.""",
    _judge,
    (
        "an answer lists pages that were free at some time after its request. Which writes since then does "
        "the log still have when the answer is used?",
        "a sync empties the log. So either use no answer whose request is older than the last sync, or let "
        "the guest own the pages until you are done with them.",
        "keep the id of the request in current; at SYNC set current = None and call w.sync(); use an answer "
        'only if its id is current; and make it with proposal(host=host, asks="after every sync").',
    ),
    _wants,
)
