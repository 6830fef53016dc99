"""Nodes: where zones end, what a hole is, whom the zonelist asks, and how watermarks are set."""

from collections import Counter
from itertools import groupby

import pytest

from freepages import Snapshot, data_path
from freepages.engine import straight
from freepages.engine.errors import FreepagesError
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


def test_i386_has_highmem_where_lowmem_really_ends():
    node = Node.pc(1 << 30, arch="i386")
    assert {name: end for name, (_, end, _) in spans(node).items()} == {
        "DMA": 0x1000, "Normal": 0x377FE, "HighMem": 0x40000
    }  # fmt: skip
    assert 0x377FE >> 8 == 887  # MiB, as dmesg says
    assert [zone.name for zone in node.zonelist("HighMem")] == ["HighMem", "Normal", "DMA"]


def test_the_first_pageblock_is_unmovable_where_the_zone_does_not_begin_with_it():
    node = Node.pc(4 << 30)
    real = Snapshot.load(data_path("snapshots", "pc-4g-idle.snapshot")).zones[0]
    dma = node.zones["DMA"]
    assert real.name == "DMA" and real.types is not None
    kinds = Counter(Migratetype(dma.pageblock_migratetype(pfn)).name for pfn in range(1, 0x1000, 512))
    assert kinds == {"UNMOVABLE": 1, "MOVABLE": 7}
    assert kinds == {name.upper(): count for name, count in real.types.pageblocks.items() if count}
    assert dma.pageblock_migratetype(1) == Migratetype.UNMOVABLE
    for zone in list(node.populated_zones())[1:]:
        assert zone.pageblock_migratetype(zone.start_pfn) == Migratetype.MOVABLE


def test_zones_take_turns_by_their_share_before_one_is_emptied():
    """ALLOC_FAIR: DMA32 is not left alone until Normal is full."""
    node = Node.pc(8 << 30)
    share = {name: -(-node.share(name) // 16) for name in node.zones}
    got = [node.zone_of(straight(node.alloc_pages(4))).name for _ in range(3 * sum(share.values()))]
    turns = [(name, len(list(some))) for name, some in groupby(got)]
    assert turns[:4] == [("Normal", share["Normal"]), ("DMA32", share["DMA32"])] * 2
    # DMA's share is left: its lowmem_reserve keeps all of it from who could use Normal.
    assert node.zones["DMA"].nr_free_pages == node.zones["DMA"].managed
    node.validate()


def test_a_list_of_one_zone_is_given_a_new_share_in_passing():
    node = Node.pc(1 << 30)
    for _ in range(5):
        assert node.zone_of(straight(node.alloc_pages(4, highest="DMA"))).name == "DMA"
        assert node.alloc_batch["DMA"] == node.share("DMA") - 16 < 0


def test_who_may_use_a_higher_zone_leaves_more_of_a_lower_one():
    node = Node(SMALL)
    reserve = node.lowmem_reserve["DMA"]["DMA32"]
    while straight(node.alloc_pages(0)) is not None:
        pass
    dma, least = node.zones["DMA"], node.watermarks["DMA"].min
    assert least + reserve - node.batch["DMA"] <= dma.nr_free_pages <= least + reserve
    assert straight(node.alloc_pages(0, highest="DMA")) is not None


def test_an_atomic_allocation_below_the_watermark_makes_a_reserve():
    node = Node(SMALL)
    while straight(node.alloc_pages(2)) is not None:
        pass
    assert not any(zone.nr_reserved_highatomic for zone in node.populated_zones())
    pfn = straight(node.alloc_pages(2, atomic=True))
    zone = node.zone_of(pfn)
    assert zone.nr_reserved_highatomic == 512
    assert zone.pageblock_migratetype(pfn) == Migratetype.HIGHATOMIC
    node.validate()


def test_the_zonelist_goes_down_and_never_up():
    node = Node.pc(4 << 30)
    assert [zone.name for zone in node.zonelist("Normal")] == ["Normal", "DMA32", "DMA"]
    assert [zone.name for zone in node.zonelist("DMA")] == ["DMA"]
    with pytest.raises(ZoneError, match="zone 'HighMem' is not known: there are DMA, DMA32, Normal"):
        node.zonelist("HighMem")


def test_an_allocation_falls_back_before_it_breaks_a_watermark():
    node = Node(SMALL)
    got = []
    while (pfn := straight(node.alloc_pages(4))) is not None:
        got.append(node.zone_of(pfn).name)
    # Both in turns, by their share, down to low; then what is left of DMA32, then of DMA, down to min.
    turns = [(name, len(list(some))) for name, some in groupby(got)]
    assert turns[0][0] == "DMA32" and {name for name, _ in turns} == {"DMA32", "DMA"}
    assert [name for name, _ in turns[-2:]] == ["DMA32", "DMA"] and turns[-2][1] > turns[0][1]
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
    # Half of the mark, and then three quarters of that: 340 and 255, 341 and 256.
    assert zone_watermark_ok(zone, 0, mark=680, high=True, harder=True)
    assert not zone_watermark_ok(zone, 0, mark=682, high=True, harder=True)
    zone.nr_reserved_highatomic = 256
    assert not zone_watermark_ok(zone, 0, mark=0) and zone_watermark_ok(zone, 0, mark=0, harder=True)
    zone.nr_reserved_highatomic = 0
    zone._unlink(0x1000)
    zone._link(0x1000, 8, Migratetype.HIGHATOMIC)
    assert not zone_watermark_ok(zone, 1, mark=0) and zone_watermark_ok(zone, 1, mark=0, harder=True)


def test_pages_of_cma_are_for_movable_requests_only():
    zone = Node([(0x1000, 0x1200)]).zones["DMA32"]
    zone._unlink(0x1000)
    zone._link(0x1000, 9, Migratetype.CMA)
    assert not zone_watermark_ok(zone, 0, mark=0) and zone_watermark_ok(zone, 0, mark=511, cma=True)
    assert not zone_watermark_ok(zone, 0, mark=512, cma=True)
    assert not zone_watermark_ok(zone, 3, mark=-600) and zone_watermark_ok(zone, 3, mark=0, cma=True)
    node = Node([(0x1000, 0x3000)])
    node.zones["DMA32"].set_pageblock_migratetype(0x1000, 0x3000, Migratetype.CMA)
    for pfn, order, migratetype in list(node.zones["DMA32"].free_blocks()):
        assert migratetype == Migratetype.MOVABLE
        node.zones["DMA32"]._unlink(pfn)
        node.zones["DMA32"]._link(pfn, order, Migratetype.CMA)
    assert straight(node.alloc_pages(1, Migratetype.UNMOVABLE, atomic=True)) is None
    assert straight(node.alloc_pages(1, Migratetype.MOVABLE)) is not None


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
    with pytest.raises(ZoneError, match="arch 'vax' is not known: there are x86_64, i386"):
        Node(SMALL, arch="vax")  # type: ignore[arg-type]
    with pytest.raises(ZoneError, match="less than zone DMA's 16 MiB"):
        Node.pc(1 << 20)
