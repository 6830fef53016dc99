"""The same driver repaired: what a maintainer could have merged of it in April 2016.

Only what must change is here, method by method, so that each repair can be laid beside the patch. The queue
speaks the repaired protocol of :mod:`freepages.balloon.free_pages_messages`. One buffer at a time is with the
device: the request's, or an answer's; so nothing can be confused, overwritten or lost. What the repairs
cannot give, the meaning of a free page that is in use again when the host acts on it, is not the driver's to
give.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from freepages.balloon.april2016 import MEMSET, REQUEST, WALKS, AprilPatch
from freepages.balloon.driver import BUFFER, CACHE_DROP, HEADER
from freepages.balloon.free_pages_messages import REPAIRED
from freepages.balloon.guest_bitmap import GuestBitmap
from freepages.engine import Steps
from freepages.pages.bitmap import bitmap_bytes
from freepages.virtqueue.features import GET_FREE_PAGES, queues
from freepages.virtqueue.ring_layout import aligned
from freepages.zone.drop_caches import drain_all_pages, drop_cache, sync
from freepages.zone.free_page_bitmap import chunks, mark_free_pages_bitmap
from freepages.zone.kernel import Context, Work
from freepages.zone.kmalloc import kzalloc
from freepages.zone.zone import Zone

CHUNK = 1 << 18
"""Pages that one answer speaks of: 32 KiB of bitmap are order 3, the last that is not costly to find."""


class Repaired(AprilPatch):
    """The driver with the free-pages queue, repaired.

    `chunk` is how many pages an answer speaks of, whole words of its bitmap. Where the queue has no room for
    an answer, or there is no memory for its bitmap, the device gets no buffer to ask in.
    """

    def __init__(self, *args: Any, chunk: int = CHUNK, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.chunk = min(aligned(chunk, 64), self.kernel.node.max_pfn)
        self.free_pages_work = Work(self.kernel, "free_pages_handle_rq")
        self.works[self.free_pages_work] = self.free_pages_handle_rq

    def features(self) -> frozenset[int]:
        """With page poisoning the content of free pages matters: no queue for them."""
        if self.kernel.poison is None:
            return super().features()
        return super().features() - {GET_FREE_PAGES}

    def wanted_vqs(self) -> dict[str, int]:
        return queues(self.transport.accepted)

    def init_vqs(self, ctx: Context) -> Steps:
        yield from super(AprilPatch, self).init_vqs(ctx)
        if self.has(GET_FREE_PAGES) and self.vqs["free_pages"].ring.num >= 2:
            self.free_pages = yield from kzalloc(ctx, bitmap_bytes(self.chunk))
            if self.free_pages is not None:
                yield from self.add_request_buffer(ctx)
                yield from self.vqs["free_pages"].kick()

    def add_request_buffer(self, ctx: Context) -> Steps:
        sg = [(self.address + CACHE_DROP, REPAIRED.request_bytes)]
        added = yield from self.vqs["free_pages"].add_inbuf(ctx, sg, REQUEST)
        if not added:
            self.kernel.say("virtio_balloon: no room for a request on free_pages")
        return added

    def free_pages_rq(self, ctx: Context) -> Steps:
        """The queue's callback: the work is for process context."""
        self.acked.wake_up()
        self.free_pages_work.queue()
        yield from ()

    def free_pages_handle_rq(self, ctx: Context) -> Steps:
        vq = self.vqs["free_pages"]
        used = yield from vq.get_buf(ctx)
        if not used or used[0] != REQUEST:
            return
        yield from self.drop(ctx, self.drop_ctrl())
        for start, pages in chunks(self.kernel.node.max_pfn, self.chunk):
            sg = yield from self.build(ctx, start, pages)
            if not (yield from vq.add_outbuf(ctx, sg, BUFFER)):
                self.kernel.say("virtio_balloon: no room for an answer on free_pages")
                break
            yield from vq.kick()
            yield from self.wait_event(ctx, vq)
        yield from self.add_request_buffer(ctx)
        yield from vq.kick()

    def drop_ctrl(self) -> int:
        return int.from_bytes(self.kernel.memory.read(self.address + CACHE_DROP, 8), "little")

    def request_id(self) -> int:
        return int.from_bytes(self.kernel.memory.read(self.address + CACHE_DROP + 8, 8), "little")

    def drop(self, ctx: Context, ctrl: int) -> Steps:
        """Write back first, so that more is clean; and give back what waits on the CPUs' own lists."""
        if ctrl:
            yield from sync(ctx)
            yield from drop_cache(ctx, ctrl)
            yield from drain_all_pages(ctx)

    def build(self, ctx: Context, start: int, pages: int) -> Steps:
        """The answer for [start, start + pages): its header, and its bitmap in the buffer of all bitmaps."""
        kernel, address, size = self.kernel, self.free_pages, bitmap_bytes(pages)
        assert address is not None
        yield from self.clear(address, size)
        bitmap = GuestBitmap(kernel.memory, address, pages)
        for zone in kernel.node.populated_zones():
            if zone.start_pfn < start + pages and start < zone.end_pfn:
                yield from self.walk(ctx, zone, bitmap, start)
        header = Struct("<QQQ").pack(self.request_id(), start, size)
        kernel.memory.write(self.address + HEADER, header)
        return [(self.address + HEADER, len(header)), (address, size)]

    def clear(self, address: int, size: int) -> Steps:
        """Forget what an older answer has left in the buffer of all bitmaps."""
        yield MEMSET, size
        self.kernel.memory.write(address, bytes(size))

    def walk(self, ctx: Context, zone: Zone, bitmap: GuestBitmap, start: int) -> Steps:
        """Mark the zone's free pages from `start` on, as far as the bitmap goes."""
        max_pfn = self.kernel.node.max_pfn
        mark = mark_free_pages_bitmap(zone, bitmap, bitmap.pages, max_pfn, start=start, cpu=ctx.name)
        return self.kernel.grain(mark, WALKS, zone.lock, zone.name)
