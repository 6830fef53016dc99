"""The ring panel: what is drawn and said of a virtqueue, and what of a long one."""

import pytest

from freepages.engine.errors import FreepagesError
from freepages.view.changes import changes
from freepages.view.draw import draw
from freepages.view.frame import Frame
from freepages.view.piece import piece
from freepages.view.ring_panel import (
    SHOWN,
    WHOLE,
    Half,
    Ring,
    cells,
    flag_words,
    shown_descriptors,
    shown_slots,
)
from freepages.view.scene import WIDTH, Boxes, Group, Strokes, Text
from freepages.view.text import text
from freepages.virtqueue.ring_layout import Layout

LAYOUT = Layout.at(4, 0x1000)


def ring(**changed):
    """A chain of two descriptors in flight, offered in slot 0; nothing used."""
    given = {
        "name": "",
        "places": (LAYOUT.desc, LAYOUT.avail, LAYOUT.used),
        "table": [(0x2000, 3, 1, 1), (0x2010, 16, 2, 2), (0, 0, 0, 3), (0, 0, 0, 0)],
        "avail": Half(0, 1, [0] * 4, owners="h···", points=(0,), read=0),
        "used": Half(0, 0, [(0, 0)] * 4, read=0),
        "owners": "hh··",
        "chains": [(0, 1)],
    }
    return Ring(**(given | changed))


def long_ring(num, idx, used_idx=0, heads=None):
    heads = heads or [slot % num for slot in range(num)]
    return ring(
        table=[(0x10000 + 16 * n, 16, 0, 0) for n in range(num)],
        avail=Half(0, idx, heads, points=tuple(n % num for n in range(used_idx, idx))),
        used=Half(0, used_idx, [(0, 0)] * num),
        owners="g" * num,
        chains=[],
    )


def shapes(panel):
    def flat(some):
        for shape in some:
            yield from flat(shape.shapes) if isinstance(shape, Group) else [shape]

    return list(flat(draw(Frame("", (panel,))).shapes))


def words(panel):
    return [shape.text for shape in shapes(panel) if isinstance(shape, Text)]


def test_every_byte_of_a_queue_belongs_to_a_cell_that_has_its_layouts_name():
    names = cells(ring())
    for _, start, size, _ in LAYOUT.areas:
        for addr in range(start, start + size):
            assert any(name.partition(".")[0] == LAYOUT.name(addr) for name in names), hex(addr)


def test_the_letters_of_the_owners_are_drawn_beside_their_colours():
    drawn = words(ring())
    assert drawn.count("h") == 1 + 1 + 2 + 1  # key, heading of the used ring, descriptors, entry
    roles = [shape.role for shape in shapes(ring()) if isinstance(shape, Boxes) and not shape.line]
    assert roles.count("orange") == 5 + 2  # and the rows of the two descriptors


def test_an_arrow_leads_from_the_entry_to_the_head_and_along_the_chain():
    heads = [
        line for shape in shapes(ring()) if isinstance(shape, Strokes) and shape.arrow for line in shape.lines
    ]
    (x1, y1, x2, y2), along = heads
    assert x1 < x2 and y1 == y2  # slot 0 and descriptor 0 are on one line
    assert along[0] > along[2] > x2  # into the second descriptor, from the right
    used = ring(used=Half(0, 1, [(0, 3)] * 4, owners="g···", points=(0,)), avail=Half(0, 1, [0] * 4))
    back = next(s.lines[0] for s in shapes(used) if isinstance(s, Strokes) and s.arrow and s.lines)
    assert back[0] > back[2]


def test_a_loop_is_drawn_as_one():
    looping = ring(table=[(0x2000, 16, 1, 1), (0x2000, 16, 1, 0), (0, 0, 0, 0), (0, 0, 0, 0)])
    arrows = [s for s in shapes(looping) if isinstance(s, Strokes) and s.arrow]
    assert len(arrows) == 1 + 2


def test_what_the_last_step_wrote_and_read_is_outlined():
    def outlined(role, marked=(), **changed):
        drawn = piece(ring(**changed), dict.fromkeys(marked, [])).shapes
        return sum(s.role == role and s.line > 1 for s in drawn if isinstance(s, Boxes)) - 1

    assert outlined("yellow") == outlined("sky") == 0
    assert outlined("yellow", {"avail->idx", "desc[1].len", "used->ring[3].id", "desc[2].owner"}) == 4
    for name in ("avail->idx", "avail->ring[2]", "used->flags", "desc[1]"):
        assert outlined("sky", read={name}) == 1, name
    assert outlined("sky", read={"used->ring[0]"}) == 2  # id and len


def test_the_indices_stand_at_the_slots_where_each_goes_on():
    panel = ring(avail=Half(0, 65537, [0] * 4, read=65536), used=Half(0, 2, [(0, 0)] * 4, read=2))
    assert "g▸" in words(panel) and "h▸" in words(panel) and "◂hg" in words(panel)
    said = text(Frame("", (panel,)))
    assert " 1 ·  0  (g writes next)" in said and " 0 ·  0  (h reads next)" in said
    assert "2 ·  0, 0 bytes  (h writes next, g reads next)" in said


def test_events_that_are_not_negotiated_and_what_is_not_in_the_memory_are_a_dash():
    panel = ring(table=[None] * 4, used=Half(None, None, [None] * 4), owners="gggg")
    assert words(panel).count("–") == 2 + 2 + 8
    assert words(panel).count("not in the memory") == 4
    assert "0 g  ?" in text(Frame("", (panel,)))


def test_a_broken_queue_says_why():
    panel = ring(broken="descriptor loop: desc[1] leads back to 0")
    assert "BROKEN: descriptor loop: desc[1] leads back to 0" in words(panel)
    assert "BROKEN: descriptor loop" in text(Frame("", (panel,)))


@pytest.mark.parametrize("num", [1, 2, 4, 8, WHOLE])
def test_a_short_queue_is_shown_whole(num):
    panel = long_ring(num, 0)
    assert shown_slots(num, 5) == list(range(num)) == shown_descriptors(panel)


@pytest.mark.parametrize("idx", [0, 1, SHOWN - 1, SHOWN, 100, 1023, 1024, 1030, 65535])
def test_of_a_long_queue_the_newest_slots_are_shown_with_the_next_one(idx):
    slots = shown_slots(1024, idx)
    assert len(slots) == SHOWN == len(set(slots))
    assert idx % 1024 in slots and (idx == 0 or (idx - 1) % 1024 in slots)


def test_of_a_long_table_the_chains_in_flight_are_shown():
    heads = [(7 * slot) % 512 for slot in range(512)]
    panel = long_ring(512, 105, 100, heads)
    assert {heads[slot] for slot in range(100, 105)} <= set(shown_descriptors(panel))
    assert len(shown_descriptors(panel)) == SHOWN
    hostile = long_ring(64, 3, 0, [999, None, 64] * 21 + [5])
    assert len(shown_descriptors(hostile)) == SHOWN


def test_all_text_is_within_the_picture():
    table = [(0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF, 0xFFFF, 0xFFFF)] * 1024
    largest = ring(
        table=table,
        avail=Half(65535, 65535, [65535] * 1024, 65535, read=65535),
        used=Half(65535, 65535, [(0xFFFF_FFFF, 0xFFFF_FFFF)] * 1024, 65535, read=65535),
        owners="h" * 1024,
        chains=[],
        broken="x" * 200,
    )
    for panel in (ring(), largest, long_ring(16, 3)):
        for shape in shapes(panel):
            if isinstance(shape, Text) and not shape.bold:
                wide = len(shape.text) * shape.size * (0.61 if shape.mono else 0.5)
                left = shape.x - {"start": 0, "middle": wide / 2, "end": wide}[shape.anchor]
                assert -4 <= left and left + wide <= WIDTH + 4, shape


def test_the_height_does_not_depend_on_the_values():
    heights = {
        draw(Frame("", (long_ring(1024, idx, used),))).height for idx, used in ((0, 0), (9, 3), (700, 700))
    }
    assert len(heights) == 1


@pytest.mark.parametrize(
    ("flags", "said"), [(0, ""), (1, "NEXT"), (3, "NEXT|WRITE"), (4, "INDIRECT"), (0x12, "WRITE|0x10")]
)
def test_flags_have_the_specifications_names(flags, said):
    assert flag_words(flags) == said


def test_differences_say_what_was_written_and_whose_it_is_now():
    def said(**changed):
        return [*changes(Frame("", (ring(),)), Frame("", (ring(**changed),))).said]

    assert said() == []
    assert said(owners="gg··") == ["desc[0], desc[1]: the device's → the driver's"]
    assert said(avail=Half(0, 2, [0, 2, 0, 0], owners="h···", points=(0,))) == [
        "avail->idx: 1 → 2",
        "avail->ring[1]: 0 → 2",
    ]
    assert said(used=Half(0, 0, [(0, 3), (0, 0), (0, 0), (0, 0)])) == ["used->ring[0].len: 0 → 3"]
    table = [(0x2000, 3, 1, 1), (0x2010, 16, 2, 3), (0x2020, 9, 2, 3), (0, 0, 0, 0)]
    assert said(table=table) == [
        "desc[1].next: 2 → 3",
        "desc[2]: 0 bytes at 0x0 → 9 bytes at 0x2020 WRITE",
    ]
    assert said(broken="index jump: x") == ["broken: index jump: x"]
    assert said(name="stats") == []  # another queue
    before, after = (Frame("", (ring(name="stats", owners=owners),)) for owners in ("hh··", "h···"))
    assert changes(before, after).said == ("stats: desc[1]: the device's → free",)


def test_an_unknown_owner_and_a_wrong_length_are_refused():
    with pytest.raises(FreepagesError, match="no owner has the letter 'x'"):
        ring(owners="hx··")
    with pytest.raises(FreepagesError, match="4 descriptors"):
        ring(owners="hh·")
    with pytest.raises(FreepagesError, match="4 descriptors"):
        ring(avail=Half(0, 0, [0] * 3))


def test_rings_are_equal_where_all_their_values_are():
    assert ring() == ring(read=frozenset()) and ring() != ring(read={"avail->idx"})
