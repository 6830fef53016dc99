"""Tsirkin's first step: the zone lock is held until the host has used the bitmap, a chunk at a time."""

from __future__ import annotations

from freepages.debate.guest_verbs import answer, drop_lock, free_page_bitmap, next_request, until_returned
from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal


def guest(w: World) -> Steps:
    while (request := (yield from next_request(w))) is not None:
        for start, end in w.chunks:
            bitmap = yield from free_page_bitmap(w, w.range(start, end))
            yield from answer(w, bitmap, request)
            yield from until_returned(w)
            yield from drop_lock(w)


def host(w: World) -> Steps:
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            yield from apply(w, event.pages)
            w.mail.returned += 1


LOCKED = Proposal(
    name="locked",
    title="under the lock until the host is done",
    guest=guest,
    host=host,
    who="Michael S. Tsirkin",
    date="2016-04-19",
    claim="While the zone lock is held no page on the lists can be used: pass them on before it is dropped.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    answers="snapshot",
    switches=("no-lock-while-building", "silent-guest", "lock-timeout"),
    in_order=True,
)
