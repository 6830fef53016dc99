"""What was merged for migration: blocks are allocated, hinted and held, in windows that close at each sync.

Models drivers/virtio/virtio_balloon.c since Linux 4.20 (commit 86a559787e6f) and hw/virtio/virtio-balloon.c
since QEMU 4.0 (commit c13c4153f76d), with the start only from REQUESTED (Duyck, 2020). The id travels through
the same queue as the hints, in front of them: so a hint of an older window reaches the device before the new
window is open, and is ignored.
"""

from __future__ import annotations

from freepages.debate.guest_verbs import answer, hint, next_command
from freepages.debate.host_verbs import ASK, SYNC, apply, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal

STOP, DONE, FIRST = 0, 1, 2
"""Reserved command ids, and the first that stands for a window."""

CLOSED, ASKED, OPEN = "closed", "asked", "open"


def guest(w: World) -> Steps:
    command = STOP
    while (command := (yield from next_command(w, command))) is not None:
        if command == DONE:
            w.guest.release(w.guest.held.copy())
        elif command != STOP:
            yield from answer(w, None, command)
            while (yield from hint(w, command)):
                pass
            yield from answer(w, None, STOP)


def host(w: World) -> Steps:
    yield from log_on(w)
    window = CLOSED
    while event := (yield from precopy(w, asks=window is CLOSED, tells_sync=True)):
        if event is ASK:
            window, w.mail.register = ASKED, FIRST + w.next_id()
        elif event is SYNC:
            if not w.assume.no_pause_around_sync:
                window, w.mail.register = CLOSED, STOP
            w.sync()
        elif event.pages is None and (window is OPEN or event.id == w.mail.register):
            window = OPEN if window is ASKED else CLOSED
        elif window is OPEN:
            yield from apply(w, event.pages)
    w.mail.register = DONE


FREE_PAGE_HINT = Proposal(
    name="free_page_hint",
    title="free page hints",
    guest=guest,
    host=host,
    who="Wei Wang",
    date="2018-10-25",
    claim="What the driver has allocated is its own: hint at it, hold it, give it back when all is done.",
    source="https://github.com/torvalds/linux/commit/86a559787e6f",
    answers="request_id",
    switches=("silent-guest", "early-release", "id-bits", "no-pause-around-sync"),
    shrinks=True,
)
