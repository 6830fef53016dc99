"""A world of any size that lives by the clock: the guest works on while it is migrated.

Nothing ticks. The workload says in bulk what it has done since it was last asked, and it is asked only when
somebody looks: at the log, or at what is free. Until then its writes have not happened, for anybody; so a
page may be sent as it was a while ago, and the log then has it.

While the zone lock is held nobody allocates or frees. What the workload does meanwhile is put off to the
moment when it is dropped; how long each vCPU waits is the matter of :func:`vcpu`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import ZERO, BulkContent
from freepages.debate.ownership import Ownership
from freepages.debate.world import Pace, World
from freepages.engine import Act, Guard, Steps, Until
from freepages.engine.clock import Clock, TimedLock
from freepages.host.bulk_migration import GRANULE, SMALL_BUFFER, BulkMigration
from freepages.host.dirty_log import DirtyLog, Mode
from freepages.host.ram import GuestRam
from freepages.migrate.hint_blocks import AT_A_TIME, BLOCK, FILLED_AT_A_TIME, HintBlocks
from freepages.migrate.hint_floors import Floor, default
from freepages.migrate.memory_map import MemoryMap
from freepages.migrate.workload import Workload
from freepages.migrate.workload.part_of_workload import set_each
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, count_bits

WORKS = Act("works, while it gets a page whenever it wants one", cost="none")
WORKS_ON = Act("works on for {0} ns", cost="elapsed", amount=0)
ALLOCATES = Act("allocates a page", cost="allocate")


class TimedMemory:
    """What is in the pages, as far as it is kept: which hold zeros, and with ``keep`` a token each.

    ``exact`` says whether a page is known to hold zeros no more as soon as it is written, or only when its
    bit in the log is read. Where the kernel ``fills`` pages it is the former: what it fills with zeros is in
    the log, too.
    """

    def __init__(self, log: DirtyLog, zero: PageBitmap, keep: bool, fills: bool = False):
        self.log, self.zero = log, zero
        self.exact = keep or fills or log.late or log.mode != "auto"
        self.tokens: BulkContent | None = None
        if keep:
            nonzero = PageBitmap(zero.pages)
            nonzero.set_range(0, zero.pages)
            nonzero -= zero
            self.tokens = BulkContent(zero.pages, log, nonzero)

    @property
    def source(self) -> Any:
        assert self.tokens is not None
        return self.tokens.source

    def write(self, pages: PageBitmap) -> None:
        """The guest writes these pages: they hold zeros no more."""
        self.zero -= pages
        (self.tokens or self.log).write(pages)

    def fill(self, pages: PageBitmap, token: int) -> None:
        """The kernel fills these pages, a write like any other."""
        if token == ZERO:
            self.zero |= pages
        else:
            self.zero -= pages
        if self.tokens is not None:
            self.tokens.fill(pages, token)
        else:
            self.log.write(pages)

    def send(self, pages: PageBitmap) -> None:
        if self.tokens is not None:
            self.tokens.send(pages)


class LiveLog(DirtyLog):
    """A dirty log before whose reading, and before whose start, the guest has done what it had to do."""

    def __init__(self, pages: int, mode: Mode, live: Callable[[], None], *, late: bool = False):
        super().__init__(pages, mode, late=late)
        self._live = live
        self._spare = PageBitmap(pages)
        # Touched in order, its memory comes from the kernel in huge pages; at random, one page at a time.
        for bitmap in (self.bits, self._spare):
            bitmap.words.fill(0)

    def start(self) -> None:
        self._live()
        super().start()

    def read(self) -> PageBitmap:
        """The bits, of which the reader leaves none: the next reading but one uses their memory again."""
        self._live()
        bits: PageBitmap = super().read()
        self._spare = bits
        return bits

    def empty(self) -> PageBitmap:
        return self._spare


class LiveGuest(Ownership):
    """Whose each page is, after all that the guest has done by now.

    ``none_free`` says whether no page is on the free lists, as they were when the guest was last looked at.
    """

    def __init__(
        self,
        memory: Any,
        assume: Assumptions,
        free: PageBitmap,
        written: PageBitmap,
        lock: TimedLock,
        live: Callable[[], None],
    ):
        self._live: Callable[[], None] = lambda: None  # nobody lives yet
        self._none_free: bool | None = None
        self._some = 0  # where free pages were found last, in words
        super().__init__(free.pages, memory, assume, free, written=written)
        self._live, self.lock = live, lock

    @property
    def none_free(self) -> bool:
        if self._none_free is None:
            words = self.on_lists.words
            starts = range(0, len(words), CHUNK_WORDS)
            self._some = next((at for at in (self._some, *starts) if words[at : at + CHUNK_WORDS].any()), 0)
            self._none_free = not words[self._some : self._some + CHUNK_WORDS].any()
        return self._none_free

    @property
    def free(self) -> PageBitmap:  # type: ignore[override]
        self._live()
        return self.on_lists

    @free.setter
    def free(self, pages: PageBitmap) -> None:
        self.on_lists = pages
        self._none_free = None


class PageToAllocate(Guard):
    """A page that a vCPU can have: the zone lock is free, and a page is on the free lists."""

    measured = "a page"

    def __init__(self, guest: LiveGuest):
        self._guest = guest

    def ready(self) -> bool:
        return self._guest.lock.holder is None and not self._guest.none_free

    def reason(self) -> str:
        return self._guest.lock.reason() if self._guest.lock.holder else "finds no free page"

    def __str__(self) -> str:
        return self.measured


class LiveWorld(World):
    """A guest whose memory is ``ram``, at work, and the host that migrates it.

    free      the pfns that are free at the start; the workload may take some for itself before it begins
    zero      the pfns that hold zeros at the start; but for those that the workload has used
    keep      whether content is kept and compared
    floors, upwards, block  which free blocks are hinted at, as HintBlocks takes them; a PC's, if not given
    waits     whether hints wait for the end of a section that is sent
    speed     the share of its time that the guest runs (auto-converge slows it down)
    pauses    when the host had paused the VM: (start, end), in ns
    mismatched  with content, after the stop: the pfns whose content was lost
    """

    guest: LiveGuest
    host: BulkMigration
    lock: TimedLock

    def __init__(
        self,
        ram: GuestRam,
        free: PageBitmap,
        zero: PageBitmap,
        workload: Workload,
        clock: Clock,
        pace: Pace,
        *,
        assume: Assumptions | None = None,
        keep: bool = True,
        chunk: int | None = None,
        requests: int = 1,
        floors: Sequence[Floor] = (),
        upwards: bool = False,
        block: int = BLOCK,
        waits: bool = False,
    ):
        self.ram, self.workload, self.clock, self.keep = ram, workload, clock, keep
        self.speed = 1.0
        self.mismatched: PageBitmap | None = None
        self._lived = 0
        self.pauses: list[tuple[int, int]] = []
        workload.begin(free, ram.pfns(), zero)
        if workload.used_before is not None:
            zero -= workload.used_before
        fills = assume is not None and bool(assume.init_on_alloc or assume.init_on_free)
        super().__init__(
            ram.max_pfn,
            assume=assume,
            requests=requests,
            free=free,
            chunk=chunk,
            pace=pace,
            kind=PageBitmap,
            content=lambda pages, log: TimedMemory(log, zero, keep, fills),
        )
        some = floors or default(ram)
        many = FILLED_AT_A_TIME if self.assume.init_on_alloc else AT_A_TIME
        self._hinted: list[NDArray[np.int64]] = []
        grows = many == FILLED_AT_A_TIME or not waits
        records = self._hinted.append
        self.blocks = HintBlocks(lambda: self.guest.free, some, upwards, many, block, records, grows)

    def new_log(self, mode: Mode) -> DirtyLog:
        return LiveLog(self.pages, mode, self._live_to_read, late=self.assume.late)

    def sides(self, free: PageBitmap) -> tuple[LiveGuest, BulkMigration]:
        written = self.range(0, 0)
        if self.keep:  # or nobody asks
            for start, end in zip(*self.ram.pfns(), strict=True):
                written.set_range(int(start), int(end))
            written -= free
        lock = TimedLock("the zone lock", self.clock, self.live)
        guest = LiveGuest(self.memory, self.assume, free, written, lock, self.live)
        return guest, BulkMigration(
            self.memory,
            self.log,
            self.ram,
            when=lambda: len(self.clock.moves) + 1,
            granule=GRANULE if self.clock.costs.socket_buffer >= SMALL_BUFFER else 1,
            **self.assume.of_the_host,
        )

    def message(self, pages: PageBitmap) -> PageBitmap:
        """The set itself: to copy a machine's takes its time, and no proposal changes what it sent."""
        return pages

    def untouched(self, pages: PageBitmap) -> int:
        """How many of these the guest has never written: taken to be those that hold zeros."""
        low, high = pages.extent
        return count_bits(pages.words[low:high] & self.memory.zero.words[low:high])

    def live(self) -> None:
        """The guest does what it does by now."""
        lock = self.lock
        until = self.clock.now if lock.holder is None else lock.since
        if self.guest.paused:
            until = min(until, self.pauses[-1][0])
        if until <= self._lived:
            return
        seconds, self._lived = (until - self._lived) * 1e-9 * self.speed, until
        guest, log = self.guest, self.log
        at_once = log.on and not self.memory.exact
        did = self.workload.advance(seconds, guest.on_lists, into=log.bits if at_once else None)
        if did.taken is not None:
            guest.allocate(did.taken)
        if did.written is not None:
            if not at_once:
                guest.write(did.written)
        if did.given is not None:
            guest.release(did.given)

    def _live_to_read(self) -> None:
        """The guest does what it does by now, and what the log is to have of the driver's own writes: the
        struct pages of blocks that were hinted at, where these lie in memory that is in use."""
        self.live()
        if not self._hinted:
            return
        memory_map = MemoryMap(self.ram, self.guest.on_lists, self.guest.held)
        written = PageBitmap(self.pages)
        set_each(written, memory_map.of(np.sort(np.concatenate(self._hinted))))
        self._hinted.clear()
        self.guest.write(written)

    def pause(self) -> None:
        self.live()
        self.pauses.append((self.clock.now, self.clock.now))
        super().pause()

    def resume(self) -> None:
        """The vCPUs go on; what they would have done meanwhile they have not."""
        start, now = self.pauses[-1][0], self.clock.now
        self.pauses[-1] = (start, now)
        self._lived += now - start
        super().resume()

    def stop(self) -> None:
        """Stop, last sync, last send and comparison, which are one step."""
        self.host.stop()
        if self.memory.tokens is not None:
            self.mismatched = self.guest.matters()
            self.mismatched &= self.memory.tokens.unequal()


def vcpu(w: LiveWorld, per_second: float, seed: Sequence[int]) -> Steps:
    """A vCPU that allocates a page now and then, as a Poisson process; process.

    Only what it does while the zone lock is held, or no page is free, matters here, and a Poisson process has
    no memory: when that begins, the time until the next allocation is drawn anew.
    """
    chance = np.random.default_rng(seed)
    page = PageToAllocate(w.guest)
    held = Until(lambda: not page.ready(), "works, and gets a page whenever it wants one")
    while True:
        yield WORKS, held
        yield WORKS_ON, round(chance.exponential(1e9 / per_second))
        yield ALLOCATES, page
