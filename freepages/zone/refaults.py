"""What dropping the cache costs afterwards: reads that would have found their page now go to the disk.

A page that was dropped is missed once, by the first read of it; then it is in the cache again. So of all
reads to come those refault that are the first of a dropped page. Which pages those are, and what would have
been saved by dropping others, follows from the pattern of reads alone: here in bulk, and in
:meth:`freepages.zone.page_cache.PageCache.read` as a process. Left out is read-ahead, which makes reads
in a row cheaper than single ones, and reclaim: there is room for every page that comes back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from freepages.engine.errors import FreepagesError

Pages = NDArray[np.int64]


def zipf_reads(pages: int, reads: int, skew: float, seed: int) -> Pages:
    """Reads of a cache's pages 0..pages-1, some of which are read far more often than others.

    The page of rank r, from 1, is read in proportion to 1 / r**skew; 0 reads all alike. Which page has which
    rank is a matter of the seed.

    Returns
    -------
    ndarray of int64, shape (reads,)
        The page of each read.

    Examples
    --------
    >>> zipf_reads(pages=4, reads=8, skew=1.0, seed=1)
    array([0, 2, 1, 2, 1, 1, 3, 1])
    """
    if pages < 1 or reads < 0 or skew < 0:
        raise FreepagesError(f"{reads} reads of {pages} pages with skew {skew}: there must be pages to read")
    chance = np.random.default_rng(seed)
    edges = np.cumsum(np.arange(1, pages + 1, dtype=float) ** -skew)
    ranks = np.searchsorted(edges, chance.random(reads) * edges[-1], side="right")
    return chance.permutation(pages)[np.minimum(ranks, pages - 1)]


def refaults(reads: ArrayLike, dropped: ArrayLike) -> NDArray[np.bool_]:
    """Which of the reads go to the disk after the drop: the first of every page that was dropped.

    Parameters
    ----------
    reads : array_like of int, shape (n,)
        The page of each read.
    dropped : array_like of int
        The pages that were dropped.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> refaults([3, 1, 3, 2], dropped=[2, 3])
    array([ True, False, False,  True])
    """
    reads = np.asarray(reads, np.int64)
    first = np.zeros(len(reads), bool)
    first[np.unique(reads, return_index=True)[1]] = True
    return first & np.isin(reads, np.asarray(dropped, np.int64))


def coldest_first(pages: int, history: ArrayLike) -> Pages:
    """The pages in the order of their last read in `history`, those that were never read first.

    Examples
    --------
    >>> coldest_first(4, history=[3, 0, 3])
    array([1, 2, 0, 3])
    """
    last = np.full(pages, -1)
    reads = np.asarray(history, np.int64)
    last[reads] = np.arange(len(reads))  # of equal indices the last assignment stays
    return np.argsort(last, kind="stable")


def refaults_of_first(order: ArrayLike, reads: ArrayLike) -> Pages:
    """How many reads go to the disk when the first 0, 1, 2, ... pages of `order` are dropped: the
    trade-off.

    Returns
    -------
    ndarray of int64, shape (len(order) + 1,)

    Examples
    --------
    >>> refaults_of_first(order=[1, 2, 0, 3], reads=[3, 2, 2])
    array([0, 0, 1, 1, 2])
    """
    again = np.isin(np.asarray(order, np.int64), np.asarray(reads, np.int64))
    return np.concatenate(([0], np.cumsum(again)))


def gained(refaulted: Pages, page_time: float, refault: float) -> NDArray[np.float64]:
    """Seconds saved on the link, less those waited for the disk, when the first 0, 1, 2, ... pages are
    dropped.

    ``refaulted`` is of :func:`refaults_of_first`; a page takes ``page_time`` seconds of the link, a refault
    ``refault`` seconds.

    Returns
    -------
    ndarray of float64, of the shape of ``refaulted``

    Examples
    --------
    >>> gained(refaults_of_first([1, 2, 0, 3], [3, 2]), page_time=1.0, refault=5.0)
    array([ 0.,  1., -3., -2., -6.])
    """
    return np.arange(len(refaulted)) * page_time - refaulted * refault
