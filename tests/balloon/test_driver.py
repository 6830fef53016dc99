"""The classic driver against its device: inflate, deflate, statistics, and both proposals' switches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.balloon.driver import SLEEPS, UPDATES_STATS
from freepages.balloon.driver_queues import ADDS_OUTBUF, GETS_BUF
from freepages.balloon.encodings import Bitmap, Encoding, PfnArray, PfnRanges
from freepages.engine import Process, Run, Scenario, at_random, to_the_end
from freepages.engine.step_size import coarse, fine
from freepages.pages.orders import PAGE_SIZE
from freepages.scenarios.balloon import (
    LETTERS,
    OFFERED,
    DrawnNode,
    Machine,
    inflate,
    machine,
    processes,
    scenario,
    statistics,
)
from freepages.scenarios.zones import zone_drawn
from freepages.virtqueue.features import (
    DEFLATE_ON_OOM,
    EVENT_IDX,
    GET_FREE_PAGES,
    INDIRECT_DESC,
    STATS_VQ,
    VERSION_1,
)

ENCODINGS: tuple[Encoding, ...] = (PfnArray(), PfnArray(batch=3), Bitmap(chunk=64), PfnRanges(words=8))


def balloon(run: Run) -> tuple[set[int], set[int], int]:
    """(pages as the driver, the device, and the configuration have them)"""
    world: Machine = run.world
    return set(world.driver.pages), world.device.ballooned, world.transport.config["actual"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("grain", [coarse, fine])
@pytest.mark.parametrize(("pages", "then"), [(4, 4), (7, 2), (5, 0), (3, 9)])
def test_driver_and_device_agree_on_what_is_in_the_balloon(encoding, grain, pages: int, then: int) -> None:
    run = to_the_end(Run(inflate(pages, then, grain=grain, encoding=encoding)), limit=3000)
    driver, device, actual = balloon(run)
    assert driver == device and len(driver) == then == actual
    assert not run.world.device.refused and not run.world.kernel.dmesg
    run.world.node.validate()
    (zone,) = run.world.node.populated_zones()
    assert {pfn for pfn, (_, kind) in zone.used.items() if kind == "b"} == driver


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 1000))
def test_in_any_order_of_moves_too(pages: int, then: int, seed: int) -> None:
    run = at_random(Run(inflate(pages, then)), seed, 3000)
    driver, device, actual = balloon(run)
    assert not run.moves()
    assert driver == device and len(driver) == actual and actual in (pages, then)


def test_256_pfns_are_a_message_and_each_is_waited_for() -> None:
    guest = DrawnNode(zone_drawn("k" * 64 + "·" * 1024, pageblock_order=9))

    def build():
        world = machine(guest)
        return world, processes(world, world.device.serve(), Process("o", "o", world.device.set_target(600)))

    run = to_the_end(Run(Scenario("large", "", build, lambda run: run)), limit=5000)
    sizes = [step.args[1] for step in run.steps if step.act is ADDS_OUTBUF]
    assert sizes == ["1024 bytes", "1024 bytes", "352 bytes"]
    assert balloon(run)[2] == 600


def test_a_page_in_the_balloon_has_lost_its_content() -> None:
    run = Run(inflate(4, 4))
    (zone,) = run.world.node.populated_zones()
    for pfn, order, _ in zone.free_blocks():
        run.world.kernel.memory.write(pfn * PAGE_SIZE, b"x" * (PAGE_SIZE << order))
    to_the_end(run)
    for pfn in run.world.driver.pages:
        assert run.world.kernel.memory.read(pfn * PAGE_SIZE, PAGE_SIZE) == bytes(PAGE_SIZE)


def test_out_of_puff_it_gives_what_it_has_and_waits() -> None:
    run = to_the_end(Run(inflate(60, 60)), limit=3000)
    driver, device, actual = balloon(run)
    assert driver == device and 0 < actual < 60
    assert "Out of puff! Can't get" in run.world.kernel.dmesg[-1]
    assert run.processes["g"].why_not() == "sleeps until a page is free"


def test_stats_only_refuses_to_inflate_and_keeps_its_queues_and_statistics() -> None:
    run = to_the_end(Run(inflate(4, 4, stats_only=True)))
    assert balloon(run) == (set(), set(), 0)
    assert set(run.world.driver.vqs) == {"inflate", "deflate", "stats", "free_pages"}
    asked = scenario(
        "stats", "", lambda: machine(driver={"stats_only": True}), lambda device: device.poll_stats()
    )
    assert to_the_end(Run(asked)).world.device.stats["MEMTOT"] == len(LETTERS) * PAGE_SIZE


@pytest.mark.parametrize("grain", [coarse, fine])
def test_statistics_are_the_guests_own_numbers(grain) -> None:
    run = to_the_end(Run(statistics(grain=grain)))
    (zone,) = run.world.node.populated_zones()
    assert run.world.device.stats == {
        "MEMFREE": zone.nr_free_pages * PAGE_SIZE,
        "MEMTOT": zone.managed * PAGE_SIZE,
        "AVAIL": zone.nr_free_pages * PAGE_SIZE,
    }


@pytest.mark.parametrize(("offered", "less"), [((), 4), ((DEFLATE_ON_OOM,), 0)])
def test_pages_in_the_balloon_are_not_memory_unless_the_guest_may_take_them_back(offered, less: int) -> None:
    def host(device):
        yield from device.set_target(4)
        yield from device.take("inflate")
        yield from device.inflate(device.held["inflate"].pop())
        yield from device.poll_stats()

    asked = scenario("stats", "", lambda: machine(offered=(STATS_VQ, VERSION_1, *offered)), host)
    world = to_the_end(Run(asked)).world
    assert len(world.driver.pages) == 4
    assert world.device.stats["MEMTOT"] == (len(LETTERS) - less) * PAGE_SIZE


def test_the_statistics_are_renewed_before_the_buffer_is_taken_back() -> None:
    run = to_the_end(Run(statistics()))
    acts = [step.act for step in run.steps if step.who == "guest driver"]
    assert acts.index(UPDATES_STATS) < acts.index(GETS_BUF) < acts.index(ADDS_OUTBUF)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("ring", [(EVENT_IDX,), (INDIRECT_DESC,), (EVENT_IDX, INDIRECT_DESC)])
def test_with_the_rings_features_nothing_is_lost(ring, seed: int) -> None:
    def build():
        world = machine(repaired=True, offered=OFFERED.union(ring), grain=(coarse, fine)[seed % 2])
        return world, processes(world, world.device.migrate(requests=3))

    run = at_random(Run(Scenario("features", "", build, lambda run: run)), seed, 3000)
    world: Machine = run.world
    assert not run.moves() and run.processes["h"].done and len(world.device.applied) == 3
    assert world.transport.accepted == OFFERED.union(ring)
    assert world.kernel.allocated == build()[0].kernel.allocated  # every indirect table was freed
    world.node.validate()


@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("legacy", [True, False])
def test_legacy_or_not_in_either_byte_order_they_understand_each_other(endian, legacy: bool) -> None:
    offered = (STATS_VQ, GET_FREE_PAGES) if legacy else (STATS_VQ, GET_FREE_PAGES, VERSION_1)
    node = zone_drawn("k" * 16 + "·" * 48)

    def build():
        world = machine(DrawnNode(node), offered=offered, endian=endian)
        host = world.device.serve()
        return world, processes(world, host, Process("o", "o", world.device.set_target(5)))

    run = to_the_end(Run(Scenario("orders", "", build, lambda run: run)))
    driver, device, actual = balloon(run)
    assert driver == device and len(driver) == actual == 5


def test_without_statistics_there_are_two_queues() -> None:
    world = machine(offered=(VERSION_1,))
    assert set(world.driver.vqs) == {"inflate", "deflate"}


def test_a_device_that_refuses_the_size_of_a_queue_fails_the_probe_with_the_number() -> None:
    world = machine(offered=(VERSION_1,), sizes={0: 8})
    assert not world.driver.vqs
    assert world.kernel.dmesg == ["virtio_balloon: queue 1 (deflate) does not exist: probe failed, error -2"]


def test_who_waits_for_an_acknowledgement_sleeps_until_it_is_woken_for_every_message() -> None:
    run = Run(inflate(6, 6, encoding=PfnArray(batch=3)))
    slept = 0
    while moves := run.moves():
        before = run.processes["g"].act
        run.move(moves[-1])  # the driver before the device, so that it has to wait
        if run.processes["g"].act is SLEEPS and before is not SLEEPS:
            slept += 1
            assert run.processes["g"].why_not() == "sleeps until vb->acked is woken"
    assert slept == 2


def test_the_page_that_went_in_last_comes_out_first() -> None:
    run = to_the_end(Run(inflate(4, 2)))
    filled = to_the_end(Run(inflate(4, 4)))
    assert run.world.driver.pages == filled.world.driver.pages[:2]
