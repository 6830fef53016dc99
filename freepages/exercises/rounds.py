"""Notebook 06: how many pages each round sends, and whether there is an end to it."""

from __future__ import annotations

import random
from collections.abc import Callable

from freepages.exercises.exercise import Exercise, Wrong, function
from freepages.scenarios.precopy import race, rounds

CASES = 60


def _judge(answer: Callable[..., object]) -> str:
    chance = random.Random(2016)
    ended = 0
    for _ in range(CASES):
        pages = chance.randrange(8, 65)
        hot = chance.randrange(1, pages + 1)
        sends, writes, limit = chance.randrange(1, 7), chance.randrange(5), chance.randrange(6)
        _, told = race(rounds(pages, (), range(hot)), sends, writes, limit)
        wanted = [one.pages for one in told] if told[-1].stopped else None
        given = answer(pages, hot, sends, writes, limit)
        given = [*given] if isinstance(given, (list, tuple)) else given
        if given != wanted:
            raise Wrong(
                f"mine(pages={pages}, hot={hot}, sends={sends}, writes={writes}, limit={limit}) "
                f"gives {given}; page by page it is {wanted}."
            )
        ended += wanted is not None
    return f"{CASES} guests, sent page by page, agree; {CASES - ended} of them never come to an end."


pages_per_round = Exercise(
    "Write mine(pages, hot, sends, writes, limit): a list of how many pages each round sends, the last one "
    "with the guest stopped, or None if it never gets there. The first round sends all pages. While sends "
    "pages are sent (a whole number of times), the guest writes writes pages, going round and round through "
    "its hot ones. After a round, if no more than limit pages are left, the guest is stopped for the last of "
    "them; if as many are left as the round had sent, it goes on like that for ever.",
    _judge,
    (
        "in a round of n pages the guest writes n // sends * writes times. On how many different pages?",
        "left = min(hot, n // sends * writes): it cannot dirty more pages than it has hot ones.",
        "loop: append n; left as above; if left == n: return None; if left <= limit: return [*list, left]",
    ),
    function,
)
