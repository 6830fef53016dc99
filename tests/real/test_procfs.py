import pytest

from freepages.engine.errors import FreepagesError
from freepages.real.procfs import (
    FreeCounts,
    PerCpu,
    ram_ranges,
    read_buddyinfo,
    read_iomem,
    read_pagetypeinfo,
    read_version,
    read_zoneinfo,
)

READERS = {
    "buddyinfo": read_buddyinfo,
    "pagetypeinfo": read_pagetypeinfo,
    "zoneinfo": read_zoneinfo,
    "iomem": read_iomem,
    "version": read_version,
}

# As Linux 2.6.32 prints a zone: no line 'managed', 'scanned' between the watermarks and the sizes.
ZONE_2_6_32 = """\
Node 0, zone      DMA
  pages free     3971
        min      39
        low      48
        high     58
        scanned  0
        spanned  4080
        present  3829
    nr_free_pages 3971
    nr_slab_reclaimable 2
        protection: (0, 3254, 16132, 16132)
  pagesets
    cpu: 0
              count: 3
              high:  6
              batch: 1
  vm stats threshold: 6
    cpu: 1
              count: 0
              high:  6
              batch: 1
  vm stats threshold: 6
  all_unreclaimable: 1
  prev_priority:     12
  start_pfn:         16
  inactive_ratio:    1
"""


def write(tmp_path, text):
    path = tmp_path / "file"
    path.write_text(text)
    return path


def test_a_zone_of_linux_2_6_32(tmp_path):
    (zone,) = read_zoneinfo(write(tmp_path, ZONE_2_6_32))
    assert (zone.key, zone.start_pfn, zone.spanned, zone.present) == ((0, "DMA"), 16, 4080, 3829)
    assert zone.managed == zone.present
    assert zone.watermarks == (39, 48, 58)
    assert zone.protection == (0, 3254, 16132, 16132)
    assert zone.per_cpu == (PerCpu(3, 6, 1), PerCpu(0, 6, 1))


def test_zones_of_linux_6_1(pc):
    dma, dma32 = read_zoneinfo(pc / "zoneinfo")  # Movable and Device have no pages
    assert (dma.key, dma.start_pfn, dma.spanned, dma.present, dma.managed) == (
        (0, "DMA"),
        1,
        4095,
        3998,
        3840,
    )
    assert (dma32.key, dma32.start_pfn, dma32.end_pfn) == ((0, "DMA32"), 4096, 32733)
    assert dma32.watermarks and sorted(dma32.watermarks) == list(dma32.watermarks)
    assert len(dma32.per_cpu) == 1 and dma32.per_cpu[0].count > 0


def test_the_same_zones_with_the_lines_of_linux_6_18(pc, tmp_path):
    text = (pc / "zoneinfo").read_text()
    newer = text.replace("        spanned", "        promo    122\n        spanned").replace(
        "      batch: ", "      batch:    "
    )
    newer = newer.replace(
        "  vm stats threshold",
        "              high_min: 44\n              high_max: 240\n  vm stats threshold",
    )
    assert newer.count("promo") > 1 and newer.count("high_min") > 1
    assert read_zoneinfo(write(tmp_path, newer)) == read_zoneinfo(pc / "zoneinfo")


def test_nodes_and_highmem(machine):
    keys = [zone.key for zone in read_zoneinfo(machine / "zoneinfo")]
    assert keys in (
        [(0, "DMA"), (0, "DMA32")],
        [(0, "DMA"), (0, "DMA32"), (1, "DMA32")],
        [(0, "DMA"), (0, "Normal"), (0, "HighMem")],
    )
    assert list(read_buddyinfo(machine / "buddyinfo")) == keys
    assert list(read_pagetypeinfo(machine / "pagetypeinfo")) == keys


def test_pagetypeinfo_tells_buddyinfo_apart_by_migratetype(machine):
    orders = read_buddyinfo(machine / "buddyinfo")
    zones = {zone.key: zone for zone in read_zoneinfo(machine / "zoneinfo")}
    for key, types in read_pagetypeinfo(machine / "pagetypeinfo").items():
        by_order = [
            sum(counts) for counts in zip(*(some.counts for some in types.free.values()), strict=True)
        ]
        # The two files are read one after the other.
        assert (
            abs(sum(n << o for o, n in enumerate(by_order)) - sum(n << o for o, n in enumerate(orders[key])))
            < 300
        )
        assert sum(types.pageblocks.values()) >= zones[key].present // 512


def test_a_count_above_100000_is_at_least_that(pc, tmp_path):
    lines = (pc / "pagetypeinfo").read_text().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if "DMA32, type      Movable" in line)
    head, rest = lines[at].split("Movable")
    lines[at] = head + "Movable >100000 " + rest[7:]
    read = read_pagetypeinfo(write(tmp_path, "".join(lines)))[(0, "DMA32")].free["Movable"]
    plain = read_pagetypeinfo(pc / "pagetypeinfo")[(0, "DMA32")].free["Movable"]
    assert read == FreeCounts((100000, *plain.counts[1:]), at_least=(0,))


def test_pagetypeinfo_with_reserve_and_the_table_of_page_owner(tmp_path):
    text = """\
Page block order: 9
Pages per block:  512

Free pages count per migrate type at order       0      1
Node    0, zone      DMA, type    Unmovable      0      1
Node    0, zone      DMA, type      Reserve      0      2

Number of blocks type     Unmovable      Reserve
Node 0, zone      DMA            2            1

Number of mixed blocks    Unmovable      Reserve
Node 0, zone      DMA            0            0
"""
    types = read_pagetypeinfo(write(tmp_path, text))[(0, "DMA")]
    assert types.free == {"Unmovable": FreeCounts((0, 1)), "Reserve": FreeCounts((0, 2))}
    assert types.pageblocks == {"Unmovable": 2, "Reserve": 1}


def test_ram_is_whole_pages_hotplugged_too(tmp_path):
    path = write(
        tmp_path,
        "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n000a0000-000bffff : PCI Bus 0000:00\n"
        "00100000-bfffffff : System RAM\n  01000000-0220bb07 : Kernel code\n"
        "140000000-17fffffff : virtio0\n  140000000-147ffffff : System RAM (virtio_mem)\n"
        "  148000000-14fffffff : System RAM (virtio_mem)\n",
    )
    assert ram_ranges(read_iomem(path)) == ((1, 0x9F), (0x100, 0xC0000), (0x140000, 0x150000))
    assert [line.depth for line in read_iomem(path)] == [0, 0, 0, 0, 1, 0, 1, 1]


def test_addresses_hidden_from_a_user_are_no_ram(tmp_path):
    path = write(tmp_path, "00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n")
    assert ram_ranges(read_iomem(path)) == ()


def test_version(machine):
    assert read_version(machine / "version") in ("6.1.0-56-amd64", "6.1.0-50-686-pae")


def test_any_number_of_orders_is_read(tmp_path):
    text = "Node 0, zone   Normal " + "".join(f"{n:6} " for n in range(14)) + "\n"
    assert read_buddyinfo(write(tmp_path, text)) == {(0, "Normal"): tuple(range(14))}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "content, fault",
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"\x7fELF\x02\x01\x01\x00", "byte 7 is not text"),
        (b"MZ\x90\xff", "not text"),
        (b"PRETTY_NAME=something\n", "line 1: not"),
    ],
)
def test_what_is_no_proc_file_is_named(tmp_path, name, content, fault):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FreepagesError, match=fault) as error:
        READERS[name](path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name, text, fault",
    [
        ("buddyinfo", "Node 0, zone DMA 1 2 3\nNode 0, zone Normal 1 2\n", "line 2: 2 orders, line 1 has 3"),
        (
            "buddyinfo",
            "Node 0, zone DMA 1\nNode 0, zone DMA 1\n",
            "line 2: node 0 zone DMA for the second time",
        ),
        ("buddyinfo", "Node 0, zone DMA 1 -2\n", "line 1: not a line of buddyinfo"),
        ("buddyinfo", "Node 0, zone DMA 1 " + "9" * 30 + "\n", "line 1: not a line of buddyinfo"),
        ("zoneinfo", ZONE_2_6_32.replace("spanned", "spammed"), "line 1: node 0 zone DMA has no 'spanned'"),
        (
            "zoneinfo",
            ZONE_2_6_32.replace("start_pfn", "start_pfm"),
            "line 1: node 0 zone DMA has no 'start_pfn'",
        ),
        ("zoneinfo", ZONE_2_6_32 * 2, "node 0 zone DMA for the second time"),
        ("zoneinfo", ZONE_2_6_32.replace("present  3829", "present  4081"), "4081 pages present in"),
        ("zoneinfo", ZONE_2_6_32.replace("present  3829", "present  0"), "no zone has pages"),
        ("zoneinfo", ZONE_2_6_32.replace("pfn:         16", "pfn:  9999999999999"), "pages present in"),
        ("iomem", "00001000-00000fff : System RAM\n", "line 1: System RAM ends at 00000fff"),
        ("version", "Darwin Kernel Version 22\n", "line 1: not 'Linux version"),
    ],
)
def test_the_fault_is_named(tmp_path, name, text, fault):
    with pytest.raises(FreepagesError, match=fault):
        READERS[name](write(tmp_path, text))


def beginnings(path, step=1):
    """The files that a copy broken off could have left of this one, all of them near the ends of lines."""
    data = path.read_bytes()
    for length in range(len(data)):
        if length % step and b"\n" not in data[length - 2 : length + 3]:
            continue
        path.write_bytes(data[:length])
        yield length


def test_a_buddyinfo_cut_short_is_refused_or_has_whole_lines(machine):
    path = machine / "buddyinfo"
    whole = read_buddyinfo(path)
    for _ in beginnings(path):
        try:
            some = read_buddyinfo(path)
        except FreepagesError:
            continue
        if (
            len(some) == 1
        ):  # of an only line, whole counts: no kernel has just these orders, and Snapshot says so
            assert some[0, "DMA"] == whole[0, "DMA"][: len(some[0, "DMA"])]
        else:
            assert some.items() <= whole.items()


def test_a_zoneinfo_cut_short_is_refused_or_has_whole_zones(machine):
    path = machine / "zoneinfo"
    whole = read_zoneinfo(path)
    for _ in beginnings(path, 97):
        try:
            some = read_zoneinfo(path)
        except FreepagesError:
            continue
        assert some == whole[: len(some)]


def test_a_pagetypeinfo_cut_short_is_refused_or_has_whole_lines(pc):
    path = pc / "pagetypeinfo"
    whole = read_pagetypeinfo(path)
    read = []
    for length in beginnings(path):
        try:
            assert read_pagetypeinfo(path) == whole
            read.append(length)
        except FreepagesError:
            continue
    assert len(read) <= 2  # without the last newline, and the space before it


def test_an_iomem_cut_short_never_has_more_ram(pc):
    path = pc / "iomem"
    whole = set(ram_ranges(read_iomem(path)))
    for _ in beginnings(path):
        try:
            assert set(ram_ranges(read_iomem(path))) <= whole
        except FreepagesError:
            continue
