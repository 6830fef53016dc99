"""A bitmap of pages that lies in the guest's memory, where the device will read it."""

from __future__ import annotations

from bitarray import bitarray

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.virtqueue.guest_memory import Memory


class GuestBitmap:
    """One bit for each of `pages` pages, at an address; its bytes are nowhere else."""

    def __init__(self, memory: Memory, address: int, pages: int):
        self.memory, self.address, self.pages = memory, address, pages

    def set_range(self, lo: int, hi: int) -> None:
        """Set the bits of [lo, hi), as set_bit_le() does: bit i is bit i % 8 of byte i // 8."""
        if not 0 <= lo <= hi <= self.pages:
            raise FreepagesError(f"pfns [{lo}, {hi}) are not a range of the bitmap's [0, {self.pages})")
        if lo == hi:
            return
        first = lo // 8
        at = self.address + first
        piece = bitarray(endian="little")
        piece.frombytes(self.memory.read(at, (hi + 7) // 8 - first))
        piece[lo - 8 * first : hi - 8 * first] = 1
        self.memory.write(at, piece.tobytes())

    def seen(self) -> PageBitmap:
        """What it says now; bits from `pages` on are not looked at."""
        bitmap = PageBitmap(self.pages)
        last = (self.pages + 7) // 8
        data = bytearray(self.memory.read(self.address, last))
        if self.pages % 8:
            data[-1] &= (1 << self.pages % 8) - 1
        bitmap.bytes[:last] = memoryview(data)
        return bitmap
