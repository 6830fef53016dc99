"""What was merged for giving memory back: free blocks are isolated, reported, acknowledged and put back.

Models mm/page_reporting.c and drivers/virtio/virtio_balloon.c since Linux 5.7 (commit b0c504f15471). The
guest begins; it waits for the acknowledgement, so a page is nobody's while the host acts on the report.
"""

from __future__ import annotations

from freepages.debate.guest_verbs import answer, isolate, put_back, until_returned
from freepages.debate.host_verbs import apply, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal


def guest(w: World) -> Steps:
    for _ in range(w.requests):
        pages = yield from isolate(w)
        if pages is None:
            return
        yield from answer(w, pages)
        yield from until_returned(w)
        yield from put_back(w, pages)


def host(w: World) -> Steps:
    yield from log_on(w)
    while report := (yield from precopy(w)):
        yield from apply(w, report.pages)
        w.mail.returned += 1


PAGE_REPORTING = Proposal(
    name="page_reporting",
    title="free page reporting",
    guest=guest,
    host=host,
    who="Alexander Duyck",
    date="2020-02-11",
    claim="Take a few free blocks off the lists, report them, wait for the host, put them back.",
    source="https://github.com/torvalds/linux/commit/b0c504f15471",
    answers="inflate_deflate",
    switches=("silent-guest",),
)
