"""The driver as patched: that it works where nothing is against it, and what it does where something is."""

import pytest

from freepages.balloon.april2016 import MEMSET, REQUEST, AprilPatch
from freepages.balloon.driver import BUFFER
from freepages.engine import Run, at_random, to_the_end
from freepages.engine.step_size import coarse, fine
from freepages.review.rows_buffers import fragmented_guest
from freepages.review.symptoms import one_answer
from freepages.scenarios.balloon import Machine, exchange, machine, scenario
from freepages.virtqueue.features import APRIL_2016, GET_FREE_PAGES, STATS_VQ, names
from freepages.zone.kmalloc import KFREE


def free(world: Machine) -> set[int]:
    return {
        page
        for zone in world.node.populated_zones()
        for pfn, order, _ in zone.free_blocks()
        for page in range(pfn, pfn + (1 << order))
    }


@pytest.mark.parametrize("grain", [coarse, fine])
def test_the_host_learns_exactly_the_free_pages(grain) -> None:
    run = to_the_end(Run(exchange(grain=grain)))
    assert run.world.skipped() == free(run.world)
    assert [reply.id for _, reply in run.world.device.applied] == [None]
    assert run.world.driver.vqs["free_pages"].offered == [REQUEST]


@pytest.mark.parametrize("seed", range(10))
def test_in_any_order_of_moves_too(seed: int) -> None:
    run = at_random(Run(exchange(grain=fine)), seed, 1000)
    assert run.world.skipped() == free(run.world)


def test_the_bitmap_is_where_the_guest_has_it_and_not_copied() -> None:
    run = to_the_end(Run(exchange(grain=coarse)))
    driver = run.world.driver
    assert isinstance(driver, AprilPatch) and driver.free_pages is not None
    assert run.world.kernel.memory.read(driver.free_pages, 8) == run.world.device.applied[0][1].bitmap
    assert driver.bmap_len == 8


def test_the_memset_is_dead_code_while_max_pfn_stays() -> None:
    run = Run(exchange(grain=coarse, requests=3))
    while moves := run.moves():
        run.move(max(moves))  # the interrupt handler before the host, or a request is lost
    assert len(run.world.device.applied) == 3
    acts = [step.act for step in run.steps]
    assert KFREE in acts and MEMSET not in acts


def test_with_debug_sg_a_missing_bitmap_kills_the_guest() -> None:
    guest = scenario("debug_sg", "", lambda: machine(fragmented_guest(), debug_sg=True), one_answer)
    run = to_the_end(Run(guest))
    assert run.world.kernel.crashed == "sg_set_buf(NULL)"
    assert run.processes["i"].why_not() == "cannot: the guest has crashed"
    assert run.processes["g"].why_not() == "cannot: the guest has crashed"


def test_without_debug_sg_it_offers_a_buffer_of_no_bytes_at_the_address_of_null() -> None:
    guest = scenario("null", "", lambda: machine(fragmented_guest()), one_answer)
    run = Run(guest, "h h h i i i i")
    (answer,) = (chain for chain in run.world.ring("free_pages").in_flight)
    assert answer.fault is not None and answer.fault.kind == "zero-length buffer"
    assert run.world.ring("free_pages").table[1][:2] == (0x7800_0000_0000, 0)


def test_answer_and_next_request_are_with_the_device_at_once() -> None:
    run = Run(exchange(grain=coarse), "h h h i i i i i i i i")
    assert run.world.driver.vqs["free_pages"].offered == [BUFFER, REQUEST]


def test_four_queues_are_asked_for_whatever_there_is() -> None:
    world = machine(offered=(GET_FREE_PAGES,), sizes=dict.fromkeys(range(4), 8))
    assert world.driver.wanted_vqs() == {"inflate": 0, "deflate": 1, "stats": 2, "free_pages": 3}
    assert names(world.transport.accepted, APRIL_2016) == "GET_FREE_PAGES"
    assert STATS_VQ not in world.transport.accepted
