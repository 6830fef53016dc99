"""The state of a split virtqueue, read back from nothing but its bytes.

What a debugger, a picture or the decoder of a dump can know: both rings, the descriptor table, the chains in
flight and the completed ones. The memory may hold only a part of it; then what can be said is said, and
`broken` says what is missing. Buffers need not be in the memory at all: a device would refuse those, but here
only the ring, a descriptor table or the indices can be at fault.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from struct import Struct
from typing import Any, NamedTuple

from freepages.engine import straight
from freepages.virtqueue.chain import (
    HEAD_RANGE,
    INDEX_JUMP,
    LOOP,
    NEVER_OFFERED,
    RING_MISPLACED,
    RING_OUTSIDE,
    SHARED,
    Chain,
    Fault,
    walk,
)
from freepages.virtqueue.guest_memory import Memory, OutsideMemory, Reader
from freepages.virtqueue.ring_layout import DESC_SIZE, EVENT_IDX, INDIRECT_DESC, Forms, Layout, forms


class Offered(NamedTuple):
    """A chain in flight: offered in slot `slot` of the available ring, and not yet used.

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> from freepages.virtqueue.dump import read_dump
    >>> dump = read_dump(data_path("rings", "modern-hinting.json"))
    >>> describe(*dump[:3]).in_flight[0].slot
    7
    """

    slot: int
    head: int | None
    """None where the memory does not hold the slot."""
    chain: Chain | None
    """As far as it can be followed; None where not even the head can be."""
    fault: Fault | None


class Used(NamedTuple):
    """A used entry: the chain from `head` came back in slot `slot` of the used ring, `len` bytes written.

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> from freepages.virtqueue.dump import read_dump
    >>> dump = read_dump(data_path("rings", "modern-hinting.json"))
    >>> describe(*dump[:3]).completed[-1][:3]
    (6, 6, 0)
    """

    slot: int
    head: int | None
    len: int | None
    chain: Chain | None
    """What the table still has there; None once one of its descriptors was offered again."""


@dataclass(frozen=True, slots=True)
class RingState:
    """Both rings and the table; None is what the memory does not hold, and an event that is not negotiated.

    `in_flight`: the chains of the last (avail_idx - used_idx) mod 2^16 available slots, oldest first. Behind
    a device that uses chains out of order they are as many as there are in flight, but not always the same.
    `completed`: the newest min(used_idx, num) used entries, oldest first. Just after the index has wrapped
    the ring holds more of them than can be told.

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> from freepages.virtqueue.dump import read_dump
    >>> state = describe(*read_dump(data_path("rings", "modern-hinting.json"))[:3])
    >>> state.avail_idx, state.used_idx, len(state.in_flight)
    (15, 7, 8)
    """

    layout: Layout
    features: frozenset[int]
    table: list[tuple[int, int, int, int] | None]
    avail_flags: int | None
    avail_idx: int | None
    avail: list[int | None]
    used_event: int | None
    used_flags: int | None
    used_idx: int | None
    used: list[tuple[int, int] | None]
    avail_event: int | None
    in_flight: list[Offered]
    completed: list[Used]
    broken: Fault | None

    @property
    def with_device(self) -> set[int]:
        """The entries of the descriptor table that the device may read now; the others are the driver's."""
        return {index for offered in self.in_flight if offered.chain for index in offered.chain.indices}


def describe(memory: Memory, layout: Layout, features: Collection[int] = ()) -> RingState:
    """Read the queue that `layout` describes.

    Examples
    --------
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> describe(GuestMemory({0: 4096}), Layout.at(4, 0)).in_flight
    []
    >>> print(describe(GuestMemory({0: 64}), Layout.at(4, 0)).broken)
    ring outside memory: the available ring, 12 bytes at 0x40, is not all in the memory
    """
    event_idx = EVENT_IDX in features
    form = forms(features, memory.endian)
    num = layout.num

    def words(addr: int, count: int) -> list[int | None]:
        return [entry[0] if entry else None for entry in _entries(memory, form.word, addr, count)]

    table: Any = _entries(memory, form.desc, layout.desc, num)
    avail_flags, avail_idx, *avail = words(layout.avail, 2 + num)
    used_flags, used_idx = words(layout.used, 2)
    used: Any = _entries(memory, form.elem, layout.used + 4, num)
    used_event = words(layout.avail + 4 + 2 * num, 1)[0] if event_idx else None
    avail_event = words(layout.used + 4 + 8 * num, 1)[0] if event_idx else None

    faults = _missing(memory, layout, event_idx)
    walks = _Walks(memory, form, table, INDIRECT_DESC in features)
    in_flight: list[Offered] = []
    completed: list[Used] = []
    if avail_idx is not None and used_idx is not None:
        ahead = (avail_idx - used_idx) & 0xFFFF
        if ahead > num:
            detail = f"avail->idx {avail_idx} is {ahead} ahead of used->idx {used_idx}, the queue has {num}"
            faults.append(Fault(INDEX_JUMP, detail))
        else:
            slots = [(avail_idx - back) % num for back in range(ahead, 0, -1)]
            in_flight = [walks.offered(slot, avail[slot]) for slot in slots]
            faults += [offered.fault for offered in in_flight if offered.fault]
    if used_idx is not None:
        slots = [(used_idx - back) % num for back in range(1, min(used_idx, num) + 1)]
        walks.taken.update(index for offered in in_flight if offered.chain for index in offered.chain.indices)
        completed = [walks.used(slot, used[slot]) for slot in slots][::-1]
        known = _ever_offered(avail_idx, used_idx, avail)
        for slot, head, _, _ in completed:
            if head is not None and head not in known:
                faults.append(Fault(NEVER_OFFERED, f"used->ring[{slot}] says {head}"))
    return RingState(
        layout=layout,
        features=frozenset(features),
        table=table,
        avail_flags=avail_flags,
        avail_idx=avail_idx,
        avail=avail,
        used_event=used_event,
        used_flags=used_flags,
        used_idx=used_idx,
        used=used,
        avail_event=avail_event,
        in_flight=in_flight,
        completed=completed,
        broken=faults[0] if faults else None,
    )


def _entries(memory: Memory, form: Struct, addr: int, count: int) -> list[tuple[Any, ...] | None]:
    """`count` structures from `addr` on, None for each that is not wholly in the memory."""
    try:
        return list(form.iter_unpack(memory.read(addr, form.size * count)))
    except OutsideMemory:
        if count == 1:
            return [None]
    # Halves, so that a memory that holds nothing of it costs no more than one that holds all.
    half = count // 2
    return [
        *_entries(memory, form, addr, half),
        *_entries(memory, form, addr + form.size * half, count - half),
    ]


def _missing(memory: Memory, layout: Layout, event_idx: bool) -> list[Fault]:
    """What is wrong with where the ring lies, or with how much of it the memory holds."""
    misplaced = layout.fault()
    faults = [Fault(RING_MISPLACED, misplaced)] if misplaced else []
    for name, addr, size, _ in layout.areas:
        # Without EVENT_IDX the two bytes of the event are nobody's.
        size -= 0 if event_idx or addr == layout.desc else 2
        try:
            memory.check(addr, size)
        except OutsideMemory:
            faults.append(
                Fault(RING_OUTSIDE, f"the {name}, {size} bytes at {addr:#x}, is not all in the memory")
            )
    return faults


def _ever_offered(avail_idx: int | None, used_idx: int, avail: list[int | None]) -> Collection[int]:
    """The heads that may be in the used ring: those that were offered, or all where that cannot be known.

    Rings begin as zeros: one that has nothing behind its index has not gone round, and shows all it ever did.
    """
    if avail_idx is None or not used_idx <= avail_idx < len(avail) or any(avail[avail_idx:]) or None in avail:
        return range(len(avail))
    return {head for head in avail[:avail_idx] if head is not None}


class _Walks:
    """Follows chains through one reading of the descriptor table, each head once.

    The chains of a lawful ring take each descriptor once; of a hostile one each of 32768 may be 32768 long.
    Together they are followed no further than 16 times the table.
    """

    def __init__(self, memory: Memory, form: Forms, table: list[tuple[Any, ...] | None], indirect: bool):
        self.memory, self.form, self.table, self.indirect = memory, form, table, indirect
        self.left = 16 * len(table)
        self.known: dict[int, tuple[Chain | None, Fault | None]] = {}
        self.taken: set[int] = set()  # descriptors of chains later than the one that is looked at

    def offered(self, slot: int, head: int | None) -> Offered:
        if head is None:
            return Offered(slot, None, None, Fault(RING_OUTSIDE, f"avail->ring[{slot}] is not in the memory"))
        if head >= len(self.table):
            fault = Fault(HEAD_RANGE, f"avail->ring[{slot}] says {head}, there are {len(self.table)}")
            return Offered(slot, head, None, fault)
        return Offered(slot, head, *self.follow(head))

    def used(self, slot: int, elem: tuple[int, int] | None) -> Used:
        if elem is None:
            return Used(slot, None, None, None)
        head, length = elem
        if head >= len(self.table) or head in self.taken:
            return Used(slot, head, length, None)
        chain, fault = self.follow(head)
        if fault or not chain or not self.taken.isdisjoint(chain.indices):
            return Used(slot, head, length, None)
        self.taken.update(chain.indices)
        return Used(slot, head, length, chain)

    def follow(self, head: int) -> tuple[Chain | None, Fault | None]:
        if head not in self.known:
            self.known[head] = self._follow(head)
        return self.known[head]

    def _follow(self, head: int) -> tuple[Chain | None, Fault | None]:
        if self.left <= 0:
            return None, Fault(SHARED, f"the chains are {16 * len(self.table)} descriptors long together")
        chain: Chain
        fault = None
        try:
            chain = straight(walk(self._desc, len(self.table), head, self.indirect, self._open_table))
        except Fault as found:
            assert found.chain
            fault, chain = found, found.chain
        round_again = fault and fault.kind == LOOP
        self.left -= len(self.table) if round_again else len(chain.indices) + len(chain.buffers)
        return chain, fault

    def _desc(self, at: int) -> tuple[Any, ...]:
        entry = self.table[at // DESC_SIZE]
        if entry is None:
            raise Fault(RING_OUTSIDE, f"desc[{at // DESC_SIZE}] is not in the memory")
        return entry

    def _open_table(self, addr: int, size: int) -> Reader | None:
        try:
            return self.memory.reader(self.form.desc, addr, size)
        except OutsideMemory:
            return None
