"""The exercise about owning: each tempting way to set the balloon's size is told why it is wrong."""

import pytest

from freepages.exercises.balloon_size import set_size


def fill(balloon, wanted):
    new = []
    while len(balloon.pages) < wanted and (pfn := balloon.alloc_page()) is not None:
        new.append(pfn)
    balloon.tell_host("inflate", new)


def good(balloon, wanted):
    fill(balloon, wanted)
    old = balloon.pages[wanted:]
    balloon.tell_host("deflate", old)
    for pfn in old:
        balloon.free_page(pfn)


def page_by_page(balloon, wanted):
    while len(balloon.pages) < wanted and (pfn := balloon.alloc_page()) is not None:
        balloon.tell_host("inflate", [pfn])
    while len(balloon.pages) > wanted:
        balloon.tell_host("deflate", balloon.pages[-1:])
        balloon.free_page(balloon.pages[-1])


def frees_first(balloon, wanted):
    fill(balloon, wanted)
    for pfn in balloon.pages[wanted:]:
        balloon.free_page(pfn)


def does_not_free(balloon, wanted):
    fill(balloon, wanted)
    balloon.tell_host("deflate", balloon.pages[wanted:])


def does_not_tell(balloon, wanted):
    while len(balloon.pages) < wanted:
        balloon.alloc_page()


def asks_again(balloon, wanted):
    good(balloon, min(wanted, 6))
    while len(balloon.pages) < wanted:
        if pfn := balloon.alloc_page():
            balloon.tell_host("inflate", [pfn])


def tells_all(balloon, wanted):
    while len(balloon.pages) < wanted:
        balloon.alloc_page()
        balloon.tell_host("inflate", balloon.pages)


def never_ends(balloon, wanted):
    while True:
        balloon.tell_host("inflate", [])


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (good, True, "10 sizes"),
        (page_by_page, True, "was always owned"),
        (lambda b, w: ..., None, "no answer yet"),
        (fill, False, "with 4 pages in the balloon, set_size(balloon, 2): afterwards there are 4"),
        (frees_first, False, "while the host still counts it as discarded"),
        (does_not_free, False, "afterwards there are 4. No page was freed"),
        (does_not_tell, False, "the host was not told of pages"),
        (asks_again, False, "Do not ask again"),
        (tells_all, False, "told twice to discard page 30: name the new pages only"),
        (lambda b, w: b.tell_host("inflate", w), False, "a list of pages, such as [26, 27], and not 4"),
        (never_ends, False, "does not end"),
        (lambda b, w: b.tell_host("inflate", range(w)), False, "which the driver does not own"),
        (lambda b, w: b.tell_host("stats", []), False, "no queue 'stats'"),
        (lambda b, w: b.free_page(3), False, "it frees page 3, which the driver does not own"),
        (lambda b: None, False, "does not fit: too many positional arguments"),
        (None, False, "the function itself"),
    ],
)
def test_set_size(answer, right, words):
    remark = set_size.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark


def test_the_last_hint_is_an_answer():
    lines = set_size.hints[-1].replace("\n", "\n    ")
    scope: dict = {}
    exec(f"def mine(balloon, wanted):\n    {lines}", scope)
    assert set_size.check(scope["mine"]).right
