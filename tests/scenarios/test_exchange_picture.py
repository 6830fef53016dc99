"""How an exchange over a virtqueue is shown: owners, what was read and written, who told whom."""

import pytest

from freepages import data_path
from freepages.engine import Run, at_random, to_the_end
from freepages.scenarios.exchange_picture import (
    MEMORY,
    RING_WAYS,
    RingPlace,
    dump_frame,
    handovers,
    ring_now,
    ring_panel,
    sequence_panel,
    waiting_panel,
    writers,
)
from freepages.scenarios.virtqueue import STALE, hostile, virtqueue
from freepages.view.changes import changes
from freepages.view.draw import draw
from freepages.view.frame import Frame
from freepages.view.ring_panel import cells
from freepages.view.text import text
from freepages.virtqueue import ring
from freepages.virtqueue.dump import read_dump


def moments(run):
    """Every step of a run with the ring before and after it."""
    again = Run(run.scenario)
    before = ring_panel(again)
    for move in run.schedule:
        step = again.move(move)
        after = ring_panel(again)
        yield step, before, after
        before = after


def test_each_table_is_written_by_one_side_only():
    run = to_the_end(Run(virtqueue()))
    assert writers(run) == {"descriptor table": "g", "available ring": "g", "used ring": "h"}
    assert writers(Run(virtqueue())) == {"descriptor table": "", "available ring": "", "used ring": ""}


def test_a_handover_names_its_step_and_whose_each_descriptor_was_before_and_after():
    found = handovers(to_the_end(Run(virtqueue(["one"]))))
    acts = [ring.TAKES_DESC, ring.WRITES_AVAIL_IDX, ring.WRITES_USED_IDX, ring.FREES_CHAIN]
    assert [one.step.act for one in found] == acts
    assert [one.after for one in found] == ["gg··", "hh··", "gg··", "····"]
    assert repr(found[1]) == "gg·· → hh··  step 7: guest driver writes avail->idx = 1"


@pytest.mark.parametrize("features", [(32,), (32, 29)])
def test_descriptors_change_hands_where_the_indices_are_written_and_nowhere_else(features):
    run = to_the_end(Run(virtqueue(at_once=2, features=features)))
    for step, before, after in moments(run):
        for old, new in zip(before.owners, after.owners, strict=True):
            if old != new:
                expected = {
                    ("·", "g"): ring.TAKES_DESC,
                    ("g", "h"): ring.WRITES_AVAIL_IDX,
                    ("h", "g"): ring.WRITES_USED_IDX,
                    ("g", "·"): ring.FREES_CHAIN,
                }
                assert step.act is expected[old, new]


def test_an_entry_is_the_readers_from_its_index_until_it_has_been_read():
    run = to_the_end(Run(virtqueue()))
    for step, before, after in moments(run):
        if after.avail.owners.count("h") > before.avail.owners.count("h"):
            assert step.act is ring.WRITES_AVAIL_IDX
        if after.used.owners.count("g") > before.used.owners.count("g"):
            assert step.act is ring.WRITES_USED_IDX
    assert set(after.avail.owners + after.used.owners + after.owners) == {"·"}


def test_what_is_outlined_as_written_is_what_the_step_wrote():
    for step, before, after in moments(to_the_end(Run(virtqueue()))):
        was, now = cells(before), cells(after)
        [marked] = changes(Frame("", (before,)), Frame("", (after,))).marked
        written = {name for name in now if was[name] != now[name]}
        assert written == marked.keys() & now.keys()
        kind = RING_WAYS[step.act].kind if step.act in RING_WAYS else "alone"
        assert kind == "write" or not written, step
        assert bool(after.read) == (kind == "read"), step


def test_every_cell_that_a_step_reads_exists():
    for _, _, after in moments(to_the_end(Run(virtqueue(features=(32, 29), at_once=2)))):
        for name in after.read:
            assert any(cell.partition(".")[0] == name for cell in cells(after)), name


def test_while_a_write_waits_the_ring_shows_memory_and_the_buffer_shows_the_write():
    run = Run(virtqueue(("one", "two"), store_buffer=True, barriers=False), STALE[:-4])
    assert ring_panel(run).avail.idx == 1
    waiting = waiting_panel(run.world.cpu, "buffer")
    assert [write.what for write in waiting.writes] == [
        "desc[1].next = 2",
        "request 'two'",
        "desc[0]",
        "desc[1]",
        "avail->ring[1] = 0",
        "avail->idx = 2",
    ]
    run.move("s6v")
    shown = ring_panel(run)
    assert shown.avail.idx == 2


def test_a_write_barrier_stands_in_the_buffer_before_the_writes_behind_it():
    run = Run(virtqueue(store_buffer=True), "ggggggg")
    assert [write.behind_barrier for write in waiting_panel(run.world.cpu, "buffer").writes] == [
        *[False] * 4,
        True,
    ]


COLUMNS = {"g": "driver", MEMORY: "memory", "h": "device"}


def test_steps_become_messages_between_the_columns():
    run = Run(virtqueue(("one",)), "g" * 10 + "hh")
    chart = sequence_panel(run, COLUMNS)
    assert [m.number for m in chart.messages] == list(range(1, 13))
    by_number = {m.number: (m.source, m.target, m.label, m.kind) for m in chart.messages}
    assert by_number[3] == (0, 1, "desc[0] = 0x2000+3", "message")
    assert by_number[6] == (0, 0, "write barrier", "barrier")
    assert by_number[9] == (1, 0, "used->flags", "message")
    assert by_number[10][3] == "alone"  # a kick is the scenario's own
    assert by_number[12] == (1, 2, "avail->idx", "message")


def test_what_has_no_column_is_left_out_and_memory_may_have_none():
    run = Run(virtqueue(("one",)), "g" * 10 + "hh")
    alone = sequence_panel(run, {"g": "driver", "h": "device"}).messages
    assert all(m.source == m.target for m in alone) and len(alone) == 12
    assert [m.number for m in sequence_panel(run, {MEMORY: "memory", "h": "device"}).messages] == [11, 12]


def test_what_is_done_alone_can_be_left_out():
    run = Run(virtqueue(("one",)), "g" * 10 + "hh")
    messages = sequence_panel(run, COLUMNS, alone=False).messages
    assert [m.number for m in messages] == [3, 4, 5, 6, 7, 8, 9, 12]


def test_a_write_that_waits_goes_to_memory_when_it_becomes_visible():
    scenario = virtqueue(("one",), store_buffer=True, barriers=False)
    chart = sequence_panel(Run(scenario, "g" * 6 + "s5v"), COLUMNS, buffers={"s": "g"})
    assert chart.messages[-2][1:] == (0, 0, "avail->idx = 1", "waits")
    assert chart.messages[-1][1:] == (0, 1, "avail->idx = 1", "message")


@pytest.mark.parametrize(
    "scenario",
    [virtqueue(), virtqueue(at_once=2, store_buffer=True, barriers=False, suppress=True), hostile()],
    ids=["plain", "late", "hostile"],
)
def test_nothing_jumps_from_step_to_step(scenario):
    heights = set()
    run = Run(scenario)
    for seed in range(60):
        heights.add(draw(scenario.picture(run)).height)
        assert text(scenario.picture(run))
        at_random(run, seed, 1)
    assert len(heights) == 1


@pytest.mark.parametrize("path", sorted(data_path("rings").glob("*.json")), ids=lambda path: path.stem)
def test_a_ring_of_a_real_guest_is_shown_from_its_bytes_alone(path):
    dump = read_dump(path)
    panel = ring_now(RingPlace(dump.memory, dump.layout, dump.features))
    assert not panel.broken and panel.avail.read is None
    assert panel.avail.idx is not None and panel.used.idx is not None
    in_flight = (panel.avail.idx - panel.used.idx) & 0xFFFF
    assert len(panel.avail.points) == in_flight == panel.avail.owners.count("h")
    assert (panel.owners.count("h") >= in_flight) and set(panel.owners) <= {"g", "h"}
    assert draw(dump_frame(dump, path.stem)).height > 0
    assert text(Frame("", (panel,)))


def test_a_free_list_that_leads_outside_or_round_ends_there():
    run = Run(virtqueue())
    world = run.world
    world.memory.write(world.layout.desc + 14, (9).to_bytes(2, "little"))
    assert ring_panel(run).owners == "·ggg"
    world.memory.write(world.layout.desc + 14, (0).to_bytes(2, "little"))
    assert ring_panel(run).owners == "·ggg"
