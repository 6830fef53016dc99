"""The sequence chart: who tells whom what."""

import pytest

from freepages.engine.errors import FreepagesError
from freepages.view.draw import draw
from freepages.view.frame import Facts, Frame
from freepages.view.scene import WIDTH, Boxes, Group, Strokes, Text
from freepages.view.sequence_panel import Message, SequenceChart
from freepages.view.text import text

COLUMNS = ("driver", "memory", "device")
MESSAGES = [
    Message(1, 0, 1, "avail->idx = 1"),
    Message(2, 0, 0, "full barrier", "barrier"),
    Message(3, 0, 2, "kick", "signal"),
    Message(4, 2, 2, "takes the kick", "alone"),
    Message(5, 1, 2, "avail->idx"),
    Message(6, 0, 0, "avail->idx = 2", "waits"),
]


def chart(messages=MESSAGES, columns=COLUMNS, room=10):
    return SequenceChart("exchange", columns, messages, room)


def shapes(panel):
    [group] = draw(Frame("", (panel,))).shapes
    assert isinstance(group, Group)
    return group.shapes


def test_an_arrow_goes_from_the_column_that_speaks_to_the_one_that_hears():
    lifelines = [s.lines[0][0] for s in shapes(chart([])) if isinstance(s, Strokes)]
    arrows = [s.lines[0] for s in shapes(chart()) if isinstance(s, Strokes) and s.arrow]
    ends = [(lifelines.index(x1), lifelines.index(x2)) for x1, _, x2, _ in arrows]
    assert ends == [(0, 1), (0, 2), (1, 2)]
    assert [y for _, y, _, _ in arrows] == sorted(y for _, y, _, _ in arrows)


def test_a_signal_is_thicker_and_bold_and_not_only_of_another_colour():
    signal, message = (
        [s for s in shapes(chart([m])) if isinstance(s, Strokes) and s.arrow]
        for m in (MESSAGES[2], MESSAGES[0])
    )
    assert signal[0].width > message[0].width
    assert next(s for s in shapes(chart([MESSAGES[2]])) if isinstance(s, Text) and s.text == "kick").bold


def test_what_waits_is_hollow_and_what_is_done_is_solid():
    marks = {
        kind: next(
            s
            for s in shapes(chart([Message(1, 0, 0, "x", kind)]))
            if isinstance(s, Boxes) and s.role != "yellow"
        )
        for kind in ("alone", "waits", "barrier")
    }
    assert marks["waits"].line and not marks["alone"].line
    assert marks["barrier"].boxes[0][2] > marks["alone"].boxes[0][2]


def test_only_the_newest_messages_are_shown_and_the_height_stays():
    many = [Message(n, 0, 1, f"message {n}") for n in range(1, 31)]
    drawn = [s.text for s in shapes(chart(many)) if isinstance(s, Text)]
    assert "message 21" in drawn and "message 30" in drawn and "message 20" not in drawn
    heights = {draw(Frame("", (chart(many[:n]),))).height for n in (0, 1, 10, 30)}
    assert len(heights) == 1


def test_a_chart_of_three_columns_leaves_room_at_its_side_and_a_wider_one_takes_all():
    def places(*panels):
        return [group.x for group in draw(Frame("", panels)).shapes if isinstance(group, Group)]

    left, right = places(chart(), Facts("facts", {"a": 1}))
    assert left == 0 < right
    assert places(chart(columns=(*COLUMNS, "irq")), Facts("facts", {"a": 1})) == [0, 0]


@pytest.mark.parametrize("columns", [("a",), ("a", "b"), COLUMNS, (*COLUMNS, "irq", "workload")])
def test_long_labels_are_cut_to_stay_inside(columns):
    last = len(columns) - 1
    rows = [
        Message(1, n, m, "x" * 200, "alone" if n == m else "message")
        for n in range(last + 1)
        for m in (0, last)
    ]
    for shape in shapes(chart(rows, columns)):
        if isinstance(shape, Text) and shape.mono:
            wide = len(shape.text) * shape.size * 0.605
            left = shape.x - {"start": 0, "middle": wide / 2, "end": wide}[shape.anchor]
            assert -1 <= left and left + wide <= WIDTH + 4, (columns, shape)


def test_the_text_says_the_same():
    assert text(Frame("", (chart(),))).splitlines() == [
        "exchange: driver, memory, device",
        "   1 driver → memory: avail->idx = 1",
        "   2 driver: full barrier",
        "   3 driver ⇒ device: kick",
        "   4 device: takes the kick",
        "   5 memory → device: avail->idx",
        "   6 driver: avail->idx = 2 (waits)",
    ]


def test_an_unknown_column_or_kind_is_refused():
    with pytest.raises(FreepagesError, match="message 7 names no column"):
        chart([Message(7, 0, 3, "x")])
    with pytest.raises(FreepagesError, match="no kind is named 'shout'"):
        chart([Message(7, 0, 1, "x", "shout")])
