"""A proposal searched: whether it is safe, in a word, and how one of the learner's own loses a page."""

from __future__ import annotations

from collections.abc import Iterable

from freepages.debate.proposals import Proposal
from freepages.debate.world import Purpose
from freepages.scenarios.debate import debate
from freepages.search.fast import PROVED, REFUTED, explore
from freepages.search.verdict import check

LIMIT = 100_000
"""States after which a protocol is taken to have no end of them; request_id has 74 thousand."""


def safe(
    position: Proposal | str, purpose: Purpose = "migrate", assume: Iterable[str] = (), pages: int = 2
) -> str:
    """The word "safe" where it is proved that no schedule loses one of so many pages, else "unsafe"."""
    return "safe" if check(position, purpose, assume, pages=pages).verdict == PROVED else "unsafe"


def loss(mine: Proposal, purpose: Purpose) -> str:
    """How it loses a page, of one or of two; "" if no schedule does."""
    for pages in (1, 2):
        found = explore(debate(mine, purpose, pages=pages), limit=LIMIT)
        if found.verdict == REFUTED:
            return f"{found.schedule} loses a page (in a guest of {pages} page{'s' * (pages > 1)})."
        if found.verdict != PROVED:
            return (
                f"no end of states after {found.states:,}: does a value grow with every round, or does "
                "the host ask where precopy did not return ASK?"
            )
    return ""
