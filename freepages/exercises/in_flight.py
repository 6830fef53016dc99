"""Notebook 03: which writes hand a chain over; and which slots of a ring are in flight."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

from freepages.engine import Run
from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.exercises.prediction import Forecast
from freepages.scenarios.exchange_picture import handovers

GIVES = ("desc", "avail->ring", "avail->idx", "kick")
RETURNS = ("answer", "used->ring", "used->idx", "interrupt")
"""What the driver does to give a chain away, and the device to give it back, in this order."""


def _changes_hands(run: Run) -> dict[str, str]:
    """By which of GIVES and of RETURNS a chain changed hands in a run."""

    def by(kinds: Sequence[str], whose: str) -> str:
        step = next(
            one.step.text
            for one in handovers(run)
            if whose in one.before and one.step.move.letter == whose and whose not in one.after
        )
        return next(kind for kind in kinds if kind in step)

    return {"given away by": by(GIVES, "g"), "given back by": by(RETURNS, "h")}


_BELOW = "The other side reads only entries below idx, and idx has not moved yet."
prediction = Forecast(
    _changes_hands,
    why={
        "given away by": "The device reads only entries below idx. One write gives it both buffers.",
        "given back by": "The driver reads only entries below idx. One write gives it both buffers.",
    },
    wrong={
        "given away by": {
            "desc": "Nobody looks at a descriptor before a ring names it.",
            "avail->ring": _BELOW,
            "kick": "A kick only wakes a device that sleeps. One that is awake reads the ring by itself.",
        },
        "given back by": {
            "answer": "The driver does not know yet that the answer is there.",
            "used->ring": _BELOW,
            "interrupt": "An interrupt only wakes the driver. One that is awake reads the ring by itself.",
        },
    },
)
"""Which write gives a chain of buffers to the device, and which gives it back."""

CASES = 500
FIRST = [(0, 0, 4), (3, 1, 4), (5, 1, 4), (65535, 65533, 4), (2, 65535, 4), (2, 65534, 4), (15, 7, 1024)]
"""Small rings first: empty, two under way, full, before the wrap, across it, full across it, a real one."""


def _cases() -> Iterable[tuple[int, int, int]]:
    yield from FIRST
    chance = random.Random(2016)
    for _ in range(CASES - len(FIRST)):
        num, used_idx = 1 << chance.randrange(16), chance.randrange(1 << 16)
        yield (used_idx + chance.randrange(min(num, 9) + 1)) % (1 << 16), used_idx, num


def _judge_in_flight(in_flight: Callable[[int, int, int], Sequence[int]]) -> str:
    for avail_idx, used_idx, num in _cases():
        ahead = (avail_idx - used_idx) % (1 << 16)
        wanted = [(used_idx + n) % num for n in range(ahead)]
        found = returned(in_flight, avail_idx, used_idx, num)
        if not isinstance(found, Sequence) or isinstance(found, str):
            raise Wrong(f"it returns {found!r}; a list of slots is wanted.")
        if list(found) != wanted:
            call = f"in_flight({avail_idx}, {used_idx}, {num})"
            why = _why(list(found), wanted, avail_idx < used_idx, num)
            raise Wrong(f"{call} returns {_few(found)}. {why}")
    return f"{CASES} rings, empty, full and across the wrap, give the slots that the decoder gives."


def _why(found: list[int], wanted: list[int], wrapped: bool, num: int) -> str:
    if found == wanted[::-1]:
        return "These are the right slots, but the newest comes first. Put the oldest first."
    if sorted(found) == sorted(wanted):
        return "These are the right slots in another order. The oldest stands at used_idx % num."
    if strange := [slot for slot in found if slot not in range(num)]:
        return f"Slot {strange[0]} is none of a ring of {num}. A slot is the index modulo num."
    if len(wanted) == num and not found:
        return (
            "The ring is full, and yours is empty. Take the difference of the indices modulo 2**16, not num."
        )
    if wrapped and not found:
        return "avail_idx has counted past 65535 and begun at 0 again: take the difference modulo 2**16."
    if found == [(slot + 1) % num for slot in wanted]:
        return "That begins one slot too far: used_idx chains are done, so slot used_idx % num is not."
    if not wanted:
        return "It should be []: the indices are equal, so no chain is under way."
    return f"It should be {_few(wanted)}: as many as avail_idx is ahead, from slot used_idx % num on."


def _few(slots: Sequence[int]) -> str:
    few = ", ".join(map(str, slots[:6]))
    return f"[{few}, ...], {len(slots)} slots" if len(slots) > 6 else f"[{few}]"


in_flight = Exercise(
    "Write in_flight(avail_idx, used_idx, num): the slots of the available ring whose chains the device has "
    "not returned yet, as a list, the oldest first. Both indices count on modulo 2**16.",
    _judge_in_flight,
    (
        "how many are there? Try avail_idx 2 and used_idx 65535.",
        "(avail_idx - used_idx) % 2**16 are there. In which slot is the oldest?",
        "return [(used_idx + n) % num for n in range((avail_idx - used_idx) % 2**16)]",
    ),
    function,
)
