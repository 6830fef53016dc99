"""What is in the machine's pages: the bytes of guest memory, and those that arrived at the destination.

The small world has a token a page (:mod:`freepages.debate.content`); here a page is compared byte by byte,
and its token is what a picture shows of it.
"""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from freepages.debate.content import LETTERS, ZERO
from freepages.host.dirty_log import DirtyLog
from freepages.host.ram import GuestRam
from freepages.pages.orders import PAGE_SHIFT, PAGE_SIZE
from freepages.pages.pageset import PageSet
from freepages.virtqueue.guest_memory import GuestMemory, Memory, Writer
from freepages.virtqueue.guest_memory import Struct as Form

NOTHING = bytes(PAGE_SIZE)


class LoggedMemory(GuestMemory):
    """Guest memory that tells of every write, the rings' too: `hears(first pfn, last pfn)`."""

    hears: Callable[[int, int], None] | None = None

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        super().write(addr, data)
        if self.hears and len(data):
            self.hears(addr >> PAGE_SHIFT, (addr + len(data) - 1) >> PAGE_SHIFT)

    def writer(self, form: Form, addr: int, size: int) -> Writer:
        return Memory.writer(self, form, addr, size)


class RamContent:
    """The bytes of all RAM, page by page of ram_addr: the source is guest memory, the destination a copy."""

    def __init__(self, memory: GuestMemory, ram: GuestRam, log: DirtyLog):
        self.memory, self.log = memory, log
        self.addresses = [ram.pfn(page) << PAGE_SHIFT for page in range(ram.pages)]
        self.arrived = [NOTHING] * ram.pages

    def page(self, page: int) -> bytes:
        return self.memory.read(self.addresses[page], PAGE_SIZE)

    def write_letter(self, page: int) -> None:
        """A program writes: eight times a letter that neither side has in that page."""
        held = token(self.page(page)), token(self.arrived[page])
        new = next(letter for letter in range(LETTERS, LETTERS + 3) if letter not in held)
        self.memory.write(self.addresses[page], bytes([ord("A") + new - LETTERS]) * 8)

    def written_back(self, page: int) -> bool:
        """Whether a page holds what has arrived though it was written since: driver and device may write what
        stood there before. Programs do not: they write letters, and always new ones."""
        held = self.page(page)
        return held == self.arrived[page] and not b"A" <= held[:1] < b"D"

    def send(self, pages: PageSet) -> None:
        """What these pages hold now is on the destination."""
        for page in pages:
            self.arrived[page] = self.page(page)

    def unequal(self) -> PageSet:
        """The pages in which the two sides differ."""
        count = len(self.arrived)
        return PageSet.of(count, (page for page in range(count) if self.page(page) != self.arrived[page]))

    @property
    def source(self) -> list[int]:
        return [token(self.page(page)) for page in range(len(self.arrived))]

    @property
    def destination(self) -> list[int]:
        return list(map(token, self.arrived))


def token(page: bytes) -> int:
    """A page as a token: zeros, the letter that it begins with, or for other bytes one made from them all."""
    if page == NOTHING:
        return ZERO
    first = page[0] - ord("A")
    return LETTERS + (first if 0 <= first < 26 else crc32(page) % 26)
