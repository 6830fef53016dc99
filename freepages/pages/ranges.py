"""Ranges of pfns, [start, end): a few as pairs, millions as two arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from freepages.engine.later import NDArray, np

if TYPE_CHECKING:
    Pfns = NDArray[np.int64]
else:
    Pfns = Any  # a name that is said is no reason to load numpy

Pairs = tuple[tuple[int, int], ...]
Ranges = tuple[Pfns, Pfns]  # starts and ends, ascending, not overlapping


def merge(pairs: Iterable[tuple[int, int]]) -> Pairs:
    """The pages of any ranges, as ascending ranges that neither overlap nor touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(pairs):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif start < end:
            merged.append((start, end))
    return tuple(merged)


def spans(pages: Iterable[int]) -> str:
    """``"3, 8-11"``"""
    runs = merge((pfn, pfn + 1) for pfn in pages)
    return ", ".join(str(start) if end == start + 1 else f"{start}-{end - 1}" for start, end in runs)


def arrays(pairs: Sequence[tuple[int, int]]) -> Ranges:
    """Pairs (start, end) as two arrays."""
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def pairs(ranges: Ranges) -> list[tuple[int, int]]:
    """Two arrays as pairs (start, end)."""
    return list(zip(ranges[0].tolist(), ranges[1].tolist(), strict=True))


def join(starts: Pfns, ends: Pfns) -> Ranges:
    """Ranges that do not overlap, in any order, as maximal runs: ascending, touching ones made one."""
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], ends[order]
    apart = starts[1:] != ends[:-1]
    return starts[np.append(True, apart)[: len(starts)]], ends[np.append(apart, True)[: len(ends)]]


def intersect(these: Ranges, those: Ranges) -> Ranges:
    """The pages that lie in both."""
    first = np.searchsorted(those[1], these[0], "right")
    last = np.searchsorted(those[0], these[1], "left")
    meets = np.maximum(last - first, 0)
    mine = np.repeat(np.arange(len(meets)), meets)
    other = np.arange(len(mine)) - np.repeat(np.cumsum(meets) - meets - first, meets)
    return np.maximum(these[0][mine], those[0][other]), np.minimum(these[1][mine], those[1][other])


def without(these: Ranges, those: Ranges) -> Ranges:
    """The pages that lie in these and not in those."""
    end = np.iinfo(np.int64).max
    starts, ends = intersect(these, (np.append(0, those[1]), np.append(those[0], end)))
    return starts[starts < ends], ends[starts < ends]


def pages(ranges: Ranges) -> int:
    """How many pages lie in the ranges."""
    return int((ranges[1] - ranges[0]).sum())
