"""The two sources are in the difference, whole and in order, and it says whose they are."""

import inspect
from html import unescape
from itertools import product
from re import sub

import pytest

from freepages.debate.difference import difference, listing
from freepages.debate.host_verbs import log_on, precopy
from freepages.debate.own_proposal import proposal
from freepages.debate.proposals import PROPOSALS, find_proposal
from freepages.engine.errors import FreepagesError

PAIRS = list(product(PROPOSALS, PROPOSALS))


def source(name, side):
    function = getattr(find_proposal(name), side)
    lines = inspect.getsource(function).splitlines() if function else []
    return [line.replace(f"def {function.__name__}(", f"def {side}(") for line in lines]


@pytest.mark.parametrize("side", ["guest", "host"])
def test_without_its_pluses_it_is_the_first_source_and_without_its_minuses_the_second(side):
    for a, b in PAIRS:
        lines = difference(a, b).lines(side)
        assert [line.text.strip() for line in lines if line.sign != "+"] == [
            line.strip() for line in source(a, side)
        ]
        assert [line.text for line in lines if line.sign != "-"] == source(b, side)


def test_only_a_proposal_and_itself_differ_by_no_line():
    assert all((difference(a, b).changed == 0) == (a == b) for a, b in PAIRS)


def test_what_the_two_have_in_common_is_said_and_not_shown():
    shown = repr(difference("snapshot", "no_wait"))
    assert "guest: the same in both" in shown
    assert [line for line in shown.split("\n") if line[:2] in ("- ", "+ ")] == [
        "-         report = yield from precopy(w, sync=False, stop=False)",
        "+         report = yield from precopy(w, stop=False)",
    ]


def commented(w):  # mine: as it was
    yield from log_on(w)  # the log first
    yield from precopy(w)


def test_a_comment_behind_a_line_is_no_change():
    assert "host: the same in both" in repr(difference("everything", proposal(host=commented)))


def test_both_authors_and_dates_head_it():
    first, second = repr(difference("snapshot", "locked")).split("\n")[:2]
    assert first.startswith("--- snapshot: ") and first.endswith("; proposed by Liang Li, 2016-03-03")
    assert second.startswith("+++ locked: ") and second.endswith(
        "; proposed by Michael S. Tsirkin, 2016-04-19"
    )


def test_a_guest_that_has_no_part_is_all_put_in():
    lines = difference("everything", "snapshot").lines("guest")
    assert lines and {line.sign for line in lines} == {"+"}


def test_a_listing_is_the_source_with_who_argued_what():
    shown = repr(listing("everything")).split("\n")
    one = find_proposal("everything")
    assert shown[0] == f"everything: {one.said}. {one.claim} In a timed run its host asks never."
    assert [line.removeprefix("  ") for line in shown[3:]] == source("everything", "host")


@pytest.mark.parametrize("shown", [difference("snapshot", "no_wait"), listing("snapshot")])
def test_in_a_notebook_it_says_the_same_in_the_themes_colours_and_links_to_the_mail(shown):
    html = shown._repr_html_()
    style, body = html.split("</style>")
    assert "var(--jp-content-font-color1" in style
    assert f'href="{find_proposal("snapshot").source}"' in body
    words = unescape(sub("<[^>]*>", "\n", body))
    for line in repr(shown).split("\n")[2:]:
        assert line.strip() in words


def test_a_name_that_is_no_proposals_is_told_with_the_nearest():
    with pytest.raises(FreepagesError, match="did you mean snapshot"):
        difference("snapshots", "locked")
