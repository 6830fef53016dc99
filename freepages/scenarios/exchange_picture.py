"""How an exchange over a virtqueue is shown: the ring in guest memory, and who told whom what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, NamedTuple

from freepages.engine import Act, Run, Step
from freepages.engine.announcement import phrase
from freepages.view.frame import Frame
from freepages.view.ring_panel import DEVICE, DRIVER, FREE, Half, Ring
from freepages.view.sequence_panel import Message, SequenceChart
from freepages.view.store_buffer_panel import Waiting, Write
from freepages.virtqueue import chain, ring
from freepages.virtqueue import guest_memory as memory
from freepages.virtqueue.dump import Dump
from freepages.virtqueue.guest_memory import Memory, StoreBuffer
from freepages.virtqueue.ring import NEXT_FIELD, DeviceQueue, DriverQueue
from freepages.virtqueue.ring_layout import DESC_SIZE, Layout
from freepages.virtqueue.ring_state import describe

# -- what the steps of a queue read and write


class Way(NamedTuple):
    """What a kind of step says, and to whom.

    kind   read or write (memory), signal (to the process with the letter `to`), barrier, or alone
    label  a format string over the step's arguments, "" for the step's own words
    cell   a format string: the cell of the ring that is read, as ring_panel.Ring names it
    """

    kind: str
    label: str = ""
    cell: str = ""
    to: str = ""


def _reads(cell: str) -> Way:
    return Way("read", cell, cell)


RING_WAYS: dict[Act, Way] = {
    ring.WRITES_DESC: Way("write", "desc[{0}] = {1:#x}+{2}"),
    ring.WRITES_INDIRECT: Way("write", "indirect[{0}] = {1:#x}+{2}"),
    ring.WRITES_AVAIL: Way("write", "avail->ring[{0}] = {1}"),
    ring.WRITES_AVAIL_IDX: Way("write", "avail->idx = {0}"),
    ring.WRITES_AVAIL_FLAGS: Way("write", "avail->flags = {0}"),
    ring.WRITES_USED_EVENT: Way("write", "used_event = {0}"),
    ring.WRITES_USED: Way("write", "used->ring[{0}] = {1}, {2}"),
    ring.WRITES_USED_IDX: Way("write", "used->idx = {0}"),
    ring.WRITES_USED_FLAGS: Way("write", "used->flags = {0}"),
    ring.WRITES_AVAIL_EVENT: Way("write", "avail_event = {0}"),
    ring.FREES_CHAIN: Way("write", "free list: desc[{0}]"),
    ring.READS_USED_IDX: _reads("used->idx"),
    ring.READS_USED: _reads("used->ring[{0}]"),
    ring.READS_USED_FLAGS: _reads("used->flags"),
    ring.READS_AVAIL_EVENT: _reads("avail_event"),
    ring.READS_AVAIL_IDX: _reads("avail->idx"),
    ring.READS_AVAIL: _reads("avail->ring[{0}]"),
    ring.READS_AVAIL_FLAGS: _reads("avail->flags"),
    ring.READS_USED_EVENT: _reads("used_event"),
    chain.READS_DESC: _reads("desc[{0}]"),
    chain.READS_INDIRECT: Way("read", "indirect[{0}]"),
    ring.TAKES_DESC: Way("alone", "takes {0:descriptor}"),
    ring.WMB: Way("barrier", "write barrier"),
    ring.RMB: Way("barrier", "read barrier"),
    ring.MB: Way("barrier", "full barrier"),
}


# -- the ring


@dataclass(frozen=True)
class RingPlace:
    """Where a queue lies, in memory as everybody sees it, and its two sides where they are known."""

    memory: Memory
    layout: Layout
    features: Collection[int] = ()
    driver: DriverQueue | None = None
    device: DeviceQueue | None = None
    name: str = ""


def ring_panel(run: Run, place: Callable[[Any], RingPlace] = attrgetter("place")) -> Ring:
    """The queue that `place` finds in a run's world, with what the last step read of it."""
    now = ring_now(place(run.world))
    way = RING_WAYS.get(run.steps[-1].act) if run.steps else None
    return replace(now, read={way.cell.format(*run.steps[-1].args)}) if way and way.cell else now


def ring_now(place: RingPlace) -> Ring:
    """The queue at this moment.

    What the bytes say is read from the bytes. What no byte says, only a side knows: which descriptors are on
    the driver's free list, and how far each side has read. Where no driver is given, all that the device does
    not have is the driver's.
    """
    layout, driver, device = place.layout, place.driver, place.device
    num, state = layout.num, describe(place.memory, layout, place.features)
    free = _free_list(driver) if driver else set()
    owners = (
        DEVICE if index in state.with_device else FREE if index in free else DRIVER for index in range(num)
    )
    offered = _slots(device.last_avail_idx if device else state.used_idx, state.avail_idx, num)
    returned = _slots(driver.last_used_idx, state.used_idx, num) if driver else []
    chains = [offer.chain.indices for offer in state.in_flight if offer.chain]
    chains += [used.chain.indices for used in state.completed if used.chain and used.slot in returned]
    if driver or device:
        broken = next((side.broken for side in (device, driver) if side and side.broken), None)
    else:
        broken = state.broken
    avail = Half(
        state.avail_flags,
        state.avail_idx,
        state.avail,
        state.used_event,
        _letters(num, offered, DEVICE),
        tuple(offer.slot for offer in state.in_flight),
        device.last_avail_idx if device else None,
    )
    used = Half(
        state.used_flags,
        state.used_idx,
        state.used,
        state.avail_event,
        _letters(num, returned, DRIVER),
        tuple(returned),
        driver.last_used_idx if driver else None,
    )
    places = (layout.desc, layout.avail, layout.used)
    name, reason = place.name, str(broken) if broken else ""
    return Ring(name, places, state.table, avail, used, "".join(owners), chains, broken=reason)


def writers(run: Run, place: Callable[[Any], RingPlace] = attrgetter("place")) -> dict[str, str]:
    """Whose steps have written into each of the three tables so far: its name -> the processes' letters."""
    areas = [(area, start, size) for area, start, size, _ in place(run.world).layout.areas]
    found: dict[str, set[str]] = {area: set() for area, *_ in areas}

    def content(now: Run) -> list[bytes]:
        return [place(now.world).memory.read(start, size) for _, start, size in areas]

    for step, before, after in _moments(run, content):
        for (area, *_), old, new in zip(areas, before, after, strict=True):
            if old != new:
                found[area].add(step.move.letter)
    return {area: "".join(sorted(letters)) for area, letters in found.items()}


def handovers(run: Run, place: Callable[[Any], RingPlace] = attrgetter("place")) -> list[Handover]:
    """The steps of a run so far after which some descriptor belongs to somebody else."""
    moments = _moments(run, lambda now: ring_panel(now, place).owners)
    return [Handover(*moment) for moment in moments if moment[1] != moment[2]]


class Handover(NamedTuple):
    """A step, and who had each descriptor before and after it: a letter for each, as in ring_panel.Ring."""

    step: Step
    before: str
    after: str

    def __repr__(self) -> str:
        return f"{self.before} → {self.after}  step {self.step.number}: {self.step.who} {self.step.text}"


def _moments(run: Run, look: Callable[[Run], Any]) -> Iterable[tuple[Step, Any, Any]]:
    """Every step of a run, with what `look` sees before and after it."""
    again = Run(run.scenario)
    before = look(again)
    for move in run.schedule:
        step = again.move(move)
        after = look(again)
        yield step, before, after
        before = after


def dump_frame(dump: Dump, title: str = "") -> Frame:
    """The ring of a dump: nothing is known of it but its bytes."""
    return Frame(title, (ring_now(RingPlace(dump.memory, dump.layout, dump.features)),))


def _free_list(driver: DriverQueue) -> set[int]:
    """The descriptors on the driver's free list, as its own CPU sees them."""
    word, free, index = driver.forms.word, set[int](), driver.free_head
    while len(free) < driver.num_free and index < driver.num and index not in free:
        free.add(index)
        at = driver.layout.desc + DESC_SIZE * index + NEXT_FIELD
        (index,) = word.unpack(driver.memory.read(at, word.size))
    return free


def _slots(read: int | None, idx: int | None, num: int) -> list[int]:
    """The slots of [read, idx), the oldest first; none where that cannot be."""
    if read is None or idx is None or (idx - read) & 0xFFFF > num:
        return []
    return [(read + n) % num for n in range((idx - read) & 0xFFFF)]


def _letters(num: int, slots: Iterable[int], owner: str) -> str:
    return "".join(owner if slot in slots else FREE for slot in range(num))


def waiting_panel(cpu: StoreBuffer, name: str, room: int = 6) -> Waiting:
    """What a CPU has written and nobody else sees yet."""
    barriers = [write.barriers for write in cpu.pending]
    writes = [
        Write(write.number, cpu.say(write), at > 0 and barriers[at - 1] < barriers[at])
        for at, write in enumerate(cpu.pending)
    ]
    return Waiting(name, writes, room)


# -- the sequence chart


MEMORY = ""
"""The letter of the column that stands for guest memory."""


def sequence_panel(
    run: Run,
    columns: Mapping[str, str],
    ways: Mapping[Act, Way] | None = None,
    buffers: Mapping[str, str] | None = None,
    *,
    name: str = "exchange",
    room: int = 10,
    alone: bool = True,
) -> SequenceChart:
    """The steps of a run as messages between its processes.

    columns  the processes' letters with the names of their columns, from left to right; MEMORY may be one
    ways     what the scenario's own kinds of step say, beside RING_WAYS
    buffers  the letter of a store buffer's process -> that of the CPU whose writes wait in it
    alone    whether steps that say nothing to anybody are shown, too

    Steps of processes without a column are left out.
    """
    at = {letter: n for n, letter in enumerate(columns)}
    known, buffers = RING_WAYS | dict(ways or {}), buffers or {}
    messages = [
        message
        for step in run.steps
        if (message := _message(step, at, known.get(step.act, Way("alone")), buffers))
        and (alone or message.kind != "alone")
    ]
    return SequenceChart(name, tuple(columns.values()), messages, room)


def _message(step: Step, at: Mapping[str, int], way: Way, buffers: Mapping[str, str]) -> Message | None:
    letter = step.move.letter
    label = phrase(way.label, step.args) if way.label else step.text
    if step.act is memory.BECOMES_VISIBLE and letter in buffers and MEMORY in at:
        said = label.removeprefix("lets ").removesuffix(" become visible")
        return Message(step.number, at[buffers[letter]], at[MEMORY], said)
    if letter not in at:
        return None
    here, kind, there = at[letter], "message", at[letter]
    if way.kind == "signal" and way.to in at:
        kind, there = "signal", at[way.to]
    elif way.kind == "read" and MEMORY in at:
        here, there = at[MEMORY], here
    elif way.kind == "write" and MEMORY in at and letter not in buffers.values():
        there = at[MEMORY]
    else:
        kind = {"barrier": "barrier", "write": "waits"}.get(way.kind, "alone")
    return Message(step.number, here, there, label, kind)
