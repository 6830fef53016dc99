"""Notebook 03: which slots are in flight, and a schedule in which the device reads a stale entry."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from freepages.engine.run import Run, to_the_end
from freepages.exercises.exercise import Exercise, Wrong, function
from freepages.scenarios.virtqueue import virtqueue

CASES = 500


def _judge_in_flight(in_flight: Callable[[int, int, int], Sequence[int]]) -> str:
    chance = random.Random(2016)
    for case in range(CASES):
        num = 1 << chance.randrange(16)
        # The corners first: nothing, everything, and across the wrap.
        used_idx = chance.randrange(1 << 16) if case % 3 else 0xFFFF
        ahead = (
            (0, num, chance.randrange(num + 1))[case % 3] if case < 60 else chance.randrange(min(num, 9) + 1)
        )
        avail_idx = (used_idx + ahead) % (1 << 16)
        wanted = [(used_idx + n) % num for n in range(ahead)]
        found = list(in_flight(avail_idx, used_idx, num))
        if found != wanted:
            call = f"in_flight({avail_idx}, {used_idx}, {num})"
            raise Wrong(f"{call}: {_few(found)}; it should be {_few(wanted)}.")
    return f"{CASES} rings, empty, full and across the wrap, give the slots that the decoder gives."


def _few(slots: Sequence[int]) -> str:
    few = ", ".join(map(str, slots[:6]))
    return f"[{few}, ...], {len(slots)} slots" if len(slots) > 6 else f"[{few}]"


in_flight = Exercise(
    "Write in_flight(avail_idx, used_idx, num): the slots of the available ring whose chains the device has "
    "not used yet, as a list, the oldest first. Both indices run freely modulo 2**16.",
    _judge_in_flight,
    (
        "how many are there? Try avail_idx 2 and used_idx 65535.",
        "(avail_idx - used_idx) % 2**16 are there. In which slot is the oldest?",
        "return [(used_idx + n) % num for n in range((avail_idx - used_idx) % 2**16)]",
    ),
    function,
)

TWO_AT_ONCE = virtqueue(("one", "two"), at_once=2, store_buffer=True, barriers=False)
"""What the second exercise is about: two requests under way at once, without barriers."""


def _judge_stale(schedule: str) -> str:
    run = Run(TWO_AT_ONCE, schedule)
    world = run.world
    served = " and ".join(map(world.name, world.served))
    if world.device.broken:
        raise Wrong(f"the device found a descriptor that nobody has written: {world.device.broken}.")
    if world.served == world.offered[: len(world.served)]:
        took = f"took {served}, as offered" if served else "has not taken a request yet"
        raise Wrong(f"after {len(run.steps)} steps the device {took}.")
    to_the_end(run)
    outcome = f"its queue is broken, {world.driver.broken}" if world.driver.broken else "it does not notice"
    return f"the device took {served}. And the driver: {outcome}."


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
)
