"""The search: merging and reducing change neither verdict nor shortest loss, and a loss can be replayed."""

import tracemalloc
from dataclasses import replace
from itertools import combinations
from types import FunctionType

import pytest

from freepages.debate.host_verbs import ASK, apply, freely, log_on, precopy
from freepages.debate.proposals import PROPOSALS, find_proposal
from freepages.debate.world import PURPOSES, World
from freepages.engine import Move, Process, Run, Scenario, Until, at_random
from freepages.engine.errors import FreepagesError
from freepages.engine.memory import in_use
from freepages.pages.pageset import PageSet
from freepages.scenarios.debate import debate
from freepages.search import effective
from freepages.search.fast import PROVED, REFUTED, UNDETERMINED, _Explorer, explore
from freepages.search.without_effect import SINGLE
from tests.verdicts import SAFE

ROWS = [(name, purpose) for name in PROPOSALS for purpose in PURPOSES]

ALONE = {
    ("everything", "migrate"): "log-bit-late",
    ("snapshot", "migrate"): "every-page-in-use log-bit-late report-clears-log rely-on-free-content",
    ("no_wait", "migrate"): "log-not-cleared-by-sync",
    ("locked", "migrate"): "every-page-in-use log-bit-late rely-on-free-content lock-timeout"
    " no-lock-while-building",
    ("locked", "discard"): "rely-on-free-content lock-timeout no-lock-while-building",
    ("pause_vm", "migrate"): "every-page-in-use log-bit-late rely-on-free-content lock-timeout"
    " no-lock-while-building",
    ("pause_vm", "discard"): "rely-on-free-content lock-timeout no-lock-while-building",
    ("request_id", "migrate"): "every-page-in-use log-bit-late report-clears-log rely-on-free-content"
    " id-bits=1",
    ("request_id_unchecked", "migrate"): "log-not-cleared-by-sync",
    ("inflate_deflate", "migrate"): "every-page-in-use log-bit-late rely-on-free-content early-release",
    ("inflate_deflate", "discard"): "early-release",
    ("free_page_hint", "migrate"): "log-bit-late",
    ("free_page_hint", "discard"): "early-release",
    ("page_reporting", "migrate"): "every-page-in-use log-bit-late rely-on-free-content",
    ("page_reporting", "discard"): "rely-on-free-content",
}
"""The switches that alone turn the default verdict round; no other single one does. Found also by a model of
the same semantics in another language, by plain breadth-first search without any reduction; so are these:"""

TOGETHER = [
    ("migrate", "log-bit-late", "log-bit-late-flushed", PROVED, "all"),
    ("migrate", "every-page-in-use", "write-at-alloc alloc-marks-dirty init-on-alloc", PROVED, "all"),
    ("migrate", "every-page-in-use", "init-on-free=zero init-on-free=poison", PROVED, "inflate_deflate"),
    ("migrate", "rely-on-free-content", "init-on-free=zero init-on-free=poison", PROVED, "inflate_deflate"),
    ("discard", "rely-on-free-content", "init-on-free=zero", PROVED, "all"),
    ("migrate", "log-not-cleared-by-sync", "lock-timeout no-lock-while-building", PROVED, "locked pause_vm"),
    ("migrate", "log-not-cleared-by-sync", "id-bits=1", PROVED, "request_id"),
    ("migrate", "log-not-cleared-by-sync", "early-release", PROVED, "inflate_deflate"),
    (
        "migrate",
        "log-not-cleared-by-sync",
        "every-page-in-use log-bit-late report-clears-log rely-on-free-content",
        REFUTED,
        "no_wait request_id_unchecked",
    ),
    (
        "migrate",
        "early-release",
        "every-page-in-use report-clears-log rely-on-free-content id-bits=1 no-pause-around-sync",
        REFUTED,
        "free_page_hint",
    ),
]
"""Where two switches, one with any of the others, do not just add up: for "all", or for those proposals."""


def expected(name, purpose, *switches):
    """The verdict by the tables; of two switches, each turns it round if it does so alone."""
    for of, one, others, verdict, names in TOGETHER:
        both = one in switches and any(other in switches for other in others.split())
        if of == purpose and both and (name in names.split() or names == "all" and name in SAFE[of]):
            return verdict
    turned = not {*switches}.isdisjoint(ALONE.get((name, purpose), "").split())
    return PROVED if (name in SAFE[purpose]) != turned else REFUTED


def check_replay(scenario, search):
    """The schedule loses a page just with its last move."""
    run = Run(scenario, search.schedule)
    assert run.world.lost and not run.back().world.lost


# -- verdicts


@pytest.mark.parametrize("name, purpose", ROWS)
def test_the_verdict_by_default(name, purpose) -> None:
    scenario = debate(name, purpose)
    search = explore(scenario)
    assert search.verdict == expected(name, purpose)
    assert (search.schedule is not None) == (search.verdict == REFUTED)
    assert search.stuck is None and search.states > 1
    if search.schedule is not None:
        check_replay(scenario, search)


@pytest.mark.parametrize("name, purpose", ROWS)
def test_the_verdict_under_each_switch_with_one_page(name, purpose) -> None:
    for switch in SINGLE:
        scenario = debate(name, purpose, [switch], pages=1)
        search = explore(scenario)
        assert (switch, search.verdict) == (switch, expected(name, purpose, switch))
        if search.schedule is not None:
            check_replay(scenario, search)


@pytest.mark.slow
@pytest.mark.parametrize("name, purpose", ROWS)
def test_the_verdict_under_each_two_switches_with_one_page(name, purpose) -> None:
    for switches in combinations(SINGLE, 2):
        if switches != ("init-on-free=zero", "init-on-free=poison"):
            search = explore(debate(name, purpose, switches, pages=1))
            assert (switches, search.verdict) == (switches, expected(name, purpose, *switches))


@pytest.mark.slow
@pytest.mark.parametrize("name, purpose", ROWS)
def test_the_verdict_under_each_switch(name, purpose) -> None:
    for switch in SINGLE:
        scenario = debate(name, purpose, [switch])
        search = explore(scenario)
        assert (switch, search.verdict) == (switch, expected(name, purpose, switch))
        if search.schedule is not None:
            check_replay(scenario, search)


def test_the_shortest_way_to_lose_a_page_of_log_late() -> None:
    """The guest looks, the page is used again, and the log is on too late to have seen it."""
    search = explore(debate("log_late"))
    assert search.schedule is not None
    told = [step.text for step in Run(debate("log_late"), search.schedule).steps]
    order = ["walks the free lists", "writes page", "switches the dirty log on", "stops the guest"]
    at = [next(n for n, text in enumerate(told) if text.startswith(what)) for what in order]
    assert at == sorted(at) and len(told) == 11


# -- what is merged


def plain(value):
    """A local as a value, whatever is done with it later; what is the world's is left to the world."""
    if isinstance(value, PageSet):
        return value.pages, value.value
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if isinstance(value, FunctionType):
        return value.__code__, tuple(plain(cell.cell_contents) for cell in value.__closure__ or ())
    return value if isinstance(value, (int, str, type(None))) else type(value).__name__


def stands(process):
    """A process with all its locals, the dead ones too."""
    where, steps = [], process.steps
    while getattr(steps, "gi_frame", None) is not None:
        frame = steps.gi_frame
        where.append((frame.f_code, frame.f_lasti, plain(tuple(sorted(frame.f_locals.items())))))
        steps = steps.gi_yieldfrom
    return tuple(where)


def replayed(scenario, moves):
    world, processes = scenario.build()
    processes = list(processes)
    for i, choice in moves:
        processes[i].go(choice)
    return world, processes


def onwards(world, processes):
    """Every move that is possible there."""
    if world.over:
        return []
    return [(i, choice) for i, process in enumerate(processes) for choice in process.options()]


def plodding(scenario):
    """The plainest search: every state is reached by replay, and two are one only if nothing at all differs.
    The number of moves of the shortest loss, and all worlds."""
    seen, worlds, loss = set(), set(), None
    level: list[tuple] = [()]
    while level and loss is None:
        following: list[tuple] = []
        for moves in level:
            world, processes = replayed(scenario, moves)
            state = world.save(), tuple(map(stands, processes))
            if state in seen:
                continue
            seen.add(state)
            worlds.add(state[0])
            if world.lost:
                loss = len(moves)
            following += [(*moves, further) for further in onwards(world, processes)]
        level = following
    return loss, worlds


MANY = {"locked", "request_id", "request_id_unchecked", "free_page_hint"}
"""Whose migration has so many states that plodding through them takes seconds."""


@pytest.mark.parametrize(
    "name, purpose",
    [
        pytest.param(*row, marks=[pytest.mark.slow] if row in {(name, "migrate") for name in MANY} else [])
        for row in ROWS
    ],
)
def test_merging_changes_no_verdict_no_shortest_loss_and_no_world(name, purpose) -> None:
    scenario = debate(name, purpose, pages=1, requests=1)
    loss, worlds = plodding(scenario)
    explorer = _Explorer(scenario, False)
    search = explorer.search("", 10**6, None)
    assert (search.verdict, len(search.schedule or ()) or None) == (REFUTED if loss else PROVED, loss)
    if not loss:  # else both stop when they have found it, and not at the same place
        assert set(map(explorer.saved, explorer.came)) == worlds


@pytest.mark.parametrize("name", PROPOSALS)
def test_without_any_merging_the_same_worlds_are_reached(name) -> None:
    """Every schedule of so many moves, one by one, against the plainest merging."""
    scenario = debate(name, pages=1)
    moves = 5
    level: list[tuple] = [()]
    worlds = set()
    for _ in range(moves):
        level = [(*way, further) for way in level for further in onwards(*replayed(scenario, way))]
        worlds |= {replayed(scenario, way)[0].save() for way in level}
    explorer = _Explorer(scenario, False)
    reached, states = set(), {explorer.start}
    for _ in range(moves):
        states = {state for at in states for *_, state in explorer._next(at)}
        reached |= set(map(explorer.saved, states))
    assert reached == worlds and len(level) > 50


# -- what a state costs, and how far that reaches

BYTES = 300
"""The most that a state may cost, with all that was learnt on the way: two million fit in 2 GiB."""


def test_a_state_costs_at_most_so_many_bytes() -> None:
    tracemalloc.start()
    try:
        search = explore(debate("locked"))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert search.states > 4000
    assert most <= BYTES * search.states


@pytest.mark.exhaustive
@pytest.mark.parametrize("requests", [1, 2])
@pytest.mark.parametrize("name, purpose", ROWS)
def test_the_verdict_with_three_pages(name, purpose, requests) -> None:
    """The same as with two; up to a million and a half states."""
    before, most = in_use(), 0

    def watch(states: int) -> None:
        nonlocal most
        most = max(most, in_use() - before - BYTES * states)

    scenario = debate(name, purpose, pages=3, requests=requests)
    search = explore(scenario, watch=watch)
    one_answer = requests == 1 and (name, purpose) == ("request_id_unchecked", "migrate")
    assert search.verdict == (PROVED if one_answer else expected(name, purpose))
    assert most <= 32 << 20  # what the process has in use is not only states
    if search.schedule is not None:
        check_replay(scenario, search)


# -- what is reduced


def check_reduction(scenario):
    """With every reduction off: the same verdict, as short a loss, and no fewer states."""
    plain, reduced = explore(scenario, reduce=False), explore(scenario)
    assert plain.verdict == reduced.verdict != UNDETERMINED
    assert len(plain.schedule or ()) == len(reduced.schedule or ())
    assert plain.states >= reduced.states
    for search in (plain, reduced):
        if search.schedule is not None:
            check_replay(scenario, search)


@pytest.mark.parametrize("requests", [1, 2])
@pytest.mark.parametrize("name, purpose", ROWS)
def test_reducing_changes_no_verdict_and_no_shortest_loss_with_one_page(name, purpose, requests) -> None:
    check_reduction(debate(name, purpose, pages=1, requests=requests))


@pytest.mark.parametrize(
    "name, purpose",
    [row for row in ROWS if row[1] == "discard"] + [("log_late", "migrate"), ("no_wait", "migrate")],
)
def test_reducing_changes_no_verdict_and_no_shortest_loss_with_two_pages(name, purpose) -> None:
    check_reduction(debate(name, purpose, requests=1))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["snapshot", "locked", "inflate_deflate", "page_reporting", "everything"])
def test_reducing_changes_no_verdict_of_a_migration_with_two_pages(name) -> None:
    check_reduction(debate(name, requests=1))


@pytest.mark.parametrize("switch", SINGLE)
def test_reducing_changes_no_verdict_under_a_switch(switch) -> None:
    """Content that is kept, late bits, a shrinker, a silence: each is reduced in a way of its own."""
    for name, purpose in ROWS:
        large = name in MANY and purpose == "migrate"
        if not large and switch in effective(find_proposal(name), purpose):
            check_reduction(debate(name, purpose, [switch], pages=1, requests=1))


@pytest.mark.slow
@pytest.mark.parametrize("switch", SINGLE)
@pytest.mark.parametrize("name", sorted(MANY))
def test_reducing_changes_no_verdict_of_a_large_migration_under_a_switch(name, switch) -> None:
    check_reduction(debate(name, "migrate", [switch], pages=1))


# -- stuck for ever


@pytest.mark.parametrize("name, purpose", ROWS)
def test_only_who_waits_is_stuck_behind_a_silent_guest(name, purpose) -> None:
    scenario = debate(name, purpose, ["silent-guest"], pages=1)
    search = explore(scenario, waiter="h")
    assert search.verdict == expected(name, purpose)
    assert (search.stuck is not None) == (name in {"snapshot", "log_late"})
    if search.stuck is not None:
        run = Run(scenario, search.stuck)
        assert not run.world.over and run.processes["g"].done and not run.processes["h"].done
        for seed in range(5):
            at_random(run, seed, 20)
            assert not run.processes["h"].options()
            assert run.why_not(Move("h")) == "host waits for the guest's answer"


def test_nobody_is_stuck_while_the_guest_may_still_answer() -> None:
    search = explore(debate("snapshot", pages=1), waiter="h")
    assert (search.verdict, search.stuck) == (PROVED, None)


def test_stuck_is_asked_for_one_process_and_found_at_the_nearest_place() -> None:
    """One that waits for what another does at most twice; then the third time is for ever."""

    def build():
        world = World(1, pace=freely)
        world.mail.asked = 0

        def gives():
            for _ in range(2):
                yield "gives"
                world.mail.asked += 1

        def takes():
            while True:
                yield "takes", Until(lambda: world.mail.asked > 0, "waits for something")
                world.mail.asked -= 1

        return world, [Process("a", "giver", gives), Process("b", "taker", takes)]

    scenario = Scenario("taking", "", build, lambda run: run)
    search = explore(scenario, waiter="b")
    assert search.verdict == PROVED and search.stuck is not None
    assert sorted(str(search.stuck).split()) == ["a", "a", "b", "b"]
    assert explore(scenario, waiter="a").stuck is None  # done is not stuck
    assert explore(scenario).stuck is None


# -- cut short


def test_a_search_that_was_cut_short_is_undetermined() -> None:
    scenario = debate("locked")
    whole = explore(scenario)
    cut = explore(scenario, limit=whole.states - 1)
    assert (cut.verdict, cut.schedule, cut.stuck) == (UNDETERMINED, None, None)
    assert whole.verdict == PROVED and whole.states - 1 <= cut.states
    assert explore(scenario, limit=whole.states).verdict == PROVED
    assert explore(scenario, limit=1).verdict == UNDETERMINED


def test_a_loss_that_was_found_counts_also_where_the_rest_was_not_seen() -> None:
    scenario = debate("log_late")
    found = explore(scenario)
    assert explore(scenario, limit=found.states + 10).verdict == REFUTED
    assert explore(scenario, limit=found.states // 2).verdict == UNDETERMINED


def test_who_watches_is_told_how_many_and_may_end_it() -> None:
    told = []

    def watch(states):
        told.append(states)
        return len(told) == 2

    search = explore(debate("free_page_hint"), watch=watch)
    assert search.verdict == UNDETERMINED and search.stuck is None
    assert len(told) == 2 and 0 < told[0] < told[1] <= search.states
    watched: list[int] = []
    assert explore(debate("free_page_hint"), watch=watched.append).verdict == PROVED
    assert watched == sorted(watched) and len(watched) >= 2


# -- a process that cannot be searched


def test_a_running_generator_cannot_be_searched() -> None:
    def moves():
        yield "moves"

    scenario = Scenario(
        "one", "", lambda: (World(1, pace=freely), [Process("a", "runner", moves())]), lambda run: run
    )
    with pytest.raises(FreepagesError, match="runner is given as a running generator"):
        explore(scenario)


def test_a_process_that_keeps_an_iterator_cannot_be_searched() -> None:
    def host(w):
        kept = iter(range(3))
        for page in kept:
            yield "looks at page {0}", page

    scenario = debate(replace(find_proposal("snapshot"), host=host))
    with pytest.raises(FreepagesError, match="host keeps kept, a range_iterator: a search cannot compare it"):
        explore(scenario)


# -- planted bugs


def test_a_host_that_asks_twice_but_copies_once_is_found() -> None:
    """The second answer is applied to the first copy: what was brought in between is forgotten."""

    def host(w):
        yield from log_on(w)
        current = None
        while event := (yield from precopy(w, asks=True)):
            if event is ASK:
                if current is not None or w.host.copy is None:
                    w.host.keep_copy()
                else:
                    w.host.brought.clear_range(0, w.pages)
                current = w.request()
            elif event.id == current:
                current = None
                yield from apply(w, event.pages, in_copy=True)

    search = explore(debate(replace(find_proposal("request_id"), host=host), pages=1))
    assert search.verdict == REFUTED


# -- the other schedulers


@pytest.mark.parametrize("name, purpose", [row for row in ROWS if row[0] in SAFE[row[1]]])
def test_no_random_run_loses_a_page_where_none_can_be_lost(name, purpose) -> None:
    for seed in range(12):
        for pages in (2, 3):
            assert not at_random(Run(debate(name, purpose, pages=pages)), seed, 120).world.lost


@pytest.mark.parametrize("name, purpose", ROWS)
def test_a_replay_is_the_run_and_back_is_a_replay_of_one_move_less(name, purpose) -> None:
    scenario = debate(name, purpose, ["early-release", "silent-guest", "log-bit-late"])
    for seed in range(4):
        run = at_random(Run(scenario), seed, 60)
        twin = Run(scenario, str(run.schedule))
        assert seen(twin) == seen(run)
        back, shorter = run.back(), Run(scenario, run.schedule[:-1])
        assert seen(back) == seen(shorter)
        assert told(back) == told(run)[:-1]


def told(run):
    return [(step.number, step.move, step.who, step.text) for step in run.steps]


def seen(run):
    """All that there is of a run: what was done, the world, where everybody stands, and who may move."""
    where = tuple(map(stands, run.processes.values()))
    return told(run), run.world.save(), run.world.lost, where, run.moves()
