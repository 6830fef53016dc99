"""Notebook 20: a schedule in which the device reads a stale entry of the available ring."""

from __future__ import annotations

from freepages.engine import Run, to_the_end
from freepages.exercises.exercise import Exercise, Wrong, written
from freepages.scenarios.virtqueue import Exchange, virtqueue
from freepages.virtqueue.ring import IDX

TWO_AT_ONCE = virtqueue(("one", "two"), at_once=2, store_buffer=True, barriers=False)
"""Two requests under way at once, by a driver without barriers."""


def _judge_stale(schedule: str) -> str:
    run = Run(TWO_AT_ONCE, schedule)
    world = run.world
    if world.device.broken:
        raise Wrong(
            f"the device found a descriptor that nobody has written ({world.device.broken}). The entry of "
            "the ring became visible, so it was not stale: that entry must wait."
        )
    if world.served == world.offered[: len(world.served)]:
        raise Wrong(f"after {len(run.steps)} steps {_not_yet(world)}.")
    to_the_end(run)
    outcome = f"its queue is broken, {world.driver.broken}" if world.driver.broken else "it does not notice"
    served = " and ".join(map(world.name, world.served))
    return f"the device took {served}. And the driver: {outcome}."


def _not_yet(world: Exchange) -> str:
    """Why the device has taken no request but those that it was offered."""
    if not world.served:
        return "the device has not taken a request yet"
    if len(world.offered) < 2:
        return "the driver has not offered 'two' yet"
    if len(world.served) == 2:
        return "the device took 'one' and 'two', as offered: the entry became visible before it was read"
    if int.from_bytes(world.memory.read(world.layout.avail + IDX, 2), "little") < 2:
        return "avail->idx = 2 waits in the store buffer, so the device sees no second request"
    return "the device has not read the second entry yet: go on with h"


stale = Exercise(
    "Find a schedule of TWO_AT_ONCE in which the device takes a request that it was not offered, because it "
    "reads a stale entry of the available ring.",
    _judge_stale,
    (
        "let the device serve 'one' to the end, and stop it where it is about to look at avail->idx again. "
        "Then let the driver offer 'two', but not kick.",
        "which of the writes that wait must become visible, and which must not?",
        "'gggggggg hhhhhhhhhhhhhh gggggg s5v', and then h until it has read a request",
    ),
    written("a schedule such as 'g g h s5v'"),
)
