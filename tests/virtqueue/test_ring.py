"""Both sides of the ring: what is written where and in which order, and what neither side believes."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Process, Run, Scenario, at_random, straight
from freepages.engine.errors import FreepagesError
from freepages.virtqueue import chain as faults
from freepages.virtqueue.guest_memory import GuestMemory, OutsideMemory, StoreBuffer
from freepages.virtqueue.ring import DeviceQueue, DriverQueue, need_event
from freepages.virtqueue.ring_layout import EVENT_IDX, INDIRECT_DESC, VERSION_1, Layout
from freepages.virtqueue.ring_state import describe

MODERN = frozenset({VERSION_1})
BASE, DATA, TABLE = 0x1000, 0x10000, 0x20000


READ_BARRIER = "passes a read barrier"


def a_ring(num=4, features=MODERN, endian="little", **options):
    memory = GuestMemory({BASE: 0x8000, DATA: 0x4000, TABLE: 0x4000}, endian)
    layout = Layout.at(num, BASE)
    driver = DriverQueue(memory, layout, features, **options)
    return memory, layout, driver, DeviceQueue(memory, layout, features)


def texts(steps):
    """What a process announces, one after the other, while it runs."""
    process = Process("p", "p", steps)
    while not process.done:
        yield process.next()
        process.go()


def poke(memory, addr, value, size, endian="little"):
    memory.write(addr, value.to_bytes(size, endian))


# -- the bytes


def test_an_added_chain_is_these_bytes_and_no_others():
    memory, layout, driver, _ = a_ring(num=4)
    assert straight(driver.add([(0x1122334455667788, 0xAABB)], [(DATA, 4096)], "token"))
    assert memory.read(layout.desc, 64).hex(" ", 8) == (
        "8877665544332211 bbaa000001000100 0000010000000000 0010000002000200 "
        "0000000000000000 0000000000000300 0000000000000000 0000000000000000"
    )
    assert memory.read(layout.avail, 14).hex(" ", 2) == "0000 0100 0000 0000 0000 0000 0000"
    assert memory.read(layout.used, 38) == bytes(38)


def test_a_used_chain_is_these_bytes_and_comes_back_with_its_token():
    memory, layout, driver, device = a_ring(num=4)
    straight(driver.add_inbuf([(DATA, 4096)], "token"))
    straight(device.push(straight(device.pop()), 0x123))
    assert memory.read(layout.used, 12).hex(" ", 4) == "00000100 00000000 23010000"
    assert straight(driver.get_buf()) == ("token", 0x123)
    assert straight(driver.get_buf()) is None and driver.broken is None


def test_a_legacy_ring_is_in_the_guests_byte_order():
    memory, layout, driver, device = a_ring(features=(), endian="big")
    straight(driver.add_outbuf([(DATA, 0x102)], "token"))
    assert memory.read(layout.desc, 16).hex() == "00000000000100000000010200000001"
    assert memory.read(layout.avail, 4).hex() == "00000001"
    assert straight(device.pop()).readable == [(DATA, 0x102)]


def test_an_indirect_chain_takes_one_descriptor_and_its_table_the_rest():
    memory, layout, driver, device = a_ring(features=MODERN | {INDIRECT_DESC})
    straight(driver.add([(DATA, 1), (DATA + 8, 2)], [(DATA + 16, 3)], "token", table=TABLE))
    assert driver.num_free == 3
    assert memory.read(layout.desc, 16).hex(" ", 8) == f"{TABLE.to_bytes(8, 'little').hex()} 3000000004000100"
    chain = straight(device.pop())
    assert (chain.readable, chain.writable) == ([(DATA, 1), (DATA + 8, 2)], [(DATA + 16, 3)])
    assert chain.indirect == (TABLE, 48) and chain.indices == [0]


def test_gather_and_scatter_run_over_the_buffers_in_order():
    memory, _, driver, device = a_ring()
    memory.write(DATA, b"abcdef")
    straight(driver.add([(DATA + 3, 3), (DATA, 3)], [(DATA + 8, 2), (DATA + 16, 2)], "token"))
    chain = straight(device.pop())
    assert chain.gather(memory) == b"defabc" and chain.gather(memory, 4) == b"defa"
    assert chain.scatter(memory, b"xyz") == 3 and chain.scatter(memory, b"123456") == 4
    assert memory.read(DATA + 8, 10) == b"12\0\0\0\0\0\x0034"


# -- the order


def test_the_driver_writes_descriptors_then_entry_then_barrier_then_index():
    _, _, driver, _ = a_ring()
    said = [text.split(" = ")[0].split(":")[0] for text in texts(driver.add([(DATA, 1)], [(DATA, 2)], "t"))]
    assert said == [
        "takes descriptors off the free list",
        "writes desc[0]",
        "writes desc[1]",
        "writes avail->ring[0]",
        "passes a write barrier",
        "writes avail->idx",
    ]


def test_the_device_reads_index_then_entry_then_chain_and_writes_entry_then_barrier_then_index():
    _, _, driver, device = a_ring()
    straight(driver.add([(DATA, 1)], [(DATA, 2)], "t"))
    said = list(texts(device.pop()))
    order = [
        "reads avail->idx",
        READ_BARRIER,
        "reads avail->ring[0]",
        "reads desc[0]",
        "reads desc[1]",
    ]
    assert said == order
    said = [text.split(" = ")[0] for text in texts(device.push(0, 0))]
    assert said == ["writes used->ring[0]", "passes a write barrier", "writes used->idx"]
    assert list(texts(driver.get_buf()))[:3] == [
        "reads used->idx",
        READ_BARRIER,
        "reads used->ring[0]",
    ]


def test_no_step_of_an_operation_changes_memory_before_it_is_announced():
    memory, layout, driver, _ = a_ring()
    steps = driver.add([(DATA, 1)], [], "t")
    before = memory.read(BASE, layout.end - BASE)
    for _ in range(2):
        next(steps)
        assert memory.read(BASE, layout.end - BASE) == before
    next(steps)
    assert memory.read(BASE, layout.end - BASE) != before


# -- the law of the ring


@settings(max_examples=80)
@given(
    st.sampled_from([1, 2, 8]),
    st.sets(st.sampled_from([EVENT_IDX, INDIRECT_DESC])),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), max_size=100),
)
def test_every_chain_reaches_the_device_once_in_order_and_comes_back_once(num, extra, moves):
    _, _, driver, device = a_ring(num, MODERN | extra)
    offered, popped, back = [], [], []
    for token, (move, a, b) in enumerate(moves):
        if move == 0 and 0 < a + b <= num:
            out, in_ = [(DATA + i, 1) for i in range(a)], [(DATA + 64 + i, 2) for i in range(b)]
            table = TABLE + 96 * token if INDIRECT_DESC in extra else None
            fits = driver.num_free >= (a + b if table is None else 1)
            assert straight(driver.add(out, in_, token, table)) == fits
            if fits:
                offered.append((token, out, in_))
        elif move == 1:
            chain = straight(device.pop())
            assert (chain is None) == (not offered)
            if chain:
                popped.append((chain, *offered.pop(0)))
        elif move == 2 and popped:
            chain, token, out, in_ = popped.pop(a % len(popped))  # the device may use them in any order
            assert (chain.readable, chain.writable) == (out, in_)
            straight(device.push(chain, 2 * len(in_)))
            back.append((token, 2 * len(in_)))
        elif move == 3:
            assert straight(driver.get_buf()) == (back.pop(0) if back else None)
        assert not driver.broken and not device.broken
        assert driver.num_free + sum(taken for _, taken, _ in driver.offers.values()) == num


def test_the_indices_run_through_two_to_the_sixteenth():
    memory, layout, driver, device = a_ring(num=2, features=MODERN | {EVENT_IDX})

    def through():
        for token in range(66_000):
            yield from driver.add_outbuf([(DATA, 1)], token)
            assert (yield from driver.kick())
            yield from device.push((yield from device.pop()), 0)
            assert (yield from device.notify())
            assert (yield from driver.get_buf()) == (token, 0)

    straight(through())
    state = describe(memory, layout, driver.features)
    assert (state.avail_idx, state.used_idx, state.broken) == (66_000 - 65_536,) * 2 + (None,)


def test_a_full_queue_takes_no_more_and_loses_nothing():
    memory, layout, driver, _ = a_ring(num=2)
    assert straight(driver.add_outbuf([(DATA, 1), (DATA, 2)], "a"))
    before = memory.read(BASE, layout.end - BASE)
    assert straight(driver.add_outbuf([(DATA, 1)], "b")) is False
    assert memory.read(BASE, layout.end - BASE) == before


def test_the_free_list_is_in_the_next_fields():
    memory, layout, driver, device = a_ring(num=4)
    for token in "abcd":
        straight(driver.add_outbuf([(DATA, 1)], token))
        straight(device.pop())
    for head in 2, 0, 3:
        straight(device.push(head, 0))
        straight(driver.get_buf())
    free, index = [], driver.free_head
    for _ in range(driver.num_free):
        free.append(index)
        index = int.from_bytes(memory.read(layout.desc + 16 * index + 14, 2), "little")
    assert free == [3, 0, 2]


@pytest.mark.parametrize(
    "pieces, token",
    [([], "t"), ([(DATA, 1)] * 5, "t"), ([(DATA, 1)], None), ([(-1, 1)], "t"), ([(1 << 64, 1)], "t")]
    + [([(DATA, 1 << 32)], "t")],
)
def test_what_no_chain_can_hold_is_refused_with_nothing_done(pieces, token):
    memory, layout, driver, _ = a_ring(num=4)
    before = memory.read(BASE, layout.end - BASE)
    with pytest.raises(FreepagesError):
        straight(driver.add_outbuf(pieces, token))
    assert memory.read(BASE, layout.end - BASE) == before and driver.num_free == 4


def test_an_indirect_table_needs_the_feature_and_mapped_memory():
    with pytest.raises(FreepagesError, match="INDIRECT_DESC"):
        straight(a_ring()[2].add([(DATA, 1)], [], "t", table=TABLE))
    with pytest.raises(OutsideMemory):
        straight(a_ring(features=MODERN | {INDIRECT_DESC})[2].add([(DATA, 1)], [], "t", table=0x999000))


# -- notifications


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 40))
def test_an_event_is_needed_when_the_index_passes_the_entry_that_is_waited_for(event, old, moved):
    passed = [(old + step) % 2**16 for step in range(moved)]
    assert need_event(event, (old + moved) % 2**16, moved) == (event in passed)


def test_without_event_idx_the_flags_decide():
    _, _, driver, device = a_ring()
    straight(device.disable_notifications())
    straight(driver.add_outbuf([(DATA, 1)], "a"))
    assert not straight(driver.kick())
    assert not straight(device.enable_notifications())  # a chain came meanwhile
    straight(driver.add_outbuf([(DATA, 1)], "b"))
    assert straight(driver.kick())
    straight(driver.disable_cb())
    straight(device.push(straight(device.pop()), 0))
    assert not straight(device.notify())
    assert not straight(driver.enable_cb())
    straight(device.push(straight(device.pop()), 0))
    assert straight(device.notify())
    assert straight(device.enable_notifications())


def test_with_event_idx_only_the_first_of_a_batch_is_told():
    memory, layout, driver, device = a_ring(num=8, features=MODERN | {EVENT_IDX})
    told = []
    for token in range(3):
        straight(driver.add_outbuf([(DATA, 1)], token))
        told.append(straight(driver.kick()))
    assert told == [True, False, False]
    straight(device.pop())
    straight(device.pop())  # it has now asked to hear of the third, which is there already
    straight(device.pop())
    straight(driver.add_outbuf([(DATA, 1)], 3))
    assert straight(driver.kick())
    told = []
    for head in range(3):
        straight(device.push(head, 0))
        told.append(straight(device.notify()))
    assert told == [True, False, False]
    assert memory.read(layout.avail, 2) == memory.read(layout.used, 2) == bytes(2)


def test_with_event_idx_disabling_leaves_the_event_behind():
    _, _, driver, device = a_ring(num=8, features=MODERN | {EVENT_IDX})
    straight(driver.disable_cb())
    straight(device.disable_notifications())
    for token in range(3):
        straight(driver.add_outbuf([(DATA, 1)], token))
        straight(driver.kick())
        straight(device.push(straight(device.pop()), 0))
        straight(device.notify())
        straight(driver.get_buf())
    straight(driver.add_outbuf([(DATA, 1)], 3))
    assert not straight(driver.kick())
    assert not straight(device.enable_notifications())


# -- barriers


def racing(barriers):
    """A driver that offers its second chain, on a CPU that orders nothing by itself, and a device."""

    def build():
        memory = GuestMemory({BASE: 0x8000, DATA: 0x4000})
        layout = Layout.at(4, BASE)
        cpu = StoreBuffer(memory, layout.name)
        driver = DriverQueue(cpu, layout, MODERN, barriers=barriers)
        device = DeviceQueue(memory, layout, MODERN)
        straight(driver.add_outbuf([(DATA, 1)], "old"))
        cpu.mb()
        straight(device.push(straight(device.pop()), 0))
        straight(driver.get_buf())
        cpu.mb()
        return memory, [
            Process("g", "guest", driver.add_outbuf([(DATA + 0x100, 2)], "new")),
            Process("m", "memory", cpu.visibility()),
            Process("d", "device", device.pop()),
        ]

    return Scenario("racing", "racing", build, picture=lambda run: None)


def test_without_the_write_barrier_the_device_can_pop_the_descriptor_of_an_older_chain():
    run = Run(racing(barriers=False), "g g g g")
    cpu_writes = run.processes["m"].options()
    index = next(choice for choice, text in cpu_writes.items() if "avail->idx = 2" in text)
    run.move(f"m{index}")
    for _ in range(4):
        run.move("d")
    assert run.processes["d"].result.readable == [(DATA, 1)]


def test_with_the_write_barrier_no_schedule_lets_it():
    popped = set()
    for seed in range(300):
        run = at_random(Run(racing(barriers=True)), seed, 60)
        chain = run.processes["d"].result
        popped.add(chain and tuple(chain.readable))
    assert popped == {None, ((DATA + 0x100, 2),)}


def falling_asleep(barriers):
    """A driver that has added, whether to notify; a device that asks to be notified, and looks again."""

    def build():
        memory = GuestMemory({BASE: 0x8000, DATA: 0x4000})
        layout = Layout.at(4, BASE)
        cpus = [StoreBuffer(memory, layout.name) for _ in range(2)]
        driver = DriverQueue(cpus[0], layout, MODERN, barriers=barriers)
        device = DeviceQueue(cpus[1], layout, MODERN, barriers=barriers)
        straight(device.disable_notifications())
        cpus[1].mb()
        straight(driver.add_outbuf([(DATA, 1)], "t"))
        return memory, [
            Process("g", "guest", driver.kick()),
            Process("d", "device", device.enable_notifications()),
            *(Process(letter, letter, cpu.visibility()) for letter, cpu in zip("mn", cpus, strict=True)),
        ]

    return Scenario("falling asleep", "falling asleep", build, picture=lambda run: None)


def lost(run):
    """Nobody notifies, and the device believes that there is nothing."""
    return run.processes["g"].result is False and run.processes["d"].result is True


def test_without_full_barriers_a_notification_can_be_lost():
    assert lost(Run(falling_asleep(barriers=False), "g d d"))


def test_with_full_barriers_none_is():
    ends = [at_random(Run(falling_asleep(barriers=True)), seed, 60) for seed in range(300)]
    assert all(run.processes["g"].done and run.processes["d"].done for run in ends)
    assert not any(lost(run) for run in ends)


# -- what the device does not believe


NUM = 4


def offer_and(write, features=MODERN | {INDIRECT_DESC}):
    """The device's fault, and the decoder's, when three buffers were offered and `write` was done to them."""
    memory, layout, driver, device = a_ring(NUM, features)
    straight(driver.add([(DATA, 16)], [(DATA + 16, 16), (DATA + 32, 16)], "t"))
    write(memory, layout)
    before = memory.read(BASE, layout.end - BASE)
    assert straight(device.pop()) is None
    assert memory.read(BASE, layout.end - BASE) == before
    assert straight(device.pop()) is None and not straight(device.notify())
    state = describe(memory, layout, features)
    return device.broken.kind, state.broken and state.broken.kind


def desc(index, field, value):
    offset, size = {"addr": (0, 8), "len": (8, 4), "flags": (12, 2), "next": (14, 2)}[field]
    return lambda memory, layout: poke(memory, layout.desc + 16 * index + offset, value, size)


def both(*writes):
    def write(memory, layout):
        for each in writes:
            each(memory, layout)

    return write


def table(*entries, length=None, flags=4):
    """Let desc[0] refer to an indirect table of these (addr, len, flags, next)."""

    def write(memory, layout):
        for at, entry in enumerate(entries):
            for value, (offset, size) in zip(entry, ((0, 8), (8, 4), (12, 2), (14, 2)), strict=True):
                poke(memory, TABLE + 16 * at + offset, value, size)
        for field, value in ("addr", TABLE), ("len", 16 * len(entries) if length is None else length):
            desc(0, field, value)(memory, layout)
        desc(0, "flags", flags)(memory, layout)

    return write


@pytest.mark.parametrize(
    "kind, write",
    [
        (faults.INDEX_JUMP, lambda m, lay: poke(m, lay.avail + 2, NUM + 1, 2)),
        (faults.INDEX_JUMP, lambda m, lay: poke(m, lay.avail + 2, 0xFFFF, 2)),
        (faults.HEAD_RANGE, lambda m, lay: poke(m, lay.avail + 4, NUM, 2)),
        (faults.NEXT_RANGE, desc(1, "next", NUM)),
        (faults.NEXT_RANGE, desc(1, "next", 0xFFFF)),
        (faults.LOOP, desc(1, "next", 1)),
        (faults.LOOP, both(desc(2, "flags", 3), desc(2, "next", 1))),
        (faults.ZERO_LENGTH, desc(1, "len", 0)),
        (faults.OVERFLOW, desc(0, "addr", 2**64 - 15)),
        (faults.WRITE_BEFORE_READ, both(desc(0, "flags", 3), desc(1, "flags", 1))),
        (faults.INDIRECT_NEXT, table((DATA, 1, 0, 0), flags=5)),
        (faults.INDIRECT_LENGTH, table(length=0)),
        (faults.INDIRECT_LENGTH, table((DATA, 1, 0, 0), length=17)),
        (faults.INDIRECT_NESTED, table((DATA, 1, 1, 1), (TABLE, 16, 4, 0))),
        (faults.NEXT_RANGE, table((DATA, 1, 1, 2), (DATA, 1, 0, 0))),
        (faults.LOOP, table((DATA, 1, 1, 1), (DATA, 1, 1, 0))),
        (faults.TOO_LONG, table(*[(DATA, 1, 1, at + 1) for at in range(6)])),
        (faults.OVERFLOW, table((2**64 - 1, 2, 0, 0))),
        (faults.WRITE_BEFORE_READ, table((DATA, 1, 3, 1), (DATA, 1, 0, 0))),
    ],
)
def test_a_faulty_chain_breaks_the_queue_for_the_device_and_for_the_decoder(kind, write):
    assert offer_and(write) == (kind, kind)


def test_an_indirect_table_without_the_feature_breaks_the_queue():
    assert offer_and(table((DATA, 1, 0, 0)), MODERN) == (faults.INDIRECT_OFF,) * 2


@pytest.mark.parametrize(
    "write", [desc(1, "addr", 0x999000), desc(2, "len", 0x4000), desc(2, "addr", 2**64 - 16)]
)
def test_a_buffer_outside_memory_breaks_the_queue_for_the_device_only(write):
    assert offer_and(write) == (faults.OUTSIDE, None)


def test_an_indirect_table_outside_memory_breaks_the_queue_for_the_device_only():
    write = both(table((DATA, 1, 0, 0)), desc(0, "addr", 0x999000))
    assert offer_and(write) == (faults.OUTSIDE, None)


def test_a_chain_of_direct_buffers_may_end_in_an_indirect_table():
    memory, layout, driver, device = a_ring(NUM, MODERN | {INDIRECT_DESC})
    straight(driver.add([(DATA, 16)], [(DATA + 16, 16)], "t"))
    poke(memory, TABLE, DATA + 64, 8)
    poke(memory, TABLE + 8, 1, 4)
    poke(memory, TABLE + 12, 2, 2)
    desc(1, "addr", TABLE)(memory, layout)
    desc(1, "flags", 4 | 2)(memory, layout)  # WRITE of the referring descriptor means nothing
    chain = straight(device.pop())
    assert chain.buffers == [(DATA, 16, False), (DATA + 64, 1, True)] and chain.indices == [0, 1]


def test_a_chain_as_long_as_the_queue_is_lawful():
    memory, layout, driver, device = a_ring(NUM)
    straight(driver.add_outbuf([(DATA + at, 1) for at in range(NUM)], "t"))
    assert len(straight(device.pop()).buffers) == NUM and describe(memory, layout, MODERN).broken is None


def test_the_device_reads_a_descriptor_once_and_acts_on_what_it_read():
    memory, layout, driver, device = a_ring()
    straight(driver.add_outbuf([(DATA, 1)], "t"))
    process = Process("d", "device", device.pop())
    while process.next() != "reads desc[0]":
        process.go()
    process.go()
    desc(0, "addr", 0x999000)(memory, layout)
    while not process.done:
        process.go()
    assert process.result.readable == [(DATA, 1)]


# -- what the driver does not believe


def used(layout, slot, head, written):
    return layout.used + 4 + 8 * slot, head.to_bytes(4, "little") + written.to_bytes(4, "little")


@pytest.mark.parametrize(
    "idx, head, written, kind",
    [
        (2, 0, 0, faults.INDEX_JUMP),
        (0xFFFF, 0, 0, faults.INDEX_JUMP),
        (1, 1, 0, faults.NEVER_OFFERED),
        (1, NUM, 0, faults.NEVER_OFFERED),
        (1, 2**32 - 1, 0, faults.NEVER_OFFERED),
        (1, 0, 33, faults.USED_LENGTH),
    ],
)
def test_a_used_entry_that_cannot_be_breaks_the_queue(idx, head, written, kind):
    memory, layout, driver, _ = a_ring(NUM)
    straight(driver.add([(DATA, 16)], [(DATA + 16, 32)], "t"))
    memory.write(*used(layout, 0, head, written))
    poke(memory, layout.used + 2, idx, 2)
    assert straight(driver.get_buf()) is None and driver.broken.kind == kind
    assert not straight(driver.add_outbuf([(DATA, 1)], "u")) and straight(driver.get_buf()) is None
    assert not straight(driver.kick())


def test_the_length_is_not_checked_where_legacy_devices_set_it_wrongly():
    for features, length, result in ((), 33, ("t", 33)), (MODERN, 33, None):
        _memory, _layout, driver, device = a_ring(NUM, features)
        straight(driver.add_inbuf([(DATA + 16, 32)], "t"))
        straight(device.push(straight(device.pop()), length))
        assert straight(driver.get_buf()) == result


def test_a_chain_is_given_back_once():
    _memory, _layout, driver, device = a_ring(NUM)
    for token in "ab":
        straight(driver.add_outbuf([(DATA, 16)], token))
    straight(device.push(0, 0))
    straight(device.push(0, 0))
    assert straight(driver.get_buf()) == ("a", 0)
    assert straight(driver.get_buf()) is None and driver.broken.kind == faults.NEVER_OFFERED


@pytest.mark.parametrize(
    "write", [desc(1, "next", 3), desc(1, "next", 0), desc(1, "flags", 0), desc(2, "flags", 1)]
)
def test_a_chain_that_the_device_has_relinked_is_not_freed(write):
    memory, layout, driver, device = a_ring(NUM)
    straight(driver.add_outbuf([(DATA, 16)] * 3, "a"))
    straight(driver.add_outbuf([(DATA, 16)], "b"))
    write(memory, layout)
    straight(device.push(0, 0))
    assert straight(driver.get_buf()) is None and driver.broken.kind == faults.TABLE_CHANGED


@pytest.mark.parametrize("index", [0, NUM, 0xFFFF])
def test_a_free_list_that_the_device_has_relinked_is_not_used(index):
    memory, layout, driver, _ = a_ring(NUM)
    straight(driver.add_outbuf([(DATA, 16)], "a"))
    desc(1, "next", index)(memory, layout)
    assert straight(driver.add_outbuf([(DATA, 16)] * 2, "b")) is False
    assert driver.broken.kind == faults.TABLE_CHANGED


def test_a_queue_outside_memory_or_misaligned_cannot_be_made():
    memory = GuestMemory({BASE: 64})
    with pytest.raises(OutsideMemory):
        DeviceQueue(memory, Layout.at(4, BASE))
    for side, addr in product((DriverQueue, DeviceQueue), (BASE + 8, 2**64 - 16)):
        with pytest.raises(FreepagesError):
            side(memory, Layout(1, addr, BASE, BASE))
