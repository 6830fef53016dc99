"""The pages that a part of a workload has for itself.

A working set is a run of the set bits of a bitmap: its pages lie as close together as they can, all pages of
the bitmap from one on, until there are enough. So they are a slice of its words, and what is done to them is
done to a slice. Few pages that lie anywhere are scattered: each is a number.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, count_bits, set_bits


class Ranks:
    """Finds the n-th set bit of words."""

    def __init__(self, words: NDArray[np.uint64]) -> None:
        self._words = words
        chunks = range(0, len(words), CHUNK_WORDS)
        self._upto = np.cumsum([count_bits(words[at : at + CHUNK_WORDS]) for at in chunks], dtype=np.int64)

    @property
    def count(self) -> int:
        """How many bits are set."""
        return int(self._upto[-1]) if len(self._upto) else 0

    def find(self, rank: int) -> int:
        """The position of the set bit that has ``rank`` others before it."""
        return int(self.find_all(np.array([rank]))[0])

    def find_all(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The position of each of these set bits; the ranks ascend."""
        chunks = np.searchsorted(self._upto, ranks, "right")
        found = [np.empty(0, np.int64)]
        for chunk in np.unique(chunks).tolist():
            inside = ranks[chunks == chunk] - (self._upto[chunk - 1] if chunk else 0)
            words = self._words[chunk * CHUNK_WORDS : (chunk + 1) * CHUNK_WORDS]
            bits = np.bitwise_count(words)
            upto = np.cumsum(bits, dtype=np.int64)
            at = np.searchsorted(upto, inside, "right")
            inside -= upto[at] - bits[at]
            each = np.unpackbits(words[at].view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
            bit = (np.cumsum(each, axis=1) > inside[:, None]).argmax(axis=1)
            found.append((chunk * CHUNK_WORDS + at) * 64 + bit)
        return np.concatenate(found)


class WorkingSet:
    """``count`` pages, whose bits are those of ``words``; bit 0 of the first of these is page 64 * first."""

    def __init__(self, words: NDArray[np.uint64], first: int) -> None:
        self.words, self.first = words, first
        self._ranks = Ranks(words)
        self.count = self._ranks.count

    @classmethod
    def among(cls, bitmap: PageBitmap, count: int, rng: np.random.Generator) -> Self:
        """``count`` set pages of ``bitmap``, 1 or more, and no other set one between them: a random run."""
        ranks = Ranks(bitmap.words)
        rank = int(rng.integers(0, ranks.count - count, endpoint=True))
        lo, hi = ranks.find(rank), ranks.find(rank + count - 1) + 1
        return cls(_slice(bitmap.words, lo, hi), lo >> 6)

    @classmethod
    def last(cls, bitmap: PageBitmap, count: int) -> Self:
        """The last ``count`` set pages of ``bitmap``, 1 or more."""
        ranks = Ranks(bitmap.words)
        lo, hi = ranks.find(ranks.count - count), ranks.find(ranks.count - 1) + 1
        return cls(_slice(bitmap.words, lo, hi), lo >> 6)

    @classmethod
    def none(cls) -> Self:
        """No pages."""
        return cls(np.empty(0, np.uint64), 0)

    def __len__(self) -> int:
        return self.count

    def of(self, bitmap: PageBitmap) -> NDArray[np.uint64]:
        """The words of ``bitmap`` that correspond to ``words``; to write to these is to write to it."""
        return bitmap.words[self.first : self.first + len(self.words)]

    def set_in(self, bitmap: PageBitmap) -> None:
        """Set all the pages in ``bitmap``."""
        words = self.of(bitmap)
        np.bitwise_or(words, self.words, out=words)

    def clear_in(self, bitmap: PageBitmap) -> None:
        """Clear all the pages in ``bitmap``."""
        words = self.of(bitmap)
        np.bitwise_or(words, self.words, out=words)
        np.bitwise_xor(words, self.words, out=words)

    def set_some(self, bitmap: PageBitmap, start: int, stop: int) -> None:
        """Set in ``bitmap`` those pages that come start-th to (stop - 1)-th, counted from 0."""
        if start < stop:
            lo, hi = self._ranks.find(start), self._ranks.find(stop - 1) + 1
            words = self.of(bitmap)[lo >> 6 : (hi + 63) >> 6]
            np.bitwise_or(words, _slice(self.words, lo, hi), out=words)

    def at(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """Those pages that come so many-th, counted from 0; the ranks ascend."""
        return self._ranks.find_all(ranks) + self.first * 64

    def pfns(self) -> NDArray[np.int64]:
        """The pages, ascending."""
        return set_bits(self.words) + self.first * 64


TRIES = 4
"""Pages that are drawn for each that is wanted, where some are not liked."""


class ScatteredPages:
    """``count`` pages that lie anywhere, in order."""

    def __init__(self, pfns: NDArray[np.int64]) -> None:
        self._pfns = pfns

    @classmethod
    def among(
        cls, bitmap: PageBitmap, count: int, rng: np.random.Generator, but: PageBitmap | None = None
    ) -> Self:
        """``count`` set pages of ``bitmap``, 1 or more, drawn at random; none that is set in ``but``, unless
        most are."""
        ranks = Ranks(bitmap.words)
        drawn = rng.choice(ranks.count, min(ranks.count, TRIES * count), replace=False)
        order = np.argsort(drawn)
        pfns = np.empty_like(drawn)
        pfns[order] = ranks.find_all(drawn[order])
        if but is not None:
            disliked = but.bytes[pfns >> 3] >> (pfns & 7).astype(np.uint8) & 1
            pfns = pfns[np.argsort(disliked, kind="stable")]
        return cls(np.sort(pfns[:count]))

    def __len__(self) -> int:
        return len(self._pfns)

    def clear_in(self, bitmap: PageBitmap) -> None:
        """Clear all the pages in ``bitmap``."""
        at, bits = self._pfns >> 3, np.left_shift(1, self._pfns & 7).astype(np.uint8)
        np.bitwise_and.at(bitmap.bytes, at, ~bits)

    def pfns(self) -> NDArray[np.int64]:
        """The pages, ascending."""
        return self._pfns


def _slice(words: NDArray[np.uint64], lo: int, hi: int) -> NDArray[np.uint64]:
    """A copy of the words that have the bits [lo, hi), with the bits around these cleared."""
    part = words[lo >> 6 : (hi + 63) >> 6].copy()
    part[0] &= np.uint64((1 << 64) - (1 << (lo & 63)))
    part[-1] &= np.uint64((1 << ((hi - 1) & 63) + 1) - 1)
    return part
