"""The exercise in which the reader makes a proposal: safe and saving is right, the rest is told why."""

import pytest

from freepages.debate import learner_errors
from freepages.debate.guest_verbs import (
    answer,
    deflate,
    drop_lock,
    free_page_bitmap,
    next_request,
    until_returned,
)
from freepages.debate.host_verbs import ASK, SYNC, apply, log_on, precopy
from freepages.debate.own_proposal import proposal
from freepages.debate.proposals import PROPOSALS
from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.exercises.own_proposal import own
from freepages.scenarios.debate import debate


def forgets_at_a_sync(w):
    yield from log_on(w)
    current = None
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            current = w.request()
        elif event is SYNC:
            current = None
            w.sync()
        elif event.id == current:
            current = None
            yield from apply(w, event.pages)


def syncs_first(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            w.sync()
            yield from apply(w, event.pages)


def never_asks(w):
    yield from log_on(w)
    yield from precopy(w)
    return


def applies_nothing(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            apply(w, event.pages)


def keeps_the_lock(w):
    while (request := (yield from next_request(w))) is not None:
        pages = yield from free_page_bitmap(w)
        yield from answer(w, pages, request)


def owns_a_chunk(w):
    while (request := (yield from next_request(w))) is not None:
        for start, end in w.chunks:
            pages = yield from free_page_bitmap(w, w.range(start, end))
            w.guest.hold(pages)
            yield from drop_lock(w)
            yield from answer(w, pages, request)
            yield from until_returned(w)
            yield from deflate(w, pages)


def never_syncs(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            w.request()
        elif event is not SYNC:
            yield from apply(w, event.pages)


def test_a_host_that_does_not_sync_when_told_is_told_so_soon(monkeypatch) -> None:
    monkeypatch.setattr(learner_errors, "STEPS", 5_000)
    remark = own.check(proposal(host=never_syncs))
    assert remark.right is False and "call it at each SYNC" in remark.text


def test_a_guest_that_makes_steps_for_ever_is_told_so(monkeypatch) -> None:
    monkeypatch.setattr(learner_errors, "STEPS", 50)

    def turns(w):
        while True:
            yield "turns round"

    run = Run(debate(proposal(guest=turns)))
    with pytest.raises(FreepagesError, match="guest has made 50 steps, and there is no end of them"):
        for _ in range(60):
            run.move("g")


def test_the_dots_are_no_answer_and_every_hint_is_one_line() -> None:
    assert own.check(...).right is None
    for number in range(len(own.hints) + 2):
        hint = repr(own.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (proposal(host=forgets_at_a_sync, asks="after every sync"), True, "a silent guest never holds it up"),
        (proposal(guest=owns_a_chunk), True, "no schedule loses a page"),
        (
            proposal(guest=PROPOSALS["locked"].guest, host=PROPOSALS["no_wait"].host),
            False,
            "holds the zone lock",
        ),
        (proposal(guest=keeps_the_lock), False, "still holds the zone lock"),
        (proposal(host=forgets_at_a_sync), False, 'see asks="after every sync"'),
        (proposal(host=never_asks), False, "Does it ask"),
        (proposal(host=syncs_first), False, "loses a page"),
        (proposal(host=applies_nothing), False, "without 'yield from'"),
        (PROPOSALS["request_id"], False, "line by line it is request_id"),
        (proposal(PROPOSALS["snapshot"].guest, PROPOSALS["snapshot"].host), False, "it is snapshot"),
        (forgets_at_a_sync, False, "not the function itself"),
        ("request_id", False, "not 'request_id'"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_proposal(answer, right, words) -> None:
    remark = own.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark
