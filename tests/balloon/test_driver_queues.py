"""The driver's queues: their memory, their doorbell, their room, and the interrupts."""

import pytest

from freepages.balloon.driver_queues import PHYSICAL_NULL, interrupts, more_used, sg_set_buf
from freepages.engine import Process, Run, Scenario, Steps, straight, to_the_end
from freepages.engine.step_size import coarse, fine
from freepages.pages.orders import PAGE_SIZE
from freepages.scenarios.balloon import DrawnNode, Machine, machine
from freepages.scenarios.zones import zone_drawn
from freepages.virtqueue.features import INDIRECT_DESC, STATS_VQ, VERSION_1
from freepages.virtqueue.transport import CONFIG_CHANGED
from freepages.zone.kernel import Bug, Context


def context(world: Machine) -> Context:
    return Context(world.kernel, "i", interrupt=True)


def taken(world: Machine, *pending: int) -> list[str]:
    """Which of the callbacks are called when these interrupts are pending."""
    called: list[str] = []

    def inflated(ctx: Context) -> Steps:
        yield "is called"
        called.append(ctx.function)

    def changed(ctx: Context) -> Steps:
        yield "is called"
        called.append(ctx.function)

    callbacks = {0: inflated, CONFIG_CHANGED: changed}
    handler = interrupts(context(world), world.transport, world.driver.vqs.values(), callbacks)
    world.transport.pending |= set(pending)
    to_the_end(Run(Scenario("i", "", lambda: (world, [Process("i", "i", handler)]), lambda run: run)))
    return called


def used_buffer(world: Machine) -> None:
    """The device returns a buffer on queue 0."""
    vq = world.driver.vqs["inflate"]
    straight(vq.add_outbuf(Context(world.kernel, "g"), [(world.driver.address, 4)], "token"))
    straight(vq.kick())
    straight(world.device.take("inflate"))
    straight(world.device.use("inflate", world.device.held["inflate"].pop(), 0))


def test_every_pending_interrupt_is_taken_and_calls_by_name() -> None:
    world = machine()
    used_buffer(world)
    assert taken(world, CONFIG_CHANGED) == ["inflated", "changed"]
    assert not world.transport.pending


def test_an_interrupt_of_a_queue_without_news_calls_nobody() -> None:
    world = machine()
    assert not more_used(world.driver.vqs["inflate"])
    assert taken(world, 0) == []


def test_an_interrupt_that_nobody_has_asked_for_is_taken_and_forgotten() -> None:
    world = machine()
    assert taken(world, 1, 4) == []
    assert not world.transport.pending


@pytest.mark.parametrize(("offered", "pages"), [((STATS_VQ, 32), 1), ((STATS_VQ,), 2)])
def test_a_ring_has_memory_of_its_own_and_a_legacy_ring_a_page_for_the_device(offered, pages: int) -> None:
    world = machine(offered=offered)
    (zone,) = world.node.populated_zones()
    for vq in world.driver.vqs.values():
        layout = vq.ring.layout
        order, kind = zone.used[layout.desc // PAGE_SIZE]
        assert (1 << order, kind) == (pages, "k")
        assert layout.end <= layout.desc + pages * PAGE_SIZE


def test_without_memory_for_the_rings_the_probe_fails_with_the_queue_named() -> None:
    world = machine(DrawnNode(zone_drawn("k" * 62 + "··")))
    assert not world.driver.vqs
    assert world.kernel.dmesg[-1] == "virtio_balloon: no memory for deflate: probe failed, error -12"


def test_a_full_queue_says_no() -> None:
    world = machine(num=2)
    vq, ctx = world.driver.vqs["inflate"], Context(world.kernel, "g")
    sg = [(world.driver.address, 4)]
    assert [straight(vq.add_outbuf(ctx, sg, "token")) for _ in range(3)] == [True, True, False]
    assert vq.offered == ["token", "token"]


def test_more_buffers_than_the_queue_is_long_are_a_bug() -> None:
    world = machine(num=2)
    vq, ctx = world.driver.vqs["inflate"], Context(world.kernel, "g")
    with pytest.raises(Bug, match="virtqueue_add_inbuf: 3 buffers in a queue of 2"):
        straight(vq.add_inbuf(ctx, [(world.driver.address, 4)] * 3, "token"))


@pytest.mark.parametrize(("offered", "pieces"), [((), 1), ((), 2), ((INDIRECT_DESC,), 1)])
def test_adding_allocates_nothing_without_an_indirect_table(offered, pieces: int) -> None:
    world = machine(offered=(VERSION_1, *offered))
    vq, before = world.driver.vqs["inflate"], dict(world.kernel.allocated)
    assert straight(vq.add_outbuf(context(world), [(world.driver.address, 4)] * pieces, "token"))
    assert not world.kernel.dmesg and world.kernel.allocated == before


@pytest.mark.parametrize("grain", [coarse, fine])
def test_several_pieces_go_in_a_table_that_may_sleep_and_is_freed_with_the_chain(grain) -> None:
    world = machine(offered=(VERSION_1, INDIRECT_DESC))
    vq, before = world.driver.vqs["inflate"], dict(world.kernel.allocated)
    world.kernel.grain = grain
    assert straight(vq.add_outbuf(context(world), [(world.driver.address, 4)] * 3, "token"))
    assert world.kernel.dmesg == ["kmalloc(GFP_KERNEL) may sleep, in interrupt context: i"]
    (table,) = world.kernel.allocated.keys() - before.keys()
    ((_, _, chain, _),) = world.ring("inflate").in_flight
    assert (
        chain
        and chain.indirect == (table, 48)
        and len(chain.buffers) == 3
        and vq.ring.num_free == vq.ring.num - 1
    )
    straight(vq.kick())
    straight(world.device.take("inflate"))
    straight(world.device.use("inflate", world.device.held["inflate"].pop(), 0))
    assert straight(vq.get_buf(context(world))) == ("token", 0)
    assert world.kernel.allocated == before
    world.node.validate()


def test_without_memory_for_a_table_the_chain_lies_in_the_ring() -> None:
    world = machine(offered=(VERSION_1, INDIRECT_DESC))
    while straight(world.node.alloc_pages(0)) is not None:
        pass
    vq = world.driver.vqs["inflate"]
    assert straight(vq.add_outbuf(Context(world.kernel, "g"), [(world.driver.address, 4)] * 3, "token"))
    assert vq.ring.num_free == vq.ring.num - 3


def test_a_full_queue_tells_the_device_where_there_is_more_to_read() -> None:
    world = machine(num=2)
    vq, ctx = world.driver.vqs["inflate"], Context(world.kernel, "g")
    sg = [(world.driver.address, 4)]
    for _ in range(2):
        straight(vq.add_inbuf(ctx, sg, "token"))
    assert not straight(vq.add_inbuf(ctx, sg, "token")) and not world.transport.rung - {2, 3}
    assert not straight(vq.add_outbuf(ctx, sg, "token")) and 0 in world.transport.rung


def test_null_is_an_address_far_outside_memory() -> None:
    world = machine()
    assert sg_set_buf(world.kernel, None, 0) == (PHYSICAL_NULL, 0)
    assert sg_set_buf(world.kernel, 0x1000, 8) == (0x1000, 8)
    assert PHYSICAL_NULL == 0x7800_0000_0000
    world.kernel.debug_sg = True
    with pytest.raises(Bug, match="sg_set_buf"):
        sg_set_buf(world.kernel, None, 0)
