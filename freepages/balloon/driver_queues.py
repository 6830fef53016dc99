"""The driver's virtqueues: a ring in the guest's memory, its doorbell, and the interrupts that call back.

Models struct virtqueue with drivers/virtio/virtio_pci_common.c of Linux 4.6 (vp_notify, vp_find_vqs,
vring_interrupt) around the ring of :mod:`freepages.virtqueue.ring`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from freepages.engine import Act, Guard, Steps
from freepages.pages.orders import PAGE_SHIFT
from freepages.virtqueue.features import is_legacy
from freepages.virtqueue.ring import DriverQueue, Piece
from freepages.virtqueue.ring_layout import DESC_SIZE, INDIRECT_DESC, Layout
from freepages.virtqueue.transport import CONFIG_CHANGED, Transport
from freepages.zone.kernel import Bug, Context, Kernel
from freepages.zone.kmalloc import kfree, kmalloc, kzalloc

ADDS_OUTBUF = Act("adds a buffer to {0}, for the device to read: {1}", cost="buffer")
ADDS_INBUF = Act("adds a buffer to {0}, for the device to write: {1}", cost="buffer")
GETS_BUF = Act("looks for a used buffer of {0}", cost="buffer")
KICKS = Act("kicks {0}", cost="kick")
RINGS = Act("notifies the device: {0}", cost="kick")
INTERRUPTED = Act("takes the interrupt of {0}", cost="interrupt")

# __pa(NULL) on x86-64 of 2016, whose direct map begins at 0xffff880000000000: a page that does not exist.
PHYSICAL_NULL = -0xFFFF_8800_0000_0000 % (1 << 64)

Callback = Callable[[Context], Steps]


class Virtqueue:
    """One queue as the driver has it."""

    def __init__(self, kernel: Kernel, transport: Transport, name: str, number: int, layout: Layout):
        self.kernel, self.transport = kernel, transport
        self.name, self.number = name, number
        # virtio_ring.c of 4.6 hands on whatever length the device wrote.
        self.ring = DriverQueue(kernel.memory, layout, transport.accepted, check_len=False)
        self._tables: dict[int, int] = {}  # of each chain with an indirect table, by its head

    @property
    def offered(self) -> list[Any]:
        """The tokens of the buffers that the device has."""
        return [token for token, *_ in self.ring.offers.values()]

    def add_outbuf(self, ctx: Context, pieces: Sequence[Piece], token: Any) -> Steps:
        """virtqueue_add_outbuf(GFP_KERNEL): True, or False where there is no room for it."""
        added = yield from self._add(ctx, ADDS_OUTBUF, pieces, (), token)
        if not added and not self.ring.broken:
            # "For historical reasons" the device is told that there was no room for more to read.
            yield RINGS, self.name
            self.transport.rung.add(self.number)
        return added

    def add_inbuf(self, ctx: Context, pieces: Sequence[Piece], token: Any) -> Steps:
        """virtqueue_add_inbuf(GFP_KERNEL): True, or False where there is no room for it."""
        return self._add(ctx, ADDS_INBUF, (), pieces, token)

    def _add(self, ctx: Context, act: Act, out: Sequence[Piece], in_: Sequence[Piece], token: Any) -> Steps:
        """virtqueue_add: it may sleep only for an indirect table, which one piece has no need of."""
        pieces, table = [*out, *in_], None
        if INDIRECT_DESC in self.ring.features and 1 < len(pieces) <= self.ring.num and self.ring.num_free:
            table = yield from kmalloc(ctx, DESC_SIZE * len(pieces))  # without one, the ring has the chain
        head, sizes = self.ring.free_head, " + ".join(str(size) for _, size in pieces)
        steps = self._put(out, in_, token, table)
        added = yield from self.kernel.grain(steps, act, self.name, f"{sizes} bytes")
        if table is not None:
            if added:
                self._tables[head] = table
            else:
                yield from kfree(ctx, table)
        return added

    def _put(self, out: Sequence[Piece], in_: Sequence[Piece], token: Any, table: int | None) -> Steps:
        if len(out) + len(in_) > self.ring.num:
            call = f"virtqueue_add_{'outbuf' if out else 'inbuf'}"
            raise Bug(f"{call}: {len(out) + len(in_)} buffers in a queue of {self.ring.num}")
        return (yield from self.ring.add(out, in_, token, table))

    def kick(self) -> Steps:
        """virtqueue_kick: notify the device, unless it does not want to be."""
        return self.kernel.grain(self._kick(), KICKS, self.name)

    def _kick(self) -> Steps:
        if (yield from self.ring.kick()):
            yield RINGS, self.name
            self.transport.rung.add(self.number)

    def get_buf(self, ctx: Context) -> Steps:
        """virtqueue_get_buf: (token, length), or None."""
        used = yield from self.kernel.grain(self.ring.get_buf(), GETS_BUF, self.name)
        for head in sorted(self._tables.keys() - self.ring.offers.keys()):
            yield from kfree(ctx, self._tables.pop(head))
        return used


def sg_set_buf(kernel: Kernel, address: int | None, size: int) -> tuple[int, int]:
    """An element of a scatterlist. NULL is not an address that a device can have, but nothing stops it
    without CONFIG_DEBUG_SG, where it is a BUG()."""
    if address is None:
        if kernel.debug_sg:
            raise Bug("sg_set_buf(NULL)")
        address = PHYSICAL_NULL
    return address, size


def find_vqs(ctx: Context, transport: Transport, wanted: Mapping[str, int]) -> Steps:
    """Set up the wanted queues, name -> number; a dict of Virtqueues, or None where one does not exist.

    Process. The ring's memory is the guest's, allocated here.
    """
    found: dict[str, Virtqueue] = {}
    for name, number in wanted.items():
        num = transport.queue_size(number)
        if not num:
            ctx.kernel.say(f"virtio_balloon: queue {number} ({name}) does not exist: probe failed, error -2")
            return None
        legacy = is_legacy(transport.accepted)
        at_zero = Layout.legacy(num, 0) if legacy else Layout.at(num, 0)
        address = yield from kzalloc(ctx, at_zero.end)
        if address is None:
            ctx.kernel.say(f"virtio_balloon: no memory for {name}: probe failed, error -12")
            return None
        layout = Layout.legacy(num, address >> PAGE_SHIFT) if legacy else Layout.at(num, address)
        transport.layouts[number] = layout
        found[name] = Virtqueue(ctx.kernel, transport, name, number, layout)
    return found


class Interrupt(Guard):
    """The interrupts of a device: ready when one is pending."""

    def __init__(self, kernel: Kernel, transport: Transport, names: Mapping[int, str]):
        self.kernel, self.transport = kernel, transport
        self.names = {**names, CONFIG_CHANGED: "config"}

    def ready(self) -> bool:
        return bool(self.transport.pending) and not self.kernel.crashed

    def reason(self) -> str:
        return "cannot: the guest has crashed" if self.kernel.crashed else "waits for an interrupt"

    def __str__(self) -> str:
        number = self.transport.next_interrupt()
        return "the device" if number is None else self.names.get(number, f"queue {number}")


def interrupts(
    ctx: Context,
    transport: Transport,
    queues: Iterable[Virtqueue],
    callbacks: Mapping[int, Callback],
) -> Steps:
    """Take interrupts as they come and call back, for ever. Process.

    Raised twice before it is taken, an interrupt is taken once; that of a queue without news calls nobody.
    """
    by_number = {queue.number: queue for queue in queues}
    pending = Interrupt(ctx.kernel, transport, {queue.number: queue.name for queue in by_number.values()})
    while True:
        yield INTERRUPTED, pending
        number = transport.next_interrupt()
        assert number is not None
        transport.pending.discard(number)
        callback = callbacks.get(number)
        if callback and (number not in by_number or more_used(by_number[number])):
            yield from ctx.survive(callback(ctx.within(callback.__name__)))


def more_used(queue: Virtqueue) -> bool:
    """Whether the device has used a buffer that the driver has not got yet."""
    layout, word = queue.ring.layout, queue.ring.forms.word
    (idx,) = word.unpack(queue.kernel.memory.read(layout.used + 2, word.size))
    return idx != queue.ring.last_used_idx
