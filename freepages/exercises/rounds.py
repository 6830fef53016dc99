"""Notebook 06: how many pages each round sends; and the rule of it, to be written."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from itertools import pairwise

from freepages.exercises.exercise import Exercise, function, same_everywhere
from freepages.exercises.prediction import Forecast
from freepages.scenarios.precopy import race, rounds

_SIXTEEN = "The guest writes 16 times in the first round. How many different pages are these?"
_FREE_TOO = "That leaves out the free pages. But nobody has told the host which they are."
_LAST = "What is sent after the stop is the last round. Nothing comes after it."
_SHORTER = "The second round is shorter than the first. How often does the guest write in it?"
prediction = Forecast(
    lambda told: [one.pages for one in told],
    why="The guest writes once for each four pages sent, and to no more than its twelve pages.",
    wrong={
        **dict.fromkeys(((64, 16, 4, 1), (64, 16, 4), (64, 16, 3), (64, 16)), _SIXTEEN),
        (64, 24): "Of the 24 pages in use the guest writes to twelve only.",
        (64, 12): "The pages that are left when the guest stops are sent too.",
        **dict.fromkeys(((24, 12, 3), (24, 6, 1), (24, 6), (24, 6, 3)), _FREE_TOO),
        **dict.fromkeys(((64, 12, 3, 0), (64, 12, 3, 1), (64, 12, 3, 3)), _LAST),
        **dict.fromkeys(((64, 12, 12), (64, 12, 12, 12), (64, 12, 0)), _SHORTER),
    },
)
"""The pages that each round sends, of rounds that `race` gives."""


GUESTS = 60

Rule = Callable[[int, int, int, int], object]
"""next_round(left, hot, sends, writes)"""

LIKELY: Mapping[str, Rule] = {
    "You count writes. The log has one bit a page, and the guest writes to its hot pages only.": (
        lambda left, hot, sends, writes: left // sends * writes
    ),
    "The hot pages are the most that a round can have. A short round leaves time for fewer writes.": (
        lambda left, hot, sends, writes: hot
    ),
    "It is the other way round: the guest writes `writes` times while `sends` pages are sent.": (
        lambda left, hot, sends, writes: min(hot, left // writes * sends)
    ),
    "The guest writes after each whole group of `sends` pages. A rest of fewer does not count: use //.": (
        lambda left, hot, sends, writes: min(hot, left * writes / sends)
    ),
    "The guest writes after each whole group of `sends` pages. Count whole groups: / gives parts, // not.": (
        lambda left, hot, sends, writes: min(hot, left / sends * writes)
    ),
    "A rest of fewer than `sends` pages does not count: round down, with //.": (
        lambda left, hot, sends, writes: min(hot, -(-left // sends) * writes)
    ),
    "The hot pages are the most that a round can have: the smaller of the two numbers counts.": (
        lambda left, hot, sends, writes: max(hot, left // sends * writes)
    ),
    "First count all writes. The hot pages limit these, and not the groups of `sends` pages.": (
        lambda left, hot, sends, writes: min(hot, left // sends) * writes
    ),
    "That leaves out how fast the guest writes: `writes` times for each group of `sends` pages.": (
        lambda left, hot, sends, writes: min(hot, left)
    ),
    "The guest writes after each whole group of `sends` pages: divide first, and multiply then.": (
        lambda left, hot, sends, writes: min(hot, left * writes // sends)
    ),
    "The log has one bit a page, so a round has no more pages than are hot. Divide first, too.": (
        lambda left, hot, sends, writes: left * writes // sends
    ),
}
"""Likely mistakes, by what to say of them."""


def cases() -> dict[tuple[int, int, int, int], int]:
    """Rounds of many guests, sent page by page: what next_round is given -> the pages of the next round."""
    chance, found = random.Random(2016), dict[tuple[int, int, int, int], int]()
    for _ in range(GUESTS):
        pages = chance.randrange(8, 65)
        hot = chance.randrange(1, pages + 1)
        sends, writes, limit = chance.randrange(1, 7), chance.randrange(1, 5), chance.randrange(6)
        _, told = race(rounds(pages, (), range(hot)), sends, writes, limit)
        sizes = [one.pages for one in told] + [told[-1].pages] * (not told[-1].stopped)
        found |= {(left, hot, sends, writes): after for left, after in pairwise(sizes)}
    return found


def _judge(answer: Rule) -> str:
    found = cases()
    same_everywhere(answer, "next_round", found, LIKELY)
    return f"{len(found)} rounds of {GUESTS} guests, sent page by page, are as long as you say."


next_round = Exercise(
    "Write next_round(left, hot, sends, writes): how many pages the next round has to send. The round before "
    "sent `left` pages. After each `sends` pages the guest writes `writes` times. It writes to its hot pages "
    "in turn, round and round; it has `hot` of them.",
    _judge,
    (
        "how often does the guest write while `left` pages are sent? Only whole groups of `sends` count.",
        "left // sends * writes is the number of writes. How many different pages can that be, at most?",
        "min(hot, left // sends * writes)",
    ),
    function,
)
