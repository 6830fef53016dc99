"""The bytes on both sides, and memory that tells of its writes."""

from struct import Struct

from freepages.host.dirty_log import DirtyLog
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.pageset import PageSet
from freepages.scenarios.machine.ram_content import LoggedMemory, RamContent, token

PAGE = 4096


def content() -> RamContent:
    """Two pages below a hole and one above it."""
    memory = LoggedMemory({0: 2 * PAGE, 8 * PAGE: PAGE})
    return RamContent(memory, GuestRam([RamBlock("ram", 0, 3, ((0, 2), (8, 9)))]), DirtyLog(3, kind=PageSet))


def test_every_write_is_heard_the_rings_too() -> None:
    memory, heard = content().memory, list[tuple[int, int]]()
    assert isinstance(memory, LoggedMemory)
    memory.hears = lambda first, last: heard.append((first, last))
    memory.write(PAGE - 2, b"four")
    memory.writer(Struct("<H"), 8 * PAGE, 16)(2, 7)
    memory.write(0, b"")
    assert heard == [(0, 1), (8, 8)]


def test_a_page_that_was_sent_is_equal_until_it_is_written() -> None:
    some = content()
    some.write_letter(2)
    assert [*some.unequal()] == [2] and some.memory.read(8 * PAGE, 1) == b"A"
    some.send(PageSet.of(3, [2]))
    assert not some.unequal() and some.destination == some.source == [0, 0, 2]
    some.write_letter(2)
    assert [*some.unequal()] == [2]


def test_other_bytes_have_a_token_too() -> None:
    assert token(bytes(PAGE)) == 0
    assert token(b"\x01" + bytes(PAGE - 1)) >= 2
