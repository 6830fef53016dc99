"""Notebook 20: what a device serves that reads too early; and a schedule in which it reads a stale entry."""

from __future__ import annotations

from freepages.engine import Move, Run, Schedule, ScheduleError, to_the_end
from freepages.exercises.exercise import Exercise, Wrong, written
from freepages.exercises.prediction import Forecast
from freepages.scenarios.virtqueue import Exchange, virtqueue
from freepages.virtqueue.guest_memory import StoreBuffer
from freepages.virtqueue.ring import IDX


def _served_and_noticed(run: Run) -> dict[str, str]:
    """The last request that the device served in a run, and which sides found their queue broken."""
    world: Exchange = run.world
    sides = {"driver": world.driver, "device": world.device}
    noticed = [name for name, side in sides.items() if side and side.broken]
    return {
        "the device serves": world.name(world.served[-1]).split("'")[1],
        "who notices": {0: "nobody", 1: "".join(noticed), 2: "both"}[len(noticed)],
    }


prediction = Forecast(
    _served_and_noticed,
    why={
        "the device serves": "The index is new. Entry and descriptors still say what they said for 'one'.",
        "who notices": "Every value that a side reads is a valid one. It is only an old one.",
    },
    wrong={
        "the device serves": {
            "two": "What describes 'two' waits in the store buffer. The device cannot see it.",
            "nothing": "avail->idx says 2 and the device has taken 1, so it takes one more.",
        },
        "who notices": {
            "device": "The addresses and lengths that it reads are valid: they described 'one'.",
            "driver": "It gets back the chain that it offered, with a length that fits.",
            "both": "What each of them reads is valid. It is only old.",
        },
    },
)
"""What the device serves once avail->idx has overtaken what it announces, and which side sees it."""

TWO_AT_ONCE = virtqueue(("one", "two"), at_once=2, store_buffer=True, barriers=False)
"""Two requests under way at once, by a driver without barriers."""


def _judge_stale(schedule: str) -> str:
    run = Run(TWO_AT_ONCE)
    world = run.world
    for move in Schedule.parse(schedule):
        if _took_another(world):
            break
        try:
            run.move(move)
        except ScheduleError as error:
            raise Wrong(f"{error}. {_unless_seen(world, move)}".rstrip()) from None
        if world.device.broken:
            raise Wrong(
                f"the device found a descriptor that nobody has written ({world.device.broken}). The entry "
                "of the ring became visible, so it was not stale: that entry must wait."
            )
    if not _took_another(world):
        raise Wrong(f"after {len(run.steps)} steps {_not_yet(world)}.")
    to_the_end(run)
    outcome = f"its queue is broken, {world.driver.broken}" if world.driver.broken else "it does not notice"
    served = " and then ".join(map(world.name, world.served))
    return f"the device took {served}. And the driver: {outcome}."


def _took_another(world: Exchange) -> bool:
    """Whether the device has taken something else than what it was offered."""
    return world.served != world.offered[: len(world.served)]


def _not_yet(world: Exchange) -> str:
    """Why the device has taken no request but those that it was offered."""
    if not world.served:
        return "the device has not taken a request yet"
    if len(world.offered) < 2:
        return "the driver has not offered 'two' yet"
    if len(world.served) == 2:
        return "the device took 'one' and 'two', as offered: the entry became visible before it was read"
    if not _announced(world):
        return "avail->idx = 2 waits in the store buffer, so the device sees no second request"
    return "the device has not read the second entry yet: go on with h"


def _unless_seen(world: Exchange, move: Move) -> str:
    """What a reader may have overlooked who makes a move that is not possible; "" if nothing is likely."""
    waits = isinstance(world.cpu, StoreBuffer) and world.cpu.pending
    if move.letter == "s" and len(world.offered) == 2 and not waits:
        return "A kick makes every write visible that waits: stop the driver before it kicks."
    if move.letter == "h" and len(world.served) == 1:
        looked = "before it was told of a second request" if _announced(world) else "and saw only one request"
        return f"The device looked at avail->idx {looked}, and sleeps. Only a kick wakes it now."
    return ""


def _announced(world: Exchange) -> bool:
    """Whether the device can see that there are two requests."""
    return int.from_bytes(world.memory.read(world.layout.avail + IDX, 2), "little") == 2


stale = Exercise(
    "In TWO_AT_ONCE the same driver may have two requests under way. Find a schedule in which the device "
    "serves 'one' again in the place of 'two', because the entry of the ring that it reads is old.",
    _judge_stale,
    (
        "let the device serve 'one' to the end, and stop it where it is about to look at avail->idx again. "
        "Then let the driver offer 'two', but not kick: a kick makes every write visible.",
        "which of the writes that wait must become visible, and which must not?",
        "'gggggggg hhhhhhhhhhhhhh gggggg s5v', and then h until it has read a request",
    ),
    written("a schedule such as 'g g h s5v'"),
)
