"""The split virtqueue at work: the driver's side and the device's side of one ring in guest memory.

The driver's side models drivers/virtio/virtio_ring.c of Linux 4.6 (virtqueue_add and its callers,
virtqueue_kick_prepare, virtqueue_get_buf, detach_buf), the device's side hw/virtio/virtio.c of QEMU 2.6
(virtqueue_pop, virtqueue_push, virtio_should_notify); both as the specification orders it under "Supplying
Buffers to The Device" and "Receiving Used Buffers From The Device". Every operation is a process of
the engine whose actions are the reads and writes of shared memory, in the order that matters;
`straight(queue.add(...))` runs one through at once.

The state is the bytes. Beside them each side keeps only what Linux and QEMU keep in memory of their own. The
driver: a copy of the index it writes, the first free descriptor and how many there are, how far it has read
the used ring, and for each chain the caller's token and its descriptors, to check the device by. The device:
how far it has read and written. The free list runs through the `next` fields of the descriptor table.

Neither side trusts the other. What no honest one would have written makes the queue `broken`, with the
:class:`~freepages.virtqueue.chain.Fault` as the reason; from then on every operation does nothing. With
`barriers=False` a side leaves its memory barriers out, which shows over a
:class:`~freepages.virtqueue.guest_memory.StoreBuffer`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from freepages.engine import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.virtqueue.chain import (
    HEAD_RANGE,
    INDEX_JUMP,
    NEVER_OFFERED,
    OUTSIDE,
    TABLE_CHANGED,
    USED_LENGTH,
    Chain,
    Fault,
    walk,
)
from freepages.virtqueue.guest_memory import TOP, Memory, OutsideMemory, Reader
from freepages.virtqueue.ring_layout import (
    DESC_SIZE,
    ELEM_SIZE,
    EVENT_IDX,
    INDIRECT,
    INDIRECT_DESC,
    NEXT,
    NO_INTERRUPT,
    NO_NOTIFY,
    VERSION_1,
    WRITE,
    Layout,
    LayoutError,
    forms,
)

TAKES_DESC = Act("takes descriptors off the free list: {0}", cost="list")
WRITES_DESC = Act("writes desc[{0}]: {2:byte} at {1:#x}, flags {3}, next {4}", cost="store")
WRITES_INDIRECT = Act("writes entry {0} of the indirect table: {2:byte} at {1:#x}, flags {3}", cost="store")
WRITES_AVAIL = Act("writes avail->ring[{0}] = {1}", cost="store")
WRITES_AVAIL_IDX = Act("writes avail->idx = {0}", cost="store")
WRITES_AVAIL_FLAGS = Act("writes avail->flags = {0}", cost="store")
WRITES_USED_EVENT = Act("writes used_event = {0}", cost="store")
READS_USED_IDX = Act("reads used->idx", cost="load")
READS_USED = Act("reads used->ring[{0}]", cost="load")
READS_USED_FLAGS = Act("reads used->flags: is it to notify?", cost="load")
READS_AVAIL_EVENT = Act("reads avail_event: is it to notify?", cost="load")
FREES_CHAIN = Act("puts the chain of desc[{0}] on the free list", cost="store")

READS_AVAIL_IDX = Act("reads avail->idx", cost="load")
READS_AVAIL = Act("reads avail->ring[{0}]", cost="load")
READS_AVAIL_FLAGS = Act("reads avail->flags: is it to interrupt?", cost="load")
READS_USED_EVENT = Act("reads used_event: is it to interrupt?", cost="load")
WRITES_USED = Act("writes used->ring[{0}] = desc[{1}], {2:byte} written", cost="store")
WRITES_USED_IDX = Act("writes used->idx = {0}", cost="store")
WRITES_USED_FLAGS = Act("writes used->flags = {0}", cost="store")
WRITES_AVAIL_EVENT = Act("writes avail_event = {0}", cost="store")

LEAVES = Act("leaves {0} where it is from now on", cost="none")
WMB = Act("passes a write barrier", cost="barrier")
RMB = Act("passes a read barrier", cost="barrier")
MB = Act("passes a full barrier", cost="barrier")

IDX = 2  # the offset of idx in either ring
RING = 4  # the offset of entry 0 in either ring
NEXT_FIELD = 14  # the offset of next in a descriptor
FREE = -1

Piece = tuple[int, int]
"""(guest-physical address, bytes): one element of a scatterlist."""


Offer = tuple[Any, int, int]
"""What the driver remembers of a chain: its token, how many descriptors it takes, its writable bytes."""


class Queue:
    """What both sides have: the place, the features, and the memory as the side's own CPU sees it.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> memory, layout = GuestMemory({0: 8192}), Layout.at(4, 0)
    >>> Queue(memory, layout, {EVENT_IDX}, barriers=True).event_idx
    True
    """

    def __init__(self, memory: Memory, layout: Layout, features: Collection[int], barriers: bool):
        if fault := layout.fault():
            raise LayoutError(fault)
        self.memory, self.layout, self.features = memory, layout, frozenset(features)
        self.num, self.barriers = layout.num, barriers
        self.event_idx = EVENT_IDX in self.features
        self.broken: Fault | None = None
        self.forms = forms(self.features, memory.endian)
        self._mask = layout.num - 1
        self._used_event_at = RING + 2 * layout.num
        self._avail_event_at = RING + ELEM_SIZE * layout.num
        self._get_desc = memory.reader(self.forms.desc, layout.desc, layout.desc_size)
        self._get_avail = memory.reader(self.forms.word, layout.avail, layout.avail_size)
        self._get_used = memory.reader(self.forms.word, layout.used, layout.used_size)

    def private(self) -> dict[str, Any]:
        """What this side keeps to itself, apart from where the queue is: all of it that a move can change."""
        return {
            name: value for name, value in vars(self).items() if type(value) in (int, bool, dict, list)
        } | {"broken": self.broken and str(self.broken)}

    def _break(self, kind: str, detail: str) -> None:
        self.broken = Fault(kind, detail)


class DriverQueue(Queue):
    """The driver's side. Making it initialises the ring: zeros, and a free list of all descriptors.

    `check_len`: whether a used length above the chain's writable bytes breaks the queue. Without VERSION_1 it
    does not unless asked for, since legacy devices set it wrongly ("Legacy Interface: The Virtqueue Used
    Ring"), QEMU's balloon among them; then the length is given back as the device wrote it.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> memory, layout = GuestMemory({0: 8192}), Layout.at(4, 0)
    >>> driver, device = DriverQueue(memory, layout), DeviceQueue(memory, layout)
    >>> straight(driver.add_outbuf([(4096, 64)], "a bitmap")), straight(driver.kick())
    (True, True)
    >>> straight(device.push(straight(device.pop()), 0))
    >>> straight(driver.get_buf()), straight(driver.get_buf())
    (('a bitmap', 0), None)
    """

    def __init__(
        self,
        memory: Memory,
        layout: Layout,
        features: Collection[int] = (),
        *,
        barriers: bool = True,
        check_len: bool | None = None,
    ):
        super().__init__(memory, layout, features, barriers)
        self.check_len = VERSION_1 in self.features if check_len is None else check_len
        self._put_desc = memory.writer(self.forms.desc, layout.desc, layout.desc_size)
        self._put_next = memory.writer(self.forms.word, layout.desc, layout.desc_size)
        self._get_next = memory.reader(self.forms.word, layout.desc, layout.desc_size)
        self._put_avail = memory.writer(self.forms.word, layout.avail, layout.avail_size)
        self._get_elem = memory.reader(self.forms.elem, layout.used, layout.used_size)
        self.free_head, self.num_free = 0, self.num
        self.avail_idx = self.last_used_idx = 0
        self.num_added = 0
        self.callbacks = True
        self.offers: dict[int, Offer] = {}
        self._owner = [FREE] * self.num  # of each descriptor the head of the chain it is in, or FREE
        for _, start, size, _ in layout.areas:
            memory.write(start, bytes(size))
        for index in range(self.num):
            self._put_desc(DESC_SIZE * index, 0, 0, 0, (index + 1) & self._mask)
        memory.mb()

    def add_outbuf(self, pieces: Sequence[Piece], token: Any) -> Steps:
        """Offer buffers for the device to read."""
        return self.add(pieces, (), token)

    def add_inbuf(self, pieces: Sequence[Piece], token: Any) -> Steps:
        """Offer buffers for the device to write."""
        return self.add((), pieces, token)

    def add(self, out: Sequence[Piece], in_: Sequence[Piece], token: Any, table: int | None = None) -> Steps:
        """Offer one chain: `out` for the device to read, then `in_` for it to write.

        With `table`, an address of 16 bytes for each buffer, it is an indirect one. Returns True, or False as
        the kernel returns -ENOSPC or -EIO: there are too few free descriptors, or the queue is broken. A
        buffer of no bytes is queued as it is asked for; the device will not have it. Raises FreepagesError,
        with nothing done, for what no descriptor can hold, and for more buffers than the queue is long.
        """
        pieces, writable = [], 0
        for flags, offered in (NEXT, out), (NEXT | WRITE, in_):
            for addr, size in offered:
                if not (0 <= addr < TOP and 0 <= size < 1 << 32):
                    raise FreepagesError(f"add: no descriptor holds {size} bytes at {addr:#x}")
                pieces.append((addr, size, flags))
                if flags & WRITE:
                    writable += size
        if not 0 < len(pieces) <= self.num:
            raise FreepagesError(f"add: a chain of {len(pieces)} buffers, in a queue of {self.num}")
        if token is None:
            raise FreepagesError("add: None is no token, it is what get_buf gives when there is nothing")
        addr, size, flags = pieces[-1]
        pieces[-1] = addr, size, flags & ~NEXT

        if table is None:
            chain = pieces
        elif INDIRECT_DESC in self.features:
            chain = [(table, DESC_SIZE * len(pieces), INDIRECT)]
            put_entry = self.memory.writer(self.forms.desc, table, DESC_SIZE * len(pieces))
        else:
            raise FreepagesError("add: an indirect table, but INDIRECT_DESC was not negotiated")

        yield TAKES_DESC, len(chain)
        if self.broken or len(chain) > self.num_free:
            return False
        taken = self._take(len(chain))
        if taken is None:
            return False
        if table is not None:
            for entry, (addr, size, flags) in enumerate(pieces):
                yield WRITES_INDIRECT, entry, addr, size, flags
                put_entry(DESC_SIZE * entry, addr, size, flags, entry + 1 if flags & NEXT else 0)
        # The chain runs along the free list: what a descriptor's next is, it stays.
        for (index, after), (addr, size, flags) in zip(taken, chain, strict=True):
            yield WRITES_DESC, index, addr, size, flags, after
            self._put_desc(DESC_SIZE * index, addr, size, flags, after)
        head = taken[0][0]
        self.offers[head] = token, len(chain), writable

        slot = self.avail_idx & self._mask
        yield WRITES_AVAIL, slot, head
        self._put_avail(RING + 2 * slot, head)
        if self.barriers:
            # "The driver MUST perform a suitable memory barrier before the idx update": the device must never
            # see the index without the entry and the descriptors that it covers.
            yield (WMB,)
            self.memory.wmb()
        idx = (self.avail_idx + 1) & 0xFFFF
        yield WRITES_AVAIL_IDX, idx
        self._put_avail(IDX, idx)
        self.avail_idx = idx
        self.num_added += 1
        return True

    def kick(self) -> Steps:
        """Whether what was added since the last kick needs a notification; sending it is the caller's."""
        if self.barriers:
            # The device may be going to sleep: it sees the new index, or we see that it wants to be told.
            yield (MB,)
            self.memory.mb()
        yield (READS_AVAIL_EVENT,) if self.event_idx else (READS_USED_FLAGS,)
        added, self.num_added = self.num_added, 0
        if self.broken:
            return False
        if self.event_idx:
            event = self._get_used(self._avail_event_at)[0]
            return need_event(event, self.avail_idx, added)
        return not self._get_used(0)[0] & NO_NOTIFY

    def get_buf(self) -> Steps:
        """The next chain that the device has used, as (token, bytes written), or None."""
        yield (READS_USED_IDX,)
        if self.broken:
            return None
        ahead = (self._get_used(IDX)[0] - self.last_used_idx) & 0xFFFF
        if not ahead:
            return None
        if ahead > len(self.offers):
            return self._break(INDEX_JUMP, f"used->idx went on by {ahead}, in flight are {len(self.offers)}")
        if self.barriers:
            yield (RMB,)
            self.memory.rmb()
        slot = self.last_used_idx & self._mask
        yield READS_USED, slot
        head, written = self._get_elem(RING + ELEM_SIZE * slot)
        offer = self.offers.get(head)
        if offer is None:
            return self._break(NEVER_OFFERED, f"used->ring[{slot}] says {head}")
        token, descriptors, writable = offer
        if written > writable and self.check_len:
            return self._break(USED_LENGTH, f"used->ring[{slot}] says {written} bytes of {writable}")
        yield FREES_CHAIN, head
        if not self._detach(head, descriptors):
            return None
        del self.offers[head]
        self.last_used_idx = (self.last_used_idx + 1) & 0xFFFF
        if self.event_idx and self.callbacks:
            yield WRITES_USED_EVENT, self.last_used_idx
            self._put_avail(self._used_event_at, self.last_used_idx)
            if self.barriers:
                yield (MB,)
                self.memory.mb()
        return token, written

    def disable_cb(self) -> Steps:
        """Ask for no interrupts. A hint: the device may not have seen it, or not heed it."""
        # With EVENT_IDX "the driver MUST set flags to 0".
        yield (LEAVES, "used_event") if self.event_idx else (WRITES_AVAIL_FLAGS, NO_INTERRUPT)
        self.callbacks = False
        if not (self.event_idx or self.broken):
            self._put_avail(0, NO_INTERRUPT)

    def enable_cb(self) -> Steps:
        """Ask for interrupts again; False if chains were used meanwhile, of which no interrupt will tell."""
        yield (WRITES_USED_EVENT, self.last_used_idx) if self.event_idx else (WRITES_AVAIL_FLAGS, 0)
        if self.broken:
            return True
        self.callbacks = True
        if self.event_idx:
            self._put_avail(self._used_event_at, self.last_used_idx)
        else:
            self._put_avail(0, 0)
        if self.barriers:
            yield (MB,)
            self.memory.mb()
        yield (READS_USED_IDX,)
        return self._get_used(IDX)[0] == self.last_used_idx

    def _take(self, count: int) -> list[tuple[int, int]] | None:
        """(index, next) of the first `count` of the free list, now a chain's; None if the list is corrupt."""
        taken: list[tuple[int, int]] = []
        owner, head = self._owner, self.free_head
        index = head
        for _ in range(count):
            if index >= self.num or owner[index] != FREE:
                self._break(TABLE_CHANGED, f"the free list leads to desc[{index}]")
                return None
            owner[index] = head
            after = self._get_next(DESC_SIZE * index + NEXT_FIELD)[0]
            taken.append((index, after))
            index = after
        self.free_head = index
        self.num_free -= count
        return taken

    def _detach(self, head: int, count: int) -> bool:
        """Put the chain back at the front of the free list, if the table still links what was linked."""
        index = head
        for left in reversed(range(count)):
            if index >= self.num or self._owner[index] != head:
                self._break(TABLE_CHANGED, f"the chain of desc[{head}] leads to desc[{index}]")
                return False
            self._owner[index] = FREE
            _, _, flags, after = self._get_desc(DESC_SIZE * index)
            if (flags & NEXT != 0) != (left > 0):
                self._break(
                    TABLE_CHANGED, f"the chain of desc[{head}] is not {count} descriptors long any more"
                )
                return False
            last, index = index, after
        self._put_next(DESC_SIZE * last + NEXT_FIELD, self.free_head)
        self.free_head = head
        self.num_free += count
        return True


class DeviceQueue(Queue):
    """The device's side. It trusts no index, head, flag, address or length that it reads.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> memory, layout = GuestMemory({0: 8192}), Layout.at(4, 0)
    >>> driver, device = DriverQueue(memory, layout), DeviceQueue(memory, layout)
    >>> straight(driver.add_inbuf([(4096, 8)], "a request"))
    True
    >>> straight(device.pop()).buffers
    [(4096, 8, True)]
    >>> memory.write(layout.avail + 2, bytes([9, 0]))
    >>> straight(device.pop()), str(device.broken)
    (None, 'index jump: avail->idx went from 1 to 9')
    """

    def __init__(
        self, memory: Memory, layout: Layout, features: Collection[int] = (), *, barriers: bool = True
    ):
        super().__init__(memory, layout, features, barriers)
        self._put_used = memory.writer(self.forms.word, layout.used, layout.used_size)
        self._put_elem = memory.writer(self.forms.elem, layout.used, layout.used_size)
        self._indirect = INDIRECT_DESC in self.features
        self.last_avail_idx = self.used_idx = 0
        self.num_pushed = 0
        self.notifications = True

    def pop(self) -> Steps:
        """The next chain that the driver offers, a Chain whose buffers are all mapped; or None."""
        yield (READS_AVAIL_IDX,)
        if self.broken:
            return None
        idx = self._get_avail(IDX)[0]
        ahead = (idx - self.last_avail_idx) & 0xFFFF
        if not ahead:
            return None
        if ahead > self.num:
            return self._break(INDEX_JUMP, f"avail->idx went from {self.last_avail_idx} to {idx}")
        if self.barriers:
            yield (RMB,)
            self.memory.rmb()
        slot = self.last_avail_idx & self._mask
        yield READS_AVAIL, slot
        head = self._get_avail(RING + 2 * slot)[0]
        if head >= self.num:
            return self._break(HEAD_RANGE, f"avail->ring[{slot}] says {head}, there are {self.num}")
        try:
            chain = yield from walk(self._get_desc, self.num, head, self._indirect, self._open_table)
            for addr, size, _ in chain.buffers:
                self.memory.check(addr, size)
        except Fault as fault:
            self.broken = fault
            return None
        except OutsideMemory as outside:
            return self._break(OUTSIDE, f"the chain of desc[{head}]: {outside}")
        self.last_avail_idx = (self.last_avail_idx + 1) & 0xFFFF
        if self.event_idx and self.notifications:
            yield WRITES_AVAIL_EVENT, self.last_avail_idx
            self._put_used(self._avail_event_at, self.last_avail_idx)
            if self.barriers:
                yield (MB,)
                self.memory.mb()
        return chain

    def push(self, chain: Chain | int, written: int) -> Steps:
        """Give a chain (or whatever is at that head) back to the driver, `written` bytes of it written."""
        head = chain if isinstance(chain, int) else chain.head
        slot = self.used_idx & self._mask
        yield WRITES_USED, slot, head, written
        if self.broken:
            return
        self._put_elem(RING + ELEM_SIZE * slot, head, written)
        if self.barriers:
            # "The device MUST set len prior to updating the used idx": the driver must see it so, too.
            yield (WMB,)
            self.memory.wmb()
        idx = (self.used_idx + 1) & 0xFFFF
        yield WRITES_USED_IDX, idx
        self._put_used(IDX, idx)
        self.used_idx = idx
        self.num_pushed += 1

    def notify(self) -> Steps:
        """Whether the driver is to be interrupted for what was pushed since the last time this was asked."""
        if self.barriers:
            yield (MB,)
            self.memory.mb()
        yield (READS_USED_EVENT,) if self.event_idx else (READS_AVAIL_FLAGS,)
        pushed, self.num_pushed = self.num_pushed, 0
        if self.broken:
            return False
        if self.event_idx:
            event = self._get_avail(self._used_event_at)[0]
            return need_event(event, self.used_idx, pushed)
        return not self._get_avail(0)[0] & NO_INTERRUPT

    def disable_notifications(self) -> Steps:
        """Ask for no notifications. A hint: the driver may not have seen it, or not heed it."""
        # With EVENT_IDX "the device MUST set flags to 0".
        yield (LEAVES, "avail_event") if self.event_idx else (WRITES_USED_FLAGS, NO_NOTIFY)
        self.notifications = False
        if not (self.event_idx or self.broken):
            self._put_used(0, NO_NOTIFY)

    def enable_notifications(self) -> Steps:
        """Ask for notifications again; False if chains came meanwhile, of which no notification will tell."""
        yield (WRITES_AVAIL_EVENT, self.last_avail_idx) if self.event_idx else (WRITES_USED_FLAGS, 0)
        if self.broken:
            return True
        self.notifications = True
        if self.event_idx:
            self._put_used(self._avail_event_at, self.last_avail_idx)
        else:
            self._put_used(0, 0)
        if self.barriers:
            yield (MB,)
            self.memory.mb()
        yield (READS_AVAIL_IDX,)
        return self._get_avail(IDX)[0] == self.last_avail_idx

    def _open_table(self, addr: int, size: int) -> Reader:
        return self.memory.reader(self.forms.desc, addr, size)


def need_event(event: int, idx: int, moved: int) -> bool:
    """Whether the other side waits for one of the `moved` entries up to `idx`: vring_need_event().

    Examples
    --------
    >>> need_event(event=4, idx=6, moved=2), need_event(event=4, idx=7, moved=2)
    (True, False)
    """
    return (idx - event - 1) & 0xFFFF < moved
