"""The bytes of a split virtqueue, against the specification's own figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.virtqueue.guest_memory import TOP
from freepages.virtqueue.ring_layout import FORMS, VERSION_1, Layout, LayoutError, forms

SIZES = st.integers(0, 15).map(lambda power: 1 << power)


@given(SIZES, st.integers(0, 1 << 40))
def test_the_areas_are_aligned_disjoint_and_as_long_as_specified(num, base):
    layout = Layout.at(num, base)
    assert layout.fault() is None
    assert (layout.desc_size, layout.avail_size, layout.used_size) == (16 * num, 6 + 2 * num, 6 + 8 * num)
    assert base <= layout.desc and layout.desc + 16 * num <= layout.avail
    assert layout.avail + 6 + 2 * num <= layout.used and layout.end == layout.used + 6 + 8 * num


@pytest.mark.parametrize("num, used", [(128, 0x1000), (256, 0x2000), (1024, 0x5000)])
def test_a_legacy_queue_is_contiguous_with_the_used_ring_on_the_next_page(num, used):
    layout = Layout.legacy(num, 0x12345)
    base = 0x12345000
    assert (layout.desc, layout.avail, layout.used) == (base, base + 16 * num, base + used)


@pytest.mark.parametrize("num", [0, 3, 100, 65536, -4])
def test_a_queue_size_that_is_no_power_of_two_up_to_32768_is_refused(num):
    with pytest.raises(LayoutError, match=str(num)):
        Layout(num, 0, 0x1000, 0x2000)


@pytest.mark.parametrize(
    "addresses, name",
    [
        ((8, 0x1000, 0x2000), "descriptor table"),
        ((0, 0x1001, 0x2000), "available ring"),
        ((0, 0x1000, 0x2002), "used ring"),
        ((0, 0x1000, TOP - 4), "used ring"),
        ((TOP - 16, 0x1000, 0x2000), "descriptor table"),
    ],
)
def test_an_area_that_may_not_lie_where_it_does_is_named(addresses, name):
    assert name in (Layout(8, *addresses).fault() or "")


def test_every_byte_of_the_queue_has_a_name():
    layout = Layout.at(2, 0x1000)
    names = [layout.name(addr) for addr in range(0x1000, layout.end)]
    assert names[:32] == ["desc[0]"] * 16 + ["desc[1]"] * 16
    avail = names[layout.avail - 0x1000 :]
    assert avail[:10:2] == ["avail->flags", "avail->idx", "avail->ring[0]", "avail->ring[1]", "used_event"]
    used = names[layout.used - 0x1000 :]
    assert used[:4:2] == ["used->flags", "used->idx"]
    assert used[4:20] == ["used->ring[0]"] * 8 + ["used->ring[1]"] * 8 and used[20:] == ["avail_event"] * 2
    assert layout.name(layout.end) == hex(layout.end)


def test_the_byte_order_is_the_guests_own_only_without_version_1():
    assert forms({VERSION_1}, "big") is FORMS["little"] is forms((), "little")
    assert forms((), "big") is FORMS["big"]
