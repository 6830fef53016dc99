"""Every exercise: the dots are no answer, wrong answers are told why, the last hint leads to a right one."""

import pytest

from freepages.exercises import Exercise, buddy, install
from freepages.exercises import bitmap_loop as bitmap
from freepages.exercises import patch as review

ALL = [buddy.scattered, bitmap.mark_block, review.reads_too_late]


@pytest.mark.parametrize("exercise", ALL)
def test_the_dots_are_no_answer_and_every_hint_is_one_line(exercise):
    assert exercise.check(...).right is None
    for number in range(len(exercise.hints) + 2):
        hint = repr(exercise.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


def test_a_judge_that_raises_tells_it_as_what_is_not_right():
    assert repr(Exercise("?", lambda answer: str(1 / 0), ("x",)).check(1)).startswith(
        "✗ Not so: it ends with Zero"
    )


@pytest.mark.parametrize(
    ("operations", "right", "words"),
    [
        (" ".join(["0a"] * 16 + [f"{pfn}f" for pfn in range(0, 16, 2)]), True, "8 of 16 pages are free"),
        (" ".join(["0a"] * 16 + [f"{pfn}f" for pfn in range(8)]), False, "have an order above 0"),
        ("0a", False, "15 pages are free"),
        ("0a 0f 0f", False, "free already"),
        ("12a", False, "order 12 is not one of"),
        ("up", False, "operation 'up'"),
        (7, False, "not 7"),
    ],
)
def test_scattered(operations, right, words):
    remark = buddy.scattered.check(operations)
    assert remark.right is right and words in remark.text and "\n" not in remark.text


def good(bitmap, pfn, order, limit):
    for page in range(pfn, min(pfn + (1 << order), limit)):
        bitmap[page // 8] |= 1 << (page % 8)


def no_limit(bitmap, pfn, order, limit):
    for page in range(pfn, pfn + (1 << order)):
        bitmap[page // 8] |= 1 << (page % 8)


def big_endian(bitmap, pfn, order, limit):
    for page in range(pfn, min(pfn + (1 << order), limit)):
        bitmap[page // 8] |= 0x80 >> (page % 8)


def assigns(bitmap, pfn, order, limit):
    for page in range(pfn, min(pfn + (1 << order), limit)):
        bitmap[page // 8] = 1 << (page % 8)


@pytest.mark.parametrize(
    ("mark", "right"), [(good, True), (no_limit, False), (big_endian, False), (assigns, False)]
)
def test_mark_block(mark, right):
    assert bitmap.mark_block.check(mark).right is right


def test_the_install_check_finds_this_environment_well_and_names_what_is_not(monkeypatch):
    well = install.check()
    assert well.ok and repr(well).endswith("go on to 01.")
    monkeypatch.setattr(
        install, "requires", lambda name: ["numpy>=99", "no-such-package", "x; extra == 'test'"]
    )
    ill = install.check()
    assert not ill.ok
    assert "✗ numpy is" in repr(ill) and "✗ no-such-package is not installed" in repr(ill)


@pytest.mark.parametrize(
    ("schedule", "right", "words"),
    [
        (review.ROW.schedule, True, "no schedule is shorter"),
        ("h h h", False, "after 3 moves nothing is lost"),
        ("h h h z", False, "no process has the letter 'z'"),
    ],
)
def test_reads_too_late(schedule, right, words):
    remark = review.reads_too_late.check(schedule)
    assert remark.right is right and words in remark.text
