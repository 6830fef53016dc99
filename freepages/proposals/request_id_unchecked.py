"""Tsirkin's recipe without its id: whatever answer comes is taken for the answer to the last request."""

from __future__ import annotations

from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal
from freepages.proposals.snapshot import guest


def host(w: World) -> Steps:
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.host.keep_copy()
            w.request()
        else:
            yield from apply(w, event.pages, in_copy=True)


REQUEST_ID_UNCHECKED = Proposal(
    name="request_id_unchecked",
    title="the copy without the id",
    guest=guest,
    host=host,
    who="Michael S. Tsirkin",
    date="2016-04-25",
    claim="Why the id is there: an answer may be to an older request than the last one.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    answers="request_id",
    switches=("no-lock-while-building", "silent-guest"),
)
