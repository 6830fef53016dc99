"""The plain search: it finds the shortest, is honest about its end, and is the twin of the fast one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.debate.world import PURPOSES, Purpose
from freepages.engine import Lock, Process, Run, Scenario, Schedule, Steps, stuck
from freepages.engine.errors import FreepagesError
from freepages.engine.state import Known, past, whole
from freepages.scenarios.debate import debate
from freepages.scenarios.virtqueue import virtqueue
from freepages.scenarios.zones import buddy_zone
from freepages.search.fast import explore
from freepages.search.plain import Found, search
from freepages.zone.zone import Zone

ROWS = [(name, purpose) for name in PROPOSALS for purpose in PURPOSES]
LARGE = [(name, "migrate") for name in ("request_id", "request_id_unchecked", "free_page_hint")]


def adders(*turns: int, wrong: str, key: Callable[[Run], object] = past) -> Scenario:
    """Processes a, b, ... that each add their letter to a list so many times."""

    def add(letter: str, times: int, written: list[str]) -> Steps:
        for _ in range(times):
            yield "adds its letter"
            written.append(letter)

    def build() -> tuple[list[str], list[Process]]:
        written: list[str] = []
        each = zip("abc", turns, strict=False)
        return written, [Process(letter, letter, add(letter, times, written)) for letter, times in each]

    def ends(run: Run) -> str | None:
        return f"wrote {wrong}" if "".join(run.world).endswith(wrong) else None

    return Scenario("adders", "", build, lambda run: run, property=ends, key=key)


def letters(run: Run) -> Known:
    return Known(run.world, sorted(run.world))


def test_the_first_found_is_the_shortest_and_the_first_of_its_length() -> None:
    found = search(adders(2, 2, wrong="ba"))
    assert (found.verdict, str(found.schedule), found.sentence) == ("REFUTED", "b a", "wrote ba")


def test_what_is_not_there_is_said_after_all_states_were_seen() -> None:
    # the schedules of aab's rearrangements and of all their beginnings: 1 + 2 + 3 + 3
    assert search(adders(1, 2, wrong="aa")) == Found("PROVED", 9, 3)


def test_states_with_one_key_are_followed_on_once() -> None:
    # how many letters of each there are: 0 or 1, times 0, 1 or 2
    assert search(adders(1, 2, wrong="aa", key=letters)) == Found("PROVED", 6, 3)


def test_the_places_of_the_processes_count_beside_the_key() -> None:
    assert search(adders(1, 2, wrong="aa", key=lambda run: Known(run.world, 0))) == Found("PROVED", 6, 3)


def test_a_search_that_was_cut_short_is_undetermined_and_says_how_far_it_came() -> None:
    assert search(adders(3, 3, wrong="aaaa"), limit=10) == Found("UNDETERMINED", 10, 3)


def test_nothing_is_followed_on_where_nothing_matters_any_more() -> None:
    over = adders(9, 9, wrong="x", key=lambda run: run.world if len(run.world) < 2 else None)
    assert search(over) == Found("PROVED", 4, 3)


@pytest.mark.parametrize("missing", ["property", "key"])
def test_a_scenario_that_lacks_what_a_search_needs_is_told_what_to_add(missing: str) -> None:
    lacks: dict[str, Any] = {missing: None}
    with pytest.raises(FreepagesError, match=f"scenario adders has no {missing}: add {missing}=") as told:
        search(replace(adders(1, wrong="a"), **lacks))
    assert "\n" not in str(told.value)


def test_a_deadlock_is_found() -> None:
    def both(cpu: str, *locks: Lock) -> Steps:
        for lock in locks:
            yield from lock.acquire(cpu)
        for lock in locks:
            yield from lock.release(cpu)

    def build() -> tuple[tuple[Lock, Lock], list[Process]]:
        one, other = Lock("one"), Lock("other")
        return (one, other), [
            Process("a", "cpu 0", both("cpu 0", one, other)),
            Process("b", "cpu 1", both("cpu 1", other, one)),
        ]

    found = search(Scenario("abba", "", build, lambda run: run, property=stuck, key=whole))
    assert found.schedule == Schedule.parse("a b")
    assert found.sentence == (
        "nobody can move: cpu 0 waits for other, held by cpu 1; cpu 1 waits for one, held by cpu 0"
    )


# -- the zone


def two_cpus(pages: int, largest: int) -> Scenario:
    return buddy_zone("·" * pages, cpus=2, pageblock_order=1, largest=largest, kinds="a")


def test_two_cpus_never_break_a_zone_of_two_pages_and_never_wait_for_ever() -> None:
    found = search(two_cpus(2, largest=0))
    assert found.verdict == "PROVED" and found.states > 100


@pytest.mark.slow
@pytest.mark.parametrize(("pages", "largest"), [(2, 1), (4, 0)])
def test_nor_do_they_with_more(pages: int, largest: int) -> None:
    assert search(two_cpus(pages, largest)).verdict == "PROVED"


def test_a_zone_whose_lock_is_dropped_too_early_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    smallest = Zone._rmqueue_smallest

    def hasty(zone: Zone, *request: int) -> Steps:
        zone.lock.holder = None
        return (yield from smallest(zone, *request))  # type: ignore[arg-type]

    monkeypatch.setattr(Zone, "_rmqueue_smallest", hasty)
    found = search(two_cpus(2, largest=0))
    assert found.verdict == "REFUTED" and "zone Normal: " in str(found.sentence)


# -- the ring


def test_a_ring_without_barriers_loses_a_request() -> None:
    found = search(virtqueue(["a", "b"], store_buffer=True, barriers=False))
    assert found.sentence == "the device took request 'a' where request 'b' was offered"
    assert found.schedule is not None and len(found.schedule) == found.depth == 41


def test_a_ring_with_barriers_loses_none_of_one_and_where_writes_are_seen_at_once_none_of_two() -> None:
    assert search(virtqueue(["a"], store_buffer=True)).verdict == "PROVED"
    assert search(virtqueue(["a", "b"])).verdict == "PROVED"


@pytest.mark.slow
def test_nor_does_it_of_two_that_become_visible_late() -> None:
    assert search(virtqueue(["a", "b"], store_buffer=True)).verdict == "PROVED"


# -- a key may forget what cannot matter any more


SMALL = {
    "a zone": buddy_zone("·", cpus=2, pageblock_order=1, largest=0, kinds="a"),
    "a ring": virtqueue(["a"], store_buffer=True),
    **{f"{name}, {purpose}": debate(name, purpose, pages=1, requests=1) for name, purpose in ROWS},
}
QUICK = ("a zone", "a ring", "everything, migrate", "log_late, migrate", "snapshot, discard")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in SMALL]
)
def test_what_a_key_forgets_changes_nothing_that_is_found(name: str) -> None:
    scenario = SMALL[name]
    short, full = search(scenario), search(replace(scenario, key=whole))
    assert (short.verdict, short.schedule, short.sentence) == (full.verdict, full.schedule, full.sentence)
    assert short.states <= full.states


# -- the fast search is its twin


def twins(name: str, purpose: Purpose, pages: int, requests: int) -> None:
    scenario = debate(name, purpose, pages=pages, requests=requests)
    plain, fast = search(scenario), explore(scenario)
    assert plain.verdict == fast.verdict
    assert len(plain.schedule or ()) == len(fast.schedule or ())


@pytest.mark.parametrize(
    ("name", "purpose"),
    [pytest.param(*row, marks=[pytest.mark.slow] if row in LARGE else []) for row in ROWS],
)
def test_the_fast_search_finds_the_same_with_one_page(name: str, purpose: Purpose) -> None:
    twins(name, purpose, pages=1, requests=2)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "purpose"), ROWS)
def test_the_fast_search_finds_the_same_with_two_pages(name: str, purpose: Purpose) -> None:
    twins(name, purpose, pages=2, requests=1)
