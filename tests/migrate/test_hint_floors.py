"""What a hinting driver leaves: real guests' watermarks, defaults, and what is withheld."""

from dataclasses import replace

import pytest

from freepages.host.ram import GuestRam
from freepages.migrate.guest import Guest
from freepages.migrate.hint_floors import Floor, default, default_kbytes, told
from freepages.migrate.recorded import recorded
from freepages.real import Snapshot
from freepages.real.data_path import data_path
from freepages.real.procfs import FreeCounts, ZoneTypes

RUNS = {run.name: run for run in recorded()}
SNAPSHOTS = ("i386-1536m-idle", "numa-1g-cache", "pc-4g-idle", "vm-24g-busy", "vm-24g-idle")


def snapshot(name="idle1g-hint", room="recorded"):
    return Snapshot.load(data_path(room, f"{name}.snapshot"))


def test_a_zone_keeps_its_min_watermark_and_what_is_for_those_who_may_use_it_only() -> None:
    guest = RUNS["anon4g-hint"].guest()
    assert guest.floors == (
        Floor(1 << 20, 5 << 18, 4121),
        Floor(4096, 1 << 20, 12709 + 952),
        Floor(1, 4096, 64 + 3891),
    )
    assert guest.upwards


@pytest.mark.parametrize("name", SNAPSHOTS)
def test_the_default_is_what_real_guests_have(name) -> None:
    here = snapshot(name, "snapshots")
    managed: dict[str, int] = {f"{zone.node} {zone.name}": zone.managed for zone in here.zones}
    low = {key.replace("0 HighMem", "HighMem"): pages for key, pages in managed.items()}
    marks = sum(zone.watermarks[0] for zone in here.zones if zone.watermarks and zone.name != "HighMem")
    assert default_kbytes(low, (6, 1)) / 4 == pytest.approx(marks, rel=0.02)


def test_a_default_is_that_of_the_version() -> None:
    large = {"DMA32": 1 << 20, "Normal": 1 << 28}  # 1 TiB
    assert default_kbytes(large, (4, 20)) == 65536
    assert default_kbytes(large, (5, 6)) == 65536 and default_kbytes(large, (5, 7)) == 131327
    assert default_kbytes({"DMA": 3840, "DMA32": 1 << 18}, (4, 20)) == 2 * 512 * 11 * 4  # for huge pages


def test_a_pc_keeps_what_its_zones_do() -> None:
    normal, dma32, dma = default(GuestRam.pc(8 << 30))
    assert (normal[:2], dma32[:2], dma[:2]) == ((1 << 20, 9 << 18), (4096, 1 << 20), (0, 4096))
    # 67,584 KiB for three zones, by the pages of each, and what is kept from who has a Normal zone
    assert normal.keep == 16896 * 5 // 8
    assert dma32.keep == 16896 * ((3 << 18) - 4096) // (1 << 21) + 5 * (1 << 18) // 256
    assert dma.keep == 16896 * 4096 // (1 << 21) + ((1 << 21) - 4096) // 256
    assert [floor.start for floor in default(GuestRam.pc(64 << 20))] == [4096, 0]


def test_where_a_zone_tells_no_watermark_the_default_is_taken_and_said() -> None:
    there = snapshot()
    less = replace(there, zones=tuple(replace(zone, watermarks=None) for zone in there.zones))
    guest = Guest.of(less)
    assert not told(less, 1, less.max_pfn) and guest.floors == default(guest.ram, (6, 1))
    assert any("the min watermarks that Linux 6.1 has by default" in note for note in guest.assumed)
    assert not any("watermark" in note for note in Guest.of(there).assumed)


def test_a_version_that_is_none_is_said() -> None:
    there = snapshot()
    for about, said in (({"kernel": "6.1"}, False), ({"kernel": "mine"}, True), ({}, True)):
        notes = Guest.of(replace(there, about=about)).assumed
        assert any("those of Linux 4.20" in note and "no version" in note for note in notes) == said


def test_what_is_reserved_or_for_others_is_withheld() -> None:
    there = snapshot()
    dma, dma32 = there.zones
    counts = (0,) * 9 + (1, 2)
    free = {name: FreeCounts(counts) for name in ("Movable", "HighAtomic", "CMA", "Isolate")}
    types = ZoneTypes(free, {"Movable": 509, "HighAtomic": 3})
    before, after = (
        told(replace(there, zones=(dma, replace(dma32, types=some))), 1, there.max_pfn)
        for some in (dma32.types, types)
    )
    pageblocks, in_others = 3 * 512, 2 * (512 + 2 * 1024)
    assert after[0] == before[0]._replace(keep=before[0].keep + pageblocks + in_others, withheld=6)
    assert after[1:] == before[1:]
    blind = replace(there, zones=tuple(replace(zone, types=None) for zone in there.zones))
    assert any("reserved for atomic" in note for note in Guest.of(blind).assumed)
    old = replace(blind, about={"kernel": "4.3.0"})
    assert not any("reserved for atomic" in note for note in Guest.of(old).assumed)
