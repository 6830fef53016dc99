"""Li's version of April: migration does not wait for the answer, which may come after a sync."""

from __future__ import annotations

from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal
from freepages.proposals.snapshot import guest


def host(w: World) -> Steps:
    yield from log_on(w)
    while (yield from precopy(w, asks=True)) is ASK:
        w.request()
        report = yield from precopy(w, stop=False)
        yield from apply(w, report.pages)


NO_WAIT = Proposal(
    name="no_wait",
    title="the answer applied whenever it comes",
    guest=guest,
    host=host,
    who="Liang Li",
    date="2016-04-26",
    claim="The version of April starts to migrate at once and takes the guest's answer when it is there.",
    source="https://lore.kernel.org/r/F2CBF3009FA73547804AE4C663CAB28E041860D6@shsmsx102.ccr.corp.intel.com",
    answers="snapshot",
    switches=("no-lock-while-building", "silent-guest"),
)
