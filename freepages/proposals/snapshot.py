"""Li's snapshot: the log is on, the guest is asked, and the host waits and clears before it syncs."""

from __future__ import annotations

from freepages.debate.guest_verbs import answer, drop_lock, free_page_bitmap, next_request
from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal


def guest(w: World) -> Steps:
    while (request := (yield from next_request(w))) is not None:
        bitmap = yield from free_page_bitmap(w)
        yield from drop_lock(w)
        yield from answer(w, bitmap, request)


def host(w: World) -> Steps:
    yield from log_on(w)
    while (yield from precopy(w, asks=True)) is ASK:
        w.request()
        report = yield from precopy(w, sync=False, stop=False)
        yield from apply(w, report.pages)


SNAPSHOT = Proposal(
    name="snapshot",
    title="a snapshot, and the log",
    guest=guest,
    host=host,
    who="Liang Li",
    date="2016-03-03",
    claim="The log is on before the guest looks: a page that is used again afterwards is in the log.",
    source="https://lore.kernel.org/r/1457001868-15949-1-git-send-email-liang.z.li@intel.com",
    answers="everything",
    switches=("no-lock-while-building", "silent-guest"),
)
