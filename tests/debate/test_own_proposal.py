"""A proposal of two functions, and what is said of a function that cannot be a side of one."""

from functools import partial

import pytest

from freepages.debate.difference import difference
from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.own_proposal import proposal, wrong_with
from freepages.debate.proposals import PROPOSALS, find_proposal, locked_host, snapshot_guest
from freepages.engine.errors import FreepagesError
from freepages.search import check


def host(w):
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            yield from apply(w, event.pages)


def test_the_side_that_is_left_out_is_lis_guest_or_the_host_that_gives_buffers_back() -> None:
    assert (proposal(host=host).guest, proposal(host=host).host) == (snapshot_guest, host)
    assert (proposal(guest=host).guest, proposal(guest=host).host) == (host, locked_host)
    assert proposal(host, host, "mine", "my own").title == "my own"


def test_it_is_taken_where_a_name_is() -> None:
    mine = proposal(host=host)
    assert find_proposal(mine) is mine
    assert check(mine).verdict == "REFUTED" and check(mine).proposal == "yours"
    assert difference("no_wait", mine).changed < 10


@pytest.mark.parametrize("name", [name for name, one in PROPOSALS.items() if one.guest])
def test_a_proposal_made_of_the_functions_of_another_has_its_verdict(name) -> None:
    one = PROPOSALS[name]
    mine = proposal(one.guest, one.host)
    for purpose in ("migrate", "discard"):
        assert check(mine, purpose, pages=1).verdict == check(name, purpose, pages=1).verdict


def runs_over_the_bitmap(w):
    yield from log_on(w)
    for page in w.host.to_send:
        yield f"looks at page {page}"


def looks_into_the_guest(w):
    yield from log_on(w)
    yield from apply(w, w.guest.free)
    yield from precopy(w)


def runs_over_a_copy(w):
    yield from log_on(w)
    pages = w.host.to_send.copy()
    for page in pages:
        yield f"looks at page {page}"
    yield from precopy(w)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "give a guest, a host or both"),
        ({"host": host(None)}, "the function itself, without brackets behind it: host, not host(w)"),
        ({"host": "snapshot"}, "not 'snapshot'"),
        ({"guest": lambda w: None}, "each verb is called with 'yield from'"),
        ({"host": partial(host, 1)}, "is called with one argument, the world; write def host(w)"),
        ({"host": host, "name": "snapshot"}, "no name of the debate's own"),
        ({"host": host, "name": 7}, "must be a text"),
        ({"host": looks_into_the_guest}, "it looks at w.guest, which a host cannot see"),
        ({"host": runs_over_the_bitmap}, "runs over w.host.to_send, which changes"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(given, words) -> None:
    with pytest.raises(FreepagesError, match=r"^[^\n]*$") as refused:
        proposal(**given)
    assert words in str(refused.value)


def test_no_proposal_of_the_debate_looks_across() -> None:
    for one in PROPOSALS.values():
        for which, function in (("guest", one.guest), ("host", one.host)):
            assert function is None or wrong_with(function, which) == ""


def test_a_loop_over_a_copy_is_searched() -> None:
    assert check(proposal(host=runs_over_a_copy)).verdict == "PROVED"


def test_what_is_neither_a_name_nor_a_proposal_is_refused() -> None:
    with pytest.raises(FreepagesError, match="a proposal is a name such as 'snapshot'"):
        find_proposal(7)  # type: ignore[arg-type]
