"""The exercises about the virtqueue: every tempting answer is told why it is none."""

import pytest

from freepages.engine.run import Run
from freepages.exercises import in_flight as virtqueue
from freepages.exercises.in_flight import TWO_AT_ONCE


@pytest.mark.parametrize("exercise", [virtqueue.in_flight, virtqueue.stale])
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
        (does_not_wrap, False, "it should be"),
        (wraps_at_num, False, "[]; it should be"),
        (newest_first, False, "it should be"),
        (lambda a, u, n: None, False, "TypeError"),
        (lambda a, u: [], False, "TypeError"),
    ],
)
def test_in_flight(answer, right, words):
    remark = virtqueue.in_flight.check(answer)
    assert remark.right is right and words in remark.text and len(remark.text) < 200


@pytest.mark.parametrize(
    ("schedule", "right", "words"),
    [
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s5v hhhhhh",
            True,
            "took request 'one' and request 'one'. And the driver: ",
        ),
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s5v s2v hhhhhh",
            True,
            "used id never offered: used->ring[1] says 0",
        ),
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s5v s4v hhhh",
            False,
            "nobody has written: zero-length buffer: desc[2]",
        ),
        ("gggggggg hhhhhhhhhhhhhh gggggg s5v", False, "took request 'one', as offered"),
        (
            "gggggggg hhhhhhhhhhhhhh gggggg s1v s2v s3v s4v s5v hhhhhh",
            False,
            "'one' and request 'two', as offered",
        ),
        ("", False, "after 0 steps the device has not taken a request yet"),
        ("gggggggg s5v", False, "store buffer has no write waiting"),
        ("up", False, "no process has the letter 'u'"),
        (7, False, "TypeError"),
    ],
)
def test_stale(schedule, right, words):
    remark = virtqueue.stale.check(schedule)
    assert remark.right is right and words in remark.text and "\n" not in remark.text


def test_the_last_hints_are_answers():
    scope: dict = {}
    exec(f"def in_flight(avail_idx, used_idx, num):\n    {virtqueue.in_flight.hints[-1]}", scope)
    assert virtqueue.in_flight.check(scope["in_flight"]).right
    begun = virtqueue.stale.hints[-1].split("'")[1]
    assert virtqueue.stale.check(f"{begun} hhhhhh").right


def test_the_exercise_can_be_stepped():
    assert list(Run(TWO_AT_ONCE).processes) == ["g", "h", "s"]
