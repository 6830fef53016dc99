import dataclasses
import errno
import json
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.real import Snapshot, SnapshotZone, reading
from freepages.real.block_placement import blocks_of
from freepages.real.data_path import data_path
from freepages.real.procfs import read_buddyinfo, read_zoneinfo
from tests.real.machines import MACHINES, keep_heads_only, unpack

SHIPPED = sorted(path.name for path in data_path("snapshots").glob("*.snapshot"))
FILES = ("buddyinfo", "pagetypeinfo", "zoneinfo", "iomem", "kpageflags", "version")


def test_an_exact_snapshot_has_the_bits_of_kpageflags(machine):
    snapshot = Snapshot.from_proc(machine)
    flags = np.fromfile(machine / "kpageflags", "<u8")
    free = np.flatnonzero(flags >> np.uint64(10) & np.uint64(1))
    assert snapshot.exact and not snapshot.notes
    bitmap = snapshot.bitmap()
    assert (
        bitmap.pages == snapshot.max_pfn == max(zone.end_pfn for zone in read_zoneinfo(machine / "zoneinfo"))
    )
    assert len(bitmap.tobytes()) == snapshot.bitmap_bytes == -(-snapshot.max_pfn // 64) * 8
    assert np.array_equal(np.flatnonzero(np.unpackbits(bitmap.bytes, bitorder="little")), free)
    assert snapshot.free_pages == len(free)


def test_churn_is_what_the_bits_and_buddyinfo_differ_by(machine):
    snapshot = Snapshot.from_proc(machine)
    counted = read_buddyinfo(machine / "buddyinfo")
    bitmap = snapshot.bitmap()
    for zone, churn in zip(snapshot.zones, snapshot.churn(), strict=True):
        assert zone.nr_free == counted[zone.key]
        assert churn == bitmap.range_count(zone.start_pfn, zone.end_pfn) - zone.free_pages
        assert abs(churn) < 200  # an idle guest


def test_without_buddyinfo_the_blocks_are_those_of_the_bits(machine):
    """A zone that did not stand still has other blocks; one that did has just buddyinfo's."""
    with_both = Snapshot.from_proc(machine)
    (machine / "buddyinfo").unlink()
    snapshot = Snapshot.from_proc(machine)
    assert snapshot.exact and not any(snapshot.churn())
    assert np.array_equal(snapshot.starts, with_both.starts)
    quiet = [at for at, churn in enumerate(with_both.churn()) if churn == 0]
    assert quiet and all(snapshot.zones[at].nr_free == with_both.zones[at].nr_free for at in quiet)


@pytest.mark.parametrize("missing", [(), ("iomem",), ("iomem", "pagetypeinfo", "version")])
def test_without_kpageflags_buddyinfo_is_laid_out(machine, missing):
    exact = Snapshot.from_proc(machine)
    for name in ("kpageflags", *missing):
        (machine / name).unlink()
    snapshot = Snapshot.from_proc(machine)
    assert not snapshot.exact and "synthesised: there is no kpageflags" in snapshot.notes[0]
    assert snapshot.max_pfn == exact.max_pfn
    assert snapshot.free_pages == sum(zone.free_pages for zone in snapshot.zones)
    for zone, before in zip(snapshot.zones, exact.zones, strict=True):
        assert zone.nr_free == before.nr_free
        heads = blocks_of(snapshot.runs_within(zone.start_pfn, zone.end_pfn))
        assert tuple(map(len, heads)) == zone.nr_free  # apart by the laws of the buddy system
    ram = PageBitmap(snapshot.max_pfn)
    for start, end in exact.ram:
        ram.set_range(start, min(end, ram.pages))
    outside = snapshot.bitmap()
    outside -= ram
    assert outside.count() == 0
    assert snapshot == Snapshot.from_proc(machine)


def test_before_linux_4_6_only_heads_are_marked_and_the_layout_is_synthesised(machine):
    exact = Snapshot.from_proc(machine)
    keep_heads_only(machine)
    snapshot = Snapshot.from_proc(machine)
    assert not snapshot.exact and "first of a block" in snapshot.notes[0]
    assert [zone.nr_free for zone in snapshot.zones] == [zone.nr_free for zone in exact.zones]
    (machine / "buddyinfo").unlink()
    (machine / "version").write_text("Linux version 4.4.0-21-generic (builder)\n")
    with pytest.raises(FreepagesError, match="without buddyinfo, kpageflags must mark all free pages"):
        Snapshot.from_proc(machine)


def test_who_may_not_read_kpageflags_is_told_how_to(pc, monkeypatch):
    real = reading.read_buddy_bits

    def forbid(path, *args):
        if path.name == "kpageflags":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *args)

    monkeypatch.setattr(reading, "read_buddy_bits", forbid)
    snapshot = Snapshot.from_proc(pc)
    assert not snapshot.exact and "sudo" in snapshot.notes[0]


def interleave(folder):
    """Two nodes with 16 MiB each in turn, as their zoneinfo and buddyinfo have them."""
    zone = "  pages free 1\n spanned  12288\n present  8192\n managed  8192\n start_pfn: {}\n"
    folder.mkdir()
    (folder / "zoneinfo").write_text(
        "".join(f"Node {node}, zone Normal\n{zone.format(node * 4096)}" for node in (0, 1))
    )
    (folder / "buddyinfo").write_text(
        "Node 0, zone Normal 9 0 0 0 0 0 0 0 0 2 6\nNode 1, zone Normal 5 0 0 0 0 0 0 0 0 0 5\n"
    )
    return folder


def test_zones_of_interleaved_nodes_share_their_span(tmp_path):
    folder = interleave(tmp_path / "proc")
    snapshot = Snapshot.from_proc(folder)
    assert snapshot.free_pages == 9 + 2 * 512 + 6 * 1024 + 5 + 5 * 1024
    assert snapshot.churn() == (None, None)
    assert Snapshot.from_proc(folder) == snapshot


def test_capture_is_this_machine(tmp_path):
    if sys.platform != "linux":
        with pytest.raises(FreepagesError, match=f"this is {sys.platform}"):
            Snapshot.capture()
        return
    try:
        snapshot = Snapshot.capture(note="this one")
    except FreepagesError as error:  # a container may hide these files
        pytest.skip(str(error))
    assert snapshot.about["note"] == "this one" and snapshot.about["taken"].endswith("+00:00")
    assert snapshot.free_pages > 0
    snapshot.save(tmp_path / "a")
    assert Snapshot.load(tmp_path / "a") == snapshot


def test_capture_takes_linux(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(FreepagesError, match="this is darwin"):
        Snapshot.capture()


def test_a_file_is_the_same_bytes_each_time_and_comes_back_equal(machine, tmp_path):
    snapshot = Snapshot.from_proc(machine, note="a note")
    snapshot.save(tmp_path / "one")
    loaded = Snapshot.load(tmp_path / "one")
    loaded.save(tmp_path / "two")
    assert loaded == snapshot and loaded.bitmap() == snapshot.bitmap()
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert loaded.about == {"kernel": snapshot.about["kernel"], "note": "a note"}
    assert loaded.zones == snapshot.zones and loaded.ram == snapshot.ram


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_snapshot_is_exact_and_stands_on_its_own(name):
    path = data_path("snapshots", name)
    snapshot = Snapshot.load(path)
    assert snapshot.exact and snapshot.about["kernel"] and snapshot.about["note"]
    assert path.stat().st_size < 600_000
    assert all(zone.types and zone.watermarks and zone.per_cpu for zone in snapshot.zones)
    for zone, churn in zip(snapshot.zones, snapshot.churn(), strict=True):
        assert churn is not None and abs(churn) <= 0.05 * zone.present
    assert f"`{name}`" in data_path("snapshots", "README.md").read_text()


def test_the_shipped_snapshots_are_of_different_machines_and_states():
    pages = {name: Snapshot.load(data_path("snapshots", name)).free_pages for name in SHIPPED}
    assert pages["pc-4g-cache.snapshot"] < pages["pc-4g-dropped.snapshot"] < pages["pc-4g-idle.snapshot"]
    assert len({Snapshot.load(data_path("snapshots", name)).max_pfn for name in SHIPPED}) >= 4


def zone(**changes):
    known: dict[str, Any] = dict(
        node=0, name="DMA", start_pfn=0, spanned=64, present=64, managed=60, nr_free=(4, *[0] * 10)
    )
    return SnapshotZone(**known | changes)


def snapshot(**changes):
    known: dict[str, Any] = dict(
        max_pfn=64, exact=True, zones=(zone(),), starts=[4, 8, 12], lengths=[1, 1, 2]
    )
    return Snapshot(**known | changes)


@pytest.mark.parametrize(
    "changes, fault",
    [
        (dict(starts=[4, 4, 12]), r"free run 1, \[4, 5\), overlaps or touches the one before"),
        (dict(starts=[4, 5, 12]), r"free run 1, \[5, 6\), overlaps or touches"),
        (dict(starts=[8, 4, 12]), "free run 1, .* overlaps or touches"),
        (dict(lengths=[1, 0, 2]), r"free run 1, \[8, 8\), is empty"),
        (dict(lengths=[1, -1, 2]), "free run 1, .* is empty"),
        (dict(lengths=[1, 1, 53]), r"free run 2, \[12, 65\), ends beyond max_pfn 64"),
        (dict(starts=[-1, 8, 12]), "free run 0, .* beyond"),
        (dict(lengths=[1, 1]), "3 starts of free runs, 2 lengths"),
        (dict(exact=False, lengths=[1, 1, 1]), "3 pages in free runs made from blocks of 4"),
        (dict(max_pfn=65), "max_pfn 65 is not the end of the last zone"),
        (dict(zones=()), "max_pfn 64 is not the end"),
        (
            dict(zones=(zone(), zone(name="Normal", nr_free=(0,) * 10))),
            "zone Normal has 10 orders; all zones",
        ),
        (dict(zones=(zone(nr_free=(0,) * 33),)), "node 0 zone DMA has 33 orders; .* up to 32"),
        (dict(page_size=4095), "page_size 4095 is not one of 4096, 8192"),
        (dict(zones=(zone(nr_free=(65, *[0] * 10)),)), "65 pages free, 60 managed, 64 present"),
        (dict(zones=(zone(present=65),)), "64 spanned; each must be within the next"),
        (
            dict(zones=(zone(start_pfn=6, spanned=58, present=58, managed=50),)),
            "pfn 4 is free and lies in no zone",
        ),
        (dict(zones=(zone(name="DMA\x1b[2J"),)), "is not a zone's name"),
        (dict(ram=((4, 8), (8, 9))), "ranges of RAM do not ascend"),
        (dict(about={"note": "two\nlines"}), "is not one line of text"),
    ],
)
def test_a_snapshot_does_not_contradict_itself(changes, fault):
    assert snapshot().free_pages == 4
    with pytest.raises(FreepagesError, match=fault):
        snapshot(**changes)


def test_a_snapshot_does_not_change():
    one = snapshot()
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.max_pfn = 5
    with pytest.raises(ValueError):
        one.starts[0] = 5
    with pytest.raises(TypeError):
        hash(one)


@pytest.mark.parametrize(
    "change, fault",
    [
        (lambda h: h.pop("max_pfn"), "line 1: no field 'max_pfn'"),
        (lambda h: h.update(max_pfn="64"), "line 1.max_pfn is not a whole number"),
        (lambda h: h.update(max_pfn=64.0), "line 1.max_pfn is not a whole number"),
        (lambda h: h.update(max_pfn=True), "line 1.max_pfn is not a whole number"),
        (lambda h: h.update(max_pfn=1 << 70), "line 1.max_pfn is not a whole number"),
        (lambda h: h.update(max_pfn=-1), "line 1.max_pfn is not a whole number"),
        (lambda h: h.update(max_pfn=63), "max_pfn 63 is not the end of the last zone"),
        (lambda h: h.update(exact=1), "line 1.exact is not true or false"),
        (lambda h: h.update(zones={}), "line 1.zones is not a list"),
        (lambda h: h.update(zones=[7]), r"line 1.zones\[0\] is not an object"),
        (lambda h: h["zones"][0].pop("name"), r"line 1.zones\[0\]: no field 'name'"),
        (lambda h: h["zones"][0].update(extra=1), r"line 1.zones\[0\]: field 'extra' is not known"),
        (lambda h: h["zones"][0].update(nr_free=None), r"line 1.zones\[0\].nr_free is not a list"),
        (lambda h: h["zones"][0].update(watermarks=[1, 2]), r"watermarks is not a list of 3"),
        (lambda h: h.update(ram=[[1]]), r"line 1.ram\[0\] is not a list of 2"),
        (lambda h: h.update(about={"note": 5}), r"line 1.about\['note'\] is not a text"),
        (lambda h: h.update(starts=[1]), "line 1: field 'starts' is not known"),
    ],
)
def test_a_field_that_is_wrong_is_named(tmp_path, change, fault):
    path = tmp_path / "a.snapshot"
    snapshot().save(path)
    line, body = path.read_bytes().split(b"\n", 1)
    header = json.loads(line)
    change(header)
    path.write_bytes(json.dumps(header).encode() + b"\n" + body)
    with pytest.raises(FreepagesError, match=fault) as error:
        Snapshot.load(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    "name, change, fault",
    [
        ("zoneinfo", None, "zoneinfo: No such file"),
        (
            "buddyinfo",
            lambda text: text.split("\n", 1)[1],
            "buddyinfo: has not node 0 zone DMA, which zoneinfo has",
        ),
        ("buddyinfo", lambda text: text.replace("DMA32", "DMA64"), "buddyinfo: has not node 0 zone DMA32"),
        (
            "buddyinfo",
            lambda text: text.replace("      3 \n", "   9999 \n"),
            "free pages in node 0 zone DMA, zoneinfo has 3998",
        ),
        (
            "pagetypeinfo",
            lambda text: text.replace("DMA32", "Normal"),
            "pagetypeinfo: has not node 0 zone DMA32",
        ),
        (
            "iomem",
            lambda text: text.replace("00100000-", "00900000-"),
            "iomem: .* pages of System RAM in node 0 zone DMA",
        ),
        ("version", lambda text: "Windows", "version: line 1: not 'Linux version"),
    ],
)
def test_files_that_do_not_fit_together_are_named(pc, name, change, fault):
    text = (pc / name).read_text()
    if change:
        (pc / name).write_text(change(text))
    else:
        (pc / name).unlink()
    with pytest.raises(FreepagesError, match=fault):
        Snapshot.from_proc(pc)


@pytest.mark.parametrize("orders", [7, 10, 14])
@pytest.mark.parametrize("exact", [True, False])
def test_other_orders_are_read(pc, orders, exact):
    if not exact:
        (pc / "kpageflags").unlink()
    counts = "".join(f"{0:6} " for _ in range(orders))
    (pc / "buddyinfo").write_text(f"Node 0, zone      DMA {counts}\nNode 0, zone    DMA32 {counts}\n")
    snapshot = Snapshot.from_proc(pc)
    assert {len(zone.nr_free) for zone in snapshot.zones} == {orders} and snapshot.exact == exact


def free_bitmap(snapshot):
    return PageBitmap.from_runs(snapshot.max_pfn, *snapshot.free_runs)


def test_a_block_is_not_placed_where_the_kernel_itself_lies(pc):
    (pc / "kpageflags").unlink()
    where = free_bitmap(Snapshot.from_proc(pc))
    start, end = next((start, end) for start, end in zip(*where.runs(), strict=True) if end - start >= 64)
    lines = (pc / "iomem").read_text().splitlines()
    ram = (number for number, line in enumerate(lines) if "System RAM" in line)
    at = next(number for number in ram if int(lines[number].split("-")[1].split()[0], 16) >= end << 12)
    lines.insert(at + 1, f"  {start << 12:08x}-{(end << 12) - 1:08x} : Kernel code")
    (pc / "iomem").write_text("\n".join(lines) + "\n")
    again = free_bitmap(Snapshot.from_proc(pc))
    assert again.count() == where.count() and not any(again[pfn] for pfn in range(start, end))


def test_how_many_orders_there_are_is_taken_where_no_file_tells(pc):
    (pc / "buddyinfo").unlink()
    assert not any("orders" in note for note in Snapshot.from_proc(pc).notes)
    (pc / "pagetypeinfo").unlink()
    assert any("taken to be of 11 orders" in note for note in Snapshot.from_proc(pc).notes)


def test_neither_buddyinfo_nor_kpageflags_is_too_little(pc):
    for name in ("buddyinfo", "kpageflags"):
        (pc / name).unlink()
    with pytest.raises(FreepagesError, match="buddyinfo"):
        Snapshot.from_proc(pc)


@st.composite
def edits(draw, size):
    """Up to three changes of a file: (where, bytes taken out, bytes put in)."""
    put = st.binary(max_size=4) | st.sampled_from([b"9", b"0", b"\n"])
    anywhere = st.tuples(st.integers(0, size), st.integers(0, 40), put)
    in_place = put.flatmap(lambda data: st.tuples(st.integers(0, size), st.just(len(data)), st.just(data)))
    return draw(st.lists(anywhere | in_place, min_size=1, max_size=3))


def apply(data, changes):
    for at, out, put in changes:
        data = data[:at] + put + data[at + out :]
    return data


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    return unpack(MACHINES[0], tmp_path_factory.mktemp("fuzz") / "pc")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("exact", [True, False])
def test_any_bytes_are_a_snapshot_or_an_error(guest, name, exact):
    path = guest / name
    data = path.read_bytes()
    others = guest / "kpageflags"
    kept = others.read_bytes()

    @given(edits(len(data)))
    def fuzz(changes):
        if not exact and name != "kpageflags":
            others.unlink(missing_ok=True)
        path.write_bytes(apply(data, changes))
        try:
            snapshot = Snapshot.from_proc(guest)
        except FreepagesError as error:
            assert "\n" not in str(error)
        else:
            assert snapshot.bitmap().count() == snapshot.free_pages if snapshot.max_pfn < 1 << 24 else True

    try:
        fuzz()
    finally:
        path.write_bytes(data)
        others.write_bytes(kept)


@given(st.data())
def test_any_bytes_are_a_snapshot_file_or_an_error(tmp_path_factory, data):
    whole = data_path("snapshots", "i386-1536m-idle.snapshot").read_bytes()
    path = tmp_path_factory.mktemp("fuzz") / "a.snapshot"
    path.write_bytes(apply(whole, data.draw(edits(len(whole)))))
    try:
        Snapshot.load(path)
    except FreepagesError as error:
        assert "\n" not in str(error)
