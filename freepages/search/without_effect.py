"""Which switches cannot matter to a proposal.

Decided by a table of reasons, not by searching: a switch that changes nothing is still accepted, and a test
holds the table to the search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from freepages.debate.assumptions import MEANINGS
from freepages.debate.proposals import PROPOSALS, Proposal
from freepages.debate.world import Purpose

OF_SOME = frozenset(switch for one in PROPOSALS.values() for switch in one.switches)
"""What changes a step that only some proposals have; those name it (``Proposal.switches``)."""

OF_THE_LOG = frozenset(
    {
        "log-bit-late",
        "log-bit-late-flushed",
        "log-not-cleared-by-sync",
        "log-after-request",
        "alloc-marks-dirty",
        "report-clears-log",
    }
)
"""What changes only what the dirty log says; a host that discards has none."""

OF_REPORTS = frozenset({"report-clears-log"})
"""What happens only where a report is applied."""

SINGLE = tuple(
    text
    for name in MEANINGS
    for text in {
        "init-on-free": ("init-on-free=zero", "init-on-free=poison"),
        "id-bits": ("id-bits=1",),
    }.get(name, (name,))
)
"""Every switch once, those with a value with each value that is worth trying: more bits only take longer."""


def effective(proposal: Proposal, purpose: Purpose) -> Iterator[str]:
    """The switches of SINGLE that can matter to this proposal, for this purpose."""
    without = set(without_effect(proposal, purpose, SINGLE))
    return (switch for switch in SINGLE if switch not in without)


def without_effect(proposal: Proposal, purpose: Purpose, switches: Iterable[str]) -> tuple[str, ...]:
    """Those of the switches that cannot matter to this proposal, for this purpose."""
    return tuple(some for some in switches if not _matters(proposal, purpose, some.partition("=")[0]))


def _matters(proposal: Proposal, purpose: Purpose, name: str) -> bool:
    if name in OF_SOME and name not in proposal.switches:
        return False
    if purpose == "discard" and name in OF_THE_LOG:
        return False
    if proposal.guest is None:  # nothing is ever reported
        return purpose == "migrate" and name not in OF_REPORTS
    return True
