"""The exercises of notebooks 06 and 07: each likely mistake is told with its case."""

import pytest

from freepages.exercises.rounds import pages_per_round
from freepages.exercises.skipping import translate


def per_round(pages, hot, sends, writes, limit):
    told = []
    while True:
        told.append(pages)
        left = min(hot, pages // sends * writes)
        if left == pages:
            return None
        if left <= limit:
            return [*told, left]
        pages = left


def without_working_set(pages, hot, sends, writes, limit):
    return per_round(pages, pages, sends, writes, limit)


def without_stop(pages, hot, sends, writes, limit):
    told = per_round(pages, hot, sends, writes, limit)
    return told and told[:-1]


def test_the_rounds_of_a_race():
    assert pages_per_round.check(per_round).right
    for wrong in (without_working_set, without_stop, lambda *_: None):
        remark = pages_per_round.check(wrong)
        assert remark.right is False and "page by page it is" in remark.text
    assert pages_per_round.check(...).right is None
    assert pages_per_round.check(3).right is False


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - (high - low), True),
        (lambda pfn, low, high: pfn if pfn <= low else None if pfn < high else pfn - (high - low), False),
        (lambda pfn, low, high: pfn if pfn < low else None if pfn <= high else pfn - (high - low), False),
        (lambda pfn, low, high: pfn if pfn < low else pfn - (high - low), False),
        (lambda pfn, low, high: pfn, False),
        (lambda pfn, low, high: pfn if pfn < low else None if pfn < high else pfn - low, False),
    ],
)
def test_a_pfn_becomes_a_ram_addr(answer, right):
    assert translate.check(answer).right is right


def test_every_hint_can_be_had():
    for exercise in (pages_per_round, translate):
        assert len({exercise.hint(n).text for n in range(1, 4)}) == 3
