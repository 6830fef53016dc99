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
        (" ".join(["0a"] * 16 + [f"{pfn}f" for pfn in range(8)]), False, "pages 0 to 7 are buddies, so"),
        (
            " ".join(["0a"] * 16 + [f"{pfn}f" for pfn in (0, 1, 4, 6, 8, 10, 12, 14)]),
            False,
            "pages 0 to 1 are",
        ),
        (" ".join(["0a"] * 8), False, "never split"),
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


def divides(bitmap, pfn, order, limit):
    bitmap[pfn / 8] |= 1


def assigns(bitmap, pfn, order, limit):
    for page in range(pfn, min(pfn + (1 << order), limit)):
        bitmap[page // 8] = 1 << (page % 8)


def block_of_order_pages(bitmap, pfn, order, limit):
    for page in range(pfn, min(pfn + order, limit)):
        bitmap[page // 8] |= 1 << (page % 8)


def appends(bitmap, pfn, order, limit):
    bitmap.append(0)


def does_nothing(bitmap, pfn, order, limit): ...


def adds(bitmap, pfn, order, limit):
    for page in range(pfn, min(pfn + (1 << order), limit)):
        bitmap[page // 8] += 1 << (page % 8)


def wrong_bit(bitmap, pfn, order, limit):
    for page in range(pfn, min(pfn + (1 << order), limit)):
        bitmap[page // 8] |= page % 8


def byte_of_each_page(bitmap, pfn, order, limit):
    bitmap[pfn] |= 1


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        (no_limit, "limit=10) wrote past the limit: it set the bit of page 10."),
        (big_endian, "turned the bits of each byte round: bit 0 is the lowest"),
        (divides, "page / 8 is a fraction, page // 8 is not"),
        (adds, "+= adds a bit that is set once more, |= does not"),
        (wrong_bit, "set the bit of page 8, which is not in the block [10, 12)"),
        (assigns, "cleared the bit of page 15, which was set before"),
        (block_of_order_pages, "did not set the bit of page 11"),
        (appends, "had 8 bytes and has 9 now"),
        (does_nothing, "did not set the bit of page 10"),
        (byte_of_each_page, "wrote past the end of the bitmap"),
        (7, "the answer is the function itself"),
    ],
)
def test_a_wrong_loop_is_told_what_it_did(mark, words):
    remark = bitmap.mark_block.check(mark)
    assert remark.right is False and words in remark.text


def test_a_right_loop_is_right():
    assert bitmap.mark_block.check(good).right is True


def test_the_install_check_finds_this_environment_well_and_names_what_is_not(monkeypatch):
    well = install.check()
    assert well.ok and repr(well).endswith("go on to 01.")
    monkeypatch.setattr(
        install, "requires", lambda name: ["numpy>=99", "no-such-package", "x; extra == 'test'"]
    )
    ill = install.check()
    assert not ill.ok
    assert "✗ numpy is" in repr(ill) and "✗ no-such-package is not installed" in repr(ill)


ANSWERED = "h h h i i i i i i i i"


@pytest.mark.parametrize(
    ("schedule", "right", "words"),
    [
        (review.ROW.schedule, True, "no schedule is shorter"),
        ("", False, "after 0 moves nothing is lost. The host has not asked yet"),
        ("h h h", False, "The host has asked once. Let the handler answer"),
        (f"{ANSWERED} h h h", False, "while the bitmap was still there. It must ask again first"),
        (f"{ANSWERED} h h", False, "The bitmap is not freed yet"),
        (f"{ANSWERED} h h i i i h", False, "still holds what it held"),
        (f"{ANSWERED} h h w i i i h", False, "before the bitmap was freed, so they got another page"),
        (f"{ANSWERED} h h i i i w", False, "The host has not read the answer yet"),
        (f"{ANSWERED} h h i i i h w", False, "after the host had read it"),
        (f"{ANSWERED} h h i i i i w h", False, "The driver had allocated its next bitmap by then"),
        (["h"], False, "a schedule such as"),
        ("h h h z", False, "no process has the letter 'z'"),
    ],
)
def test_reads_too_late(schedule, right, words):
    remark = review.reads_too_late.check(schedule)
    assert remark.right is right and words in remark.text
