"""The exercises of notebooks 06 and 07: each likely mistake is told with its case."""

import pytest

from freepages.exercises.rounds import next_round
from freepages.exercises.skipping import translate


def right(left, hot, sends, writes):
    return min(hot, left // sends * writes)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda left, hot, sends, writes: left // sends * writes, "one bit a page"),
        (lambda left, hot, sends, writes: left * writes // sends, "no more pages than are hot"),
        (lambda left, hot, sends, writes: hot, "the most that a round"),
        (lambda left, hot, sends, writes: min(hot, left * writes / sends), "use //"),
        (lambda left, hot, sends, writes: min(hot, left * writes // sends), "divide first"),
        (lambda left, hot, sends, writes: min(hot, left // writes * sends), "the other way round"),
        (lambda left, hot, sends, writes: min(hot, -(-left // sends) * writes), "round down"),
        (lambda left, hot, sends, writes: max(hot, left // sends * writes), "the smaller of the two"),
        (lambda left, hot, sends, writes: min(hot, left // sends) * writes, "First count all writes"),
        (lambda left, hot, sends: 7, "and that does not fit: too many positional arguments"),
        (lambda left, hot, sends, writes: None, "Is there a `return`?"),
        (lambda left, hot, sends, writes: 7, "it should be"),
        (3, "the function itself"),
    ],
)
def test_a_wrong_rule_of_the_rounds_is_told_why(answer, words):
    remark = next_round.check(answer)
    assert remark.right is False and words in remark.text, remark


def test_the_rule_of_the_rounds():
    assert next_round.check(right).right
    assert next_round.check(...).right is None

    def not_yet(left, hot, sends, writes):
        return ...

    assert next_round.check(not_yet).right is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda pfn, low, high: pfn if pfn <= low else None if pfn < high else pfn - (high - low), "with <"),
        (
            lambda pfn, low, high: pfn if pfn < low else None if pfn <= high else pfn - (high - low),
            "has a pl",
        ),
        (lambda pfn, low, high: pfn if pfn < low else pfn - (high - low), "in the hole has no page"),
        (lambda pfn, low, high: pfn if pfn < low or pfn >= high else None, "smaller than the pfn"),
        (lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - low, "how long it is"),
        (lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - high, "come first"),
        (lambda pfn, low, high: pfn - (high - low), "Below the hole"),
        (lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - high - low, "Bracket"),
        (
            lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - high + low - 1,
            "too few",
        ),
        (
            lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - high + low + 1,
            "too many",
        ),
        (lambda pfn, low, high: pfn if pfn < low else 0 if pfn < high else pfn - high + low, "Place 0"),
        (
            lambda pfn, low, high: pfn if pfn < low else -1 if pfn < high else pfn - high + low,
            "Here it is None",
        ),
        (lambda pfn, low, high: pfn if pfn < low else None, "Does every way through the function end with"),
        (lambda pfn, low, high: None, "Is there a `return`?"),
        (lambda pfn, low, high: 5, "it should be 0"),
    ],
)
def test_a_wrong_translation_is_told_why(answer, words):
    remark = translate.check(answer)
    assert remark.right is False and words in remark.text, remark


def test_a_pfn_becomes_a_ram_addr():
    good = translate.check(
        lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - high + low
    )
    assert good.right


def test_every_hint_can_be_had():
    for exercise in (next_round, translate):
        assert len({exercise.hint(n).text for n in range(1, 4)}) == 3
