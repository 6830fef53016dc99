"""What differs between two frames: as sentences old → new, and as what a drawing outlines.

This is the one place where frames are compared; the picture, the log and the text form all read what is found
here. A kind of panel says how two of it differ in a function that is registered on :func:`differences`.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import singledispatch
from typing import NamedTuple

from freepages.view.frame import Bits, Facts, Frame, FreeLists, Locks, PageMap, Panel, State, Tokens
from freepages.view.grid import Map
from freepages.view.palette import MIGRATETYPE_NAMES, STATES

MOST = 6
PAGES, BLOCKS, TOKENS = "pages", "free blocks", "tokens"
"""The parts of a map beside its marks."""

_SET = re.compile(rb"[^\0]+")
_STATES = bytes(State)

Range = tuple[int, int]
Marked = dict[Hashable, list[Range]]
"""What of a panel changed: the part and, in a map, its pages as ranges [lo, hi)."""


class Change(NamedTuple):
    """One difference: a sentence, or "" where another panel or the step says it; and of what it is.

    part    a mark's or lock's or fact's name, (order, migratetype, pfn) of a list's entry, a cell of a ring
    ranges  the pages, in a map
    """

    says: str
    part: Hashable
    ranges: Sequence[Range] = ()


class Changes(NamedTuple):
    """All that differs: the sentences, and what changed of each panel of the later frame."""

    said: tuple[str, ...] = ()
    marked: tuple[Marked, ...] = ()


def changes(before: Frame, after: Frame) -> Changes:
    """How `after` differs from `before`; of a panel that `before` has not, nothing is marked."""
    memories = sum(isinstance(panel, PageMap) for panel in after.panels)
    said: list[str] = []
    marked: list[Marked] = []
    for old, new in _pairs(before, after):
        prefix = f"{new.name}: " if isinstance(new, PageMap) and memories > 1 else ""
        marks: Marked = {}
        for says, part, ranges in differences(new, old) if old is not None else ():
            said += [prefix + says] * bool(says)
            marks.setdefault(part, []).extend(ranges)
        marked.append(marks)
    return Changes(tuple(said), tuple(marked))


def shortened(said: Sequence[str], most: int = MOST) -> list[str]:
    """At most so many sentences, and how many more there are."""
    more = len(said) - most
    return [*said[:most], *([f"and {more} more change{'s' * (more > 1)}"] if more > 0 else ())]


def _pairs(before: Frame, after: Frame) -> Iterator[tuple[Panel | None, Panel]]:
    """Each panel of `after` with that of `before` of the same type and name."""
    olds: dict[object, list[Panel]] = {}
    for old in before.panels:
        olds.setdefault((type(old), getattr(old, "name", "")), []).append(old)
    for new in after.panels:
        left = olds.get((type(new), getattr(new, "name", "")))
        yield left.pop(0) if left else None, new


@singledispatch
def differences(new: Panel, old: Panel) -> Iterator[Change]:
    """How two panels of one type and name differ."""
    raise TypeError(f"no differences are known for {type(new).__name__}")


# -- maps


def _moved(new: Map, old: Map, name: str) -> Iterator[Change]:
    if (new.start, new.pages) != (old.start, old.pages):
        yield Change(f"{name} [{old.start}, {old.end}) → [{new.start}, {new.end})", PAGES)


def runs_of(where: bytes, start: int) -> list[Range]:
    """The maximal runs [lo, hi) of bytes that are not 0, as pfns."""
    return [(start + run.start(), start + run.end()) for run in _SET.finditer(where)]


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same pages as ranges that neither touch nor overlap, in order."""
    found: list[Range] = []
    for lo, hi in sorted(ranges):
        if found and lo <= found[-1][1]:
            found[-1] = found[-1][0], max(hi, found[-1][1])
        else:
            found.append((lo, hi))
    return found


def spoken(runs: Iterable[Range]) -> str:
    """The first few of these runs of pages."""
    runs = [*runs]
    said = [f"[{lo}, {hi})" if hi > lo + 1 else str(lo) for lo, hi in runs[:MOST]]
    return ", ".join(said) + f" and {len(runs) - MOST} more" * (len(runs) > MOST)


def _pages(runs: Sequence[Range]) -> str:
    one = len(runs) == 1 and runs[0][1] == runs[0][0] + 1
    return f"page{'s' * (not one)} {spoken(runs)}"


def _flips(name: str, start: int, old: bytes, new: bytes, part: str) -> Iterator[Change]:
    by_pair = _by_pair(old, new, b"\0\1", start)
    for pair in ((0, 1), (1, 0)):
        if runs := by_pair.get(pair):
            yield Change(f"{name} {spoken(runs)}: {pair[0]} → {pair[1]}", part, runs)


def _by_pair(old: bytes, new: bytes, codes: bytes, start: int) -> dict[tuple[int, int], list[Range]]:
    """The pages that differ, as maximal runs, by what they were and what they are: of `codes`, at most 16.

    Both are written into one byte a page, as large numbers, so that no page is looked at alone.
    """
    upper, lower = (
        int.from_bytes(pages.translate(bytes.maketrans(codes, bytes(place * n for n in range(len(codes))))))
        for pages, place in ((old, 16), (new, 1))
    )
    both = (upper | lower).to_bytes(len(new))
    found: dict[tuple[int, int], list[Range]] = {}
    for pair in set(both):
        was, now = divmod(pair, 16)
        if was != now:
            only = bytes(pair) + b"\1" + bytes(255 - pair)
            found[codes[was], codes[now]] = runs_of(both.translate(only), start)
    return found


def _texts(old: Sequence[str], new: Sequence[str], start: int) -> Iterator[tuple[str, str, list[Range]]]:
    """(before, after, pages) of the texts of a page each that differ."""
    pairs = [*zip(old, new, strict=True)]
    for a, b in dict.fromkeys(pairs):
        if a != b:
            yield a, b, runs_of(bytes(pair == (a, b) for pair in pairs), start)


def _losses(new: PageMap | Tokens, old: PageMap | Tokens, part: str, name: str) -> Iterator[Change]:
    for pfn, token in new.lost.items():
        if old.lost.get(pfn) != token:
            yield Change(f"{name}page {pfn} lost its content: it should hold {token}", part, [(pfn, pfn + 1)])


@differences.register
def _(new: PageMap, old: PageMap) -> Iterator[Change]:
    if moved := [*_moved(new, old, "pages")]:
        yield from moved
        return
    by_pair = _by_pair(old.states, new.states, _STATES, new.start)
    for pair, runs in sorted(by_pair.items(), key=lambda item: item[1]):
        was, now = (STATES[State(state)].words for state in pair)
        yield Change(f"{_pages(runs)}: {was} → {now}", PAGES, runs)
    # That a block was split or merged is said by the free lists and by the step.
    blocks = sorted({*new.blocks} - {*old.blocks})
    yield from (Change("", BLOCKS, [(pfn, pfn + (1 << order))]) for pfn, order in blocks)
    for mark, bits in new.marks.items():
        yield from _flips(mark, new.start, old.marks.get(mark, bytes(len(bits))), bits, mark)
    if len(new.tokens) == len(old.tokens):
        for a, b, runs in _texts(old.tokens, new.tokens, new.start):
            holds = "holds" if len(runs) == 1 and runs[0][1] == runs[0][0] + 1 else "hold"
            yield Change(f"{_pages(runs)} {holds} {a or 'nothing'} → {b or 'nothing'}", TOKENS, runs)
    yield from _losses(new, old, TOKENS, "")


@differences.register
def _(new: Bits, old: Bits) -> Iterator[Change]:
    if moved := [*_moved(new, old, new.name)]:
        yield from moved
        return
    if new.absent != old.absent:
        was, now = (
            panel.absent or {"off": "on"}.get(other.absent, "there")
            for panel, other in ((old, new), (new, old))
        )
        yield Change(f"{new.name}: {was} → {now}", PAGES, [(new.start, new.end)])
    if not new.absent:
        part = PAGES if not old.absent else ""  # all of it is marked
        yield from _flips(new.name, new.start, old.bits, new.bits, part)
    if new.limit != old.limit:
        yield Change(f"{new.name}'s limit: {old.limit} → {new.limit}", "limit")


@differences.register
def _(new: Tokens, old: Tokens) -> Iterator[Change]:
    if moved := [*_moved(new, old, new.name)]:
        yield from moved
        return
    for a, b, runs in _texts(old.tokens, new.tokens, new.start):
        yield Change(f"{new.name} {spoken(runs)}: {a or 'none'} → {b or 'none'}", PAGES, runs)
    yield from _losses(new, old, PAGES, f"{new.name}: ")


# -- the other panels


@differences.register
def _(new: FreeLists, old: FreeLists) -> Iterator[Change]:
    for order, (a, b) in enumerate(zip(old.nr_free, new.nr_free, strict=False)):
        whole = _whole(old, order) and _whole(new, order)
        if whole:
            yield from _moves(order, new, old)
        if a != b:
            yield Change("" if whole else f"order {order}: nr_free {a} → {b}", order)


def _whole(panel: FreeLists, order: int) -> bool:
    """Whether the lists of an order are given to their ends."""
    return sum(len(pfns) for (o, _), pfns in panel.lists.items() if o == order) == panel.nr_free[order]


def _moves(order: int, new: FreeLists, old: FreeLists) -> Iterator[Change]:
    types = sorted({m for o, m in (*old.lists, *new.lists) if o == order})
    for migratetype in types:
        a, b = (panel.lists.get((order, migratetype), ()) for panel in (old, new))
        name = f"order {order} {MIGRATETYPE_NAMES[migratetype]}"
        for pfn in a:
            if pfn not in b:
                yield Change(f"{name}: {pfn} leaves", (order, migratetype))
        for at, pfn in enumerate(b):
            if pfn not in a:
                place = "at the head" if at == 0 else "at the tail" if at == len(b) - 1 else "in between"
                yield Change(f"{name}: {pfn} joins {place}", (order, migratetype, pfn))


@differences.register
def _(new: Locks, old: Locks) -> Iterator[Change]:
    before = {lock.name: lock for lock in old.rows}
    for at, lock in enumerate(new.rows):
        same_row = at < len(old.rows) and old.rows[at].name == lock.name
        was = old.rows[at] if same_row else before.get(lock.name, lock)
        if was.holder != lock.holder:
            yield Change(f"{lock.name}: {was.holder or 'free'} → {lock.holder or 'free'}", lock.name)
        for waiter in lock.waiters:
            if waiter not in was.waiters:
                yield Change(f"{lock.name}: {waiter} waits", lock.name)


@differences.register
def _(new: Facts, old: Facts) -> Iterator[Change]:
    for name, value in new.rows.items():
        was = old.rows.get(name, "–")
        if was != value:
            yield Change(f"{name}: {was} → {value}", name)
    yield from (Change(f"{name}: {was} → –", name) for name, was in old.rows.items() if name not in new.rows)
