"""The split virtqueue byte for byte: where its three areas lie and what each field is.

From the OASIS specification, Virtual I/O Device 1.x, "Split Virtqueues" (its names without the VIRTQ_ and
VIRTIO_ prefixes), and include/uapi/linux/virtio_ring.h. For a queue of `num` entries, a power of two:

    descriptor table  16 num      num x {addr 8, len 4, flags 2, next 2}           the driver writes it
    available ring    6 + 2 num   flags 2, idx 2, num x {head 2}, used_event 2     the driver writes it
    used ring         6 + 8 num   flags 2, idx 2, num x {head 4, len 4}, avail_event 2    the device writes it

The indices run freely modulo 2^16; slot = index mod num. With VERSION_1 all is little endian; a legacy queue
is in the guest's own byte order.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.virtqueue.guest_memory import TOP, Endian

# flags of a descriptor
NEXT, WRITE, INDIRECT = 1, 2, 4
# flags of the available ring and of the used ring
NO_INTERRUPT = NO_NOTIFY = 1

# feature bits that change the ring
INDIRECT_DESC, EVENT_IDX, VERSION_1, RING_PACKED = 28, 29, 32, 34

DESC_SIZE, ELEM_SIZE = 16, 8
MAX_NUM = 1 << 15
LEGACY_PAGE = 4096  # what queue_pfn counts in, and what the legacy used ring is aligned to


class LayoutError(FreepagesError):
    """A queue size that a split virtqueue cannot have, or an area that is not where it may be."""


class Forms(NamedTuple):
    """The fields as they lie in memory, in one byte order.

    Examples
    --------
    >>> FORMS["little"].desc.size, FORMS["little"].elem.size
    (16, 8)
    """

    desc: Struct  # addr, len, flags, next
    word: Struct  # flags, idx, an available entry, an event
    elem: Struct  # head, len


FORMS: dict[Endian, Forms] = {
    "little": Forms(Struct("<QIHH"), Struct("<H"), Struct("<II")),
    "big": Forms(Struct(">QIHH"), Struct(">H"), Struct(">II")),
}


def forms(features: Collection[int], endian: Endian) -> Forms:
    r"""The forms of a queue with these features in a guest of this byte order.

    Examples
    --------
    >>> forms(set(), "big").word.pack(1), forms({VERSION_1}, "big").word.pack(1)
    (b'\x00\x01', b'\x01\x00')
    """
    return FORMS["little" if VERSION_1 in features else endian]


def aligned(addr: int, to: int) -> int:
    """The first multiple of `to`, a power of two, from `addr` on.

    Examples
    --------
    >>> aligned(17, 16), aligned(32, 16)
    (32, 32)
    """
    return (addr + to - 1) & -to


@dataclass(frozen=True, slots=True)
class Layout:
    """The queue size and the guest-physical addresses of the three areas.

    Parameters
    ----------
    num : int
        Entries of the queue.
    desc, avail, used : int
        Guest-physical addresses, in bytes.

    Raises
    ------
    LayoutError
        When `num` is not a power of two in 1..32768 ("Virtqueues"); whether the areas may lie
        where they do is :meth:`fault`'s question, since a guest can write any address.

    Examples
    --------
    >>> layout = Layout.at(128, 0x1000)
    >>> layout, hex(layout.end)
    (Layout(num=128, desc=4096, avail=6144, used=6408), '0x1d0e')
    >>> layout.name(0x1802)
    'avail->idx'
    >>> Layout(100, 0, 0, 0)
    Traceback (most recent call last):
        ...
    freepages.virtqueue.ring_layout.LayoutError: num 100 is not a power of two in 1..32768
    """

    num: int
    desc: int
    avail: int
    used: int

    def __post_init__(self) -> None:
        if not 1 <= self.num <= MAX_NUM or self.num & (self.num - 1):
            raise LayoutError(f"num {self.num} is not a power of two in 1..{MAX_NUM}")

    @classmethod
    def at(cls, num: int, base: int) -> Layout:
        """The three areas one behind the other from `base` on, each at its own alignment."""
        desc = aligned(base, 16)
        avail = desc + DESC_SIZE * num
        return cls(num, desc, avail, aligned(avail + 6 + 2 * num, 4))

    @classmethod
    def legacy(cls, num: int, queue_pfn: int) -> Layout:
        """The layout before 1.0: contiguous from page `queue_pfn` on, the used ring on a page of its own."""
        desc = queue_pfn * LEGACY_PAGE
        avail = desc + DESC_SIZE * num
        return cls(num, desc, avail, aligned(avail + 6 + 2 * num, LEGACY_PAGE))

    @property
    def desc_size(self) -> int:
        """Bytes of the descriptor table."""
        return DESC_SIZE * self.num

    @property
    def avail_size(self) -> int:
        """Bytes of the available ring."""
        return 6 + 2 * self.num

    @property
    def used_size(self) -> int:
        """Bytes of the used ring."""
        return 6 + ELEM_SIZE * self.num

    @property
    def areas(self) -> tuple[tuple[str, int, int, int], ...]:
        """(name, first address, bytes, alignment) of each."""
        return (
            ("descriptor table", self.desc, self.desc_size, 16),
            ("available ring", self.avail, self.avail_size, 2),
            ("used ring", self.used, self.used_size, 4),
        )

    @property
    def end(self) -> int:
        """The first address behind all three."""
        return max(start + size for _, start, size, _ in self.areas)

    def fault(self) -> str | None:
        """Which area is not where "Split Virtqueues" lets it be, or None."""
        for name, start, size, to in self.areas:
            if start % to:
                return f"the {name} at {start:#x} is not {to}-aligned"
            if not 0 <= start <= TOP - size:
                return f"the {name} at {start:#x} does not end within 2^64"
        return None

    def name(self, addr: int) -> str:
        """The field that lies at `addr`, in the specification's words; the bare address outside the queue."""
        if 0 <= (at := addr - self.desc) < self.desc_size:
            return f"desc[{at // DESC_SIZE}]"
        for ring, start, entry, event in (
            ("avail", self.avail, 2, "used_event"),
            ("used", self.used, ELEM_SIZE, "avail_event"),
        ):
            at = addr - start
            if 0 <= at < 4:
                return f"{ring}->flags" if at < 2 else f"{ring}->idx"
            if 4 <= at < 4 + entry * self.num:
                return f"{ring}->ring[{(at - 4) // entry}]"
            if 0 <= at - 4 - entry * self.num < 2:
                return event
        return f"{addr:#x}"
