"""The engine: announcements, guards, choices, and what replay promises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine import (
    Act,
    Choose,
    Lock,
    Move,
    Process,
    Run,
    Scenario,
    ScheduleError,
    Until,
    at_random,
    straight,
    to_the_end,
)
from freepages.engine.errors import FreepagesError

WRITES = Act("writes {0}")


def writer(lock, log, name):
    yield from lock.acquire(name)
    yield WRITES, name
    log.append(name)
    yield from lock.release(name)
    return len(log)


def chooser(log):
    while True:
        choice = yield "chooses", Choose(lambda: {"1a": "appends 1", f"{len(log)}f": "appends the length"})
        log.append(choice)


def build():
    lock, log = Lock("the lock"), list[str]()
    processes = [Process(name[0], name, writer(lock, log, name)) for name in ("guest", "host")]
    return (lock, log), [*processes, Process("w", "workload", chooser(log))]


TOY = Scenario("toy", "two writers and a chooser", build, lambda run: (run.world[0].holder, *run.world[1]))


def test_a_process_announces_before_it_acts():
    run = Run(TOY)
    assert run.processes["g"].next() == "takes the lock"
    assert run.world[0].holder is None
    run.move("g")
    assert run.world[0].holder == "guest"
    assert run.processes["g"].next() == "writes guest"
    assert run.world[1] == []


def test_a_held_lock_bars_the_way_and_says_who_holds_it_since_when():
    run = Run(TOY, "w1a g")
    lock = run.world[0]
    assert run.why_not(Move("h")) == "host waits for the lock, held by guest"
    assert run.waiters(lock) == ["host"]
    assert run.held_since(lock) == 2
    assert [str(move) for move in run.moves()] == ["g", "w1a", "w1f"]
    run.move("g")
    run.move("g")
    assert lock.holder is None and run.held_since(lock) is None
    assert run.why_not(Move("h")) is None


def test_a_process_ends_with_its_last_action_and_keeps_its_result():
    run = to_the_end(Run(TOY))
    assert str(run.schedule) == "g g g h h h"
    assert run.processes["g"].done and run.processes["g"].result == 1
    assert run.why_not(Move("g")) == "guest is done"
    assert run.processes["g"].position() == []


def test_the_position_is_the_line_of_the_announcement_in_every_running_function():
    where = Run(TOY).processes["g"].position()
    assert [code.co_name for code, _ in where] == ["writer", "acquire"]
    first = writer.__code__.co_firstlineno
    assert where[0][1] == first + 1


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        ("g h", "move 2 'h': host waits for the lock, held by guest; able to move: g, w"),
        ("w", "move 1 'w': workload needs a choice: it may choose 1a (appends 1), 0f (appends the length)"),
        ("w9z", "move 1 'w9z': workload cannot choose '9z': it may choose 1a (appends 1), 0f (app"),
        ("g1a", "move 1 'g1a': guest takes no choice, '1a' was given: next it "),
        ("q", "no process has the letter 'q': there are g (guest), h (host), w (workload)"),
        ("g g g g", "move 4 'g': guest is done"),
        ("g ?", "'?' at character 3 is no move"),
        ("g 1a", "'1a' at character 3 is no move"),
        ("G", "'G' at character 1 is no move"),
    ],
)
def test_a_schedule_that_cannot_be_says_which_move_and_why(schedule, why):
    with pytest.raises(ScheduleError) as error:
        Run(TOY, schedule)
    assert why in str(error.value)
    assert "\n" not in str(error.value)


def test_a_refused_move_leaves_the_run_as_it_was():
    run = Run(TOY, "g w1a")
    before = TOY.picture(run), run.moves(), run.schedule
    for move in ("h", "w7a", "q", "g g", ""):
        with pytest.raises(ScheduleError):
            run.move(move)
    assert (TOY.picture(run), run.moves(), run.schedule) == before


@given(st.integers(0, 10**6), st.integers(0, 40))
def test_replay_equals_run_and_back_equals_replay_one_less(seed, limit):
    run = at_random(Run(TOY), seed, limit)
    replay = Run(TOY, str(run.schedule))
    assert TOY.picture(replay) == TOY.picture(run)
    assert [s.text for s in replay.steps] == [s.text for s in run.steps]
    back = run.back()
    assert TOY.picture(back) == TOY.picture(Run(TOY, run.schedule[:-1]))
    assert back.moves() == Run(TOY, run.schedule[:-1]).moves()


def test_the_same_seed_gives_the_same_run_and_seeds_differ():
    runs = [str(at_random(Run(TOY), seed, 30).schedule) for seed in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_until_waits_for_its_condition():
    box: list[int] = []

    def waits():
        yield "takes what came", Until(lambda: bool(box), "waits for the report")
        return box.pop()

    process = Process("h", "host", waits())
    assert process.why_not() == "waits for the report"
    box.append(7)
    process.go()
    assert process.result == 7 and process.done


def test_a_lock_refuses_to_be_taken_twice_or_dropped_by_another():
    lock = Lock("zone DMA's lock")
    lock.take("cpu 0")
    with pytest.raises(FreepagesError, match="cpu 1 takes it while cpu 0 holds it"):
        lock.take("cpu 1")
    with pytest.raises(FreepagesError, match="cpu 1 drops it while cpu 0 holds it"):
        lock.drop("cpu 1")
    assert lock.holder == "cpu 0"


def test_straight_runs_a_process_to_its_value():
    log: list[str] = []
    assert straight(writer(Lock("l"), log, "me")) == 1
    assert log == ["me"]


def test_letters_are_one_small_letter_and_unique():
    with pytest.raises(FreepagesError, match="not 'gg'"):
        Process("gg", "guest", chooser([]))
    twice = Scenario(
        "twice", "", lambda: ((), [Process("g", n, chooser([])) for n in "ab"]), lambda run: None
    )
    with pytest.raises(FreepagesError, match="scenario twice: two processes have the letter 'g'"):
        Run(twice)
