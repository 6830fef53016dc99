"""What a learner's function may do wrong, each told in one sentence that names what to mend."""

import sys

import pytest

from freepages.debate.environment import adversary
from freepages.debate.guest_verbs import (
    answer,
    deflate,
    free_page_bitmap,
    inflate,
    next_request,
    until_returned,
)
from freepages.debate.host_verbs import ASK, SYNC, apply, log_on, precopy
from freepages.debate.learner_errors import OwnProcess, is_own, side
from freepages.debate.own_proposal import proposal
from freepages.debate.proposals import PROPOSALS
from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.migrate import Guest, migrate
from freepages.pages.pageset import PageSet
from freepages.scenarios.debate import debate
from freepages.search import check

counted = [0]


def hosts(body):
    """A host that asks, and does something with each answer."""

    def host(w):
        yield from log_on(w)
        while event := (yield from precopy(w, asks=True)):
            if event is ASK:
                w.request()
            else:
                yield from body(w, event)

    return host


def forgets(w, event):
    yield "has an answer"
    apply(w, event.pages)


def keeps_what_was_forgotten(w, event):
    mine = apply(w, event.pages)  # noqa: F841
    yield "goes on"


def uses_what_was_forgotten(w, event):
    if apply(w, event.pages):
        yield "never"


def reads_what_was_forgotten(w, event):
    pages = precopy(w).pages  # type: ignore[attr-defined]
    yield "never", pages


def yields_a_verb(w, event):
    yield apply(w, event.pages)


def yields_a_generator(w, event):
    yield w.lock.acquire("the host")


def yields_a_number(w, event):
    yield 7


def loops(w, event):
    yield "thinks"
    while True:
        w.page(0)


def fails(w, event):
    yield "divides"
    event.id // 0


def returns_nothing(w, event):
    yield "asks a function without return"
    (lambda: None)().count()  # type: ignore[attr-defined]


def applies_nothing(w, event):
    yield from apply(w, None)


def applies_the_answer(w, event):
    yield from apply(w, event)


def applies_a_verb(w, event):
    yield from apply(w, free_page_bitmap(w))


def applies_with_the_world_last(w, event):
    yield from apply(event.pages, w)


def applies_a_truth(w, event):
    yield from apply(w, not event.pages)


def steps_through_what_takes_none(w, event):
    yield from w.sync()


def steps_through_an_id(w, event):
    yield from w.request()


def makes_a_set_of_a_list(w, event):
    yield from apply(w, PageSet(w.pages, [0, 1]))  # type: ignore[arg-type]


def makes_a_set_of_a_set(w, event):
    yield from apply(w, w.kind(event.pages))


def takes_a_chunk_for_a_set(w, event):
    yield from apply(w, w.chunks[-1])


def adds_sets(w, event):
    yield from apply(w, event.pages + event.pages)


def reads_an_answers_page(w, event):
    yield from apply(w, event.page)


def calls_a_verb_of_the_world(w, event):
    yield from w.apply(event.pages)


def asks_for_a_page_of_a_list(w, event):
    yield from apply(w, w.page([0]))


def sets_on_the_world(w, event):
    yield "keeps it"
    w.seen = event.pages


def sets_on_a_part(w, event):
    yield "keeps it"
    w.host.seen = event.pages


def keeps_a_part(w, event):
    mine = w.host.to_send
    yield "keeps it"
    mine -= event.pages


SENTENCES = [
    (forgets, "host: apply(...) is called without 'yield from' before it, so it does nothing"),
    (keeps_what_was_forgotten, "host: apply(...) is called without 'yield from'"),
    (uses_what_was_forgotten, "apply(...) is called without 'yield from'"),
    (reads_what_was_forgotten, "precopy(...) is called without 'yield from'"),
    (yields_a_verb, "host: write 'yield from apply(...)', not 'yield apply(...)'"),
    (yields_a_generator, "host: write 'yield from acquire(...)', not 'yield acquire(...)'"),
    (yields_a_number, "host yields 7: what is yielded is a text that says what comes next"),
    (loops, "host has run more than 100,000 lines without a step, and is in line"),
    (fails, "(event.id // 0) with ZeroDivisionError"),
    (returns_nothing, "and from a function of your own without 'return'"),
    (
        applies_nothing,
        "(yield from apply(w, None)): None is no set of pages: it takes a set, list, tuple",
    ),
    (
        applies_the_answer,
        "(yield from apply(w, event)): this is an answer and not a set of pages: write .pages",
    ),
    (applies_a_verb, "free_page_bitmap(...) is called without 'yield from'"),
    (applies_with_the_world_last, "the world comes first: write apply(w, ...)"),
    (applies_a_truth, "False is no set of pages: it takes"),
    (
        steps_through_what_takes_none,
        "(yield from w.sync()): what begins with w. takes no step: write",
    ),
    (steps_through_an_id, "(yield from w.request()): what begins with w. takes no step"),
    (makes_a_set_of_a_list, "PageSet(2, [0, 1]): the set of pages 0 and 1 of 4 is PageSet.of(4, [0, 1])"),
    (makes_a_set_of_a_set, "PageSet(<PageSet: pages 0 and 1 of 2>, 0): the set"),
    (takes_a_chunk_for_a_set, "(1, 2) is a chunk, its start and end: write w.range(1, 2), or [1, 2]"),
    (adds_sets, "'PageSet'; a set of pages has |, &, -, in and .copy()"),
    (reads_an_answers_page, "no attribute 'page'; an answer has .id and .pages"),
    (
        calls_a_verb_of_the_world,
        "no attribute 'apply'; verbs() lists what w has; a verb is called",
    ),
    (asks_for_a_page_of_a_list, "[0] is no page: a page is a number from 0 on"),
    (sets_on_the_world, "host sets w.seen, which a search does not see: keep it in a local variable"),
    (sets_on_a_part, "host sets w.host.seen, which"),
    (keeps_a_part, "host keeps mine, which is w.host.to_send itself and changes with it"),
]


@pytest.mark.parametrize(("body", "words"), SENTENCES, ids=lambda some: getattr(some, "__name__", ""))
def test_each_mistake_is_one_sentence(body, words) -> None:
    with pytest.raises(FreepagesError, match=r"^[^\n]*$") as told:
        check(proposal(host=hosts(body)))
    assert words in str(told.value)


def counts_outside(w):
    yield from log_on(w)
    counted[0] += 1
    yield from precopy(w)


def ends_early(w):
    yield from log_on(w)
    if (yield from precopy(w, asks=True)) is ASK:
        w.request()
        yield from precopy(w, sync=False, stop=False)


def test_a_host_that_ends_before_the_migration_does_proves_nothing() -> None:
    with pytest.raises(FreepagesError, match="host does not come to the end of the migration"):
        check(proposal(host=ends_early))
    assert check(proposal(host=ends_early), "discard").verdict == "PROVED"  # it discards nothing
    with pytest.raises(FreepagesError, match="host does not come to the end of the migration"):
        migrate(Guest.made_up(64 << 20, 0.5), proposal(host=ends_early))


def test_each_page_may_be_looked_at_in_one_step() -> None:
    def looks_at_each(w, event):
        yield "looks at each page"
        for page in event.pages:
            assert page in event.pages

    done = migrate(Guest.made_up(1 << 30, 0.9), proposal(host=hosts(looks_at_each)), "still")
    assert done.normal_pages + done.zero_pages == 1 << 18


def test_a_step_that_takes_too_long_is_ended(monkeypatch) -> None:
    monkeypatch.setattr("freepages.debate.learner_errors.SECONDS", 0)
    with pytest.raises(FreepagesError, match=r"host has worked on one step for 0 s, .*: use .* whole sets"):
        check(proposal(host=ends_early))


def test_a_list_is_as_good_as_a_set_in_the_search_and_by_the_clock() -> None:
    def lists(w):
        while (request := (yield from next_request(w))) is not None:
            pages = list((yield from inflate(w)))
            yield from answer(w, pages, request)
            yield from until_returned(w)
            yield from deflate(w, pages)

    def applies_lists(w):
        yield from log_on(w)
        while event := (yield from precopy(w, asks=True)):
            if event is ASK:
                w.request()
            else:
                yield from apply(w, list(event.pages))
                w.mail.returned += 1

    mine = proposal(guest=lists, host=applies_lists)
    assert check(mine, "discard").verdict == "PROVED"
    done = migrate(Guest.made_up(64 << 20, 0.5), mine, "still")
    assert done.normal_pages + done.zero_pages < (64 << 20) // 4096


def test_what_stands_outside_of_the_function_must_not_change() -> None:
    with pytest.raises(FreepagesError, match="host changes counted, which stands outside of the function"):
        check(proposal(host=counts_outside))


def keeps(empty, add):
    """A host that keeps what it was told of in a variable that begins as ``empty()``, and never tells it
    twice."""

    def host(w):
        yield from log_on(w)
        seen = empty(w)
        while event := (yield from precopy(w, asks=True, tells_sync=True)):
            if event is ASK:
                w.request()
            elif event is SYNC:
                seen = empty(w)
                w.sync()
            else:
                yield from apply(w, event.pages)
                seen = add(seen, event.pages)
        len(str(seen))

    return host


KEPT = {
    "a tuple": keeps(lambda w: (), lambda seen, pages: tuple(sorted({*seen, *pages}))),
    "a list": keeps(lambda w: [], lambda seen, pages: sorted({*seen, *pages})),
    "a set": keeps(lambda w: set(), lambda seen, pages: seen | {*pages}),
    "a frozenset": keeps(lambda w: frozenset(), lambda seen, pages: seen | frozenset(pages)),
    "a dict": keeps(lambda w: {}, lambda seen, pages: dict.fromkeys(sorted({*seen, *pages}), True)),
    "a text": keeps(lambda w: "", lambda seen, pages: "".join(sorted({*seen, *map(str, pages)}))),
    "a PageSet": keeps(lambda w: w.kind(w.pages), lambda seen, pages: w_or(seen, pages)),
    "nested": keeps(lambda w: [{"a": ()}], lambda seen, pages: [{"a": tuple(pages)}]),
    "None": keeps(lambda w: None, lambda seen, pages: None),
}


def w_or(seen, pages):
    both = seen.copy()
    both |= pages
    return both


def test_every_plain_value_is_searched_and_distinguishes_what_it_says() -> None:
    found = {what: check(proposal(host=host)) for what, host in KEPT.items()}
    assert {one.verdict for one in found.values()} == {"REFUTED"}
    assert len({one.schedule for one in found.values()}) == 1
    wholes = {
        found[what].states for what in ("a tuple", "a list", "a set", "a frozenset", "a dict", "a PageSet")
    }
    assert len(wholes) == 1 and found["None"].states < wholes.pop()


def keeps_an_iterator(w):
    yield from log_on(w)
    ids = iter([1, 2])
    yield from precopy(w)
    next(ids)


def test_what_cannot_be_compared_is_refused_by_its_name() -> None:
    with pytest.raises(FreepagesError, match="process host keeps ids, a list_iterator"):
        check(proposal(host=keeps_an_iterator))


def test_a_message_is_not_changed_by_what_becomes_of_the_set_it_was_made_of() -> None:
    def guest(w):
        while (request := (yield from next_request(w))) is not None:
            bitmap = yield from free_page_bitmap(w)
            yield from answer(w, bitmap, request)
            bitmap.clear(0)
            yield from w.lock.release("the driver")

    run = Run(debate(proposal(guest=guest)), "h h0r g g g g")
    assert str(run.world.mail.answers[0].pages) == "pages 0 and 1"


def test_only_what_a_learner_wrote_is_watched() -> None:
    world = Run(debate("snapshot")).world
    assert type(side("h", "host", keeps_an_iterator, world)) is OwnProcess
    assert not any(is_own(function) for one in PROPOSALS.values() for function in (one.guest, one.host))
    assert type(side("w", "workload", adversary, world)) is not OwnProcess


def test_another_tracer_is_put_back() -> None:
    def other(frame, event, arg):
        return None

    before = sys.gettrace()
    sys.settrace(other)
    try:
        Run(debate(proposal(host=hosts(forgets))), "h")
        assert sys.gettrace() is other
    finally:
        sys.settrace(before)
