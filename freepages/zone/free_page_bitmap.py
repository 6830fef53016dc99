"""The free-page bitmap: a walk over the free lists of every zone, under the zone's lock.

Models mark_free_pages_bitmap() and get_free_pages(), which the balloon patch of April 2016 adds to
mm/page_alloc.c (Linux 4.6). What is on no free list is not marked: a page in use, a hole, and also a page
that is free on some CPU's own list. An unmarked page is sent although nobody needs it: to leave one out is
always safe.

Two forms of one walk:

mark_free_pages_bitmap  block by block, a process to be stepped; of all memory or of a stretch at a time
                        (`chunks`), as Tsirkin asked for: the lists are not sorted, so every chunk walks them
mark_free_blocks        the same bits from arrays of block heads, at the speed of memory: for real sizes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from freepages.engine import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.engine.later import ArrayLike, NDArray, np
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import MAX_ORDER, ORDERS, Migratetype
from freepages.zone.node import Node
from freepages.zone.zone import Zone

MARKS = Act("marks [{0}, {1}), a free block of order {2}", cost="walk_page", amount=3)
PASSES = Act("passes [{0}, {1}), which the bitmap does not cover", cost="list")

LARGEST_BLOCK = 1 << (MAX_ORDER - 1)  # pages; a chunk that begins at a multiple of it cuts no block in two
HEADS_AT_A_TIME = 1 << 14  # few enough that the temporaries stay in the first two cache levels


class Markable(Protocol):
    """What the walk needs of a bitmap: a PageBitmap, or one that lies in the guest's memory.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> class Tells:
    ...     pages = 16
    ...     def set_range(self, lo, hi): print(f"[{lo}, {hi})")
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(2, 8)
    >>> straight(mark_free_pages_bitmap(zone, Tells(), 16, max_pfn=16))
    [2, 4)
    [4, 8)
    """

    pages: int

    def set_range(self, lo: int, hi: int) -> None:
        """Set the bits [lo, hi)."""


def mark_free_pages_bitmap(
    zone: Zone, bitmap: Markable, length: int, max_pfn: int, *, start: int = 0, cpu: str = "cpu 0"
) -> Steps:
    """Mark the zone's free pages of [start, start + length) that are below max_pfn. Process.

    ``length`` is in pages (the driver's bmap_len is in bytes). Bit 0 of the bitmap is pfn ``start``, 0 in the
    patch. One step a block; the zone's lock is held from the first to the last, so the lists stand still.

    Examples
    --------
    >>> from freepages.pages.bitmap import PageBitmap
    >>> from freepages.engine import straight
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(4, 10)
    >>> bitmap = PageBitmap(16)
    >>> straight(mark_free_pages_bitmap(zone, bitmap, length=16, max_pfn=8))
    >>> list(bitmap)
    [4, 5, 6, 7]
    """
    limit = min(start + length, max_pfn)
    if start < 0 or limit - start > bitmap.pages:
        raise FreepagesError(f"pfns [{start}, {limit}) do not fit a bitmap of {bitmap.pages} pages")
    if not zone.spanned:
        return
    yield from zone.lock.acquire(cpu)
    for order in ORDERS:
        for migratetype in Migratetype:
            for pfn in zone.free_area[order].free_list[migratetype].from_head():
                low, high = max(pfn, start), min(pfn + (1 << order), limit)
                if low < high:
                    yield MARKS, low, high, order, high - low
                    bitmap.set_range(low - start, high - start)
                else:
                    yield PASSES, pfn, pfn + (1 << order)
    yield from zone.lock.release(cpu)


def get_free_pages(node: Node, bitmap: Markable, length: int, *, cpu: str = "cpu 0") -> Steps:
    """Mark the free pages of every populated zone in turn, each under its own lock. Process.

    Zones are seen at different moments, so together the bits are no snapshot of the node.

    Examples
    --------
    >>> from freepages.pages.bitmap import PageBitmap
    >>> from freepages.engine import straight
    >>> node = Node.pc(64 << 20)
    >>> bitmap = PageBitmap(node.max_pfn)
    >>> straight(get_free_pages(node, bitmap, node.max_pfn))
    >>> bitmap.count() == sum(zone.nr_free_pages for zone in node.populated_zones())
    True
    """
    for zone in node.populated_zones():
        yield from mark_free_pages_bitmap(zone, bitmap, length, node.max_pfn, cpu=cpu)


def chunks(limit: int, chunk: int) -> Iterator[tuple[int, int]]:
    """(start, length) of the pieces of [0, limit), ``chunk`` pages long but for the last.

    Examples
    --------
    >>> list(chunks(10, 4))
    [(0, 4), (4, 4), (8, 2)]
    """
    if chunk < 1:
        raise FreepagesError(f"a chunk of {chunk} pages")
    for start in range(0, limit, chunk):
        yield start, min(chunk, limit - start)


def heads_by_order(zone: Zone) -> list[NDArray[np.int64]]:
    """The first pfns of the zone's free blocks, for each order, in the order in which the walk meets them.

    Returns
    -------
    list of ndarray of int64, shape (blocks,)
        One array an order, 0 to 10.

    Examples
    --------
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(1, 8)
    >>> [heads.tolist() for heads in heads_by_order(zone)][:4]
    [[1], [2], [4], []]
    """
    return [
        np.fromiter((pfn for blocks in area.free_list for pfn in blocks.from_head()), np.int64, area.nr_free)
        for area in zone.free_area
    ]


def mark_free_blocks(
    heads_by_order: Sequence[ArrayLike],
    bitmap: PageBitmap,
    limit: int | None = None,
    *,
    start: int = 0,
    marked: int = 0,
) -> int:
    """Set the bits of the blocks' pages in [start, limit); returns how many bits the bitmap has then.

    A block of order 3 or more is whole bytes, and is stored as one item of that many bytes. Smaller blocks
    share bytes, and are added to them: their bits are disjoint, so to add is to or, and numpy's indexed add
    is fast where its indexed or is not. That they were disjoint shows in the count of bits at the end:
    neither adding to a byte nor storing over it gives as many bits as both had, unless no bit was in both.

    Parameters
    ----------
    heads_by_order : sequence of array_like of int, each of shape (blocks,)
        ``heads_by_order[order]`` holds the first pfns of the blocks of 2**order pages, in any order.
    bitmap : PageBitmap
        Bit 0 is pfn ``start``.
    limit : int, optional
        The first pfn that is not marked; where the bitmap ends, if not given.
    start : int
        A pfn, a multiple of 1024.
    marked : int
        Bits that the bitmap has already, from the lists of another zone.

    Returns
    -------
    int
        Bits.

    Raises
    ------
    FreepagesError
        For a block that is not aligned, and for a page that is listed twice or had its bit set: then the
        bitmap is void.

    Examples
    --------
    >>> from freepages.pages.bitmap import PageBitmap
    >>> bitmap = PageBitmap(32)
    >>> mark_free_blocks([[1, 7], [4], [], [8]], bitmap)
    12
    >>> list(bitmap)
    [1, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    >>> mark_free_blocks([[0]], bitmap, marked=12)
    13
    >>> mark_free_blocks([[], [], [8]], bitmap, marked=13)
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: 17 pages are listed, 8 bits are set: some page is list...
    """
    limit = start + bitmap.pages if limit is None else limit
    if start % LARGEST_BLOCK or not start <= limit <= start + bitmap.pages:
        raise FreepagesError(f"pfns [{start}, {limit}) do not fit a bitmap of {bitmap.pages} pages")
    if len(heads_by_order) > MAX_ORDER:
        raise FreepagesError(f"{len(heads_by_order)} lists of blocks: there are {MAX_ORDER} orders")
    indices = np.empty(HEADS_AT_A_TIME, np.intp)
    masks = np.empty(HEADS_AT_A_TIME, np.uint8)
    for order, listed in enumerate(heads_by_order):
        size, unit = 1 << order, max(1, (1 << order) // 8)
        units = bitmap.bytes[: len(bitmap.bytes) // unit * unit].view(f"V{unit}")
        ones = np.frombuffer(b"\xff" * unit, f"V{unit}")[0]
        heads = np.asarray(listed)
        if len(heads) and heads.dtype.kind not in "iu":
            raise FreepagesError(f"the blocks of order {order} are given as {heads.dtype}, not as integers")
        for at in range(0, len(heads), HEADS_AT_A_TIME):
            part = heads[at : at + HEADS_AT_A_TIME]
            bits = int(np.bitwise_or.reduce(part))  # every bit that any head has
            if bits & (size - 1):
                stray = part[np.flatnonzero(part & (size - 1))[0]]
                raise FreepagesError(f"block {stray} of order {order} does not begin at a multiple of {size}")
            if (start or not 0 <= bits <= limit - size) and (part.min() < start or part.max() > limit - size):
                for pfn in part[(start <= part) & (limit - size < part) & (part < limit)].tolist():
                    bitmap.set_range(pfn - start, limit - start)
                    marked += limit - pfn
                part = part[(start <= part) & (part <= limit - size)]
            marked += len(part) << order
            index = indices[: len(part)]
            index[:] = part >> max(order, 3)
            if start:
                index -= start >> max(order, 3)
            if order < 3:
                mask = masks[: len(part)]
                mask[:] = part
                mask &= 7
                np.left_shift(np.uint8((1 << size) - 1), mask, out=mask)
                np.add.at(bitmap.bytes, index, mask)
            else:
                units[index] = ones
    counted = bitmap.count()
    if counted != marked:
        raise FreepagesError(f"{marked} pages are listed, {counted} bits are set: some page is listed twice")
    return marked
