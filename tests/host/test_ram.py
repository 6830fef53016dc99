"""RAM blocks: what a pfn is in ram_addr, and what becomes of a bitmap that nobody translates."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.bitmap import PageBitmap
from tests.bitmaps import bitmap, listed


def small(hole_at=8, hole=4, pages=12, dimm=3):
    """A guest of a few pages with a hole, and a module above."""
    end = hole_at + hole + pages - hole_at
    return GuestRam(
        [
            RamBlock("pc.ram", 0, pages, ((0, hole_at), (hole_at + hole, end))),
            RamBlock("dimm0", pages, dimm, ((end, end + dimm),)),
        ]
    )


def test_4_gib_on_i440fx_lies_around_the_hole():
    ram = GuestRam.pc(4 << 30)
    assert ram.ram_addr(0xBFFFF) == 0xBFFFF and ram.ram_addr(0x100000) == 0xC0000
    assert ram.pfn(0xC0000) == 0x100000 and ram.max_pfn == 0x140000 and ram.pages == 1 << 20
    with pytest.raises(FreepagesError, match="pfn 786432 has no RAM"):
        ram.ram_addr(0xC0000)
    with pytest.raises(FreepagesError, match="beyond the RAM"):
        ram.pfn(1 << 20)


def test_a_hotplugged_module_is_a_block_of_its_own():
    ram = GuestRam.pc(1 << 30, hotplugged=[1 << 30])
    assert [block.idstr for block in ram.blocks] == ["pc.ram", "dimm0"]
    assert ram.ram_addr(1 << 20) == ram.blocks[1].offset


bits = st.sets(st.integers(0, 18))


@settings(max_examples=200)
@given(bits)
def test_a_translated_bitmap_has_the_same_pages(pfns):
    ram = small()
    wanted = {ram.ram_addr(pfn) for pfn in pfns if pfn < 8 or pfn >= 12}
    assert listed(ram.to_ram_addr(bitmap(ram.max_pfn, pfns))) == wanted


def test_pfn_and_ram_addr_are_inverse():
    ram = small()
    assert [ram.ram_addr(ram.pfn(page)) for page in range(ram.pages)] == list(range(ram.pages))


def test_untranslated_every_page_above_the_hole_is_missed_by_its_size():
    ram = small()
    free = bitmap(ram.max_pfn, {2, 13})
    assert listed(ram.to_ram_addr(free)) == {2, 9}
    assert listed(ram.untranslated(free)) == {2, 13}


def test_another_guests_bitmap_is_refused():
    with pytest.raises(FreepagesError, match="a bitmap of 200 pages for a guest whose pfns end at 19"):
        small().to_ram_addr(PageBitmap(200))


def test_blocks_that_cannot_be_are_refused():
    with pytest.raises(FreepagesError, match="RAM block a: 4 pages, of which the guest sees 3"):
        RamBlock("a", 0, 4, ((0, 3),))
    with pytest.raises(FreepagesError, match="RAM block b begins at 9, the one before ends at 4"):
        GuestRam([RamBlock("a", 0, 4, ((0, 4),)), RamBlock("b", 9, 1, ((4, 5),))])
    with pytest.raises(FreepagesError, match="two RAM blocks are mapped at pfn 3"):
        GuestRam([RamBlock("a", 0, 4, ((0, 4),)), RamBlock("b", 4, 1, ((3, 4),))])


aligned = GuestRam(
    [
        RamBlock("pc.ram", 0, 64 * 6, ((0, 64 * 2), (64 * 5, 64 * 9))),
        RamBlock("dimm0", 64 * 6, 64 * 3, ((64 * 9, 64 * 12),)),
    ]
)


@settings(max_examples=200)
@given(st.sets(st.integers(0, 64 * 12 - 1)), st.integers(1, 4))
def test_whole_words_are_translated_as_single_pages_are(pfns, most):
    by_pfn = bitmap(aligned.max_pfn, pfns)
    with_ram = {pfn for pfn in pfns if not 64 * 2 <= pfn < 64 * 5}
    by_ram = aligned.to_ram_addr(by_pfn)
    assert listed(by_ram) == {aligned.ram_addr(pfn) for pfn in with_ram}
    assert listed(aligned.to_pfns(by_ram)) == with_ram
    for span in aligned.spans(most):
        assert span.high - span.low == span.last - span.first <= most
        assert (by_ram.words[span.low : span.high] == by_pfn.words[span.first : span.last]).all()
    assert (aligned.words_at(by_pfn, 1, 8) == by_ram.words[1:8]).all()


@settings(max_examples=50)
@given(st.sets(st.integers(0, 14)))
def test_to_pfns_is_the_inverse_of_to_ram_addr(pages):
    ram = small()
    by_ram = bitmap(ram.pages, pages)
    assert listed(ram.to_ram_addr(ram.to_pfns(by_ram))) == pages
