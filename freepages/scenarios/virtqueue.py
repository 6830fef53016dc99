"""A driver that asks and a device that answers, over a split virtqueue in guest memory.

The processes: ``g`` the guest's driver, ``h`` the host's device and, where the guest's CPU has a store
buffer, ``s``, which lets its writes become visible. A request is a word for the device to read and room for
it to write: a chain of two descriptors. The answer is the word in capitals.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from freepages.engine import Act, Process, Run, Scenario, Steps, Until, stuck
from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.state import Known
from freepages.scenarios.exchange_picture import (
    MEMORY,
    RingPlace,
    Way,
    ring_panel,
    sequence_panel,
    waiting_panel,
)
from freepages.view.frame import Facts, Frame, Panel
from freepages.virtqueue import ring
from freepages.virtqueue.guest_memory import GuestMemory, StoreBuffer
from freepages.virtqueue.ring import DeviceQueue, DriverQueue, Queue
from freepages.virtqueue.ring_layout import DESC_SIZE, EVENT_IDX, NEXT, VERSION_1, WRITE, Layout

RING_AT, BUFFERS_AT, PAGE = 0x1000, 0x2000, 4096
ROOM = 16  # bytes of a request, and of an answer
WORDS = ("one", "two", "three")

WRITES_REQUEST = Act("writes the request {0!r} at {1:#x}", cost="store")
KICKS = Act("kicks: notifies the device", cost="kick")
TAKES_INTERRUPT = Act("takes the interrupt", cost="interrupt")
READS_ANSWER = Act("reads its answer, {1:byte} at {0:#x}", cost="load")
TAKES_KICK = Act("takes the notification", cost="wake")
READS_REQUEST = Act("reads the request, {1:byte} at {0:#x}", cost="load")
WRITES_ANSWER = Act("writes the answer {0!r}", cost="store")
INTERRUPTS = Act("interrupts the driver", cost="interrupt_guest")

WAYS: dict[Act, Way] = {
    WRITES_REQUEST: Way("write", "request {0!r}"),
    KICKS: Way("signal", "kick", to="h"),
    TAKES_KICK: Way("alone", "takes the kick"),
    READS_ANSWER: Way("read", "answer"),
    READS_REQUEST: Way("read", "request"),
    WRITES_ANSWER: Way("write", "answer {0!r}"),
    INTERRUPTS: Way("signal", "interrupt", to="g"),
}


def request_at(number: int) -> int:
    """The address of a request's word; that of its answer is ROOM bytes on."""
    return BUFFERS_AT + 2 * ROOM * number


def letters(data: bytes) -> str:
    """The bytes as letters, and a dot for what is none."""
    return "".join(chr(byte) if 0x20 < byte < 0x7F else "·" for byte in data)


@dataclass
class Exchange:
    """The world: memory, both sides of the queue, the doorbell and the interrupt, and what came of it.

    cpu       memory as the driver's CPU sees it
    offered   the address of every request that the driver offered, in order
    served    the address of every request that the device took, in order
    answers   what the driver found in its answers, by the number of the request
    """

    memory: GuestMemory
    layout: Layout
    cpu: GuestMemory | StoreBuffer
    driver: DriverQueue | None
    device: DeviceQueue
    words: Sequence[str] = ()
    rung: bool = False
    pending: bool = False
    offered: list[int] = field(default_factory=list)
    served: list[int] = field(default_factory=list)
    answers: dict[int, bytes] = field(default_factory=dict)

    @property
    def place(self) -> RingPlace:
        return RingPlace(self.memory, self.layout, self.device.features, self.driver, self.device)

    def name(self, addr: int) -> str:
        """The words for an address: a field of the ring, or a buffer."""
        number, at = divmod(addr - BUFFERS_AT, 2 * ROOM)
        if 0 <= number < len(self.words):
            return f"{'answer' if at >= ROOM else 'request'} {self.words[number]!r}"
        is_next = (addr - self.layout.desc) % DESC_SIZE == ring.NEXT_FIELD and addr < self.layout.avail
        return self.layout.name(addr) + (".next" if is_next else "")


def unless_broken(queue: Queue, ready: Callable[[], bool], why: str) -> Until:
    """Wait for what is ready, as long as the queue is not broken."""
    return Until(
        lambda: ready() and not queue.broken,
        lambda: f"will not: {queue.broken}" if queue.broken else why,
    )


# -- the two sides


def driver(world: Exchange, queue: DriverQueue, at_once: int) -> Steps:
    """Offer the words, at most `at_once` at a time, and read the answers as they come. Process."""
    interrupt = unless_broken(queue, lambda: world.pending, "waits for an interrupt")
    sent = 0
    while sent < len(world.words) or queue.offers:
        while sent < len(world.words) and len(queue.offers) < at_once:
            word, address = world.words[sent], request_at(sent)
            yield WRITES_REQUEST, word, address
            world.cpu.write(address, word.encode())
            if not (yield from queue.add([(address, len(word))], [(address + ROOM, ROOM)], sent)):
                break
            world.offered.append(address)
            sent += 1
            if (yield from queue.kick()):
                yield (KICKS,)
                # It ends in the hypervisor, and everything written before is there when it does.
                world.cpu.mb()
                world.rung = True
        yield TAKES_INTERRUPT, interrupt
        world.pending = False
        while got := (yield from queue.get_buf()):
            number, written = got
            yield READS_ANSWER, request_at(number) + ROOM, written
            world.answers[number] = world.cpu.read(request_at(number) + ROOM, written)


def device(world: Exchange, suppress: bool) -> Steps:
    """Answer what is asked, for ever; with `suppress`, without being notified while at work. Process."""
    queue, memory = world.device, world.memory
    notification = unless_broken(queue, lambda: world.rung, "waits for a notification")
    while True:
        yield TAKES_KICK, notification
        world.rung = False
        idle = False
        while not idle:
            if suppress:
                yield from queue.disable_notifications()
            while chain := (yield from queue.pop()):
                address, size, _ = chain.buffers[0]
                yield READS_REQUEST, address, size
                world.served.append(address)
                answer = chain.gather(memory, ROOM).upper()
                yield WRITES_ANSWER, letters(answer)
                written = chain.scatter(memory, answer)
                yield from queue.push(chain, written)
                if (yield from queue.notify()):
                    yield (INTERRUPTS,)
                    world.pending = True
            idle = not suppress or (yield from queue.enable_notifications())


# -- scenarios

STALE = "gggggggg hhhhhhhhhhhhhh gggggg gggggg s6v"
"""Without barriers, two words: the device will look again, and avail->idx has overtaken what it announces."""

LOST_KICK = "gggggggg hhhhhhhhhhhhhhhh ggggggg hhh gggggg s6v s1v s2v s3v s4v s5v"
"""Without barriers, two words at once, suppress: the driver sees no need to kick, the device no request."""


def _fits(word: object) -> bool:
    return isinstance(word, str) and 0 < len(word.encode()) <= ROOM


def virtqueue(
    words: Sequence[str] = WORDS,
    *,
    num: int = 4,
    at_once: int = 1,
    first: int = 0,
    features: Collection[int] = (VERSION_1,),
    store_buffer: bool = False,
    barriers: bool = True,
    suppress: bool = False,
    story: str = "",
) -> Scenario:
    """Ask for each of `words` over a queue of `num` entries.

    at_once       how many requests the driver has under way at most
    first         where the indices stand at the beginning
    store_buffer  the guest's CPU makes its writes visible late, and in an order of the schedule's choosing
    barriers      whether the driver has its memory barriers
    suppress      the device asks for no notifications while it is at work

    Raises FreepagesError where a word is longer than its buffer, there are more than there is room for, or
    a queue, an index or a number of requests is none.
    """
    Layout.at(num, RING_AT)
    if num < 2 or at_once < 1 or not 0 <= first <= 0xFFFF:
        raise FreepagesError("a request takes 2 entries, at_once is 1 or more, first in 0..65535")
    if len(words) > PAGE // (2 * ROOM) or not all(map(_fits, words)):
        raise FreepagesError(f"words: at most {PAGE // (2 * ROOM)}, each a text of 1 to {ROOM} bytes")

    def build() -> tuple[Exchange, list[Process]]:
        memory = GuestMemory({RING_AT: PAGE, BUFFERS_AT: PAGE})
        layout = Layout.at(num, RING_AT)
        cpu = StoreBuffer(memory) if store_buffer else memory
        side = DriverQueue(cpu, layout, features, barriers=barriers)
        world = Exchange(memory, layout, cpu, side, DeviceQueue(memory, layout, features), words)
        start_at(world.device, side, first)
        processes = [
            Process("g", "guest driver", driver(world, side, at_once)),
            Process("h", "host device", device(world, suppress)),
        ]
        if isinstance(cpu, StoreBuffer):
            cpu.name = world.name
            processes.append(Process("s", "store buffer", cpu.visibility()))
        return world, processes

    title = (
        f"{len(words)} request{'' if len(words) == 1 else 's'} over {num} entr{'y' if num == 1 else 'ies'}"
    )
    if store_buffer:
        title += "; late writes" + ("" if barriers else "; the driver has no barriers")
    return Scenario("virtqueue", title, build, picture, story, property=request_lost, key=exchanged)


def request_lost(run: Run) -> str | None:
    """Whether a request is lost: taken twice in another's place, or never to be answered."""
    world: Exchange = run.world
    if world.device.broken:
        return f"the device finds the queue broken: {world.device.broken}"
    for taken, offered in zip(world.served, world.offered, strict=False):
        if taken != offered:
            return f"the device took {world.name(taken)} where {world.name(offered)} was offered"
    waits = stuck(run)
    if waits and len(world.answers) < len(world.words):
        return f"{len(world.answers)} of {len(world.words)} requests are answered, and {waits}"
    return None


def exchanged(run: Run) -> tuple[Known, ...]:
    """Memory as far as it is used, what each side keeps to itself, and what came of it so far."""
    world: Exchange = run.world
    layout, buffers = world.layout, 2 * ROOM * max(1, len(world.words))
    came = world.rung, world.pending, tuple(world.offered), tuple(world.served), tuple(world.answers.items())
    ring = world.memory.read(layout.desc, layout.end - layout.desc)
    parts = [
        Known(world, came),
        Known(world.memory, (ring, world.memory.read(BUFFERS_AT, buffers))),
        Known(world.device, world.device.private()),
    ]
    if world.driver:
        parts.append(Known(world.driver, world.driver.private()))
    if isinstance(world.cpu, StoreBuffer):
        # How many writes and barriers there were before the oldest that waits does not matter any more.
        waiting = world.cpu.pending
        behind = [(w.addr, w.data, w.barriers - waiting[0].barriers) for w in waiting]
        parts.append(Known(world.cpu, behind))
    return tuple(parts)


def start_at(device: DeviceQueue, driver: DriverQueue, index: int) -> None:
    """Let both sides stand at `index`, as after so many requests, none in flight."""
    layout, word = device.layout, device.forms.word
    device.last_avail_idx = device.used_idx = driver.avail_idx = driver.last_used_idx = index
    at = [layout.avail + ring.IDX, layout.used + ring.IDX]
    if EVENT_IDX in device.features:
        at += [layout.avail + layout.avail_size - 2, layout.used + layout.used_size - 2]
    for addr in at:
        device.memory.write(addr, word.pack(index))


_OFFERED = [(ring.WRITES_AVAIL, 0, 0), (ring.WRITES_AVAIL_IDX, 1)]

HOSTILE: dict[str, list[tuple[Any, ...]]] = {
    "descriptor loop": [
        (ring.WRITES_DESC, 0, BUFFERS_AT, ROOM, NEXT, 1),
        (ring.WRITES_DESC, 1, BUFFERS_AT, ROOM, NEXT, 0),
        *_OFFERED,
    ],
    "next out of range": [(ring.WRITES_DESC, 0, BUFFERS_AT, ROOM, NEXT, 9), *_OFFERED],
    "head out of range": [(ring.WRITES_AVAIL, 0, 7), (ring.WRITES_AVAIL_IDX, 1)],
    "index jump": [(ring.WRITES_AVAIL_IDX, 100)],
    "outside memory": [(ring.WRITES_DESC, 0, 0xDEAD_0000, ROOM, WRITE, 0), *_OFFERED],
    "address overflow": [(ring.WRITES_DESC, 0, (1 << 64) - 8, ROOM, WRITE, 0), *_OFFERED],
    "zero-length buffer": [(ring.WRITES_DESC, 0, BUFFERS_AT, 0, 0, 0), *_OFFERED],
    "readable after writable": [
        (ring.WRITES_DESC, 0, BUFFERS_AT, ROOM, NEXT | WRITE, 1),
        (ring.WRITES_DESC, 1, BUFFERS_AT + ROOM, ROOM, 0, 0),
        *_OFFERED,
    ],
}
"""What a guest may write, as announcements, by the kind of fault that the device finds in it."""


def hostile(kind: str = "descriptor loop") -> Scenario:
    """A guest that writes into the ring what no driver would; `kind` is one of HOSTILE.

    Raises FreepagesError for a kind that is not.
    """
    if kind not in HOSTILE:
        raise unknown("hostile guest", kind, HOSTILE)

    def build() -> tuple[Exchange, list[Process]]:
        memory = GuestMemory({RING_AT: PAGE, BUFFERS_AT: PAGE})
        layout = Layout.at(4, RING_AT)
        world = Exchange(memory, layout, memory, None, DeviceQueue(memory, layout, (VERSION_1,)))
        return world, [
            Process("g", "hostile guest", hostile_guest(world, HOSTILE[kind])),
            Process("h", "host device", device(world, suppress=False)),
        ]

    return Scenario("hostile", f"a hostile guest: {kind}", build, picture, property=not_found, key=exchanged)


def not_found(run: Run) -> str | None:
    """Whether the device has served what a hostile guest wrote, or waits and has found nothing wrong."""
    world: Exchange = run.world
    if world.served:
        return "the device has served a request that is none"
    return stuck(run) if not world.device.broken else None


def hostile_guest(world: Exchange, entries: Sequence[tuple[Any, ...]]) -> Steps:
    """Write the entries into the ring, and kick. Process."""
    layout, forms, memory = world.layout, world.device.forms, world.memory
    for act, *fields in entries:
        yield act, *fields
        if act is ring.WRITES_DESC:
            index, *desc = fields
            memory.write(layout.desc + DESC_SIZE * index, forms.desc.pack(*desc))
        elif act is ring.WRITES_AVAIL:
            slot, head = fields
            memory.write(layout.avail + ring.RING + 2 * slot, forms.word.pack(head))
        else:
            memory.write(layout.avail + ring.IDX, forms.word.pack(*fields))
    yield (KICKS,)
    world.rung = True


# -- what is to be seen

COLUMNS = {"g": "guest driver", MEMORY: "guest memory", "h": "host device"}


def picture(run: Run) -> Frame:
    """The ring, the exchange so far, the buffers, and what is under way beside the ring."""
    world: Exchange = run.world
    buffered = isinstance(world.cpu, StoreBuffer)
    panels: list[Panel] = [
        ring_panel(run),
        sequence_panel(run, COLUMNS, WAYS, {"s": "g"} if buffered else {}, room=12 if buffered else 10),
    ]
    if world.words:
        pairs = [(request_at(n), request_at(n) + ROOM) for n in range(len(world.words))]
        rows = {
            f"{asks:#x} / {says:#x}": f"{_buffer(world, asks)} / {_buffer(world, says)}"
            for asks, says in pairs
        }
        panels.append(Facts("request / answer", rows))
    registers = {"doorbell": "rung" if world.rung else "–", "interrupt": "pending" if world.pending else "–"}
    panels.append(Facts("beside the ring", registers))
    if isinstance(world.cpu, StoreBuffer):
        panels.append(waiting_panel(world.cpu, "guest's store buffer", room=5))
    found = ", ".join(f"{world.words[n]!r} → {letters(data)!r}" for n, data in world.answers.items())
    return Frame("", tuple(panels), f"The driver got: {found or 'nothing yet'}" if world.words else "")


def _buffer(world: Exchange, addr: int) -> str:
    return letters(world.memory.read(addr, ROOM)).rstrip("·") or "·"
