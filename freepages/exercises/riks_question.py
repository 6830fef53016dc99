"""Notebook 09: the five things a host does, in an order of one's own, and every interleaving of that."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from freepages.debate.host_verbs import apply, ask, log_on, precopy
from freepages.debate.proposals import Proposal, find_proposal
from freepages.debate.world import World
from freepages.engine.errors import FreepagesError
from freepages.engine.run import Act, Steps
from freepages.exercises.exercise import Exercise, Wrong
from freepages.scenarios.debate import debate
from freepages.search.fast import PROVED, explore

WORDS = ("log on", "ask", "wait", "clear", "sync")
"""In Li's order."""

CLEARS = Act("takes the reported pages out of what is to be sent", cost="none")
SYNCS = Act("syncs with the dirty log", cost="none")

NEEDS = {
    "wait": ("ask", "a host that has not asked waits for ever"),
    "clear": ("wait", "there is no answer yet whose pages could be cleared"),
    "sync": ("log on", "a log that is off cannot be read"),
}
"""What each word needs before it, and why."""


def in_order(words: str | Iterable[str]) -> Proposal:
    """A host that does the five things in this order, once, and then migrates on as it likes.

    Raises FreepagesError where they are not the five, or an order that cannot be.
    """
    texts = words.split(",") if isinstance(words, str) else words
    order = tuple(" ".join(text.split()) for text in texts)
    if sorted(order) != sorted(WORDS):
        raise FreepagesError(f"an order has each of {', '.join(WORDS)} once, and nothing else")
    for word, (first, why) in NEEDS.items():
        if order.index(word) < order.index(first):
            raise FreepagesError(f"{word} before {first}: {why}")
    return replace(find_proposal("snapshot"), name="your order", title=", ".join(order), host=_host(order))


def _host(order: tuple[str, ...]) -> Callable[[World], Steps]:
    def host(w: World) -> Steps:
        pages: Any = None
        for word in order:
            if word == "log on":
                yield from log_on(w)
            elif word == "ask":
                yield from ask(w)
            elif word == "wait":
                pages = (yield from precopy(w, sync=False, stop=False)).pages
            elif word == "clear":
                yield (CLEARS,)
                yield from apply(w, pages)
            else:
                yield (SYNCS,)
                w.sync()
        yield from precopy(w)

    return host


def _judge(answer: Any) -> str:
    if not isinstance(answer, (str, list, tuple)):
        raise Wrong(f"the answer is an order such as {', '.join(WORDS)!r}, not {answer!r}.")
    chosen = in_order(answer)
    found = explore(debate(chosen))
    if found.verdict != PROVED:
        raise Wrong(f"a page is lost after {found.schedule} (debate(in_order(...)) opens it).")
    if chosen.title == ", ".join(WORDS):
        raise Wrong(f"no page is lost in any of {found.states:,} states, but this is Li's order.")
    return f"no page is lost in any of {found.states:,} states."


another_order = Exercise(
    f"Put {', '.join(WORDS)} in another order than Li's, one that loses no page either.",
    _judge,
    (
        "the log must be on before the guest can possibly look, so one word is settled. Which of the others "
        "has more than one place to go?",
        "a sync before the request reads only what was written before it. Can a report clear any of that "
        "which is still needed?",
        "log on, sync, ask, wait, clear",
    ),
)
