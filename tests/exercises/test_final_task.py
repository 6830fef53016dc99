"""The final task: each part is judged by running it, and the points are added."""

from typing import Any

import pytest

from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.exercises.final_task import assess, colleague_host, loses, loses_nothing, marked, skips

PAGES = {2, 3, 7, 8, 12, 13, 14, 15}
SHORTEST = "h h0r g g g g g h0t w0a w0w h0y h0x"


def once(w: Any) -> Any:
    """The repair: what was reported is used once."""
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            w.request()
            answer = yield from precopy(w, sync=False, stop=False)
            yield from apply(w, answer.pages)
        else:
            w.sync()


def all_but_what_the_log_brings(w: Any) -> Any:
    """Another repair: what the guest has written since is no longer taken out."""
    yield from log_on(w)
    reported = w.kind(w.pages)
    while event := (yield from precopy(w, asks=True, tells_sync=True)):
        if event is ASK:
            w.request()
            reported = (yield from precopy(w, sync=False, stop=False)).pages
        else:
            reported = reported - w.log.bits
            w.sync()
        yield from apply(w, reported)


def asks_nobody(w: Any) -> Any:
    yield from log_on(w)
    yield from precopy(w)


def waits_for_nobody(w: Any) -> Any:
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            yield from apply(w, event.pages)


@pytest.mark.parametrize("host", [once, all_but_what_the_log_brings])
def test_all_right_is_eight_points(host: Any) -> None:
    said = assess(PAGES, SHORTEST, host)
    assert said.points == 8 and repr(said).endswith("8 of 8 points. A person marks the letter.")
    assert max(map(len, repr(said).splitlines())) <= 100


def test_nothing_is_no_points_and_gives_nothing_away() -> None:
    said = assess(..., ..., ...)
    assert said.points == 0 and "no answer yet" in repr(said) and "hint" not in repr(said)


def test_a_longer_schedule_and_a_host_that_skips_nothing_get_a_part_of_the_points() -> None:
    assert assess(..., SHORTEST.replace("h h0r", "h h0y h0r"), ...).points == 2
    assert assess(..., ..., asks_nobody).points == 2
    assert "sends free pages" in skips.check(asks_nobody).text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PAGES | {6}, "1 of these pages the walk does not mark"),
        ({2, 3}, "6 of the pages that the walk marks are missing"),
        ("2, 3", "a set of page numbers"),
        (7, "a set of page numbers"),
    ],
)
def test_a_wrong_set_of_pages_is_told_what_is_wrong(answer: Any, words: str) -> None:
    assert words in marked.check(answer).text


@pytest.mark.parametrize(
    ("answer", "words"),
    [("h h h", "needs a choice"), ("h h0r", "No page is lost yet"), (5, "a schedule such as")],
)
def test_a_schedule_that_loses_nothing_is_told_so(answer: Any, words: str) -> None:
    remark = loses.check(answer)
    assert remark.right is False and words in remark.text


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (colleague_host, f"{SHORTEST} loses a page"),
        (waits_for_nobody, "loses a page"),
        (lambda w: None, "yield from"),
        ("once", "the function itself"),
    ],
)
def test_a_host_that_loses_a_page_or_is_none_is_told_so(host: Any, words: str) -> None:
    remark = loses_nothing.check(host)
    assert remark.right is False and words in remark.text
