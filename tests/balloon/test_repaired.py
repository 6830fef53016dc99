"""The driver repaired: the same answers, one buffer at a time, in process context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.balloon.april2016 import AprilPatch
from freepages.balloon.free_pages_device import FreePagesDevice
from freepages.balloon.repaired import Repaired
from freepages.engine import Run, Steps, at_random, to_the_end
from freepages.engine.step_size import coarse, fine
from freepages.review.rows_buffers import fragmented_guest
from freepages.review.symptoms import one_answer, request_lost
from freepages.scenarios.balloon import LETTERS, DrawnNode, Machine, exchange, machine, scenario
from freepages.scenarios.zones import zone_drawn
from freepages.virtqueue.chain import LOOP, Fault
from freepages.virtqueue.features import GET_FREE_PAGES, VERSION_1


def free(world: Machine) -> set[int]:
    (zone,) = world.node.populated_zones()
    return {page for pfn, order, _ in zone.free_blocks() for page in range(pfn, pfn + (1 << order))}


@pytest.mark.parametrize("grain", [coarse, fine])
def test_it_answers_as_the_patch_does_where_that_is_right(grain) -> None:
    patched, repaired = (to_the_end(Run(exchange(repaired=r, grain=grain))).world for r in (False, True))
    # The patch allocates its bitmap when asked, the repaired driver before: both leave the other pages alone.
    used = patched.used_now() ^ repaired.used_now()
    assert patched.skipped() - used == repaired.skipped() - used
    assert not repaired.kernel.dmesg


@given(st.integers(0, 10_000), st.integers(1, 3))
def test_it_answers_every_request_in_any_order_of_moves(seed: int, requests: int) -> None:
    run = at_random(Run(exchange(repaired=True, grain=coarse, requests=requests)), seed, 3000)
    assert not run.moves()
    assert [reply.id for _, reply in run.world.device.applied] == list(range(1, requests + 1))
    assert not run.world.kernel.dmesg and not run.world.device.refused
    assert not run.world.skipped() & run.world.used_now()


@pytest.mark.parametrize(("chunk", "answers"), [(8, 4), (64, 4), (100, 2), (1 << 18, 1)])
def test_in_stretches_of_any_length_it_says_the_same(chunk: int, answers: int) -> None:
    def large() -> Machine:
        return machine(DrawnNode(zone_drawn(LETTERS * 4)), repaired=True, driver={"chunk": chunk})

    run = to_the_end(Run(scenario("chunks", "", large, one_answer)), limit=5000)
    assert len(run.world.device.applied) == answers
    assert run.world.skipped() == free(run.world)


def test_never_more_than_one_buffer_is_with_the_device() -> None:
    run = Run(exchange(repaired=True, grain=coarse, requests=2))
    while moves := run.moves():
        run.move(moves[len(run.steps) % len(moves)])
        assert len(run.world.driver.vqs["free_pages"].offered) <= 1
        assert not request_lost(run)
    assert len(run.world.device.applied) == 2


def test_a_fragmented_guest_answers() -> None:
    asked = scenario("fragmented", "", lambda: machine(fragmented_guest(), repaired=True), one_answer)
    run = to_the_end(Run(asked), limit=3000)
    free = sum(zone.nr_free_pages for zone in run.world.node.populated_zones())
    assert run.world.device.skips.count() == free
    assert not run.world.kernel.dmesg


def test_it_asks_only_for_the_queues_that_there_are() -> None:
    world = machine(repaired=True, offered=(GET_FREE_PAGES, VERSION_1), sizes={0: 8, 1: 8, 3: 8})
    assert {name: vq.number for name, vq in world.driver.vqs.items()} == {
        "inflate": 0,
        "deflate": 1,
        "free_pages": 3,
    }
    assert not world.kernel.dmesg


def test_in_a_queue_too_short_for_an_answer_there_is_no_buffer_to_ask_in() -> None:
    world = machine(repaired=True, num=1)
    assert not world.driver.vqs["free_pages"].offered
    assert not world.kernel.dmesg


def test_with_page_poisoning_it_does_without_the_queue() -> None:
    world = machine(repaired=True, poison=0xAA)
    assert GET_FREE_PAGES not in world.transport.accepted
    assert "free_pages" not in world.driver.vqs


def test_only_what_must_change_is_overridden() -> None:
    own = {name for name in vars(Repaired) if not name.startswith("__")}
    inherited = {name for name in own if hasattr(AprilPatch, name)}
    assert own - inherited == {"request_id", "drop", "build", "clear", "walk"}


def test_a_request_returned_with_a_strange_length_is_answered_all_the_same() -> None:
    def host(device: FreePagesDevice) -> Steps:
        yield from device.start()
        chain = yield from device.next("free_pages", lambda chain: chain.writable)
        yield from device.use("free_pages", chain, 3)
        yield from device.take_reply()

    run = to_the_end(Run(scenario("length", "", lambda: machine(repaired=True), host)))
    assert run.processes["h"].done


def test_a_queue_that_breaks_ends_the_answer_and_the_driver_says_so() -> None:
    def large() -> Machine:
        return machine(DrawnNode(zone_drawn(LETTERS * 4)), repaired=True, driver={"chunk": 64})

    run = Run(scenario("breaks", "", large, one_answer), "h h h i g g")
    run.world.driver.vqs["free_pages"].ring.broken = Fault(LOOP, "as a test")
    to_the_end(run)
    assert run.world.kernel.dmesg == [
        "virtio_balloon: no room for an answer on free_pages",
        "virtio_balloon: no room for a request on free_pages",
    ]
