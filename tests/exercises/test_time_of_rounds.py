"""Notebook 25's exercise: a right rule is near the clock, and likely mistakes are told as such."""

import pytest

from freepages.exercises.time_of_rounds import seconds


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda memory, writes, link: memory / link, "first round alone"),
        (lambda memory, writes, link: memory / link * (1 + writes / link), "two rounds"),
        (lambda memory, writes, link: 2 * memory / link, "What of other rates?"),
        (lambda memory, writes, link: memory / (link + writes), "longer, not shorter"),
        (lambda memory, writes, link: memory / (link - writes), "return None"),
        (lambda memory, writes, link: None if writes > link else memory / (link - writes), "divide by zero"),
        (lambda memory, writes, link: None, "Is the line with return missing?"),
        (lambda memory, writes, link: "8 s", "no number"),
        (lambda memory, writes: 1, "does not fit"),
        (7, "the function itself"),
    ],
)
def test_a_wrong_time_is_told_why(answer, words):
    remark = seconds.check(answer)
    assert remark.right is False and words in remark.text, remark


def test_the_sum_is_near_the_clock():
    good = seconds.check(lambda memory, writes, link: None if writes >= link else memory / (link - writes))
    assert good.right and "within 6%" in good.text
    assert seconds.check(...).right is None
