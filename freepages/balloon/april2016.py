"""The balloon driver as Li's patch of 19 April 2016 makes it, defects included.

Models what the patch adds to drivers/virtio/virtio_balloon.c, and get_free_pages() which its first half adds
to mm/page_alloc.c: in this project's own words, but in the patch's order, since a review is about that order.
What is wrong with it is not marked here: :mod:`freepages.review` says what and shows it, and
:mod:`freepages.balloon.repaired` overrides, method by method, what must change.

The patch: <1461076474-3864-3-git-send-email-liang.z.li@intel.com>
"""

from __future__ import annotations

from typing import Any

from freepages.balloon.driver import BUFFER, CACHE_DROP, HEADER, VirtioBalloon
from freepages.balloon.driver_queues import Callback, sg_set_buf
from freepages.balloon.guest_bitmap import GuestBitmap
from freepages.engine import Act, Steps
from freepages.virtqueue.features import GET_FREE_PAGES, STATS_VQ
from freepages.virtqueue.ring_layout import aligned
from freepages.zone.drop_caches import drop_cache
from freepages.zone.free_page_bitmap import mark_free_pages_bitmap
from freepages.zone.kernel import Bug, Context
from freepages.zone.kmalloc import kfree, kzalloc

WALKS = Act("marks the free pages of zone {1} under its lock", cost="none")
MEMSET = Act("clears the bitmap, {0:byte}", cost="clear")

REQUEST = "&vb->cache_drop"
"""The token of the buffer that the device fills with a request."""


class AprilPatch(VirtioBalloon):
    """The driver with the free-pages queue."""

    understood = VirtioBalloon.understood | {GET_FREE_PAGES}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.free_pages: int | None = None

    @property
    def bmap_len(self) -> int:
        """vb->bmap_len, in memory where the device reads it: an unsigned long."""
        long = self.kernel.long
        return long.unpack(self.kernel.memory.read(self.address + HEADER, long.size))[0]

    @bmap_len.setter
    def bmap_len(self, value: int) -> None:
        self.kernel.memory.write(self.address + HEADER, self.kernel.long.pack(value))

    def wanted_vqs(self) -> dict[str, int]:
        names = ["inflate", "deflate", "stats", "free_pages"]
        nvqs = 4 if self.has(GET_FREE_PAGES) else 3 if self.has(STATS_VQ) else 2
        return {name: number for number, name in enumerate(names[:nvqs])}

    def init_vqs(self, ctx: Context) -> Steps:
        yield from super().init_vqs(ctx)
        if self.has(GET_FREE_PAGES):
            if not (yield from self.add_request_buffer(ctx)):
                raise Bug("init_vqs")
            yield from self.vqs["free_pages"].kick()

    def add_request_buffer(self, ctx: Context) -> Steps:
        """Give the device the eight bytes that its next request will fill."""
        return self.vqs["free_pages"].add_inbuf(ctx, [(self.address + CACHE_DROP, 8)], REQUEST)

    def callbacks(self) -> dict[int, Callback]:
        return {**super().callbacks(), 3: self.free_pages_rq}

    def free_pages_rq(self, ctx: Context) -> Steps:
        """The queue's callback."""
        yield from self.free_pages_handle_rq(ctx)

    def free_pages_handle_rq(self, ctx: Context) -> Steps:
        vq = self.vqs["free_pages"]
        used = yield from vq.get_buf(ctx)
        if not used or used[1] != 8:
            return
        yield from self.update_free_pages_stats(ctx)
        sg = [
            (self.address + HEADER, self.kernel.long.size),
            sg_set_buf(self.kernel, self.free_pages, self.bmap_len),
        ]
        yield from vq.add_outbuf(ctx, sg, BUFFER)
        yield from self.add_request_buffer(ctx)
        yield from vq.kick()

    def update_free_pages_stats(self, ctx: Context) -> Steps:
        """Have a bitmap of all memory, of zeros, and mark the free pages in it."""
        max_pfn = self.kernel.node.max_pfn
        bitmap_bytes = aligned(max_pfn, self.kernel.bits) // 8
        if self.free_pages is None:
            self.free_pages = yield from kzalloc(ctx, bitmap_bytes)
        elif bitmap_bytes < self.bmap_len:
            yield MEMSET, bitmap_bytes
            self.kernel.memory.write(self.free_pages, bytes(bitmap_bytes))
        else:
            yield from kfree(ctx, self.free_pages)
            self.free_pages = yield from kzalloc(ctx, bitmap_bytes)
        if self.free_pages is None:
            self.bmap_len = 0
            return
        self.bmap_len = bitmap_bytes
        bitmap = GuestBitmap(self.kernel.memory, self.free_pages, max_pfn)
        yield from self.get_free_pages(ctx, bitmap, max_pfn, self.drop_ctrl())

    def drop_ctrl(self) -> int:
        """vb->cache_drop.ctrl, a u64, as the int that get_free_pages() takes."""
        ctrl = int.from_bytes(
            self.kernel.memory.read(self.address + CACHE_DROP, 8), self.kernel.memory.endian
        )
        return ctrl & 0xFFFF_FFFF

    def get_free_pages(self, ctx: Context, bitmap: GuestBitmap, length: int, drop: int) -> Steps:
        """Drop the cache, then mark each populated zone's free pages in turn."""
        kernel = self.kernel
        yield from drop_cache(ctx, drop)
        for zone in kernel.node.populated_zones():
            mark = mark_free_pages_bitmap(zone, bitmap, length, kernel.node.max_pfn, cpu=ctx.name)
            yield from kernel.grain(mark, WALKS, zone.lock, zone.name)
