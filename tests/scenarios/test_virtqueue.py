"""The scenarios of a virtqueue: a lawful run ends with every answer, and the others go wrong as they say."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Move, Run, ScheduleError, at_random, straight, to_the_end
from freepages.engine.errors import FreepagesError
from freepages.scenarios.virtqueue import (
    HOSTILE,
    INTERRUPTS,
    KICKS,
    LOST_KICK,
    STALE,
    hostile,
    request_at,
    virtqueue,
)
from freepages.virtqueue.chain import NEVER_OFFERED
from freepages.virtqueue.guest_memory import GuestMemory
from freepages.virtqueue.ring import DeviceQueue, DriverQueue
from freepages.virtqueue.ring_layout import EVENT_IDX, VERSION_1, Layout

MODERN, EVENTS = (VERSION_1,), (VERSION_1, EVENT_IDX)
TWO = ("one", "two")


def answered(run):
    world = run.world
    wanted = {n: word.upper().encode() for n, word in enumerate(world.words)}
    return world.answers == wanted and world.served == world.offered


def kicks(run):
    return sum(step.act is KICKS for step in run.steps)


def test_every_word_comes_back_in_capitals():
    run = to_the_end(Run(virtqueue()))
    assert answered(run) and run.processes["g"].done
    assert run.processes["h"].why_not() == "waits for a notification"


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.lists(st.text("abc", min_size=1, max_size=16), max_size=9),
    st.sampled_from((2, 4, 8)),
    st.integers(1, 4),
    st.integers(0, 0xFFFF),
    st.sampled_from((MODERN, EVENTS)),
    st.booleans(),
    st.booleans(),
)
def test_with_its_barriers_every_schedule_answers_everything(
    seed, words, num, at_once, first, features, late, suppress
):
    scenario = virtqueue(
        words,
        num=num,
        at_once=min(at_once, num // 2),
        first=first,
        features=features,
        store_buffer=late,
        suppress=suppress,
    )
    run = at_random(Run(scenario), seed, 4000)
    assert answered(run) and run.processes["g"].done, str(run.schedule)


def test_the_index_wraps_and_the_slots_go_on():
    run = to_the_end(Run(virtqueue(tuple("abcdef"), first=65533)))
    assert answered(run)
    written = [step.args for step in run.steps if step.text.startswith("writes avail->idx")]
    slots = [step.args[0] for step in run.steps if step.text.startswith("writes avail->ring")]
    assert [idx for (idx,) in written] == [65534, 65535, 0, 1, 2, 3]
    assert slots == [1, 2, 3, 0, 1, 2]


@pytest.mark.parametrize("features", [MODERN, EVENTS])
def test_to_begin_at_an_index_is_as_if_so_many_requests_had_gone_by(features):
    memory, layout = GuestMemory({0x1000: 4096, 0x2000: 4096}), Layout.at(4, 0x1000)
    driver = DriverQueue(memory, layout, features)
    device = DeviceQueue(memory, layout, features)
    for n in range(7):
        straight(driver.add([(0x2000, 1)], (), n))
        straight(device.push(straight(device.pop()), 0))
        straight(driver.get_buf())
    world = Run(virtqueue(first=7, features=features)).world
    assert world.driver.avail_idx == driver.avail_idx and world.driver.last_used_idx == driver.last_used_idx
    assert world.device.last_avail_idx == device.last_avail_idx and world.device.used_idx == device.used_idx
    for addr in (layout.avail + 2, layout.used + 2, layout.avail + 12, layout.used + 36):
        assert world.memory.read(addr, 2) == memory.read(addr, 2)


def test_with_suppression_the_device_is_told_less_often():
    words = tuple(f"word{n}" for n in range(6))
    plain, quiet = (
        [at_random(Run(virtqueue(words, at_once=2, suppress=s)), seed, 3000) for seed in range(10)]
        for s in (False, True)
    )
    assert all(map(answered, plain + quiet))
    assert all(kicks(run) == len(words) for run in plain)
    assert sum(map(kicks, quiet)) < sum(map(kicks, plain))


def test_with_event_idx_the_driver_is_interrupted_at_most_once_a_request():
    run = at_random(Run(virtqueue(tuple("abcdef"), at_once=2, features=EVENTS)), 1, 3000)
    assert answered(run)
    assert sum(step.act is INTERRUPTS for step in run.steps) <= 6


# -- without barriers


def test_the_device_answers_the_old_request_again_and_the_driver_does_not_notice():
    run = to_the_end(Run(virtqueue(TWO, store_buffer=True, barriers=False), f"{STALE} hhhhhhhh"))
    world = run.world
    assert world.offered == [request_at(0), request_at(1)]
    assert world.served == [request_at(0), request_at(0)]
    assert world.answers == {0: b"ONE", 1: bytes(3)}
    assert not world.driver.broken and not world.device.broken and run.processes["g"].done


def test_with_barriers_the_index_may_not_overtake_what_it_announces():
    scenario = virtqueue(TWO, store_buffer=True)
    run = Run(scenario, "g" * 10 + "h" * 14 + "g" * 7 + "g" * 7)
    assert run.world.cpu.say(run.world.cpu.pending[-1]) == "avail->idx = 2"
    why = run.why_not(Move("s", "6v"))
    assert why and why.startswith("store buffer cannot choose '6v': it may choose 1v (lets desc")


def test_two_requests_under_way_the_driver_finds_an_answer_that_it_never_asked_for():
    scenario = virtqueue(TWO, at_once=2, store_buffer=True, barriers=False)
    run = to_the_end(Run(scenario, "gggggggg hhhhhhhhhhhhhh gggggg s5v hhhhhh"))
    assert run.world.served == [request_at(0), request_at(0)]
    assert run.world.driver.broken.kind == NEVER_OFFERED
    assert run.processes["g"].why_not() == f"will not: {run.world.driver.broken}"


def test_a_kick_is_lost_and_both_wait_for_ever():
    scenario = virtqueue(TWO, at_once=2, suppress=True, store_buffer=True, barriers=False)
    run = Run(scenario, LOST_KICK)
    assert not run.moves()
    assert run.world.answers == {0: b"ONE"}
    assert run.processes["g"].why_not() == "waits for an interrupt"
    assert run.processes["h"].why_not() == "waits for a notification"
    assert not run.world.cpu.pending


# -- a hostile guest


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_guest_breaks_its_own_queue_and_is_not_served(kind):
    run = to_the_end(Run(hostile(kind)))
    assert run.world.device.broken.kind == kind
    assert run.world.served == [] and not run.world.pending
    assert run.processes["h"].why_not() == f"will not: {run.world.device.broken}"
    assert not run.moves()
    assert run.scenario.picture(run).panels[0].broken == str(run.world.device.broken)


# -- bad input


def test_words_that_do_not_fit_and_unknown_guests_are_refused():
    bad: list[Any] = [["x" * 17], [""], ["x"] * 129, [3]]
    for words in bad:
        with pytest.raises(FreepagesError, match="words: at most 128, each a text of 1 to 16 bytes"):
            virtqueue(words)
    wrongs: list[dict[str, Any]] = [{"num": 1}, {"at_once": 0}, {"first": 65536}, {"first": -1}]
    for wrong in wrongs:
        with pytest.raises(FreepagesError, match="a request takes 2 entries"):
            virtqueue(**wrong)
    with pytest.raises(FreepagesError, match="num 3 is not a power of two"):
        virtqueue(num=3)
    with pytest.raises(FreepagesError, match="hostile guest 'kind' is not known: there are descriptor loop"):
        hostile("kind")
    with pytest.raises(ScheduleError, match="host device waits for a notification"):
        Run(virtqueue(), "h")
