"""The proposals of the debate, in the order in which they answer each other."""

from __future__ import annotations

from difflib import get_close_matches

from freepages.engine.errors import FreepagesError
from freepages.proposals.everything import EVERYTHING
from freepages.proposals.free_page_hint import FREE_PAGE_HINT
from freepages.proposals.inflate_deflate import INFLATE_DEFLATE
from freepages.proposals.locked import LOCKED
from freepages.proposals.log_late import LOG_LATE
from freepages.proposals.no_wait import NO_WAIT
from freepages.proposals.page_reporting import PAGE_REPORTING
from freepages.proposals.proposal import Proposal as Proposal
from freepages.proposals.request_id import REQUEST_ID
from freepages.proposals.request_id_unchecked import REQUEST_ID_UNCHECKED
from freepages.proposals.snapshot import SNAPSHOT

PROPOSALS: dict[str, Proposal] = {
    proposal.name: proposal
    for proposal in (
        EVERYTHING,
        SNAPSHOT,
        LOG_LATE,
        NO_WAIT,
        LOCKED,
        REQUEST_ID,
        REQUEST_ID_UNCHECKED,
        INFLATE_DEFLATE,
        FREE_PAGE_HINT,
        PAGE_REPORTING,
    )
}


def proposal(name: str) -> Proposal:
    """The proposal of that name. Raises FreepagesError for a name that is none, with the nearest that is."""
    if name in PROPOSALS:
        return PROPOSALS[name]
    near = get_close_matches(name, PROPOSALS, 1)
    raise FreepagesError(
        f"proposal {name!r:.60} is not known"
        + (f"; did you mean {near[0]}?" if near else f": there are {', '.join(PROPOSALS)}")
    )
