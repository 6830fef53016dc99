"""kzalloc: blocks of the zone, cleared; what is too large, and what does not lie together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine import straight
from freepages.pages.orders import PAGE_SIZE
from freepages.review.rows_buffers import fragmented_guest, large_guest
from freepages.scenarios.balloon import DrawnNode, Machine, machine
from freepages.scenarios.zones import zone_drawn
from freepages.zone.kernel import Context
from freepages.zone.kmalloc import get_order, kfree, kzalloc


def context(world: Machine, interrupt: bool = False) -> Context:
    return Context(world.kernel, "g", interrupt, function="handler")


@given(st.integers(1, 1 << 24))
def test_the_order_is_the_smallest_that_holds_it(size: int) -> None:
    order = get_order(size)
    assert PAGE_SIZE << order >= size
    assert order == 0 or PAGE_SIZE << (order - 1) < size


@pytest.mark.parametrize(("size", "order"), [(1, 0), (4096, 0), (4097, 1), (288 << 10, 7), (4 << 20, 10)])
def test_orders_that_the_review_speaks_of(size: int, order: int) -> None:
    assert get_order(size) == order


def test_what_is_allocated_is_a_used_block_of_zeros_and_freed_it_is_free_again() -> None:
    world = machine()
    (zone,) = world.node.populated_zones()
    for pfn, order, _ in zone.free_blocks():
        world.kernel.memory.write(pfn * PAGE_SIZE, b"\xaa" * (PAGE_SIZE << order))
    before = zone.nr_free_pages
    address = straight(kzalloc(context(world), 3 * PAGE_SIZE))
    assert world.kernel.memory.read(address, 4 * PAGE_SIZE) == bytes(4 * PAGE_SIZE)
    assert zone.used[address // PAGE_SIZE] == (2, "k")
    assert zone.nr_free_pages == before - 4
    straight(kfree(context(world), address))
    assert zone.nr_free_pages == before
    zone.validate()


def test_nothing_above_order_10_however_much_is_free() -> None:
    world = machine(large_guest())
    assert straight(kzalloc(context(world), 4 << 20)) is not None
    assert straight(kzalloc(context(world), (4 << 20) + 1)) is None
    assert world.kernel.dmesg == [
        "page allocation failure: 4194305 bytes, order 11: above the largest, 10",
    ]


def test_a_fragmented_guest_has_no_order_7_and_plenty_of_order_6() -> None:
    world = machine(fragmented_guest())
    free = sum(zone.nr_free_pages for zone in world.node.populated_zones())
    assert free * PAGE_SIZE > 8 << 20
    assert straight(kzalloc(context(world), 256 << 10)) is not None
    assert straight(kzalloc(context(world), 288 << 10)) is None
    assert "order 7: no block is that large" in world.kernel.dmesg[-1]


def test_in_interrupt_context_it_is_an_error_that_names_the_call_and_goes_on() -> None:
    world = machine()
    assert straight(kzalloc(context(world, interrupt=True), 8)) is not None
    assert world.kernel.dmesg == ["kzalloc(GFP_KERNEL) may sleep, in interrupt context: handler"]


def test_when_nothing_is_free_it_fails() -> None:
    world = machine(DrawnNode(zone_drawn("k" * 60 + "····")), probed=False)
    assert straight(kzalloc(context(world), 4 * PAGE_SIZE)) == 60 * PAGE_SIZE
    assert straight(kzalloc(context(world), 1)) is None
