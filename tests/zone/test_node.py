"""Nodes: where zones end, what a hole is, whom the zonelist asks, and how watermarks are set."""

from itertools import groupby

import pytest

from freepages.engine.errors import FreepagesError
from freepages.engine.run import straight
from freepages.pages.orders import Migratetype
from freepages.pages.pc_memory import GIB
from freepages.zone.node import Node, pc_memory_map
from freepages.zone.span import ZoneError
from freepages.zone.watermark import lowmem_reserve, min_free_kbytes, watermarks, zone_watermark_ok

SMALL = [(1, 0x9F), (0x100, 0x3000)]  # 48 MiB: DMA and DMA32


def spans(node):
    return {zone.name: (zone.start_pfn, zone.end_pfn, zone.managed) for zone in node.populated_zones()}


def test_a_pc_of_4_gib_has_three_zones_and_a_pci_hole():
    node = Node.pc(4 << 30)
    assert spans(node) == {
        "DMA": (1, 0x1000, 0x1000 - 1 - (0x100 - 0x9F)),
        "DMA32": (0x1000, 0x100000, 0xC0000 - 0x1000),  # spans the hole, manages only what is there
        "Normal": (0x100000, 0x140000, 0x40000),
    }
    assert node.max_pfn == 0x140000
    node.validate()


def test_below_3_5_gib_there_is_no_hole_and_no_normal_zone():
    assert list(spans(Node.pc(3 << 30))) == ["DMA", "DMA32"]
    assert pc_memory_map(3 * GIB)[-1] == (0x100, 3 * GIB)
    assert pc_memory_map(8 * GIB, "q35")[1:] == [(0x100, 2 * GIB), (4 * GIB, 10 * GIB)]


def test_i386_has_highmem_above_896_mib():
    node = Node.pc(1 << 30, arch="i386")
    assert {name: end for name, (_, end, _) in spans(node).items()} == {
        "DMA": 0x1000, "Normal": 0x38000, "HighMem": 0x40000
    }  # fmt: skip
    assert [zone.name for zone in node.zonelist("HighMem")] == ["HighMem", "Normal", "DMA"]


def test_the_zonelist_goes_down_and_never_up():
    node = Node.pc(4 << 30)
    assert [zone.name for zone in node.zonelist("Normal")] == ["Normal", "DMA32", "DMA"]
    assert [zone.name for zone in node.zonelist("DMA")] == ["DMA"]
    with pytest.raises(ZoneError, match="zone 'HighMem' is not one of DMA, DMA32, Normal"):
        node.zonelist("HighMem")


def test_an_allocation_falls_back_before_it_breaks_a_watermark():
    node = Node(SMALL)
    got = []
    while (pfn := straight(node.alloc_pages(4))) is not None:
        got.append(node.zone_of(pfn).name)
    # All that leaves DMA32, then DMA, above its low watermark; then the same again down to min.
    turns = [name for name, _ in groupby(got)]
    assert turns == ["DMA32", "DMA", "DMA32"] or turns == ["DMA32", "DMA"] * 2
    for name, zone in node.zones.items():
        assert zone.nr_free_pages <= node.watermarks[name].min + 16 + node.lowmem_reserve[name].get(
            "DMA32", 0
        )
        assert zone.nr_free_pages > node.watermarks[name].min - 16
    node.validate()


def test_atomic_allocations_go_deeper():
    node, atomic = Node(SMALL), 0
    while straight(node.alloc_pages(2)) is not None:
        pass
    while straight(node.alloc_pages(2, atomic=True)) is not None:
        atomic += 1
    assert atomic > 0
    node.validate()


def test_single_pages_pass_through_the_per_cpu_lists_and_blocks_do_not():
    node = Node.pc(1 << 30)
    pfn = straight(node.alloc_pages(0, cpu="cpu 3"))
    zone = node.zone_of(pfn)
    assert zone.nr_free_pages == zone.managed - node.batch[zone.name]
    straight(node.free_pages(pfn, 0, cpu="cpu 3"))
    assert zone.nr_free_pages == zone.managed - node.batch[zone.name]
    block = straight(node.alloc_pages(3))
    straight(node.free_pages(block, 3))
    node.validate()


def test_reserved_pages_exist_but_are_not_managed():
    node = Node(SMALL, reserved=[(0x1000, 0x1400)])
    assert node.present["DMA32"] == 0x2000 and node.zones["DMA32"].managed == 0x1C00
    node.validate()


def test_watermarks_as_the_kernel_computes_them():
    # 8 GiB, all of it lowmem: sqrt(16 * 8388608 KiB) = 11585 KiB
    assert min_free_kbytes(2 << 20) == 11585
    assert min_free_kbytes(1) == 128 and min_free_kbytes(1 << 30) == 65536
    marks = watermarks({"DMA": 3976, "DMA32": 772918, "Normal": 131072}, min_kbytes=67584)
    assert marks["DMA32"].min == 16896 * 772918 // (3976 + 772918 + 131072)
    assert marks["DMA32"].low - marks["DMA32"].min == max(marks["DMA32"].min // 4, 772918 // 1000)
    assert marks["DMA32"].high - marks["DMA32"].low == marks["DMA32"].low - marks["DMA32"].min
    assert watermarks({"DMA": 4000, "Normal": 225000, "HighMem": 300000})["HighMem"].min == 128


def test_lowmem_reserve_keeps_low_zones_from_those_who_could_use_higher_ones():
    reserve = lowmem_reserve({"DMA": 4000, "DMA32": 780000, "Normal": 1 << 20})
    assert reserve == {
        "DMA": {"DMA32": 780000 // 256, "Normal": (780000 + (1 << 20)) // 256},
        "DMA32": {"Normal": (1 << 20) // 256},
        "Normal": {},
    }
    assert lowmem_reserve({"DMA": 4000, "Normal": 225000, "HighMem": 320000})["Normal"] == {"HighMem": 10000}


def test_a_watermark_looks_for_a_large_enough_block_and_hides_the_atomic_reserve():
    zone = Node([(0x1000, 0x1100)]).zones["DMA32"]
    zone.set_pageblock_migratetype(0x1000, 0x1100, Migratetype.MOVABLE)
    assert zone_watermark_ok(zone, 8, mark=0)
    assert not zone_watermark_ok(zone, 8, mark=1)
    assert not zone_watermark_ok(zone, 0, mark=256) and zone_watermark_ok(zone, 0, mark=255)
    assert zone_watermark_ok(zone, 0, mark=300, high=True)
    assert zone_watermark_ok(zone, 0, mark=500, high=True, harder=True)
    zone._unlink(0x1000)
    zone._link(0x1000, 8, Migratetype.HIGHATOMIC)
    assert not zone_watermark_ok(zone, 0, mark=0) and zone_watermark_ok(zone, 0, mark=0, harder=True)


@pytest.mark.parametrize(
    ("ram", "words"),
    [
        ([], "at least one range"),
        ([(5, 5)], "RAM"),
        ([(0, 10), (8, 20)], "overlaps the range at 8"),
        ([(-4, 10)], "negative"),
    ],
)
def test_a_memory_map_that_cannot_be_is_refused(ram, words):
    with pytest.raises(FreepagesError, match=words):
        Node(ram)


def test_a_pfn_in_no_zone_and_an_unknown_arch_are_named():
    with pytest.raises(ZoneError, match="pfn 99999999 is in no zone"):
        straight(Node.pc(1 << 30).free_pages(99999999, 0))
    with pytest.raises(ZoneError, match="arch 'vax' is not one of x86_64, i386"):
        Node(SMALL, arch="vax")  # type: ignore[arg-type]
    with pytest.raises(ZoneError, match="less than zone DMA's 16 MiB"):
        Node.pc(1 << 20)
