"""Descriptor chains, as the device follows them, and everything that can be wrong with one.

From the specification, "The Virtqueue Descriptor Table" and "Indirect Descriptors". The guest may have
written anything, and may go on writing: every descriptor is read exactly once, no chain is followed further
than the queue is long, and the first thing that is not as it must be is a :class:`Fault`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from freepages.engine import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.virtqueue.guest_memory import TOP, Memory, Reader
from freepages.virtqueue.ring_layout import DESC_SIZE, INDIRECT, NEXT, WRITE

READS_DESC = Act("reads desc[{0}]", cost="load")
READS_INDIRECT = Act("reads entry {0} of the indirect table", cost="load")

# kinds of fault
RING_OUTSIDE = "ring outside memory"
RING_MISPLACED = "ring misplaced"
INDEX_JUMP = "index jump"
HEAD_RANGE = "head out of range"
NEXT_RANGE = "next out of range"
LOOP = "descriptor loop"
TOO_LONG = "chain longer than the queue"
ZERO_LENGTH = "zero-length buffer"
OVERFLOW = "address overflow"
OUTSIDE = "outside memory"
WRITE_BEFORE_READ = "readable after writable"
INDIRECT_OFF = "indirect not negotiated"
INDIRECT_NEXT = "indirect with NEXT"
INDIRECT_NESTED = "indirect in indirect"
INDIRECT_LENGTH = "indirect table length"
SHARED = "chains share descriptors"
NEVER_OFFERED = "used id never offered"
USED_LENGTH = "used length above the buffer"
TABLE_CHANGED = "descriptor table changed"


class Fault(FreepagesError):
    """Why a queue is broken: the `kind`, one of the above, and the particulars.

    `chain` is as much of the chain as had been followed, where the fault is in a chain.
    """

    chain: Chain | None = None

    def __init__(self, kind: str, detail: str):
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


Buffer = tuple[int, int, bool]
"""(addr, len, write): guest memory that a descriptor offers, for the device to write, or else to read."""


class Chain(NamedTuple):
    """A request: the buffers that the chain from descriptor `head` offers, the readable ones first.

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> memory = GuestMemory({0: b"free pages" + bytes(6)})
    >>> chain = Chain(0, [(0, 4, False), (5, 5, False), (10, 6, True)], [0, 1, 2])
    >>> chain.gather(memory), chain.scatter(memory, b"ok")
    (b'freepages', 2)
    """

    head: int
    buffers: list[Buffer]
    indices: list[int]
    """The entries of the descriptor table that the chain takes, in its order."""
    indirect: tuple[int, int] | None = None
    """(addr, len) of the indirect table it ends in."""
    followed: bool = True
    """Whether the buffers in the indirect table are among `buffers`."""

    @property
    def readable(self) -> list[tuple[int, int]]:
        """(addr, len) of the buffers that the device reads."""
        return [(addr, size) for addr, size, write in self.buffers if not write]

    @property
    def writable(self) -> list[tuple[int, int]]:
        """(addr, len) of the buffers that the device writes."""
        return [(addr, size) for addr, size, write in self.buffers if write]

    def gather(self, memory: Memory, limit: int | None = None) -> bytes:
        """The content of the readable buffers, one behind the other, at most `limit` bytes of it."""
        pieces = []
        for addr, size in self.readable:
            if limit is not None:
                size = min(size, limit)
                limit -= size
            pieces.append(memory.read(addr, size))
        return b"".join(pieces)

    def scatter(self, memory: Memory, data: bytes) -> int:
        """Write into the writable buffers as much of `data` as they hold; returns how many bytes that was."""
        done = 0
        for addr, size in self.writable:
            memory.write(addr, data[done : done + size])
            done = min(done + size, len(data))
        return done


def walk(
    desc: Reader, num: int, head: int, indirect: bool, open_table: Callable[[int, int], Reader | None]
) -> Steps:
    """Follow the chain from `head`, below `num`, through the table that `desc` reads; returns the Chain.

    `indirect` says whether INDIRECT_DESC was negotiated. `open_table(addr, len)` gives the reader of an
    indirect table, or None where it cannot be had and the chain is to end there.

    Parameters
    ----------
    desc : callable
        Takes an offset in bytes into the descriptor table; gives (addr, len, flags, next).
    num : int
        Entries of the queue.
    head : int
        The first descriptor.
    indirect : bool
        Whether INDIRECT_DESC was negotiated.
    open_table : callable
        Takes the address and the bytes of an indirect table; gives its reader, or None.

    Returns
    -------
    Chain

    Raises
    ------
    Fault

    Examples
    --------
    >>> from freepages.engine import straight
    >>> table = [(0x1000, 64, NEXT, 1), (0x2000, 8, WRITE, 0)]
    >>> straight(walk(lambda at: table[at // DESC_SIZE], 2, 0, False, lambda addr, size: None)).buffers
    [(4096, 64, False), (8192, 8, True)]
    >>> table[1] = (0x2000, 8, NEXT, 0)
    >>> straight(walk(lambda at: table[at // DESC_SIZE], 2, 0, False, lambda addr, size: None))
    Traceback (most recent call last):
        ...
    freepages.virtqueue.chain.Fault: descriptor loop: desc[1] leads back to 0
    """
    buffers: list[Buffer] = []
    indices: list[int] = []
    seen, entries, table = indices, num, None
    where, act = "desc", READS_DESC
    index, written = head, False
    try:
        while True:
            yield act, index
            addr, size, flags, after = desc(DESC_SIZE * index)
            seen.append(index)
            if addr + size > TOP:
                raise Fault(OVERFLOW, f"{where}[{index}] is {size} bytes at {addr:#x}")
            if flags & INDIRECT:
                if kind := _indirect_fault(size, flags, indirect, table is not None):
                    raise Fault(kind, f"{where}[{index}] has a table of {size} bytes")
                # WRITE means nothing here: "the device MUST ignore the write-only flag" of such a descriptor.
                table = (addr, size)
                opened = open_table(addr, size)
                if opened is None:
                    return Chain(head, buffers, indices, table, followed=False)
                desc, entries, seen, index = opened, size // DESC_SIZE, [], 0
                where, act = "indirect", READS_INDIRECT
                continue
            if not size:
                raise Fault(ZERO_LENGTH, f"{where}[{index}]")
            write = flags & WRITE != 0
            if written and not write:
                raise Fault(WRITE_BEFORE_READ, f"{where}[{index}]")
            written = write
            buffers.append((addr, size, write))
            if not flags & NEXT:
                return Chain(head, buffers, indices, table)
            if after >= entries:
                raise Fault(NEXT_RANGE, f"{where}[{index}] goes on at {after}, there are {entries}")
            # A table has no more descriptors than entries, and a chain no more than the queue ("A driver MUST
            # NOT create a descriptor chain longer than the Queue Size of the device").
            if len(seen) == entries or len(buffers) == num and after in seen:
                rounds = len(seen) - len(set(seen))
                if rounds:  # once round is enough to show
                    del seen[-rounds:], buffers[-rounds:]
                raise Fault(LOOP, f"{where}[{index}] leads back to {after}")
            if len(buffers) == num:
                raise Fault(TOO_LONG, f"{where}[{index}] is its {num}th and goes on at {after}")
            index = after
    except Fault as fault:
        fault.chain = Chain(head, buffers, indices, table)
        raise


def _indirect_fault(size: int, flags: int, negotiated: bool, nested: bool) -> str | None:
    """What "Indirect Descriptors" has against a descriptor that refers to a table of `size` bytes."""
    if nested:
        return INDIRECT_NESTED
    if not negotiated:
        return INDIRECT_OFF
    if flags & NEXT:
        return INDIRECT_NEXT
    if not size or size % DESC_SIZE:
        return INDIRECT_LENGTH
    return None
