"""A running kernel's events, replayed: who has each page, and what contradicts what."""

from random import Random

import pytest

from freepages.real.data_path import data_path
from freepages.real.kmem_events import (
    ALLOC,
    DRAIN,
    EXTFRAG,
    FREE,
    FREE_BATCHED,
    KINDS,
    NO_PFN,
    ZONE_LOCKED,
    KmemEvents,
    read_kmem_events,
)
from freepages.zone.kmem_replay import (
    ALLOCATES,
    FREE_PAGE,
    FREED_TWICE,
    IN_USE,
    LISTED_IN_USE,
    PER_CPU,
    TWICE,
    UNSEEN,
    KmemReplay,
)  # fmt: skip


def made(*told: tuple) -> KmemEvents:
    """Events (kind, pfn, order, detail) as a trace would give them."""
    events = KmemEvents(names=["dd-7"])
    for at, (kind, pfn, order, *detail) in enumerate(told):
        events.kinds.append(KINDS.index(kind))
        events.pfns.append(pfn)
        events.orders.append(order)
        events.details.append(detail[0] if detail else 0)
        events.tasks.append(0)
        events.times.append(at)
    return events


def replayed(*told: tuple) -> KmemReplay:
    replay = KmemReplay(made(*told))
    replay.replay()
    return replay


def state(replay: KmemReplay, pfn: int) -> int:
    chunk = replay.seen.chunks.get(pfn >> 10)
    return chunk[pfn & 1023] if chunk else UNSEEN


def test_a_page_goes_from_the_zone_to_a_cpu_to_its_user_and_back() -> None:
    way = [(ZONE_LOCKED, 5, 0, 1), (ALLOC, 5, 0), (FREE, 5, 0), (FREE_BATCHED, 5, 0), (DRAIN, 5, 0)]
    replay = KmemReplay(made(*way))
    seen = []
    for _ in way:
        replay.apply()
        seen.append(state(replay, 5))
    assert seen == [PER_CPU, IN_USE, PER_CPU, PER_CPU, FREE_PAGE]
    assert not replay.seen.impossible and replay.seen.unseen_frees == 0


def test_without_events_of_the_lists_a_freed_page_is_free() -> None:
    assert state(replayed((ALLOC, 5, 0), (FREE, 5, 0)), 5) == FREE_PAGE


def test_a_batched_free_is_a_free_where_the_trace_has_no_other() -> None:
    assert state(replayed((ALLOC, 5, 0), (FREE_BATCHED, 5, 0)), 5) == FREE_PAGE


def test_a_block_may_be_freed_page_by_page() -> None:
    replay = replayed((ALLOC, 8, 2), *((FREE, pfn, 0) for pfn in range(8, 12)))
    assert replay.seen.pages(FREE_PAGE) == 4 and not replay.seen.impossible and not replay.seen.unseen_frees


def test_what_is_impossible_is_counted_and_the_later_event_believed() -> None:
    replay = replayed((ALLOC, 8, 2), (ALLOC, 10, 0), (FREE, 8, 2), (FREE, 8, 3), (ALLOC, 8, 0), (DRAIN, 8, 0))
    assert replay.seen.impossible == {TWICE: 1, FREED_TWICE: 1, LISTED_IN_USE: 1}
    assert replay.seen.pages(FREE_PAGE) == 8
    replay = replayed((FREE, 64, 4), (ALLOC, NO_PFN, 9), (EXTFRAG, 0, 9, 1))
    assert replay.seen.unseen_frees == 1 and replay.seen.failed == 1 and not replay.seen.impossible


def test_a_block_larger_than_what_is_kept_together() -> None:
    replay = replayed((ALLOC, 1 << 40, 12), (FREE, 1 << 40, 11))
    assert replay.seen.pages(IN_USE) == 2048 == replay.seen.pages(FREE_PAGE)
    assert replay.seen.range() == (1 << 40, (1 << 40) + 4096)


@pytest.mark.parametrize("seed", range(5))
def test_the_states_are_those_of_a_plain_dictionary(seed) -> None:
    chance, told, plain = Random(seed), [], dict.fromkeys(range(4096), UNSEEN)
    for _ in range(400):
        order = chance.choice((0, 0, 0, 1, 3, 9))
        pfn = chance.randrange(4096) & -(1 << order)
        kind = chance.choice((ALLOC, FREE, DRAIN, ZONE_LOCKED))
        told.append((kind, pfn, order, 1))
        into = {ALLOC: IN_USE, FREE: FREE_PAGE if order else PER_CPU, DRAIN: FREE_PAGE, ZONE_LOCKED: PER_CPU}[
            kind
        ]
        plain.update(dict.fromkeys(range(pfn, pfn + (1 << order)), into))
    replay = replayed(*told, (DRAIN, 0, 0), (ZONE_LOCKED, 0, 0, 1))
    plain[0] = PER_CPU
    assert {pfn: state(replay, pfn) for pfn in plain} == plain


def test_the_recorded_guest_contradicts_itself_nowhere() -> None:
    replay = KmemReplay(read_kmem_events(data_path("traces", "guest-6.1.trace.gz")))
    assert replay.announcement()[0] is ALLOCATES
    replay.replay()
    assert not replay.seen.impossible and replay.seen.unseen_frees == 4 and replay.seen.pages(IN_USE) == 49
