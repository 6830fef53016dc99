"""Guest memory: the bytes that driver and device share, and the order in which writes to them become visible.

:class:`GuestMemory` is the memory itself: every write is visible at once, and a barrier has nothing to do.
:class:`StoreBuffer` is the same memory as one weakly ordered CPU sees it. What the CPU writes waits in a
buffer where only that CPU sees it, and leaves when the schedule says so, in any order but for three rules:

- writes to the same bytes leave in the order in which they were made;
- a write barrier keeps the writes behind it until all before it have left;
- a full barrier empties the buffer before the CPU does anything else.

So, where no write barrier stands between, a ring's index can become visible before the ring entry or the
descriptor that it announces; and where no full barrier does, a CPU can read whether the other side wants to
be told before its own index is visible there. Both are what the specification orders the driver to exclude,
under "Updating idx" and "Notifying The Device".

The model's limits: a write is indivisible, even the sixteen bytes of a descriptor, and reads happen in
program order: a read barrier is announced where one belongs, but nothing goes wrong without it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from struct import Struct
from typing import Any, Literal, NamedTuple

from freepages.engine import Act, Choose, Steps
from freepages.engine.errors import FreepagesError

Endian = Literal["little", "big"]
Reader = Callable[[int], tuple[Any, ...]]
"""Takes the offset of a structure within an area and gives the structure's fields."""
Writer = Callable[..., None]
"""Takes the offset of a structure within an area, then its fields."""

TOP = 1 << 64  # a guest-physical address is one le64 of a descriptor

BECOMES_VISIBLE = Act("lets a write become visible", cost="none")


class OutsideMemory(FreepagesError):
    """An access to bytes that are not all mapped: `addr` and `size` say which."""

    def __init__(self, addr: int, size: int):
        super().__init__(f"{size} bytes at {addr:#x} are not all in guest memory")
        self.addr, self.size = addr, size


class Memory:
    """What a CPU does to memory. Outside the mapped ranges an access raises OutsideMemory, nothing done.

    Examples
    --------
    >>> memory: Memory = GuestMemory({0x1000: 16})
    >>> get, put = (make(Struct("<Q"), 0x1000, 16) for make in (memory.reader, memory.writer))
    >>> put(8, 7); get(8)
    (7,)
    """

    endian: Endian
    """The guest's own byte order, which a legacy queue has; queues of VERSION_1 are little endian anyway."""

    def check(self, addr: int, size: int) -> None:
        """Raise OutsideMemory unless [addr, addr + size) is mapped."""
        raise NotImplementedError

    def read(self, addr: int, size: int) -> bytes:
        """The ``size`` bytes at an address."""
        raise NotImplementedError

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        """Write bytes at an address."""
        raise NotImplementedError

    def reader(self, form: Struct, addr: int, size: int) -> Reader:
        """A function that reads a `form` at an offset into [addr, addr + size); the area is checked here."""
        self.check(addr, size)
        return lambda at: form.unpack(self.read(addr + at, form.size))

    def writer(self, form: Struct, addr: int, size: int) -> Writer:
        """A function that writes a `form` at an offset into [addr, addr + size); the area is checked here."""
        self.check(addr, size)
        return lambda at, *fields: self.write(addr + at, form.pack(*fields))

    def wmb(self) -> None:
        """Writes before it become visible before writes after it."""

    def rmb(self) -> None:
        """Reads before it are done before reads after it."""

    def mb(self) -> None:
        """Everything before it is done, and visible, before anything after it."""


class GuestMemory(Memory):
    """Mapped ranges: `ranges` maps the first address of each to its bytes, or to how many zero bytes it has.

    A range that is given as a writable buffer (bytearray, memoryview, mmap) is used as it is, not copied.
    Ranges may touch, and then an access may span them, but not overlap.

    Examples
    --------
    >>> memory = GuestMemory({0x1000: 16, 0x1010: b"behind"})
    >>> memory.write(0x100C, b"touches!"); memory.read(0x1010, 6)
    b'hes!nd'
    >>> memory.read(0x2000, 4)
    Traceback (most recent call last):
        ...
    freepages.virtqueue.guest_memory.OutsideMemory: 4 bytes at 0x2000 are not all in guest memory
    """

    def __init__(
        self, ranges: Mapping[int, int | bytes | bytearray | memoryview | Any], endian: Endian = "little"
    ):
        if endian not in ("little", "big"):
            raise FreepagesError(f"endian {endian!r} is neither 'little' nor 'big'")
        self.endian = endian
        self._starts: list[int] = sorted(ranges)
        self._ends: list[int] = []
        self._views: list[memoryview] = []
        end = 0
        for start in self._starts:
            given = ranges[start]
            view = memoryview(bytearray(given) if isinstance(given, int | bytes) else given).cast("B")
            if start < end:
                raise FreepagesError(f"guest memory: the range at {start:#x} overlaps the one before it")
            end = start + len(view)
            if end > TOP:
                raise FreepagesError(f"guest memory: the range at {start:#x} ends above 2^64")
            self._ends.append(end)
            self._views.append(view)

    @property
    def ranges(self) -> list[tuple[int, int]]:
        """(first address, bytes) of every range, ascending."""
        return [(start, len(view)) for start, view in zip(self._starts, self._views, strict=True)]

    def check(self, addr: int, size: int) -> None:
        at = bisect_right(self._starts, addr) - 1
        if at < 0 or size < 0 or addr + size > self._ends[at]:
            list(self._pieces(addr, size))

    def read(self, addr: int, size: int) -> bytes:
        """The ``size`` bytes at an address."""
        whole = self._within(addr, size)
        return bytes(whole) if whole is not None else b"".join(list(self._pieces(addr, size)))

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        """Write bytes at an address; everybody sees them at once."""
        whole = self._within(addr, len(data))
        at = 0
        for piece in [whole] if whole is not None else list(self._pieces(addr, len(data))):
            piece[:] = data[at : at + len(piece)]
            at += len(piece)

    # An area in one range, as a ring's is, is read and written without any further Python code.

    def reader(self, form: Struct, addr: int, size: int) -> Reader:
        area = self._within(addr, size)
        return super().reader(form, addr, size) if area is None else partial(form.unpack_from, area)

    def writer(self, form: Struct, addr: int, size: int) -> Writer:
        area = self._within(addr, size)
        return super().writer(form, addr, size) if area is None else partial(form.pack_into, area)

    def _within(self, addr: int, size: int) -> memoryview | None:
        """The bytes [addr, addr + size), or None where no single range holds them all."""
        at = bisect_right(self._starts, addr) - 1
        if at < 0:
            return None
        offset = addr - self._starts[at]
        return self._views[at][offset : offset + size] if 0 <= size <= self._ends[at] - addr else None

    def _pieces(self, addr: int, size: int) -> Iterator[memoryview]:
        """The same where it spans ranges that touch; raises OutsideMemory at the first hole."""
        if size < 0:
            raise OutsideMemory(addr, size)
        done = 0
        while done < size:
            at = bisect_right(self._starts, addr + done) - 1
            if at < 0 or addr + done >= self._ends[at]:
                raise OutsideMemory(addr, size)
            offset = addr + done - self._starts[at]
            piece = self._views[at][offset : offset + size - done]
            yield piece
            done += len(piece)

    def __repr__(self) -> str:
        return f"GuestMemory({', '.join(f'{start:#x} + {size}' for start, size in self.ranges)})"


class Pending(NamedTuple):
    """A write that its CPU has made and nobody else sees yet.

    Examples
    --------
    >>> Pending(1, 0, addr=64, data=b"ab").overlaps(65, 8)
    True
    """

    number: int
    barriers: int  # how many write barriers the CPU had passed
    addr: int
    data: bytes

    def overlaps(self, addr: int, size: int) -> bool:
        """Whether it writes any of the ``size`` bytes at an address."""
        return self.addr < addr + size and addr < self.addr + len(self.data)


class StoreBuffer(Memory):
    r"""Guest memory as one CPU sees it, its own pending writes included.

    A queue made over it is one side of the ring on that CPU. :meth:`visibility` is the process that lets the
    pending writes out, one a move; its choice ``3v`` is the CPU's third write since its last full barrier.
    `name` gives the words for an address, as :meth:`freepages.virtqueue.ring_layout.Layout.name` does.

    Examples
    --------
    >>> memory = GuestMemory({0: 16})
    >>> cpu = StoreBuffer(memory)
    >>> cpu.write(4, b"new"); cpu.read(4, 3), memory.read(4, 3)
    (b'new', b'\x00\x00\x00')
    >>> cpu.mb(); memory.read(4, 3)
    b'new'
    """

    def __init__(self, memory: GuestMemory, name: Callable[[int], str] = hex):
        self.memory, self.name = memory, name
        self.endian = memory.endian
        self.pending: list[Pending] = []
        self._writes = self._barriers = 0

    def check(self, addr: int, size: int) -> None:
        self.memory.check(addr, size)

    def read(self, addr: int, size: int) -> bytes:
        """The bytes as this CPU sees them."""
        seen = bytearray(self.memory.read(addr, size))
        for write in self.pending:
            if write.overlaps(addr, size):
                low, high = max(addr, write.addr), min(addr + size, write.addr + len(write.data))
                seen[low - addr : high - addr] = write.data[low - write.addr : high - write.addr]
        return bytes(seen)

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        """Write bytes, which wait in the buffer."""
        self.check(addr, len(data))
        self._writes += 1
        self.pending.append(Pending(self._writes, self._barriers, addr, bytes(data)))

    def wmb(self) -> None:
        self._barriers += 1

    def mb(self) -> None:
        for write in self.pending:
            self.memory.write(write.addr, write.data)
        self.pending.clear()
        self._writes = self._barriers = 0

    def visibility(self) -> Steps:
        """The process that makes pending writes visible, for ever."""
        choose = Choose(self._may_leave, why="has no write waiting")
        while True:
            choice = yield BECOMES_VISIBLE, choose
            write = next(w for w in self.pending if w.number == int(choice[:-1]))
            self.pending.remove(write)
            self.memory.write(write.addr, write.data)

    def _may_leave(self) -> dict[str, str]:
        able: dict[str, str] = {}
        for at, write in enumerate(self.pending):
            if write.barriers > self.pending[0].barriers:
                break
            if not any(before.overlaps(write.addr, len(write.data)) for before in self.pending[:at]):
                able[f"{write.number}v"] = f"lets {self.say(write)} become visible"
        return able

    def say(self, write: Pending) -> str:
        """Where it goes and, if it is a number, what it says."""
        value = f" = {int.from_bytes(write.data, self.endian)}" if len(write.data) <= 2 else ""
        return self.name(write.addr) + value
