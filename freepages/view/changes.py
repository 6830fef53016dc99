"""What differs between two frames, as sentences old → new."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from freepages.view.frame import Bits, Facts, Frame, FreeLists, Locks, PageMap, Panel, Tokens
from freepages.view.grid import Map
from freepages.view.palette import MIGRATETYPE_NAMES

MOST = 6


def changes(before: Frame, after: Frame, most: int = MOST) -> list[str]:
    """One sentence for each difference, `most` of them at most; none where the frames are equal."""
    memories = sum(isinstance(panel, PageMap) for panel in after.panels)
    sentences: list[str] = []
    for old, new in _pairs(before, after):
        prefix = f"{new.name}: " if isinstance(new, PageMap) and memories > 1 else ""
        sentences += (prefix + sentence for sentence in islice(differences(new, old), most + 1))
    return sentences if len(sentences) <= most else [*sentences[:most], "and more"]


def _pairs(before: Frame, after: Frame) -> Iterator[tuple[Panel, Panel]]:
    """Each panel of `after` with that of `before` of the same type and name."""
    olds: dict[object, list[Panel]] = {}
    for old in before.panels:
        olds.setdefault((type(old), getattr(old, "name", "")), []).append(old)
    for new in after.panels:
        if left := olds.get((type(new), getattr(new, "name", ""))):
            yield left.pop(0), new


def _same_pages(new: Map, old: Panel | None) -> bool:
    return isinstance(old, type(new)) and (new.start, new.pages) == (old.start, old.pages)


def _runs(where: NDArray[np.bool_], start: int) -> Iterator[tuple[int, int]]:
    """The maximal runs [lo, hi) of what is set, as pfns."""
    edges = np.flatnonzero(np.diff(where, prepend=False, append=False)) + start
    yield from ((int(lo), int(hi)) for lo, hi in zip(edges[0::2], edges[1::2], strict=True))


def _pages(lo: int, hi: int) -> str:
    return f"page {lo}" if hi == lo + 1 else f"pages [{lo}, {hi})"


@singledispatch
def differences(new: Panel, old: Panel) -> Iterator[str]:
    """The sentences about two panels of one type and name."""
    return iter(())


@differences.register
def _(new: PageMap, old: PageMap) -> Iterator[str]:
    if not _same_pages(new, old):
        yield f"pages [{old.start}, {old.end}) → [{new.start}, {new.end})"
        return
    pairs = old.states.astype(np.uint16) << 8 | new.states
    changed = np.where(old.states != new.states, pairs, 0)
    edges = np.flatnonzero(np.diff(changed, prepend=np.uint16(0))).tolist()
    for lo, hi in pairwise([*edges, new.pages]):
        if pair := int(changed[lo]):
            yield f"{_pages(new.start + lo, new.start + hi)}: {chr(pair >> 8)} → {chr(pair & 255)}"
    for mark, bits in new.marks.items():
        yield from _flips(mark, new.start, old.marks.get(mark, np.zeros(len(bits), bool)), bits)
    if new.tokens != old.tokens and len(new.tokens) == len(old.tokens):
        for pfn, (a, b) in enumerate(zip(old.tokens, new.tokens, strict=True), new.start):
            if a != b:
                yield f"page {pfn} holds {a or 'nothing'} → {b or 'nothing'}"
    for pfn, token in new.lost.items():
        if old.lost.get(pfn) != token:
            yield f"page {pfn} lost its content: it should hold {token}"


@differences.register
def _(new: Bits, old: Bits) -> Iterator[str]:
    if not _same_pages(new, old):
        yield f"{new.name} of [{old.start}, {old.end}) → of [{new.start}, {new.end})"
        return
    yield from _flips(new.name, new.start, old.bits, new.bits)
    if new.limit != old.limit:
        yield f"{new.name}'s limit: {old.limit} → {new.limit}"


@differences.register
def _(new: Tokens, old: Tokens) -> Iterator[str]:
    if not _same_pages(new, old):
        yield f"{new.name} of [{old.start}, {old.end}) → of [{new.start}, {new.end})"
        return
    pairs = [*zip(old.tokens, new.tokens, strict=True)]
    for a, b in dict.fromkeys(pairs):
        if a != b:
            where = np.array([pair == (a, b) for pair in pairs])
            yield f"{new.name} {_ranges([*_runs(where, new.start)])}: {a or 'none'} → {b or 'none'}"
    for pfn, token in new.lost.items():
        if old.lost.get(pfn) != token:
            yield f"{new.name}: page {pfn} lost its content: it should have {token}"


def _flips(name: str, start: int, old: NDArray[np.bool_], new: NDArray[np.bool_]) -> Iterator[str]:
    for value in (True, False):
        if runs := [*_runs((new != old) & (new == value), start)]:
            yield f"{name} {_ranges(runs)}: {int(not value)} → {int(value)}"


def _ranges(runs: list[tuple[int, int]]) -> str:
    """The first few of these runs of pages."""
    said = [f"[{lo}, {hi})" if hi > lo + 1 else str(lo) for lo, hi in runs]
    return ", ".join(said[:MOST]) + f" and {len(said) - MOST} more" * (len(said) > MOST)


@differences.register
def _(new: FreeLists, old: FreeLists) -> Iterator[str]:
    for order, (a, b) in enumerate(zip(old.nr_free, new.nr_free, strict=False)):
        if _whole(old, order) and _whole(new, order):
            yield from _moves(order, new, old)
        elif a != b:
            yield f"order {order}: nr_free {a} → {b}"


def _whole(panel: FreeLists, order: int) -> bool:
    """Whether the lists of an order are given to their ends."""
    return sum(len(pfns) for (o, _), pfns in panel.lists.items() if o == order) == panel.nr_free[order]


def _moves(order: int, new: FreeLists, old: FreeLists) -> Iterator[str]:
    types = sorted({m for o, m in (*old.lists, *new.lists) if o == order})
    for migratetype in types:
        a, b = (panel.lists.get((order, migratetype), ()) for panel in (old, new))
        name = f"order {order} {MIGRATETYPE_NAMES[migratetype]}"
        for pfn in a:
            if pfn not in b:
                yield f"{name}: {pfn} leaves"
        for at, pfn in enumerate(b):
            if pfn not in a:
                place = "at the head" if at == 0 else "at the tail" if at == len(b) - 1 else "in between"
                yield f"{name}: {pfn} joins {place}"


@differences.register
def _(new: Locks, old: Locks) -> Iterator[str]:
    before = {lock.name: lock for lock in old.rows}
    for lock in new.rows:
        if lock.name in before and before[lock.name].holder != lock.holder:
            yield f"{lock.name}: {before[lock.name].holder or 'free'} → {lock.holder or 'free'}"


@differences.register
def _(new: Facts, old: Facts) -> Iterator[str]:
    for name, value in new.rows.items():
        if name in old.rows and old.rows[name] != value:
            yield f"{name}: {old.rows[name]} → {value}"
