"""States: equal just when the same is in them, and hangs together in the same way."""

from __future__ import annotations

from collections import OrderedDict, deque
from functools import partial
from random import Random
from struct import Struct
from typing import Any

import numpy as np
import pytest

from freepages.engine import Lock, Process, Run, Scenario, Steps
from freepages.engine.errors import FreepagesError
from freepages.engine.state import Contents, Known, past, state_of, whole
from freepages.engine.step_size import coarse
from freepages.pages.pageset import PageSet
from freepages.virtqueue.guest_memory import GuestMemory


def content(value: Any) -> Any:
    return Contents()("somebody", "it", value)


class Thing:
    def __init__(self, **fields: Any):
        self.__dict__.update(fields)


def over(value: Any) -> Any:
    return lambda: value


PAIRS = {
    "numbers": (1, 2),
    "tuples": ((1, "a"), (1, "b")),
    "lists": ([1, 2], [2, 1]),
    "dicts": ({1: 2}, {1: 3}),
    "dicts in another order": ({1: 2, 3: 4}, {3: 4, 1: 2}),
    "ordered dicts": (OrderedDict({1: None}), OrderedDict({2: None})),
    "deques": (deque([1]), deque([2])),
    "sets": ({1}, {2}),
    "bytes": (bytearray(b"a"), bytearray(b"b")),
    "memory": (GuestMemory({0: b"a" * 5000}), GuestMemory({0: b"a" * 4999 + b"b"})),
    "arrays": (np.zeros(100, np.uint8), np.ones(100, np.uint8)),
    "objects": (Thing(a=1), Thing(a=2)),
    "objects with slots": (PageSet(2, 1), PageSet(2, 2)),
    "objects of other kinds": (Thing(name="a", holder=None), Lock("a")),
    "functions": (over(1), over(2)),
    "methods": (Thing(a=PageSet(2, 1).count), Thing(a=PageSet(2, 2).count)),
    "partials": (partial(print, 1), partial(print, 2)),
    "seeded chance": (Random(1), Random(2)),
    "structs": (Struct("<H"), Struct(">H")),
    "values of a dict": ({1: 2}.values(), {1: 3}.values()),
    "how far an iterator is": (iter([1, 2]), iter([2])),
}


@pytest.mark.parametrize("name", PAIRS)
def test_what_differs_is_told_apart_and_what_is_alike_is_not(name: str) -> None:
    one, other = (content(value) for value in PAIRS[name])
    assert one != other and hash(one) is not None
    assert content(PAIRS[name][0]) == one


def test_the_same_thing_twice_is_not_two_that_are_alike() -> None:
    one = [1]
    assert content([one, one]) != content([[1], [1]])
    assert content([[1], [1]]) == content([[1], [1]])


def test_a_thing_may_lead_back_to_itself() -> None:
    def ring(value: int) -> Thing:
        thing = Thing(value=value)
        thing.__dict__["self"] = thing
        return thing

    assert content(ring(1)) == content(ring(1)) != content(ring(2))


@pytest.mark.parametrize("value", [(n for n in "ab"), open])
def test_what_has_no_content_is_refused_by_name(value: Any) -> None:
    if value is open:
        value = open(__file__)  # noqa: SIM115
    with pytest.raises(FreepagesError, match="somebody keeps it: a search cannot compare it: cannot pickle"):
        content(value)


def test_of_a_known_part_only_what_matters_counts() -> None:
    thing = Thing(a=1)
    assert content(Known(thing, 5)) == content(Known(Thing(a=2), 5)) != content(Known(thing, 6))
    # and who keeps it keeps that part
    assert content((Known(thing, 5), [thing])) == content((Known(one := Thing(a=2), 5), [one]))
    assert content((Known(thing, 5), [thing])) != content((Known(thing, 5), [Thing(a=1)]))


def scenario(key: Any, steps: Any) -> Scenario:
    def build() -> tuple[list[int], list[Process]]:
        world = [0]
        return world, [Process("p", "one", partial(steps, world))]

    return Scenario("toy", "", build, lambda run: run, key=key)


def counting(world: list[int]) -> Steps:
    for _ in range(2):
        yield "counts"
        world[0] += 1
    while True:
        yield "waits"


def test_a_state_is_the_key_and_where_each_process_stands() -> None:
    states = [state_of(Run(scenario(whole, counting), "p" * n)) for n in range(5)]
    assert len(set(states)) == 3 and states[2] == states[3] == states[4]
    assert len({state_of(Run(scenario(past, counting), "p" * n)) for n in range(5)}) == 5
    assert state_of(Run(scenario(lambda run: None, counting))) is None


def test_an_operation_that_is_one_step_counts_with_what_it_will_do() -> None:
    def adds(world: list[int], number: int) -> Steps:
        yield "adds"
        world[0] += number

    def by_operation(number: int, world: list[int]) -> Steps:
        yield "begins"
        yield from coarse(adds(world, number), "adds it all")

    one, other = (state_of(Run(scenario(whole, partial(by_operation, n)), "p")) for n in (1, 2))
    assert one != other == state_of(Run(scenario(whole, partial(by_operation, 2)), "p"))


def test_a_local_that_cannot_be_compared_is_named_with_its_process() -> None:
    def keeps(world: list[int]) -> Steps:
        pages = (page for page in world)
        yield "moves"
        print(*pages)

    with pytest.raises(FreepagesError, match="process one keeps pages: a search cannot compare it"):
        state_of(Run(scenario(whole, keeps)))
