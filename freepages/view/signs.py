"""The signs of a picture, with what each means: the key that a reader needs.

Every kind of panel gives its own, of what is in it now; who wants the key of a run asks many of its frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Literal, NamedTuple

from freepages.view.frame import MARKS, Bits, FreeLists, PageMap, Panel, Tokens
from freepages.view.grid import tally
from freepages.view.palette import MARK_LOOKS, MIGRATETYPE_NAMES, STATES


class Sign(NamedTuple):
    """A sign and what it means; its kind is "move" (of a process or a choice), "state" or "mark"."""

    kind: Literal["move", "state", "mark"]
    sign: str
    words: str


OUTLINES = (
    Sign("mark", "dark outline", "changed by the last step"),
    Sign("mark", "blue outline", "looked at by the last step"),
)


@singledispatch
def signs(panel: Panel) -> Iterator[Sign]:
    """The signs of a panel; none where it is all in words."""
    return iter(())


@signs.register
def _(panel: PageMap) -> Iterator[Sign]:
    yield from (Sign("state", state.letter, STATES[state].words) for state in tally(panel.states))
    if len(panel.blocks):
        yield Sign("mark", "3", "on an outlined free block: its order, 2³ pages")
    types = dict.fromkeys(panel.migratetypes)
    yield from (Sign("mark", MIGRATETYPE_NAMES[t][0], f"pageblock: {MIGRATETYPE_NAMES[t]}") for t in types)
    yield from (Sign("mark", MARK_LOOKS[mark].sign, mark) for mark in MARKS if mark in panel.marks)
    yield from _lost(panel)


@signs.register
def _(panel: Bits) -> Iterator[Sign]:
    yield from (Sign("mark", "0", "the page's bit is clear"), Sign("mark", "1", "the page's bit is set"))
    if panel.absent:
        yield Sign("mark", panel.absent, "slanting lines: there are no bits now, and why")
    if panel.limit is not None:
        yield Sign("mark", "red line", "the first page that the bitmap does not cover")


@signs.register
def _(panel: Tokens) -> Iterator[Sign]:
    yield from _lost(panel)


def _lost(panel: PageMap | Tokens) -> Iterator[Sign]:
    if panel.lost:
        yield Sign("mark", "A≠B", "a page that was lost: it has A and should hold B")


@signs.register
def _(panel: FreeLists) -> Iterator[Sign]:
    yield Sign("mark", "8 → 12", "a free list from its head: the first pages of its blocks")
