"""The balloon driver before the patch: inflate, deflate, statistics.

Models drivers/virtio/virtio_balloon.c of Linux 4.6: fill_balloon and leak_balloon with tell_host, the
statistics queue, and the work items that they run in. The functions carry the kernel's names. PFNs count
units of 4 KiB; 256 of them are a message, and the driver waits until the device has given each back.

Two of the debate's proposals are switches here. `stats_only` (Shah, 25 April 2016) keeps the queues and the
statistics and refuses to inflate. `encoding` (Tsirkin, 19 April 2016: a feature for bitmaps in inflate and
deflate) is how the pages are told, the PFN array of the specification if not given.
"""

from __future__ import annotations

from freepages.balloon.driver_queues import Callback, Virtqueue, find_vqs, interrupts
from freepages.balloon.encodings import Encoding, PfnArray, runs_of
from freepages.balloon.messages import STATS
from freepages.engine import Act, Steps, Until
from freepages.pages.orders import PAGE_SHIFT, Migratetype
from freepages.virtqueue.features import DEFLATE_ON_OOM, MUST_TELL_HOST, RING, STATS_VQ, is_legacy
from freepages.virtqueue.guest_memory import Endian
from freepages.virtqueue.transport import CONFIG_CHANGED, Transport
from freepages.zone.kernel import Context, Kernel, WaitQueue, Work, workqueue
from freepages.zone.kmalloc import kzalloc

ACCEPTS = Act("negotiates features", cost="kick")
FILLS = Act("calls alloc_page() for the balloon", cost="allocate")
LEAKS = Act("takes page {0} out of the balloon", cost="list")
FREES_PAGE = Act("calls __free_page({1})", cost="free")
WRITES_MESSAGE = Act("writes which {0:page} it means: {1:byte}", cost="store")
SLEEPS = Act("sleeps until it is woken: the device may have used a buffer of {1}", cost="none")
WRITES_ACTUAL = Act("writes actual = {0} into the configuration", cost="kick")
UPDATES_STATS = Act("writes the statistics", cost="store")
OUT_OF_PUFF = Act("is out of puff: sleeps 200 ms", cost="sleep")

CACHE_DROP, HEADER, STATISTICS, MESSAGE = 0, 16, 64, 256  # where the buffers are in struct virtio_balloon
BUFFER = "vb"
"""The token of every buffer that the driver sends."""


class VirtioBalloon:
    """struct virtio_balloon: the driver of one device. Nothing happens before :meth:`probe`."""

    understood = frozenset((MUST_TELL_HOST, STATS_VQ, DEFLATE_ON_OOM, *RING))
    """The device's features, and the ring's, which vring_transport_features() keeps for every driver."""

    def __init__(
        self,
        kernel: Kernel,
        transport: Transport,
        *,
        stats_only: bool = False,
        encoding: Encoding | None = None,
    ):
        self.kernel, self.transport = kernel, transport
        self.stats_only = stats_only
        self.encoding = encoding or PfnArray()
        self.address = 0
        self.vqs: dict[str, Virtqueue] = {}
        self.pages: list[int] = []
        self.acked = WaitQueue(kernel, "vb->acked")
        self.works: dict[Work, Callback] = {
            Work(kernel, "update_balloon_size_func"): self.update_balloon_size_func,
            Work(kernel, "update_balloon_stats_func"): self.update_balloon_stats_func,
        }
        self.size_work, self.stats_work = self.works

    # -- probe: find the device, set up the queues

    def features(self) -> frozenset[int]:
        """What the driver accepts of what is offered."""
        return self.transport.offered & self.understood

    def wanted_vqs(self) -> dict[str, int]:
        """The queues to ask for, with their numbers."""
        names = ["inflate", "deflate", "stats"]
        return {name: number for number, name in enumerate(names[: 3 if self.has(STATS_VQ) else 2])}

    def has(self, feature: int) -> bool:
        return feature in self.transport.accepted

    @property
    def endian(self) -> Endian:
        """The byte order of what the driver and the device of this queue say to each other."""
        return self.kernel.memory.endian if is_legacy(self.transport.accepted) else "little"

    def probe(self, ctx: Context) -> Steps:
        """virtballoon_probe: True, or False with the reason in the kernel's log. Process."""
        yield (ACCEPTS,)
        self.transport.accept(self.features())
        address = yield from kzalloc(ctx, MESSAGE + self.encoding.most_bytes)
        found = None
        if address is not None:
            self.address = address
            found = yield from find_vqs(ctx, self.transport, self.wanted_vqs())
        if found is None:
            return False
        self.vqs = found
        yield from self.init_vqs(ctx)
        return True

    def init_vqs(self, ctx: Context) -> Steps:
        """Prime the statistics queue: the device will use its first buffer to ask for the next."""
        if self.has(STATS_VQ):
            yield from self.send_stats(ctx)

    # -- the processes of the driver

    def interrupts(self, ctx: Context) -> Steps:
        """The interrupt handlers. Process."""
        callbacks = {CONFIG_CHANGED: self.virtballoon_changed, **self.callbacks()}
        return interrupts(ctx, self.transport, self.vqs.values(), callbacks)

    def callbacks(self) -> dict[int, Callback]:
        """What the interrupt of each queue calls, by queue number."""
        return {0: self.balloon_ack, 1: self.balloon_ack, 2: self.stats_request}

    def work(self, ctx: Context) -> Steps:
        """The thread that runs the driver's work items. Process."""
        return workqueue(ctx, self.works)

    def balloon_ack(self, ctx: Context) -> Steps:
        """Wake who sleeps in tell_host."""
        self.acked.wake_up()
        yield from ()

    def stats_request(self, ctx: Context) -> Steps:
        self.stats_work.queue()
        yield from ()

    def virtballoon_changed(self, ctx: Context) -> Steps:
        self.size_work.queue()
        yield from ()

    # -- inflate and deflate

    def update_balloon_size_func(self, ctx: Context) -> Steps:
        """Bring the balloon to the size that the device wants, a message at a time."""
        if self.stats_only:
            return
        config = self.transport.config
        diff = config["num_pages"] - len(self.pages)
        if diff > 0:
            moved = yield from self.fill_balloon(ctx, diff)
        elif diff < 0:
            moved = yield from self.leak_balloon(ctx, -diff)
        else:
            return
        yield WRITES_ACTUAL, len(self.pages)
        config.driver_writes("actual", len(self.pages))
        if moved != abs(diff):
            self.size_work.queue()

    def fill_balloon(self, ctx: Context, num: int) -> Steps:
        """Take up to `num` pages, as many as one message names, and tell the host; how many it took."""
        kernel, pfns = self.kernel, list[int]()
        for _ in range(min(num, self.encoding.batch)):
            alloc = kernel.node.alloc_pages(0, Migratetype.MOVABLE, cpu=ctx.cpu, kind="b")
            pfn = yield from kernel.grain(alloc, FILLS, kernel.zone_locks)
            if pfn is None:
                kernel.say(f"virtio_balloon: Out of puff! Can't get {num - len(pfns)} pages")
                # It sleeps 200 ms, tells what it has, and tries again, for ever; the rounds in which nothing
                # can come of it are one.
                tries_again = Until(lambda: bool(pfns) or self.some_free(), "sleeps until a page is free")
                yield OUT_OF_PUFF, tries_again
                break
            pfns.append(pfn)
            self.pages.append(pfn)
        yield from self.tell_host(ctx, self.vqs["inflate"], pfns)
        return len(pfns)

    def some_free(self) -> bool:
        return any(zone.nr_free_pages for zone in self.kernel.node.populated_zones())

    def leak_balloon(self, ctx: Context, num: int) -> Steps:
        """Take up to `num` pages back, telling the host first; how many it took."""
        pfns = []
        for _ in range(min(num, self.encoding.batch, len(self.pages))):
            yield LEAKS, self.pages[-1]
            pfns.append(self.pages.pop())
        yield from self.tell_host(ctx, self.vqs["deflate"], pfns)
        kernel = self.kernel
        for pfn in pfns:
            free = kernel.node.free_pages(pfn, 0, cpu=ctx.cpu)
            yield from kernel.grain(free, FREES_PAGE, kernel.zone_locks, pfn)
        return len(pfns)

    def tell_host(self, ctx: Context, vq: Virtqueue, pfns: list[int]) -> Steps:
        """Say which pages, message by message, and wait for the device to give each back."""
        for message in self.encoding.messages(runs_of(pfns), self.endian):
            yield WRITES_MESSAGE, len(pfns), len(message)
            self.kernel.memory.write(self.address + MESSAGE, message)
            yield from vq.add_outbuf(ctx, [(self.address + MESSAGE, len(message))], BUFFER)
            yield from vq.kick()
            yield from self.wait_event(ctx, vq)

    def wait_event(self, ctx: Context, vq: Virtqueue) -> Steps:
        """wait_event(vb->acked, virtqueue_get_buf()): sleep until the device has used the buffer."""
        while True:
            self.acked.woken = False
            if (yield from vq.get_buf(ctx)):
                return
            yield SLEEPS, self.acked, vq.name

    # -- statistics: the device's request is the buffer that it gives back

    def update_balloon_stats_func(self, ctx: Context) -> Steps:
        """stats_handle_request: fill the buffer anew, take it back, and offer it.

        4.6 fills it first, so a work item that was queued once too often writes into a buffer that the device
        has.
        """
        yield (UPDATES_STATS,)
        self.kernel.memory.write(self.address + STATISTICS, self.stats())
        if (yield from self.vqs["stats"].get_buf(ctx)):
            yield from self.send_stats(ctx)

    def send_stats(self, ctx: Context) -> Steps:
        vq = self.vqs["stats"]
        yield from vq.add_outbuf(ctx, [(self.address + STATISTICS, len(self.stats()))], BUFFER)
        yield from vq.kick()

    def stats(self) -> bytes:
        """{tag 2, val 8} of what this model has: bytes free, in all, and available to a new process.

        Pages in the balloon are not part of all (adjust_managed_page_count()), but with DEFLATE_ON_OOM, where
        the guest may take them back. Available counts the free pages and the cache that could be dropped,
        without the reserves that si_mem_available() subtracts.
        """
        zones, cache = list(self.kernel.node.populated_zones()), self.kernel.cache
        free = sum(zone.nr_free_pages for zone in zones)
        total = sum(zone.managed for zone in zones)
        if not self.has(DEFLATE_ON_OOM):
            total -= sum(kind == "b" for zone in zones for _, kind in zone.used.values())
        values = {
            "MEMFREE": free,
            "MEMTOT": total,
            "AVAIL": free + (len(cache.droppable()) if cache else 0),
        }
        return b"".join(
            STATS.index(name).to_bytes(2, self.endian) + (pages << PAGE_SHIFT).to_bytes(8, self.endian)
            for name, pages in values.items()
        )
