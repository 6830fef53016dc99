"""The exercise about dropping caches: every tempting answer is told why it is none."""

import pytest

from freepages.exercises.dropped_pages import CASES, WHY, droppable, guests
from freepages.zone.drop_caches import pages_freed


def test_the_dots_are_no_answer_and_every_hint_is_one_line():
    assert droppable.check(...).right is None
    for number in range(len(droppable.hints) + 2):
        hint = repr(droppable.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


def test_the_guests_have_something_of_every_kind_and_some_have_none():
    counts = [cache.meminfo(node) for node, cache in guests()]
    assert len(counts) == CASES
    for name in WHY:
        assert max(getattr(meminfo, name) for meminfo in counts) > 5, name
    assert {meminfo.shmem for meminfo in counts} & {0}


def good(m):
    return m.buffers + m.cached - m.shmem - m.dirty - m.writeback - m.mapped


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (good, True, "60 guests"),
        (lambda m: pages_freed(m, 1).pages, True, ""),
        (lambda m: m.cached, False, "too many"),
        (lambda m: good(m) + m.shmem, False, "as many as shmem counts"),
        (lambda m: good(m) - m.buffers, False, "as many as buffers counts"),
        (lambda m: good(m) + m.dirty, False, "as many as dirty counts"),
        (lambda m: good(m) + m.writeback, False, "as many as writeback counts"),
        (lambda m: good(m) + m.mapped, False, "as many as mapped counts"),
        (lambda m: good(m) + m.reclaimable, False, "as many as reclaimable counts"),
        (lambda m: m.total - m.free, False, "too many"),
        (lambda m: 0, False, "too few"),
        (lambda m: None, False, "Is there a `return`?"),
        (lambda m: "12", False, "'12' is not a number of pages"),
        (lambda m: m.Cached, False, "AttributeError"),
        (7, False, "the function itself"),
    ],
)
def test_droppable(answer, right, words):
    remark = droppable.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark
