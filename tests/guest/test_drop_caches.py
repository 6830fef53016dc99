"""Dropping the cache: what is clean and not mapped, by way of the CPU's own list."""

from freepages.engine import straight
from freepages.guest.cache import PageCache
from freepages.guest.context import Context
from freepages.guest.drop_caches import drain_all_pages, drop_cache, sync
from freepages.scenarios.balloon import DrawnNode, Machine, machine
from freepages.scenarios.review.state import per_cpu_pages
from freepages.scenarios.zones import zone_drawn

DRAWN = "kkkkkkkk" + "c" * 16 + "·" * 16 + "kkkkkkkk"
CACHE = set(range(8, 24))


def guest(batch: int = 0, dirty: tuple[int, ...] = (), mapped: tuple[int, ...] = ()) -> Machine:
    node = DrawnNode(zone_drawn(DRAWN), batch=batch)
    return machine(node, cache=PageCache.of(node, dirty, mapped))


def context(world: Machine, interrupt: bool = False) -> Context:
    return Context(world.kernel, "g", interrupt, function="handler")


def free(world: Machine) -> set[int]:
    (zone,) = world.node.populated_zones()
    return {p for pfn, order, _ in zone.free_blocks() for p in range(pfn, pfn + (1 << order))}


def test_the_cache_is_every_page_drawn_as_such_each_an_allocation_of_its_own() -> None:
    world = guest()
    (zone,) = world.node.populated_zones()
    assert world.kernel.cache is not None and world.kernel.cache.pages == CACHE
    assert all(zone.used[pfn] == (0, "c") for pfn in CACHE)


def test_clean_unmapped_pages_are_freed_and_no_others() -> None:
    world = guest(dirty=(10, 11), mapped=(12,))
    straight(drop_cache(context(world), 1))
    assert free(world) & CACHE == CACHE - {10, 11, 12}
    world.node.validate()


def test_without_bit_0_no_page_of_the_cache_is_dropped() -> None:
    for ctrl in (0, 2):
        world = guest()
        straight(drop_cache(context(world), ctrl))
        assert not free(world) & CACHE


def test_dropped_pages_wait_on_the_cpus_own_list_until_it_is_drained() -> None:
    world = guest(batch=1)
    straight(drop_cache(context(world), 1))
    waiting = per_cpu_pages(world.node.populated_zones())
    assert waiting and waiting < CACHE and not waiting & free(world)
    straight(drain_all_pages(context(world)))
    assert free(world) & CACHE == CACHE
    world.node.validate()


def test_what_is_written_back_can_be_dropped() -> None:
    world = guest(dirty=(10, 11), mapped=(12,))
    straight(sync(context(world)))
    straight(drop_cache(context(world), 3))
    assert free(world) & CACHE == CACHE - {12}


def test_dropping_may_sleep_and_dropping_nothing_does_not() -> None:
    world = guest(dirty=(10,))
    straight(drop_cache(context(world, interrupt=True), 0))
    assert not world.kernel.dmesg
    straight(drop_cache(context(world, interrupt=True), 1))
    straight(sync(context(world, interrupt=True)))
    assert [line.split("(")[0] for line in world.kernel.dmesg] == ["drop_cache", "sync"]


def test_a_guest_without_a_cache_drops_nothing() -> None:
    world = machine()
    before = free(world)
    straight(drop_cache(context(world), 3))
    straight(sync(context(world)))
    assert free(world) == before
