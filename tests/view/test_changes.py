import pytest
from hypothesis import given, settings

from freepages.view.changes import changes
from freepages.view.frame import Bits, Facts, Frame, FreeLists, LockRow, Locks, PageMap, Panel, Tokens
from tests.view.frames import frames


@given(frames())
@settings(max_examples=40)
def test_equal_frames_have_no_changes(frame: Frame) -> None:
    assert changes(frame, Frame(frame.title, frame.panels, frame.note)) == []


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (PageMap("m", 0, "····aa··"), PageMap("m", 0, "····aaaa"), ["pages [6, 8): · → a"]),
        (PageMap("m", 4, "·ak"), PageMap("m", 4, "a·k"), ["page 4: · → a", "page 5: a → ·"]),
        (
            PageMap("m", 0, "kk", tokens=["A", ""]),
            PageMap("m", 0, "kk", tokens=["B", "C"]),
            ["page 0 holds A → B", "page 1 holds nothing → C"],
        ),
        (
            PageMap("m", 0, "kk", marks={"dirty": "00"}),
            PageMap("m", 0, "kk", marks={"dirty": "01"}),
            ["dirty 1: 0 → 1"],
        ),
        (
            PageMap("m", 0, "k"),
            PageMap("m", 0, "k", lost={0: "A"}),
            ["page 0 lost its content: it should hold A"],
        ),
        (
            Bits("bitmap", 0, "000100"),
            Bits("bitmap", 0, "000011"),
            ["bitmap [4, 6): 0 → 1", "bitmap 3: 1 → 0"],
        ),
        (Bits("bitmap", 0, "1011"), Bits("bitmap", 0, "0000"), ["bitmap 0, [2, 4): 1 → 0"]),
        (
            Tokens("there", 0, ["0", "A", "0", "0"]),
            Tokens("there", 0, ["B", "A", "B", ""], lost={0: "C"}),
            ["there 0, 2: 0 → B", "there 3: 0 → none", "there: page 0 lost its content: it should have C"],
        ),
        (Bits("bitmap", 0, "00"), Bits("bitmap", 0, "00", limit=1), ["bitmap's limit: None → 1"]),
        (
            Locks((LockRow("zone Normal's lock"),)),
            Locks((LockRow("zone Normal's lock", "guest", 1),)),
            ["zone Normal's lock: free → guest"],
        ),
        (Facts("f", {"low": 3}), Facts("f", {"low": 4}), ["low: 3 → 4"]),
        (
            FreeLists("f", [2, 0], {(0, 1): [3, 7]}),
            FreeLists("f", [1, 1], {(0, 1): [7], (1, 1): [4]}),
            ["order 0 Movable: 3 leaves", "order 1 Movable: 4 joins at the head"],
        ),
        (
            FreeLists("f", [1], {(0, 1): [3]}),
            FreeLists("f", [2], {(0, 1): [3, 9]}),
            ["order 0 Movable: 9 joins at the tail"],
        ),
        (
            FreeLists("f", [50], {(0, 1): [3]}),
            FreeLists("f", [49], {(0, 1): [4]}),
            ["order 0: nr_free 50 → 49"],
        ),
    ],
)
def test_a_difference_is_a_sentence_from_old_to_new(before: Panel, after: Panel, says: list[str]) -> None:
    assert changes(Frame("", (before,)), Frame("", (after,))) == says


def test_two_memories_are_told_apart() -> None:
    old, new = (
        Frame("", (PageMap("a", 0, "·"), PageMap("b", 0, "·"))),
        Frame("", (PageMap("a", 0, "k"), PageMap("b", 0, "·"))),
    )
    assert changes(old, new) == ["a: page 0: · → k"]


def test_what_is_too_much_is_cut_off() -> None:
    old, new = PageMap("m", 0, "·k" * 500), PageMap("m", 0, "k·" * 500)
    said = changes(Frame("", (old,)), Frame("", (new,)), most=3)
    assert said == ["page 0: · → k", "page 1: k → ·", "page 2: · → k", "and more"]
