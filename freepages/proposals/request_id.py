"""Tsirkin's recipe: copy the bitmap, ask with an id, clear in the copy, and add what the log has brought."""

from __future__ import annotations

from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal
from freepages.proposals.snapshot import guest


def host(w: World) -> Steps:
    yield from log_on(w)
    current = None
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.host.keep_copy()
            current = w.request()
        elif event.id == current:
            current = None
            yield from apply(w, event.pages, in_copy=True)


REQUEST_ID = Proposal(
    name="request_id",
    title="a request id, and a copy of the bitmap",
    guest=guest,
    host=host,
    who="Michael S. Tsirkin",
    date="2016-04-25",
    claim="An answer only says that a page was free at some time after the request: tie it to its request.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    answers="no_wait",
    switches=("no-lock-while-building", "silent-guest", "id-bits"),
)
