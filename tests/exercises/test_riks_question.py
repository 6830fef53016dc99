"""Every order of the five things is judged by a search, and two of those that can be are safe."""

from itertools import permutations

import pytest

from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.exercises.riks_question import WORDS, another_order, in_order
from freepages.scenarios.debate import debate
from freepages.search.fast import explore


def possible():
    for order in permutations(WORDS):
        try:
            yield order, explore(debate(in_order(order)))
        except FreepagesError:
            continue


def test_an_order_is_safe_if_the_log_is_on_before_asking_and_no_sync_comes_before_clearing_what_was_asked():
    found = dict(possible())
    assert len(found) == 10
    for order, search in found.items():
        log, ask, _, clear, sync = (order.index(word) for word in WORDS)
        assert (search.verdict == "PROVED") == (log < ask and not ask < sync < clear), order


def test_the_schedule_that_is_told_loses_a_page():
    remark = another_order.check("ask, wait, log on, clear, sync")
    assert remark.right is False
    schedule = remark.text.split("after ")[1].split(" (")[0]
    assert Run(debate(in_order("ask, wait, log on, clear, sync")), schedule).world.lost


def test_the_shortest_way_of_lis_own_order_is_none_and_it_is_not_another():
    remark = another_order.check(list(WORDS))
    assert remark.right is False and "Li's order" in remark.text


def test_the_last_hint_leads_to_a_right_answer_and_the_dots_are_none():
    assert another_order.check(another_order.hints[-1]).right
    assert another_order.check(another_order.hints[-1].replace(",", " ·")).right
    assert another_order.check(...).right is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("wait, ask, log on, clear, sync", "wait before ask"),
        ("log on, ask, clear, wait, sync", "no answer yet"),
        ("sync, log on, ask, wait, clear", "a log that is off"),
        ("log on, ask, wait, clear", "each of log on, ask"),
        ("log on, ask, ask, wait, clear, sync", "each of log on, ask"),
        ("logon, sync, ask, wait, clear", "and not 'logon'"),
        ("ask, log on, wait, clear, sync", "before the log is on"),
        ("ask, wait, log on, clear, sync", "before the log is on"),
        ("log on, ask, sync, wait, clear", "between the request and the clearing"),
        ("log on, ask, wait, sync, clear", "between the request and the clearing"),
        (7, "not 7"),
        ([7], "it ends with"),
    ],
)
def test_what_cannot_be_is_told_why(answer, words):
    remark = another_order.check(answer)
    assert remark.right is False and words in remark.text and "\n" not in remark.text
