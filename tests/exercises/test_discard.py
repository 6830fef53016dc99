"""The exercise about discarding: every tempting guest is told why it is none."""

import pytest

from freepages.debate.guest_verbs import (
    answer,
    deflate,
    drop_lock,
    free_page_bitmap,
    next_request,
    until_returned,
)
from freepages.debate.proposals import find_proposal
from freepages.exercises.discard import few_at_a_time, yours
from freepages.lab.stepper import Stepper
from freepages.scenarios.debate import debate


def test_the_dots_are_no_answer_and_every_hint_is_one_line():
    assert few_at_a_time.check(...).right is None
    for number in range(len(few_at_a_time.hints) + 2):
        hint = repr(few_at_a_time.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


def chunks_of(body):
    """The guest that does this with every chunk."""

    def guest(w):
        while (request := (yield from next_request(w))) is not None:
            for start, end in w.chunks:
                yield from body(w, request, w.range(start, end))

    return guest


def good(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    w.guest.hold(pages)
    yield from drop_lock(w)
    yield from answer(w, pages, request)
    yield from until_returned(w)
    yield from deflate(w, pages)


def holds_too_late(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    yield from drop_lock(w)
    w.guest.hold(pages)
    yield from answer(w, pages, request)
    yield from until_returned(w)
    yield from deflate(w, pages)


def straight_out_again(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    w.guest.hold(pages)
    yield from drop_lock(w)
    yield from deflate(w, pages)
    yield from answer(w, pages, request)
    yield from until_returned(w)


def does_not_wait(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    w.guest.hold(pages)
    yield from drop_lock(w)
    yield from answer(w, pages, request)
    yield from deflate(w, pages)


def keeps_the_lock(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    yield from answer(w, pages, request)
    yield from until_returned(w)
    yield from drop_lock(w)


def drops_after_telling(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    w.guest.hold(pages)
    yield from answer(w, pages, request)
    yield from drop_lock(w)
    yield from until_returned(w)
    yield from deflate(w, pages)


def keeps_them(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    w.guest.hold(pages)
    yield from drop_lock(w)
    yield from answer(w, pages, request)
    yield from until_returned(w)


def gives_back_before_the_next(w):
    held = None
    while (request := (yield from next_request(w))) is not None:
        for start, end in w.chunks:
            if held is not None:
                yield from deflate(w, held)
            held = yield from free_page_bitmap(w, w.range(start, end))
            w.guest.hold(held)
            yield from drop_lock(w)
            yield from answer(w, held, request)
            yield from until_returned(w)


def tells_nothing(w, request, chunk):
    yield from free_page_bitmap(w, chunk)
    yield from drop_lock(w)


def waits_for_no_answer(w, request, chunk):
    pages = yield from free_page_bitmap(w, chunk)
    w.guest.hold(pages)
    yield from drop_lock(w)
    yield from until_returned(w)


def first_chunk_only(w):
    while (request := (yield from next_request(w))) is not None:
        yield from good(w, request, w.range(*w.chunks[0]))


@pytest.mark.parametrize(
    ("guest", "right", "words"),
    [
        (chunks_of(good), True, "half of the pages are out of use"),
        (find_proposal("inflate_deflate").guest, False, "4 of 4 pages; 2 are the most"),
        (find_proposal("locked").guest, False, "the zone lock is held"),
        (find_proposal("snapshot").guest, False, "loses a page"),
        (chunks_of(holds_too_late), False, "another CPU may take the page"),
        (chunks_of(straight_out_again), False, "loses a page"),
        (chunks_of(does_not_wait), False, "loses a page"),
        (chunks_of(keeps_the_lock), False, "the zone lock is held"),
        (chunks_of(drops_after_telling), False, "the zone lock is held"),
        (chunks_of(keeps_them), False, "4 of 4 pages; 2 are the most"),
        (gives_back_before_the_next, False, "it still holds pages 2 and 3"),
        (chunks_of(tells_nothing), False, "never told of page 0"),
        (chunks_of(waits_for_no_answer), False, "the host has none: is an answer sent before?"),
        (first_chunk_only, False, "never told of page 2"),
        (lambda w: None, False, "yield from"),
        (good, False, "it is called with one argument, the world"),
        (7, False, "the function itself"),
    ],
)
def test_few_at_a_time(guest, right, words):
    remark = few_at_a_time.check(guest)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark


def test_ones_own_guest_can_be_stepped():
    scenario = debate(yours(chunks_of(good)), "discard")
    assert "a guest of your own" in Stepper(scenario, "h0r g").player.run.scenario.title
