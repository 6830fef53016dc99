"""Notebook 09: which orders are safe; and the five things a host does, in an order of one's own, searched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from freepages.debate.host_verbs import apply, ask, log_on, precopy
from freepages.debate.proposals import Proposal, find_proposal
from freepages.debate.world import World
from freepages.engine import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.exercises.searched import safe
from freepages.scenarios.debate import debate
from freepages.search.fast import PROVED, explore

prediction = Forecast(
    lambda: {name: safe(name) for name in ("snapshot", "log_late", "no_wait")},
    why={
        "snapshot": "A page that is used again is in the log, and the log is read after the clearing.",
        "log_late": "A write before the log is on is noted nowhere.",
        "no_wait": "A sync moves the note of a write to 'to send', and then the old answer clears it there.",
    },
    wrong={
        "snapshot": {"unsafe": "The answer may be stale. But what does the sync after it bring?"},
        "log_late": {"safe": "Who notes a write between the bitmap and the moment the log is on?"},
        "no_wait": {"safe": "The log is on all the time. But what does reading it do to it?"},
    },
)
"""Which of three orders loses a page of a migration."""


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
    texts = re.split("[,·]", words) if isinstance(words, str) else words
    order = tuple(" ".join(text.split()) for text in texts)
    if sorted(order) != sorted(WORDS):
        unknown = [repr(text) for text in order if text not in WORDS]
        but = f", and not {', '.join(unknown)}" if unknown else ""
        raise FreepagesError(f"an order has each of {', '.join(WORDS)} once, with commas between them{but}")
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
        raise Wrong(f"a page is lost after {found.schedule} (debate(in_order(...)) opens it). {_why(chosen)}")
    if chosen.title == ", ".join(WORDS):
        raise Wrong(f"no page is lost in any of {found.states:,} states, but this is Li's order.")
    return f"no page is lost in any of {found.states:,} states."


def _why(chosen: Proposal) -> str:
    """Which note of a write is missing in an order that loses a page."""
    order = chosen.title.split(", ")
    if order.index("log on") > order.index("ask"):
        return "The guest may look and write before the log is on: who notes that write?"
    return "The sync comes between the request and the clearing: where is a write noted after both?"


another_order = Exercise(
    f"Put {', '.join(WORDS)} in another order than Li's that also loses no page.",
    _judge,
    (
        "the guest may look as soon as it is asked, so the place of one word is settled: the log is on "
        "before that. Which of the other words has more than one place?",
        "a sync before the request brings only what was written before the request. Can the answer clear "
        "any of that which the guest still needs?",
        "log on, sync, ask, wait, clear",
    ),
)
