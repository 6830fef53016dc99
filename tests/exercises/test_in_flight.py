"""The exercises about the virtqueue: every tempting answer is told why it is none."""

import pytest

from freepages.engine import Run
from freepages.exercises.in_flight import in_flight
from freepages.exercises.stale_entry import TWO_AT_ONCE, stale


@pytest.mark.parametrize("exercise", [in_flight, stale])
def test_the_dots_are_no_answer_and_every_hint_is_one_line(exercise):
    assert exercise.check(...).right is None
    for number in range(len(exercise.hints) + 2):
        hint = repr(exercise.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


def good(avail_idx, used_idx, num):
    return [(used_idx + n) % num for n in range((avail_idx - used_idx) % 2**16)]


def does_not_wrap(avail_idx, used_idx, num):
    return [n % num for n in range(used_idx, avail_idx)]


def wraps_at_num(avail_idx, used_idx, num):
    return [(used_idx + n) % num for n in range((avail_idx - used_idx) % num)]


def newest_first(avail_idx, used_idx, num):
    return good(avail_idx, used_idx, num)[::-1]


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (good, True, "500 rings"),
        (lambda a, u, n: ..., None, "no answer yet"),
        (does_not_wrap, False, "(2, 65535, 4) returns []. avail_idx has counted past 65535"),
        (wraps_at_num, False, "(5, 1, 4) returns []. The ring is full, and yours is empty"),
        (
            newest_first,
            False,
            "(3, 1, 4) returns [2, 1]. These are the right slots, but the newest comes first",
        ),
        (lambda a, u, n: sorted(good(a, u, n)), False, "in another order"),
        (lambda a, u, n: [u + i for i in range((a - u) % 2**16)], False, "Slot 4 is none of a ring of 4"),
        (lambda a, u, n: [(u + 1 + i) % n for i in range((a - u) % 2**16)], False, "one slot too far"),
        (lambda a, u, n: list(range(n)), False, "It should be []"),
        (lambda a, u, n: (a - u) % 2**16, False, "returns 0; a list of slots is wanted"),
        (lambda a, u, n: None, False, "returns None. Is the line with return missing?"),
        (lambda a, u: [], False, "and that does not fit: too many positional arguments"),
        (good(1, 0, 4), False, "the function itself"),
    ],
)
def test_in_flight(answer, right, words):
    remark = in_flight.check(answer)
    assert remark.right is right and words in remark.text and len(remark.text) < 200


@pytest.mark.parametrize(
    ("schedule", "right", "words"),
    [
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s5v hhhhhh",
            True,
            "took request 'one' and then request 'one'. And the driver: ",
        ),
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s5v s2v hhhhhh",
            True,
            "used id never offered: used->ring[1] says 0",
        ),
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s5v s4v hhhh",
            False,
            "nobody has written (zero-length buffer: desc[2])",
        ),
        ("gggggggg hhhhhhhhhhhhhh gggggg s5v", False, "has not read the second entry yet"),
        ("gggggggg hhhhhhhhhhhhhh gggggg h", False, "waits in the store buffer"),
        ("gggggggg hhhhhhhhhhhhhh ggg", False, "has not offered 'two' yet"),
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s1v s2v s3v s4v s5v hhhhhh",
            False,
            "took 'one' and 'two', as offered",
        ),
        ("", False, "after 0 steps the device has not taken a request yet"),
        ("gggggggg s5v", False, "store buffer has no write waiting"),
        ("gggggggg hhhhhhhhhhhhhh gggggg s4v s5v hhhhhh", False, "that entry must wait"),
        ("gggggggg hhhhhhhhhhhhhh gggggg s5v hhhhhh hhh", True, ""),
        ("gggggggg hhhhhhhhhhhhhh gggggggg s5v", False, "A kick makes every write visible"),
        ("gggggggg hhhhhhhhhhhhhh gggggg hh", False, "saw only one request, and sleeps"),
        ("gggggggg hhhhhhhhhhhhhh gggggg h s5v h", False, "before it was told of a second request"),
        ("up", False, "no process has the letter 'u'"),
        (7, False, "a schedule such as"),
    ],
)
def test_stale(schedule, right, words):
    remark = stale.check(schedule)
    assert remark.right is right and words in remark.text and "\n" not in remark.text


def test_the_last_hints_are_answers():
    scope: dict = {}
    exec(f"def in_flight(avail_idx, used_idx, num):\n    {in_flight.hints[-1]}", scope)
    assert in_flight.check(scope["in_flight"]).right
    begun = stale.hints[-1].split("'")[1]
    assert stale.check(f"{begun} hhhhhh").right


def test_the_exercise_can_be_stepped():
    assert list(Run(TWO_AT_ONCE).processes) == ["g", "h", "s"]
