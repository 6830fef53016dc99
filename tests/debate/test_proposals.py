"""What is said of the proposals, and how long they are."""

import inspect
from datetime import date

import pytest

from freepages.debate.assumptions import MEANINGS
from freepages.debate.proposals import PROPOSALS, Proposal, find_proposal
from freepages.engine.errors import FreepagesError

EACH = list(PROPOSALS.values())


def test_each_is_found_by_its_name() -> None:
    assert len(PROPOSALS) == 11
    for name, one in PROPOSALS.items():
        assert one.name == name and find_proposal(name) is one


def test_each_answers_an_earlier_one_and_all_go_back_to_sending_everything() -> None:
    order = list(PROPOSALS)
    assert [one.name for one in EACH if not one.answers] == ["everything"]
    for one in EACH[1:]:
        assert order.index(one.answers) < order.index(one.name)


@pytest.mark.parametrize("one", EACH, ids=lambda one: one.name)
def test_who_argued_what_and_when_is_said(one) -> None:
    assert one.who and one.title
    assert date(2016, 3, 1) <= date.fromisoformat(one.date) <= date(2020, 12, 31)
    assert one.claim.endswith((".", "?")) and "\n" not in one.claim
    assert one.source.startswith(("https://lore.kernel.org/r/", "https://github.com/torvalds/linux/commit/"))
    assert set(one.switches) <= set(MEANINGS)


@pytest.mark.parametrize("one", EACH, ids=lambda one: one.name)
def test_each_side_fits_on_a_slide(one) -> None:
    for side in (one.guest, one.host):
        assert side is None or len(inspect.getsource(side).splitlines()) <= 20
    assert (one.guest is None) == (one.name == "everything")


def test_a_name_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(FreepagesError, match=r"^proposal 'snapshto' is not known; did you mean snapshot"):
        find_proposal("snapshto")
    with pytest.raises(FreepagesError, match="there are everything, snapshot, log_late"):
        find_proposal("xyzzy")


@pytest.mark.parametrize("one", PROPOSALS.values(), ids=lambda one: one.name)
def test_what_a_picture_shows_of_a_process_are_its_own_locals(one: Proposal) -> None:
    for function, names in ((one.guest, one.guest_keeps), (one.host, one.host_keeps)):
        assert set(names or ()) <= set(function.__code__.co_varnames if function else ())
    assert not one.tells or (one.guest and one.tells in one.guest.__code__.co_varnames)


def test_nobody_is_held_to_what_they_did_not_propose() -> None:
    said = {name: one.said for name, one in PROPOSALS.items()}
    assert said["everything"].startswith("the status quo: QEMU of 2016")
    assert said["snapshot"] == "proposed by Liang Li, 2016-03-03"
    assert said["log_late"].startswith("asked by Rik van Riel, 2016-04-19; nobody proposed it")
    assert "Tsirkin" not in PROPOSALS["request_id_unchecked"].who
    assert said["request_id_unchecked"].startswith("made by us; nobody proposed it")
    assert said["free_page_hint"].startswith("merged; written by Wei Wang")


@pytest.mark.parametrize("one", EACH, ids=lambda one: one.name)
def test_when_a_host_asks_is_said_of_those_that_ask(one: Proposal) -> None:
    asks = "asks" in inspect.getsource(one.host) or "ask(w)" in inspect.getsource(one.host)
    assert asks == (one.asks != "never")


def test_a_proposal_that_is_printed_says_who_and_when() -> None:
    assert repr(PROPOSALS["free_page_hint"]) == (
        "free_page_hint: free page hints; merged; written by Wei Wang, 2018-08-27 "
        "(version 37 of his patches; committed on 2018-10-25). "
        "In a timed run its host asks after every sync."
    )
