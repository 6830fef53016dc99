"""Guest memory, and the store buffer in front of it."""

from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine import Process
from freepages.engine.errors import FreepagesError
from freepages.virtqueue.guest_memory import TOP, GuestMemory, OutsideMemory, StoreBuffer

WORD = Struct("<H")


def test_an_access_outside_is_refused_by_address_and_length_and_changes_nothing():
    memory = GuestMemory({0x1000: 16})
    for addr, size in (0xFFF, 1), (0x1010, 1), (0x1008, 9), (0xFFF, 2), (0, 16), (TOP - 1, 1), (0x1000, -1):
        with pytest.raises(OutsideMemory, match=f"{addr:#x}") as caught:
            memory.read(addr, size)
        assert (caught.value.addr, caught.value.size) == (addr, size)
    with pytest.raises(OutsideMemory):
        memory.write(0x1008, b"123456789")
    with pytest.raises(OutsideMemory):
        memory.writer(WORD, 0x1000, 17)
    assert memory.read(0x1000, 16) == bytes(16)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 3))
def test_what_is_mapped_can_be_read_and_written_and_nothing_else_can(addr, size, endianness):
    memory = GuestMemory({4: 4, 8: bytearray(b"abcdefgh"), 20: 0, 24: 2})
    bytes_mapped = {*range(4, 16), 24, 25}
    data = bytes(range(size))
    if set(range(addr, addr + size)) <= bytes_mapped:
        memory.write(addr, data)
        memory.check(addr, size)
        assert memory.read(addr, size) == data
    else:
        for access in memory.check, memory.read:
            with pytest.raises(OutsideMemory):
                access(addr, size)


def test_a_buffer_that_is_given_is_used_and_not_copied():
    given_bytes = bytearray(8)
    GuestMemory({0: given_bytes}).write(2, b"ab")
    assert given_bytes == b"\0\0ab\0\0\0\0"


def test_a_structure_may_span_ranges_that_touch():
    memory = GuestMemory({0: 3, 3: 5})
    memory.writer(WORD, 0, 8)(2, 0x1234)
    assert memory.reader(WORD, 0, 8)(2) == (0x1234,)
    assert memory.read(2, 2) == b"\x34\x12"


@pytest.mark.parametrize("ranges", [{0: 8, 7: 1}, {TOP - 1: 2}])
def test_ranges_that_overlap_or_leave_the_address_space_are_refused(ranges):
    with pytest.raises(FreepagesError):
        GuestMemory(ranges)


def test_the_end_of_the_address_space_can_be_mapped():
    memory = GuestMemory({TOP - 2: 2})
    memory.write(TOP - 2, b"ab")
    assert memory.read(TOP - 1, 1) == b"b"
    with pytest.raises(OutsideMemory):
        memory.read(TOP - 1, 2)


def test_a_pending_write_is_seen_by_its_own_cpu_only():
    memory = GuestMemory({0: 8})
    cpu = StoreBuffer(memory)
    cpu.write(2, b"ab")
    cpu.writer(WORD, 0, 8)(3, 0x7978)
    assert cpu.read(0, 8) == b"\0\0axy\0\0\0" and memory.read(0, 8) == bytes(8)
    cpu.mb()
    assert memory.read(0, 8) == b"\0\0axy\0\0\0" and not cpu.pending


def test_a_store_buffer_refuses_what_the_memory_refuses():
    cpu = StoreBuffer(GuestMemory({0: 8}))
    with pytest.raises(OutsideMemory):
        cpu.write(7, b"ab")
    assert not cpu.pending


def test_writes_leave_in_any_order_but_for_barriers_and_the_same_bytes():
    cpu = StoreBuffer(GuestMemory({0: 16}))
    process = Process("m", "memory", cpu.visibility())
    assert process.why_not() == "has no write waiting"
    cpu.write(0, b"aa")
    cpu.write(1, b"b")
    cpu.write(8, b"c")
    assert list(process.options()) == ["1v", "3v"]  # the second waits for the first: they share a byte
    cpu.wmb()
    cpu.write(12, b"d")
    process.go("3v")
    assert list(process.options()) == ["1v"]
    process.go("1v")
    assert list(process.options()) == ["2v"]  # the fourth waits for the barrier
    process.go("2v")
    assert list(process.options()) == ["4v"]
    process.go("4v")
    assert cpu.memory.read(0, 16) == b"ab\0\0\0\0\0\0c\0\0\0d\0\0\0"


@given(
    st.lists(st.tuples(st.integers(0, 12), st.binary(min_size=1, max_size=4), st.booleans())), st.randoms()
)
def test_in_whatever_order_writes_leave_the_memory_ends_as_if_there_were_no_buffer(writes, chance):
    plain, cpu = bytearray(16), StoreBuffer(GuestMemory({0: 16}))
    for addr, data, barrier in writes:
        plain[addr : addr + len(data)] = data
        cpu.write(addr, data)
        assert cpu.read(0, 16) == plain
        if barrier:
            cpu.wmb()
    process = Process("m", "memory", cpu.visibility())
    while options := list(process.options()):
        process.go(chance.choice(options))
    assert not cpu.pending and cpu.memory.read(0, 16) == plain
