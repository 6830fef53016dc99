"""The pages that a part of a workload has for itself: a run of the set bits of a bitmap.

They lie as close together as they can: all pages of a bitmap from one on, until there are enough. So they are
a slice of its words, and what is done to them is done to a slice.
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
        chunk = int(np.searchsorted(self._upto, rank, "right"))
        before = int(self._upto[chunk - 1]) if chunk else 0
        at = chunk * CHUNK_WORDS
        words = self._words[at : at + CHUNK_WORDS]
        upto = np.cumsum(np.bitwise_count(words), dtype=np.int64)
        word = int(np.searchsorted(upto, rank - before, "right"))
        before += int(upto[word - 1]) if word else 0
        return (at + word) * 64 + int(set_bits(words[word : word + 1])[rank - before])


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

    def pfns(self) -> NDArray[np.int64]:
        """The pages, ascending."""
        return set_bits(self.words) + self.first * 64


def _slice(words: NDArray[np.uint64], lo: int, hi: int) -> NDArray[np.uint64]:
    """A copy of the words that have the bits [lo, hi), with the bits around these cleared."""
    part = words[lo >> 6 : (hi + 63) >> 6].copy()
    part[0] &= np.uint64((1 << 64) - (1 << (lo & 63)))
    part[-1] &= np.uint64((1 << ((hi - 1) & 63) + 1) - 1)
    return part
