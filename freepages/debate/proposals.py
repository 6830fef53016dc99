"""The proposals of the debate, in the order in which they answer each other: a guest and a host each.

What a line does is in guest_verbs and host_verbs. :class:`Proposal` says who held the position and where.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from freepages.debate.guest_verbs import (
    answer,
    deflate,
    drop_lock,
    free_page_bitmap,
    hint,
    inflate,
    isolate,
    next_command,
    next_request,
    put_back,
    until_returned,
)
from freepages.debate.host_verbs import ASK, SYNC, apply, ask, log_on, pause, precopy, resume
from freepages.debate.world import World
from freepages.engine import Steps
from freepages.engine.errors import FreepagesError, unknown
from freepages.host.migration import AsksWhen

Extra = Literal["copy", "command id", "buffers given back", "the VM"]
"""What a picture shows only of a proposal that has it: the host's copy of the bitmap with what the log has
brought since; the register with the command id; the buffers that the host has given back; whether the VM
runs."""


Status = Literal["proposed", "asked", "status quo", "merged", "made by us", "yours"]
"""What somebody did with a position: proposed it, asked about it, had it already, merged it; or nobody held
it, and it is made to show something; or a learner made it."""


@dataclass(frozen=True, repr=False)
class Proposal:
    """One proposal, for both purposes.

    guest, host  process functions over a World; ``guest`` is None where the guest has no part
    who, date    whose position it is, and the day of the mail or commit
    claim        what was argued, in our own words
    source       where: the address of the mail, or of the patch in whose thread it is
    status       what became of it (:data:`Status`); ``note`` says more of that
    asks         when its host asks by the clock; by hand and in a search it may whenever precopy asks
    answers      the name of the proposal that it answers, whose source it is shown beside
    switches     the switches that concern what only this proposal does
    tells        what its guest calls the pages that it is about to tell of, a row of bits in the picture
    guest_keeps, host_keeps  the locals of the two that a reader should see; None for all
    panels       what else the picture shows
    in_order     whether some step depends on the numbers of pages
    shrinks      whether its driver holds pages that it may give back early

    Examples
    --------
    >>> PROPOSALS["snapshot"]
    snapshot: a snapshot, and the log; proposed by Liang Li, 2016-03-03. In a timed run its host asks once.
    """

    name: str
    title: str
    guest: Callable[[World], Steps] | None
    host: Callable[[World], Steps]
    who: str
    date: str
    claim: str
    source: str
    status: Status = "proposed"
    note: str = ""
    asks: AsksWhen = "once"
    answers: str = ""
    switches: tuple[str, ...] = ()
    tells: str = ""
    guest_keeps: tuple[str, ...] | None = None
    host_keeps: tuple[str, ...] | None = None
    panels: tuple[Extra, ...] = ()
    in_order: bool = False
    shrinks: bool = False

    def __repr__(self) -> str:
        return f"{self.name}: {self.title}; {self.said}. {self.when}"

    @property
    def when(self) -> str:
        """When its host asks, as a sentence."""
        return f"In a timed run its host asks {self.asks}."

    @property
    def said(self) -> str:
        """Who said what of it, and when: nobody is held to what they did not propose."""
        by = f"{self.who}, {self.date}"
        told = {
            "proposed": f"proposed by {by}",
            "asked": f"asked by {by}; nobody proposed it",
            "status quo": f"the status quo: {by}",
            "merged": f"merged; written by {by}",
            "made by us": "made by us; nobody proposed it",
            "yours": "yours",
        }[self.status]
        return told + (f" ({self.note})" if self.note else "")


# -- everything
#
# Send everything: the guest is not asked, and the bulk stage sends every page (QEMU of 2016).


def everything_host(w: World) -> Steps:
    yield from log_on(w)
    yield from precopy(w)


EVERYTHING = Proposal(
    name="everything",
    title="send everything",
    guest=None,
    host=everything_host,
    who="QEMU of 2016",
    date="2016-04-19",
    claim="Every page counts as dirty at first and is looked at and sent, the free ones too.",
    source="https://lore.kernel.org/r/1461076474-3864-1-git-send-email-liang.z.li@intel.com",
    status="status quo",
    asks="never",
    guest_keeps=(),
    host_keeps=(),
)


# -- snapshot
#
# Li's snapshot: the log is on, the guest is asked, and the host waits and clears before it syncs.


def snapshot_guest(w: World) -> Steps:
    while (request := (yield from next_request(w))) is not None:
        bitmap = yield from free_page_bitmap(w)
        yield from drop_lock(w)
        yield from answer(w, bitmap, request)


def snapshot_host(w: World) -> Steps:
    yield from log_on(w)
    while (yield from precopy(w, asks=True)) is ASK:
        w.request()
        report = yield from precopy(w, sync=False, stop=False)
        yield from apply(w, report.pages)


SNAPSHOT = Proposal(
    name="snapshot",
    title="a snapshot, and the log",
    guest=snapshot_guest,
    host=snapshot_host,
    who="Liang Li",
    date="2016-03-03",
    claim="The log is on before the guest looks: a page that is used again afterwards is in the log.",
    source="https://lore.kernel.org/r/1457001868-15949-1-git-send-email-liang.z.li@intel.com",
    answers="everything",
    switches=("no-lock-while-building", "silent-guest"),
    tells="bitmap",
    guest_keeps=("request",),
    host_keeps=(),
)


# -- log_late
#
# What Rik van Riel asks about: the log is switched on only when the bitmap has been built.


def log_late_host(w: World) -> Steps:
    yield from ask(w)
    if w.assume.log_after_request:
        yield from log_on(w)
    report = yield from precopy(w, sync=False, stop=False)
    if not w.assume.log_after_request:
        yield from log_on(w)
    yield from apply(w, report.pages)
    yield from precopy(w)


LOG_LATE = Proposal(
    name="log_late",
    title="the log switched on too late",
    guest=snapshot_guest,
    host=log_late_host,
    who="Rik van Riel",
    date="2016-04-19",
    claim="What keeps the guest from using a page again between the bitmap and the end of the migration?",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    status="asked",
    note="he asks what prevents it; the order of the steps is ours",
    answers="snapshot",
    switches=("no-lock-while-building", "silent-guest", "log-after-request"),
    tells="bitmap",
    guest_keeps=("request",),
    host_keeps=("report",),
)


# -- no_wait
#
# Li's version of April: migration does not wait for the answer, which may come after a sync.


def no_wait_host(w: World) -> Steps:
    yield from log_on(w)
    while (yield from precopy(w, asks=True)) is ASK:
        w.request()
        report = yield from precopy(w, stop=False)
        yield from apply(w, report.pages)


NO_WAIT = Proposal(
    name="no_wait",
    title="the answer applied whenever it comes",
    guest=snapshot_guest,
    host=no_wait_host,
    who="Liang Li",
    date="2016-04-26",
    claim="The version of April does not wait for the guest's answer before it starts to migrate.",
    source="https://lore.kernel.org/r/F2CBF3009FA73547804AE4C663CAB28E041860D6@shsmsx102.ccr.corp.intel.com",
    note="one sentence of his mail; the steps are ours",
    answers="snapshot",
    switches=("no-lock-while-building", "silent-guest"),
    tells="bitmap",
    guest_keeps=("request",),
    host_keeps=(),
)


# -- locked
#
# Tsirkin's first step: the zone lock is held until the host has used the bitmap, a chunk at a time.


def locked_guest(w: World) -> Steps:
    while (request := (yield from next_request(w))) is not None:
        for start, end in w.chunks:
            bitmap = yield from free_page_bitmap(w, w.range(start, end))
            yield from answer(w, bitmap, request)
            yield from until_returned(w)
            yield from drop_lock(w)


def locked_host(w: World) -> Steps:
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
    guest=locked_guest,
    host=locked_host,
    who="Michael S. Tsirkin",
    date="2016-04-19",
    claim="While the zone lock is held no page on the lists can be used: pass them on before it is dropped.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    answers="snapshot",
    switches=("no-lock-while-building", "silent-guest", "lock-timeout"),
    tells="bitmap",
    guest_keeps=("request", "start", "end"),
    host_keeps=(),
    panels=("buffers given back",),
    in_order=True,
)


# -- pause_vm
#
# What Li asks when he hears of the lock: must the whole VM stand still while the bitmap is used?
#
# The bitmap is given under the lock, as Tsirkin wants it, or it would be out of date before the pause.


def pause_vm_guest(w: World) -> Steps:
    while (request := (yield from next_request(w))) is not None:
        bitmap = yield from free_page_bitmap(w)
        yield from answer(w, bitmap, request)
        yield from until_returned(w)
        yield from drop_lock(w)


def pause_vm_host(w: World) -> Steps:
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            yield from pause(w)
            yield from apply(w, event.pages)
            yield from resume(w)
            w.mail.returned += 1


PAUSE_VM = Proposal(
    name="pause_vm",
    title="the whole VM paused while the bitmap is used",
    guest=pause_vm_guest,
    host=pause_vm_host,
    who="Liang Li",
    date="2016-04-25",
    claim="Must the whole VM stand still while the host uses the bitmap, and is that too expensive?",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    status="asked",
    note="Tsirkin answers that there is no need: a page must only not be in use when it is given",
    answers="locked",
    switches=("no-lock-while-building", "silent-guest", "lock-timeout"),
    tells="bitmap",
    guest_keeps=("request",),
    host_keeps=(),
    panels=("buffers given back", "the VM"),
)


# -- request_id
#
# Tsirkin's recipe: copy the bitmap, ask with an id, clear in the copy, and add what the log has brought.


def request_id_host(w: World) -> Steps:
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
    guest=snapshot_guest,
    host=request_id_host,
    who="Michael S. Tsirkin",
    date="2016-04-25",
    claim="An answer only says that a page was free at some time after the request: tie it to its request.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    answers="no_wait",
    switches=("no-lock-while-building", "silent-guest", "id-bits"),
    tells="bitmap",
    guest_keeps=("request",),
    host_keeps=("current",),
    panels=("copy",),
)


# -- request_id_unchecked
#
# Tsirkin's recipe without its id: whatever answer comes is taken for the answer to the last request.


def request_id_unchecked_host(w: World) -> Steps:
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
    guest=snapshot_guest,
    host=request_id_unchecked_host,
    who="freepages",
    date="2016-04-25",
    claim="The recipe of request_id, by a host that uses each answer, whatever id it has.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    status="made by us",
    answers="request_id",
    switches=("no-lock-while-building", "silent-guest"),
    tells="bitmap",
    guest_keeps=("request",),
    host_keeps=(),
    panels=("copy",),
)


# -- inflate_deflate
#
# Tsirkin's meaning made an action: the free pages go into the balloon and straight out again.


def inflate_deflate_guest(w: World) -> Steps:
    while (request := (yield from next_request(w))) is not None:
        pages = yield from inflate(w)
        yield from answer(w, pages, request)
        yield from until_returned(w)
        yield from deflate(w, pages)


INFLATE_DEFLATE = Proposal(
    name="inflate_deflate",
    title="into the balloon and out again",
    guest=inflate_deflate_guest,
    host=locked_host,
    who="Michael S. Tsirkin",
    date="2016-04-25",
    claim="To call a page free is to put it into the balloon and take it out: inside, it is the driver's.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    note="first asked for on 2016-04-19, on patch 2/2",
    answers="locked",
    switches=("silent-guest", "early-release"),
    tells="pages",
    guest_keeps=("request",),
    host_keeps=(),
    panels=("buffers given back",),
    shrinks=True,
)


# -- free_page_hint
#
# What was merged for migration: blocks are allocated, hinted and held, in windows that close at each sync.
#
# Models drivers/virtio/virtio_balloon.c since Linux 4.20 (commit 86a559787e6f) and hw/virtio/virtio-balloon.c
# since QEMU 4.0 (commit c13c4153f76d), with the start only from REQUESTED (Duyck, 2020). The id travels
# through the same queue as the hints, in front of them: so a hint of an older window reaches the device
# before the new window is open, and is ignored.


STOP, DONE, FIRST = 0, 1, 2
"""Reserved command ids, and the first that stands for a window."""

CLOSED, ASKED, OPEN = "closed", "asked", "open"


def free_page_hint_guest(w: World) -> Steps:
    command = STOP
    while (command := (yield from next_command(w, command))) is not None:
        if command == DONE:
            w.guest.release(w.guest.held.copy())
        elif command != STOP:
            yield from answer(w, None, command)
            while (yield from hint(w, command)):
                pass
            yield from answer(w, None, STOP)


def free_page_hint_host(w: World) -> Steps:
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
    guest=free_page_hint_guest,
    host=free_page_hint_host,
    who="Wei Wang",
    date="2018-08-27",
    note="version 37 of his patches; committed on 2018-10-25",
    claim="What the driver has allocated is its own: hint at it, hold it, give it back when all is done.",
    source="https://github.com/torvalds/linux/commit/86a559787e6f",
    status="merged",
    asks="after every sync",
    answers="request_id",
    switches=("silent-guest", "early-release", "id-bits", "no-pause-around-sync"),
    guest_keeps=("command",),
    host_keeps=("window",),
    panels=("command id",),
    shrinks=True,
)


# -- page_reporting
#
# What was merged for giving memory back: free blocks are isolated, reported, acknowledged and put back.
#
# Models mm/page_reporting.c and drivers/virtio/virtio_balloon.c since Linux 5.7 (commit b0c504f15471). The
# guest begins; it waits for the acknowledgement, so a page is nobody's while the host acts on the report.


def page_reporting_guest(w: World) -> Steps:
    for _ in range(w.requests):
        pages = yield from isolate(w)
        if pages is None:
            return
        yield from answer(w, pages)
        yield from until_returned(w)
        yield from put_back(w, pages)


def page_reporting_host(w: World) -> Steps:
    yield from log_on(w)
    while report := (yield from precopy(w)):
        yield from apply(w, report.pages)
        w.mail.returned += 1


PAGE_REPORTING = Proposal(
    name="page_reporting",
    title="free page reporting",
    guest=page_reporting_guest,
    host=page_reporting_host,
    who="Alexander Duyck",
    date="2020-02-11",
    claim="Take a few free blocks off the lists, report them, wait for the host, put them back.",
    source="https://github.com/torvalds/linux/commit/b0c504f15471",
    status="merged",
    asks="never",
    answers="inflate_deflate",
    switches=("silent-guest",),
    tells="pages",
    guest_keeps=(),
    host_keeps=(),
    panels=("buffers given back",),
)


PROPOSALS: dict[str, Proposal] = {
    one.name: one
    for one in (
        EVERYTHING,
        SNAPSHOT,
        LOG_LATE,
        NO_WAIT,
        LOCKED,
        PAUSE_VM,
        REQUEST_ID,
        REQUEST_ID_UNCHECKED,
        INFLATE_DEFLATE,
        FREE_PAGE_HINT,
        PAGE_REPORTING,
    )
}
"""Every position of the debate by its name, in the order in which they answer each other."""


def find_proposal(one: Proposal | str) -> Proposal:
    """The proposal of that name; a proposal is itself.

    Raises
    ------
    FreepagesError
        For a name that is none, with the nearest that is, and for what is neither.

    Examples
    --------
    >>> find_proposal("locked").who
    'Michael S. Tsirkin'
    >>> find_proposal("lockd")
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: proposal 'lockd' is not known; did you mean locked?
    """
    if isinstance(one, Proposal):
        return one
    if not isinstance(one, str):
        raise FreepagesError(
            f"a proposal is a name such as 'snapshot', or what proposal(guest=..., host=...) makes; "
            f"not {one!r:.60}"
        )
    if one in PROPOSALS:
        return PROPOSALS[one]
    raise unknown("proposal", one, PROPOSALS)
