"""Pages written at random, in bulk: a bit for each of millions of pages, at a fraction of a ns a page.

A page that gets a Poisson number of writes with mean m is written at all with probability 1 - exp(-m). Bits
of probability n / 2**k come off a ladder of k rungs, each of words whose bits are fair coins: start with 0
and go through the digits of n from the lowest, OR with the next rung for a 1, AND for a 0. What k digits
leave of m is thrown as single writes, so the probability is exact whatever k is.

A random word costs ten times as much as reading one, so a pool of them serves eight chunks of pages. Each
rung takes its words from a random place in the pool, and one more coin says whether all of them are inverted.
Two bits of a rung are two bits of the pool, and two bits of different rungs or chunks differ by an inversion:
all are independent in pairs, which makes the number of written pages vary as a binomial one does.
"""

from __future__ import annotations

from math import exp, expm1, log, log1p

import numpy as np
from numpy.typing import NDArray

from freepages.pages.bitmap import CHUNK_WORDS

Words = NDArray[np.uint64]

LN2 = log(2)
RUNGS = 16  # at most
PLACES = 512  # the rungs of a chunk start in as many words each of the pool, so no two take the same bits
POOLED = 8 * CHUNK_WORDS
THROWN = 1 << 13  # single writes at a time: what is reckoned for each fits the cache
THROW = 50  # a single write takes as long as 50 words of a rung, measured


def write_at_random(rng: np.random.Generator, mean: float, pages: Words, log: Words) -> None:
    """Set in ``log`` which of ``pages``, bits of as many words, get any of their Poisson(mean) writes."""
    # The pages that get none are drawn instead where they are fewer.
    inverted = mean > LN2
    if inverted:
        mean = -log1p(-exp(-mean))
    digits, rungs = ladder(mean)
    rest = 64 * max(mean + log1p(-digits / (1 << rungs)), 0.0)
    if not rungs and not inverted:
        _throw_all(rng, rest, pages, log)
        return
    for start in range(0, len(pages), CHUNK_WORDS):
        chunk = pages[start : start + CHUNK_WORDS]
        size = len(chunk)
        if start % POOLED == 0:
            pool = rng.integers(0, 1 << 64, size + rungs * PLACES, np.uint64)
            sides = pool, ~pool
        hit = np.zeros(size, np.uint64)
        places = rng.integers(0, 2 * PLACES, rungs).tolist()
        for rung, place in enumerate(places):
            at = rung * PLACES + place // 2
            climb = np.bitwise_or if digits >> rung & 1 else np.bitwise_and
            climb(hit, sides[place % 2][at : at + size], out=hit)
        np.bitwise_or.at(hit, *_throw(rng, rest, size))
        if inverted:
            np.invert(hit, out=hit)
        np.bitwise_and(hit, chunk, out=hit)
        np.bitwise_or(log[start : start + size], hit, out=log[start : start + size])


def _throw_all(rng: np.random.Generator, mean: float, pages: Words, log: Words) -> None:
    """The same where the writes are so few that each is thrown: Poisson(mean) to a word."""
    size = int(min(len(pages), 1 + THROWN / mean)) if mean else len(pages)
    for start in range(0, len(pages), max(1, size)):
        chunk = pages[start : start + size]
        words, bits = _throw(rng, mean, len(chunk))
        bits &= chunk[words]
        some = np.flatnonzero(bits)
        np.bitwise_or.at(log[start : start + size], words[some], bits[some])


def ladder(mean: float) -> tuple[int, int]:
    """The n and k whose n / 2**k is at most 1 - exp(-mean), with the least to do for rungs and throws."""
    best, least = (0, 0), 64 * THROW * mean
    for rungs in range(1, RUNGS + 1):
        digits = int(-expm1(-mean) * (1 << rungs))
        cost = rungs + 64 * THROW * (mean + log1p(-digits / (1 << rungs)))
        if cost < least:
            best, least = (digits, rungs), cost
    return best


def _throw(rng: np.random.Generator, mean: float, size: int) -> tuple[NDArray[np.int64], Words]:
    """Single writes, Poisson(mean) to a word, of ``size`` words: the word of each, and its page's bit."""
    at = rng.integers(0, size * 64, rng.poisson(mean * size))
    return at >> 6, np.uint64(1) << (at & 63).astype(np.uint64)
