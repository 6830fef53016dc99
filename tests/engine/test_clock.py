"""By the clock: the earliest moves next, waits are measured, a lock has one holder."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Act, Choose, Process, Until
from freepages.engine.clock import Clock, Held, TimedLock
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError

TAKES = Act("works {0} ns", cost="elapsed", amount=0)
FREE_LOCK = Costs(lock=1e-9, unlock=1e-9)  # no time


def working(clock, name, times, done):
    for ns in times:
        yield TAKES, ns
        done.append((clock.now, name))


def test_an_action_has_its_effect_when_it_begins_and_the_earliest_moves_next():
    clock, done = Clock(Costs()), list[tuple[int, str]]()
    a = Process("a", "a", working(clock, "a", [10, 10, 10], done))
    b = Process("b", "b", working(clock, "b", [25, 1], done))
    clock.run([a, b], "a")
    assert done == [(0, "a"), (0, "b"), (10, "a"), (20, "a")]
    assert str(clock.schedule) == "a b a a"


def holding(lock, name, before, ns, spans):
    yield TAKES, before
    yield from lock.acquire(name)
    yield TAKES, ns
    yield from lock.release(name)
    spans.append(name)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50)), min_size=2, max_size=6))
def test_a_lock_is_never_held_by_two_and_every_wait_is_measured(workers):
    clock, done = Clock(FREE_LOCK), list[str]()
    lock = TimedLock("the lock", clock, lambda: None)
    processes = [
        Process(letter, letter, holding(lock, letter, before, ns, done))
        for letter, (before, ns) in zip("abcdef", workers, strict=False)
    ]
    last = Process("z", "z", (x for x in [(Act("waits"), Until(lambda: len(done) == len(workers), "waits"))]))
    clock.run([*processes, last], "z")
    held = sorted(lock.spans(), key=lambda span: span.start)
    assert all(one.end <= other.start for one, other in zip(held, held[1:], strict=False))
    assert sum(span.ns for span in held) == sum(ns for _, ns in workers)
    wanted = dict(zip("abcdef", workers, strict=False))
    waited = {span.who: 0 for span in held} | {wait.who: wait.ns for wait in clock.waits}
    for span in held:
        assert waited[span.who] == span.start - wanted[span.who][0]


def test_who_waits_goes_on_at_the_moment_of_the_step_that_made_it_ready():
    clock, done = Clock(FREE_LOCK), list[str]()
    lock = TimedLock("the lock", clock, lambda: None)
    a = Process("a", "a", holding(lock, "a", 0, 100, done))
    b = Process("b", "b", holding(lock, "b", 30, 5, done))
    clock.run([a, b], "b")
    assert clock.waits == [Held("b", "the lock", 30, 100)]
    assert lock.spans() == [Held("a", "the lock", 0, 100), Held("b", "the lock", 100, 105)]


def choosing(chosen):
    choice = yield Act("chooses"), Choose(lambda: {"0a": "one", "1a": "other"})
    chosen.append(choice)


def test_a_process_makes_the_choices_of_its_story():
    chosen: list[str] = []
    clock = Clock(Costs(), "c1a d0a")
    clock.run([Process("c", "c", choosing(chosen))], "c")
    assert chosen == ["1a"] and str(clock.schedule) == "c1a"
    with pytest.raises(FreepagesError, match="nobody can move: c needs a choice: it may choose 0a"):
        Clock(Costs()).run([Process("c", "c", choosing([]))], "c")


def test_a_run_in_which_nobody_can_move_says_who_waits_for_what():
    stuck = (x for x in [(Act("waits"), Until(lambda: False, "waits for better times"))])
    with pytest.raises(FreepagesError, match="nobody can move: host waits for better times"):
        Clock(Costs()).run([Process("h", "host", stuck)], "h")
