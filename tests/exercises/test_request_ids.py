"""The exercise about request ids: every tempting host is told why it is none."""

import pytest

from freepages.debate.host_verbs import ASK, SYNC, apply, log_on, precopy
from freepages.debate.proposals import find_proposal
from freepages.exercises.request_ids import no_copy, yours
from freepages.lab.stepper import Stepper
from freepages.scenarios.debate import debate


def test_the_dots_are_no_answer_and_every_hint_is_one_line():
    assert no_copy.check(...).right is None
    for number in range(len(no_copy.hints) + 2):
        hint = repr(no_copy.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


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
            yield from apply(w, event.pages)


def spares_what_was_brought(w):
    """Another right one: it gathers what the log brings, and needs no more of the copy than that."""
    yield from log_on(w)
    current, brought = None, None
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            current, brought = w.request(), w.kind(w.pages)
        elif event is SYNC:
            if brought is not None:
                brought |= w.log.bits
            w.sync()
        elif event.id == current:
            event.pages.__isub__(brought)
            yield from apply(w, event.pages)


def forgets_to_sync(w):
    yield from log_on(w)
    current = None
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            current = w.request()
        elif event is SYNC:
            current = None
        elif event.id == current:
            yield from apply(w, event.pages)


def syncs_first(w):
    yield from log_on(w)
    current = None
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            current = w.request()
        elif event.id == current:
            w.sync()
            yield from apply(w, event.pages)


def trusts_the_id(w):
    yield from log_on(w)
    current = None
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            current = w.request()
        elif event.id == current:
            yield from apply(w, event.pages)


def counts_syncs_for_ever(w):
    yield from log_on(w)
    current: int | None = None
    rounds = 0
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            current = w.request()
        elif event is SYNC:
            current, rounds = None, rounds + 1
            w.sync()
        elif event.id == current:
            yield from apply(w, event.pages)


def hears_and_does_not_ask(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is SYNC:
            w.sync()


def uses_a_copy_it_has_not(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            yield from apply(w, event.pages, in_copy=True)


def without_the_log(w):
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()


def ends_when_answered(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            return


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (forgets_at_a_sync, True, "waits for nobody"),
        (spares_what_was_brought, True, ""),
        (find_proposal("request_id").host, False, "but it keeps a copy"),
        (find_proposal("request_id_unchecked").host, False, "loses a page (in a guest of 1 page)"),
        (find_proposal("no_wait").host, False, "h0y h0t h0x loses a page"),
        (find_proposal("snapshot").host, False, "a silent guest holds it up"),
        (find_proposal("everything").host, False, "never asks"),
        (hears_and_does_not_ask, False, "never asks"),
        (uses_a_copy_it_has_not, False, "keep_copy() was not called"),
        (trusts_the_id, False, "h0y empties the log"),
        (syncs_first, False, "loses a page"),
        (forgets_to_sync, False, "does not read the dirty log"),
        (without_the_log, False, "read while it is off"),
        (ends_when_answered, False, "does not come to the end"),
        (lambda w: None, False, "yield from"),
        (7, False, "the function itself"),
    ],
)
def test_no_copy(answer, right, words):
    remark = no_copy.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark


def test_a_host_with_no_end_of_states_is_told_so(monkeypatch):
    monkeypatch.setattr("freepages.exercises.searched.LIMIT", 5_000)
    remark = no_copy.check(counts_syncs_for_ever)
    assert remark.right is False and "no end of states" in remark.text


def test_a_host_that_ignores_every_answer_is_told_so():
    def ignores(w):
        yield from log_on(w)
        while event := (yield from precopy(w, asks=True)):
            if event is ASK:
                w.request()

    remark = no_copy.check(ignores)
    assert remark.right is False and "sends free pages that it was told of" in remark.text


def test_ones_own_host_can_be_stepped():
    assert (
        "a host of your own" in Stepper(debate(yours(forgets_at_a_sync)), "h h0r").player.run.scenario.title
    )
