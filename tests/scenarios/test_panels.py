"""What the pictures show is what the model is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Run, at_random, to_the_end
from freepages.real import Snapshot
from freepages.real.data_path import data_path
from freepages.scenarios.bitmap_builder import LIVED_IN, free_page_bitmap
from freepages.scenarios.panels import memory, snapshot_frame, touched
from freepages.scenarios.zones import FRAGMENTED, buddy_zone, operate, zone_drawn
from freepages.view.frame import PageMap, State


def letters(panel):
    return panel.states.decode("latin-1")


@given(st.text(alphabet="·kacsp/", min_size=1, max_size=80))
def test_a_zone_drawn_from_letters_shows_those_letters(drawing):
    zone = zone_drawn(drawing)
    zone.validate()
    assert letters(memory(zone)) == drawing


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_a_page_in_hand_is_shown_as_in_use_and_every_free_block_as_free(seed):
    scenario = buddy_zone(FRAGMENTED, cpus=2)
    run = at_random(Run(scenario), seed, 60)
    panel = scenario.picture(run).panels[0]
    free = {p for pfn, order in panel.blocks for p in range(pfn, pfn + (1 << order))}
    assert {p for p, state in enumerate(panel.states) if state == State.FREE} == free
    assert all(0 <= low < high <= 64 for low, high in touched(run))


def test_the_walk_marks_what_is_free_and_neither_per_cpu_pages_nor_holes():
    scenario = free_page_bitmap()
    run = to_the_end(Run(scenario))
    panel, bits = scenario.picture(run).panels[:2]
    assert "p" in LIVED_IN and "/" in LIVED_IN
    assert [*bits.bits] == [letter == "·" for letter in LIVED_IN]
    assert letters(panel) == LIVED_IN


@pytest.mark.parametrize("length", [0, 1, 33, 63, 64])
def test_the_walk_stops_at_the_limit(length):
    run = to_the_end(Run(free_page_bitmap(length=length)))
    wanted = [letter == "·" for letter in LIVED_IN[:length]]
    assert [bool(run.world.bitmap[pfn]) for pfn in range(length)] == wanted


def test_nobody_allocates_while_the_walk_holds_the_lock():
    run = Run(free_page_bitmap(), "g w0a")
    for _ in range(3):
        run.move("g")
        assert run.processes["w"].why_not() == "waits for zone Normal's lock, held by guest"


def test_two_cpus_that_free_one_block_find_the_bug_and_nothing_breaks():
    drawing = "aa······"
    run = Run(buddy_zone(drawing, cpus=2, pageblock_order=3), "c0f d0f")
    to_the_end(run)
    assert any("stumbles over its own bug: zone Normal: cannot free pfn 0" in step.text for step in run.steps)
    run.world.validate()
    assert run.world.nr_free_pages == 8


def test_operations_stop_at_the_first_that_cannot_be():
    zone = zone_drawn("·" * 8)
    with pytest.raises(ValueError, match="free already"):
        operate(zone, "1a 2a 0f 0f 0a")
    assert sorted(zone.used) == [4]
    zone.validate()


def test_a_snapshot_is_shown_page_by_page():
    snapshot = Snapshot.load(data_path("snapshots", "pc-4g-idle.snapshot"))
    frame = snapshot_frame(snapshot)
    shown = frame.panels[0]
    assert isinstance(shown, PageMap)
    states = shown.states
    assert len(states) == snapshot.max_pfn
    assert states.count(State.FREE) == snapshot.free_pages
    assert {*states[0xC0000:0x100000]} == {State.HOLE}
