import pytest
from hypothesis import given, settings

from freepages.view.changes import BLOCKS, PAGES, TOKENS, changes, shortened
from freepages.view.frame import Bits, Facts, Frame, FreeLists, LockRow, Locks, PageMap, Panel, Tokens
from tests.view.frames import frames


@given(frames())
@settings(max_examples=40)
def test_equal_frames_have_no_changes(frame: Frame) -> None:
    found = changes(frame, Frame(frame.title, frame.panels, frame.note))
    assert found.said == () and not any(found.marked)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (PageMap("m", 0, "····aa··"), PageMap("m", 0, "····aaaa"), ["pages [6, 8): free → anonymous"]),
        (
            PageMap("m", 4, "·ak"),
            PageMap("m", 4, "a·k"),
            ["page 4: free → anonymous", "page 5: anonymous → free"],
        ),
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
            ["there 0, 2: 0 → B", "there 3: 0 → none", "there: page 0 lost its content: it should hold C"],
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
    assert [*changes(Frame("", (before,)), Frame("", (after,))).said] == says


def test_two_memories_are_told_apart() -> None:
    old, new = (
        Frame("", (PageMap("a", 0, "·"), PageMap("b", 0, "·"))),
        Frame("", (PageMap("a", 0, "k"), PageMap("b", 0, "·"))),
    )
    assert [*changes(old, new).said] == ["a: page 0: free → kernel"]


def test_what_is_too_much_is_cut_off_and_counted() -> None:
    old, new = PageMap("m", 0, "·k" * 500), PageMap("m", 0, "k·" * 500)
    assert [*changes(Frame("", (old,)), Frame("", (new,))).said] == [
        "pages 0, 2, 4, 6, 8, 10 and 494 more: free → kernel",
        "pages 1, 3, 5, 7, 9, 11 and 494 more: kernel → free",
    ]
    assert shortened(["a", "b", "c"], 2) == ["a", "b", "and 1 more change"]
    assert shortened([*"abcd"], 2) == ["a", "b", "and 2 more changes"]
    assert shortened([*"abc"], 3) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        (PageMap("m", 0, "··aa"), PageMap("m", 0, "·aaa"), {PAGES: [(1, 2)]}),
        (
            PageMap("m", 0, "····", blocks=[(0, 2)]),
            PageMap("m", 0, "····", blocks=[(0, 1), (2, 1)]),
            {BLOCKS: [(0, 2), (2, 4)]},
        ),
        (
            PageMap("m", 4, "aa", tokens="AB", marks={"sent": "00"}),
            PageMap("m", 4, "aa", tokens="AC", marks={"sent": "10"}),
            {"sent": [(4, 5)], TOKENS: [(5, 6)]},
        ),
        (Bits("log", 0, "00", absent="off"), Bits("log", 0, "00"), {PAGES: [(0, 2)]}),
        (Bits("log", 0, "000", absent="off"), Bits("log", 0, "000", absent="off"), {}),
        (
            FreeLists("f", [2, 0], {(0, 1): [3, 7]}),
            FreeLists("f", [1, 1], {(0, 1): [7], (1, 1): [4]}),
            {0: [], (0, 1): [], 1: [], (1, 1, 4): []},
        ),
        (
            Locks((LockRow("l", "guest", 1),)),
            Locks((LockRow("l", "guest", 1, ("workload",)),)),
            {"l": []},
        ),
        (Facts("f", {"low": 3, "old": 1}), Facts("f", {"low": 3, "new": 4}), {"new": [], "old": []}),
    ],
)
def test_what_changed_is_marked_and_nothing_else(before: Panel, after: Panel, marked: object) -> None:
    assert changes(Frame("", (before,)), Frame("", (after,))).marked == (marked,)


def test_a_log_that_is_switched_on_says_so() -> None:
    off, on = Frame("", (Bits("log", 0, "00", absent="off"),)), Frame("", (Bits("log", 0, "00"),))
    assert changes(off, on).said == ("log: off → on",)


def test_a_panel_that_was_not_there_before_has_nothing_marked() -> None:
    facts = Facts("f", {"low": 3})
    assert changes(Frame("", ()), Frame("", (facts,))) == ((), ({},))
