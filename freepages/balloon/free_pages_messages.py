"""What the free-pages queue says: the patch's messages, and the same repaired.

                 the device asks in                     the driver answers in
    as patched   ctrl 8                                 length of the bitmap, an unsigned long; bitmap
    repaired     ctrl 8, id 8                           id 8, first pfn 8, length 8; bitmap of that stretch

ctrl is what /proc/sys/vm/drop_caches takes: 1 the page cache, 2 dentries and inodes, 3 both. The patch is
Li's of 19 April 2016: both are in the guest's own byte order, and the length is as wide as a long of the
guest. Its host is not in the thread; the reading here is that of his QEMU patches of March 2016, which take
eight bytes. Repaired, all is le64; request id and stretches are as in v2 of July 2016 (balloon_bmap_hdr),
written after Tsirkin had asked for them in this thread.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import bitmap_bytes
from freepages.virtqueue.features import is_legacy
from freepages.virtqueue.guest_memory import Endian


class Reply(NamedTuple):
    """An answer as the device reads it: bit 0 of `bitmap` is pfn `start`; `id` None where there is none."""

    id: int | None
    start: int
    bitmap: bytes

    @property
    def end(self) -> int:
        """The pfn behind the last one that the bitmap can speak of."""
        return self.start + 8 * len(self.bitmap)


class ReplyError(FreepagesError):
    """An answer that the device does not take."""


@dataclass(frozen=True)
class Protocol:
    """One form of the messages. `ids` and stretches belong together."""

    name: str
    ids: bool

    @property
    def request_bytes(self) -> int:
        return 16 if self.ids else 8

    @property
    def header_bytes(self) -> int:
        """What the device takes for the header of an answer."""
        return 24 if self.ids else 8

    def _order(self, features: Collection[int], endian: Endian) -> str:
        return "<" if self.ids or not is_legacy(features) or endian == "little" else ">"

    def request(self, ctrl: int, id: int, features: Collection[int], endian: Endian) -> bytes:
        """A request as the device writes it, which knows in which order a legacy guest reads."""
        order = self._order(features, endian)
        return Struct(f"{order}QQ").pack(ctrl, id) if self.ids else Struct(f"{order}Q").pack(ctrl)

    def reply(
        self, data: bytes, pages: int, features: Collection[int], endian: Endian, *, trusting: bool = False
    ) -> Reply:
        """Read an answer from a guest of `pages` pfns. Raises ReplyError for one that cannot be right.

        A `trusting` device takes as much of a bitmap as there is, whatever the length says and however much
        it has room for, as in the patches of March 2016.
        """
        order = self._order(features, endian)
        if len(data) < self.header_bytes:
            raise ReplyError(f"an answer of {len(data)} bytes, its header alone has {self.header_bytes}")
        header, rest = data[: self.header_bytes], data[self.header_bytes :]
        id, start, length = (
            Struct(f"{order}QQQ").unpack(header)
            if self.ids
            else (None, 0, *Struct(f"{order}Q").unpack(header))
        )
        if trusting:
            return Reply(id, start, rest[:length])
        if start % 64:
            raise ReplyError(f"a bitmap from pfn {start} on: a stretch begins at a multiple of 64")
        if start > pages or length > bitmap_bytes(pages - start):
            raise ReplyError(f"a bitmap of {length} bytes from pfn {start} on, the guest has {pages} pfns")
        if length > len(rest):
            raise ReplyError(f"the answer says {length} bytes of bitmap, it has {len(rest)}")
        bitmap = rest[:length]
        top = int.from_bytes(bitmap, "little").bit_length()
        if start + top > pages:
            raise ReplyError(
                f"the bitmap says that pfn {start + top - 1} is free, the guest has {pages} pfns"
            )
        return Reply(id, start, bitmap)

    def complete(self, reply: Reply, pages: int) -> bool:
        """Whether it is the last answer to a request; as patched, one is all."""
        return not self.ids or reply.end >= pages


AS_PATCHED = Protocol("as patched", ids=False)
REPAIRED = Protocol("repaired", ids=True)
