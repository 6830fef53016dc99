"""Zones of one's own, from a size, a drawing, a snapshot or a zone, and what is said of anything else."""

import re

import pytest

from freepages.engine import Run, at_random
from freepages.engine.errors import FreepagesError
from freepages.pages.orders import PAGEBLOCK_ORDER
from freepages.real import Snapshot
from freepages.real.data_path import data_path
from freepages.scenarios.bitmap_builder import free_page_bitmap
from freepages.scenarios.zones import buddy_zone, operate, zone_drawn, zone_of, zones_of
from freepages.view.frame import State
from freepages.zone.node import Node

SNAPSHOT = Snapshot.load(data_path("snapshots", "vm-24g-idle.snapshot"))


def test_a_size_a_drawing_and_a_zone() -> None:
    assert zone_of(64).state() == zone_of("·" * 64).state() == zone_drawn("." * 64).state()
    assert zone_of(100, "DMA").name == "DMA" and zone_of(100).nr_free_pages == 100
    zone = zone_of("··aa")
    twin = zone_of(zone)
    operate(twin, "0a")
    assert (zone.nr_free_pages, twin.nr_free_pages) == (2, 1)
    twin.validate()


def test_a_snapshot_s_zone_has_its_free_pages_and_no_others() -> None:
    with pytest.raises(FreepagesError, match=r"which zone\? zone_of\(snapshot, name\), with one of DMA \("):
        zone_of(SNAPSHOT)
    zone = zone_of(SNAPSHOT, "DMA")
    (told,) = (one for one in SNAPSHOT.zones if one.name == "DMA")
    assert (zone.start_pfn, zone.end_pfn) == (told.start_pfn, told.end_pfn)
    bitmap = SNAPSHOT.bitmap()
    assert zone.nr_free_pages == bitmap.range_count(zone.start_pfn, zone.end_pfn) > 0
    assert all(bitmap[pfn] for pfn, order, _ in zone.free_blocks() for pfn in (pfn, pfn + (1 << order) - 1))
    assert zone.pageblock_order == PAGEBLOCK_ORDER
    zone.validate()
    operate(zone, "0a 3u")


@pytest.mark.parametrize("what", [0, -1, True, 2.5, None, [1], Node.pc(1 << 28)])
def test_what_no_zone_can_be_made_of_is_refused(what) -> None:
    with pytest.raises(FreepagesError, match="a zone is made of a number of pages, a drawing"):
        zone_of(what)


@pytest.mark.parametrize(
    ("drawing", "words"), [("··x·", "'x' at letter 3 is none; there are"), ("", "at least")]
)
def test_a_drawing_with_another_letter_says_which_there_are(drawing, words) -> None:
    with pytest.raises(FreepagesError, match=words) as refused:
        zone_drawn(drawing)
    assert not drawing or "a anonymous, c page cache, s slab, k kernel" in str(refused.value)


@pytest.mark.parametrize("of", [64, "····aa··", zone_of("aa··aaaa"), Node.pc(1 << 25)])
def test_each_can_be_stepped_and_no_run_leaves_a_trace_in_another(of) -> None:
    scenario = buddy_zone(of, cpus=2, largest=2)
    run = at_random(Run(scenario), 7, 200)
    assert len(run.steps) == 200 and scenario.property and not scenario.property(run)
    before, after, fresh = Run(buddy_zone(of)).world, run.world, Run(scenario).world
    assert [z.state() for z in zones_of(fresh)] == [z.state() for z in zones_of(before)]
    assert [z.state() for z in zones_of(fresh)] != [z.state() for z in zones_of(after)]


def test_operate_takes_a_run_a_node_or_what_has_a_zone_and_refuses_the_rest() -> None:
    run, node, building = Run(buddy_zone(8)), Node.pc(1 << 25), Run(free_page_bitmap())
    for some, zones in (
        (run, [run.world]),
        (run.world.zone, [run.world]),
        (node, zones_of(node)),
        (building.world, [building.world.zone]),
    ):
        before = sum(zone.nr_free_pages for zone in zones)
        operate(some, "1a")
        assert sum(zone.nr_free_pages for zone in zones) < before
    with pytest.raises(FreepagesError, match=r"operate\(\) takes a zone, a node or a run with one, not 7"):
        operate(7, "0a")  # type: ignore[arg-type]


@pytest.mark.parametrize("scenario", [buddy_zone("····aa··", cpus=2), free_page_bitmap()])
def test_the_heading_counts_the_free_pages_that_are_drawn(scenario) -> None:
    run = Run(scenario)
    for seed in range(60):
        frame = scenario.picture(at_random(run, seed, 1))
        free = frame.panels[0].states.count(State.FREE)
        assert re.search(rf": {free} (of|pages free)", frame.title), (frame.title, free)
