"""The panel of a store buffer."""

from freepages.view.changes import changes
from freepages.view.draw import draw
from freepages.view.frame import Frame
from freepages.view.scene import Group, Strokes, Text
from freepages.view.store_buffer_panel import LEFT, Waiting
from freepages.view.text import text

WRITES = [(2, "desc[0]"), (3, "avail->ring[0] = 0"), (4, "avail->idx = 1", True)]


def frame(writes=WRITES, room=6):
    return Frame("", (Waiting("store buffer", writes, room),))


def drawn(*args):
    [group] = draw(frame(*args)).shapes
    assert isinstance(group, Group)
    return group.shapes


def test_the_writes_stand_in_their_order_with_a_bar_where_the_barrier_is():
    assert text(frame()) == "store buffer: 2v desc[0], 3v avail->ring[0] = 0, | 4v avail->idx = 1"
    words = [s.text for s in drawn() if isinstance(s, Text)]
    assert words == ["store buffer", "2v", "desc[0]", "3v", "avail->ring[0] = 0", "4v", "avail->idx = 1"]
    [bar] = [s for s in drawn() if isinstance(s, Strokes)]
    below = next(s for s in drawn() if isinstance(s, Text) and s.text == "4v")
    above = next(s for s in drawn() if isinstance(s, Text) and s.text == "3v")
    assert above.y < bar.lines[0][1] < below.y


def test_nothing_waits_is_said():
    assert text(frame([])) == "store buffer: nothing waits"
    assert [s.text for s in drawn([]) if isinstance(s, Text)] == ["store buffer", "nothing waits"]


def test_more_writes_than_there_is_room_for_are_counted():
    words = [s.text for s in drawn([(n, f"write {n}") for n in range(9)], 4) if isinstance(s, Text)]
    assert words[-3:] == ["2v", "write 2", "and 6 more"]
    assert draw(frame([], 4)).height == draw(frame([(n, "x") for n in range(9)], 4)).height


def test_a_new_write_is_a_difference_and_one_that_has_left_is_seen_in_memory():
    assert changes(frame(WRITES[:2]), frame()) == (("avail->idx = 1 waits in store buffer",), ({4: []},))
    assert changes(frame(), frame([])) == ((), ({LEFT: []},))
