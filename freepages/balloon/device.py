"""The balloon device: what the hypervisor asks for, and what it does with the answers.

Models hw/virtio/virtio-balloon.c of QEMU 2.6 (virtio_balloon_handle_output, balloon_stats_poll_cb,
virtio_balloon_receive_stats). It trusts nothing: a chain is checked before it is touched
(:mod:`freepages.virtqueue.ring`), a PFN before it is used; what is refused is kept with the reason.
"""

from __future__ import annotations

from collections.abc import Callable

from freepages.balloon.encodings import Encoding, EncodingError, PfnArray
from freepages.balloon.messages import MEANINGS
from freepages.engine import Act, Steps, Until
from freepages.engine.errors import FreepagesError
from freepages.engine.step_size import Grain, coarse
from freepages.pages.orders import PAGE_SHIFT, PAGE_SIZE
from freepages.pages.ranges import merge
from freepages.virtqueue.chain import Chain
from freepages.virtqueue.features import QUEUES, is_legacy
from freepages.virtqueue.guest_memory import Endian, Memory, OutsideMemory
from freepages.virtqueue.ring import DeviceQueue
from freepages.virtqueue.transport import CONFIG_CHANGED, Transport

TAKES = Act("takes the buffers that the driver added to {1}", cost="buffer")
POPS = Act("takes the notification of {1}", cost="wake")
READS_PAGES = Act("reads which pages are meant: {0:byte}", cost="load")
DISCARDS = Act("discards {0}", cost="madvise")
WANTS_BACK = Act("gives {0} back to the guest", cost="madvise")
USES = Act("returns the buffer of {0}, length {1}, and interrupts", cost="interrupt_guest")
INTERRUPTS = Act("interrupts the guest: {0}", cost="interrupt_guest")
SETS_TARGET = Act("wants {0:page} in the balloon: writes num_pages and interrupts", cost="interrupt_guest")
READS_STATS = Act("reads the statistics", cost="load")

MOST_BYTES = 1 << 20  # of a message that is looked at; the longest of any encoding is 32 KiB and its header


class BalloonDevice:
    """The device of a guest with `pages` pfns. Its processes are its methods.

    ballooned    pages in the balloon
    refused      what it did not take, with the reason
    stats        the newest statistics, name -> value
    barriers     whether its CPU keeps the order of its writes to a ring
    len_is_read  a switch: a used length says how many bytes were read, not written, as QEMU's balloon did in
                 2016; the specification warns of it under "Legacy Interface: The Virtqueue Used Ring"
    """

    barriers = True

    def __init__(
        self,
        transport: Transport,
        memory: Memory,
        pages: int,
        *,
        encoding: Encoding | None = None,
        len_is_read: bool = False,
        grain: Grain = coarse,
    ):
        self.transport, self.memory, self.pages = transport, memory, pages
        self.encoding, self.grain, self.len_is_read = encoding or PfnArray(), grain, len_is_read
        self.ballooned: set[int] = set()
        self.refused: list[str] = []
        self.stats: dict[str, int] = {}
        self._queues: dict[int, DeviceQueue] = {}
        self.held: dict[str, list[Chain]] = {name: [] for name in QUEUES}
        """Buffers that were taken from a queue and not returned yet."""

    # -- the queues

    def queue(self, name: str) -> DeviceQueue:
        """The device's side of a queue that the driver has set up."""
        number, _ = QUEUES[name]
        if number not in self._queues:
            layout = self.transport.layouts.get(number)
            if layout is None:
                raise FreepagesError(f"the driver has not set up queue {number}, {name}")
            accepted = self.transport.accepted
            self._queues[number] = DeviceQueue(self.memory, layout, accepted, barriers=self.barriers)
        return self._queues[number]

    @property
    def endian(self) -> Endian:
        return self.memory.endian if is_legacy(self.transport.accepted) else "little"

    def broken(self, name: str) -> str | None:
        """Why the queue is not served any more."""
        number, _ = QUEUES[name]
        fault = self._queues[number].broken if number in self._queues else None
        return str(fault) if fault else None

    def rung(self, *names: str) -> Until:
        """Ready when the driver has notified one of the queues, and that is not broken."""

        def ready() -> bool:
            return any(QUEUES[name][0] in self.transport.rung and not self.broken(name) for name in names)

        def why() -> str:
            broken = next((self.broken(name) for name in names if self.broken(name)), None)
            return f"will not: {broken}" if broken else f"waits for a notification of {', '.join(names)}"

        return Until(ready, why)

    def take(self, *names: str) -> Steps:
        """Wait for a notification of one of the queues, then take every buffer that is offered there."""
        return self.grain(self._take(*names), TAKES, self.rung(*names), " and ".join(names))

    def _take(self, *names: str) -> Steps:
        yield POPS, self.rung(*names), " and ".join(names)
        for name in names:
            number, _ = QUEUES[name]
            if number in self.transport.rung:
                self.transport.rung.discard(number)
                while chain := (yield from self.queue(name).pop()):
                    self.held[name].append(chain)

    def next(self, name: str, wanted: Callable[[Chain], object]) -> Steps:
        """The first buffer held that is wanted, taken from the queue if need be."""
        while not (found := [chain for chain in self.held[name] if wanted(chain)]):
            yield from self.take(name)
        self.held[name].remove(found[0])
        return found[0]

    def use(self, name: str, chain: Chain, written: int, read: int = 0) -> Steps:
        """Return a buffer and interrupt."""
        length = read if self.len_is_read else written
        return self.grain(self.give_back(name, chain, length), USES, name, length)

    def give_back(self, name: str, chain: Chain, length: int) -> Steps:
        queue = self.queue(name)
        yield from queue.push(chain, length)
        if (yield from queue.notify()):
            yield INTERRUPTS, name
            self.transport.pending.add(QUEUES[name][0])

    # -- inflate, deflate

    def set_target(self, pages: int) -> Steps:
        """Ask for a balloon of so many pages."""
        yield SETS_TARGET, pages
        self.transport.config["num_pages"] = pages
        self.transport.pending.add(CONFIG_CHANGED)

    def serve(self) -> Steps:
        """Inflate and deflate as the driver tells, for ever. Process."""
        while True:
            yield from self.take("inflate", "deflate")
            while self.held["inflate"]:
                yield from self.inflate(self.held["inflate"].pop(0))
            while self.held["deflate"]:
                yield from self.deflate(self.held["deflate"].pop(0))

    def inflate(self, chain: Chain) -> Steps:
        """Take the pages that a message names: their content is gone."""
        spans = yield from self.pages_of(chain)
        for start, end in spans:
            yield DISCARDS, _span(start, end)
            self.ballooned.update(range(start, end))
            self.discard(start, end)
        yield from self.use("inflate", chain, 0, sum(size for _, size in chain.readable))

    def deflate(self, chain: Chain) -> Steps:
        """Give the pages back: they read zero until they are written."""
        spans = yield from self.pages_of(chain)
        for start, end in spans:
            yield WANTS_BACK, _span(start, end)
            self.ballooned.difference_update(range(start, end))
        yield from self.use("deflate", chain, 0, sum(size for _, size in chain.readable))

    def pages_of(self, chain: Chain) -> Steps:
        """The pages that a message names, as far as the guest has them, ascending, each once."""
        size = sum(size for _, size in chain.readable)
        yield READS_PAGES, size
        try:
            if size > MOST_BYTES:
                raise EncodingError(f"a message of {size} bytes")
            named = self.encoding.decode(chain.gather(self.memory), self.endian)
        except FreepagesError as error:
            self.refused.append(str(error))
            return ()
        for start, end in named:
            if end > self.pages:
                self.refused.append(f"{_span(start, end)}: the guest has {self.pages}")
        return merge((start, end) for start, end in named if end <= self.pages)

    def discard(self, start: int, end: int) -> None:
        """madvise(MADV_DONTNEED): the guest's memory reads zero there."""
        for pfn in range(start, end):
            try:
                self.memory.write(pfn << PAGE_SHIFT, bytes(PAGE_SIZE))
            except OutsideMemory:
                self.refused.append(f"page {pfn} is a hole")

    # -- statistics

    def poll_stats(self) -> Steps:
        """Ask for statistics by returning the driver's buffer, and read the next one."""
        chain = yield from self.next("stats", lambda chain: chain.readable)
        yield from self.use("stats", chain, 0)
        chain = yield from self.next("stats", lambda chain: chain.readable)
        yield (READS_STATS,)
        for stat in MEANINGS["stats"](chain, self.memory, self.endian)["stats"] or ():
            self.stats[stat["name"] or f"tag {stat['tag']}"] = stat["value"]
        self.held["stats"].append(chain)


def _span(start: int, end: int) -> str:
    return f"page {start}" if end == start + 1 else f"pages [{start}, {end})"
