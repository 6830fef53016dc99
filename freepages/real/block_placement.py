"""Where free blocks could lie: buddyinfo counts them by order, and only kpageflags says where they are.

`synthesise` invents a place for every block. The places are not the machine's, but they obey the laws that
its own did: a block starts at a multiple of its size, lies in RAM within its zone, overlaps no other, and is
never free together with its buddy, or the two would have merged (mm/page_alloc.c, __free_one_page()). They
depend on nothing but the counts, the RAM and a seed, on any machine and with any version of NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence

from freepages.engine.errors import FreepagesError
from freepages.engine.later import NDArray, np
from freepages.pages.orders import MAX_ORDER
from freepages.pages.ranges import Pfns, Ranges, join, pages

RAM_LIMIT = 1 << 32  # pages of one zone: 16 TiB, which is 4 million blocks of order 10
BLOCK_LIMIT = 1 << 24  # blocks of the largest order, where that is a small one


def blocks_of(runs: Ranges, orders: int = MAX_ORDER) -> list[Pfns]:
    """The free blocks that maximal runs of free pages consist of: for each order the ascending first pfns.

    Where every pair of free buddies has merged there is only one way to divide a run: from either end the
    blocks grow as the alignment allows, up to the largest order.
    """
    starts, ends = runs[0].copy(), runs[1].copy()
    blocks = []
    for order in range(orders - 1):
        low = np.flatnonzero((starts >> order & 1 == 1) & (starts < ends))
        heads = starts[low]
        starts[low] += 1 << order
        high = np.flatnonzero((ends >> order & 1 == 1) & (starts < ends))
        ends[high] -= 1 << order
        blocks.append(np.sort(np.concatenate((heads, ends[high]))))
    top = orders - 1
    count = (ends - starts) >> top
    first = np.repeat(np.cumsum(count) - count, count)
    blocks.append(np.repeat(starts, count) + (np.arange(len(first)) - first << top))
    return blocks


def assumed_ram(start_pfn: int, spanned: int, present: int) -> list[tuple[int, int]]:
    """A zone's RAM where iomem does not tell, the absent pages placed as a PC has them.

    In the zone that contains 1 MiB they are the video and BIOS area right below it, elsewhere the PCI hole at
    the zone's end.
    """
    end, absent, mib = start_pfn + spanned, spanned - present, 256
    if start_pfn < mib - absent and mib < end:
        return [(start_pfn, mib - absent), (mib, end)] if absent else [(start_pfn, end)]
    return [(start_pfn, end - absent)]


def synthesise(ram: Ranges, nr_free: Sequence[int], seed: int = 0) -> list[Pfns]:
    """First pfns of free blocks, one array for each order, nr_free[order] of them, within the RAM.

    There are as many orders as counts.

    The largest blocks lie together at the end. A smaller one is half of a piece that the ones before it left
    over, and where these do not suffice, half of a piece of a larger one, spread evenly over all of them: so
    free blocks of different orders adjoin, as they do where memory was freed.

    Any choice of pieces leaves as much room for the orders below as any other (each piece of order n + 1 has
    room for just one free block of order n), so whatever any layout can hold, this one does. A FreepagesError
    says which order does not fit.
    """
    orders = len(nr_free)
    most = min(RAM_LIMIT, BLOCK_LIMIT << orders - 1)
    if pages(ram) > most:
        raise FreepagesError(f"{pages(ram)} pages of RAM, freepages places blocks in at most {most}")
    rims = blocks_of(join(*ram), orders)  # below the largest order: the pieces where RAM begins and ends
    pieces = [np.empty(0, np.int64) for _ in nr_free]  # in use as a whole, or divided for a smaller order
    heads = []
    for order in reversed(range(orders)):
        # Of two halves of a piece only one is free; at the rim of RAM a piece has no other half.
        larger = range(order + 1, orders)
        room = len(rims[order]) + sum(len(pieces[size]) << size - order - 1 for size in larger)
        if nr_free[order] > room:
            raise FreepagesError(
                f"{nr_free[order]} free blocks of order {order}, room for {room} in the RAM it lies in"
            )
        spare = max(0, len(rims[order]) - nr_free[order])
        whole = rims[order][spare:]
        pieces[order] = np.concatenate((pieces[order], rims[order][:spare]))
        heads.append(whole)
        if len(whole) < nr_free[order]:
            chosen = _choose(pieces, order + 1, nr_free[order] - len(whole), seed)
            pieces[order + 1] = np.setdiff1d(pieces[order + 1], chosen, assume_unique=True)
            side = (_mixed(chosen, seed) & np.uint64(1)).astype(np.int64) << order
            heads[-1] = np.concatenate((whole, chosen + side))
            pieces[order] = np.concatenate((pieces[order], chosen + (1 << order) - side))
    return heads[::-1]


def _choose(pieces: list[Pfns], order: int, count: int, seed: int) -> Pfns:
    """`count` pieces of the order: the ones at hand, then ones made by dividing larger pieces."""
    at_hand = np.sort(pieces[order])
    if count <= len(at_hand):
        return at_hand[_spread(len(at_hand), count, seed)]
    larger = np.concatenate(pieces[order + 1 :])
    sizes = np.repeat(range(order + 1, len(pieces)), [len(some) for some in pieces[order + 1 :]])
    by_pfn = np.argsort(larger)
    room = np.cumsum(1 << sizes[by_pfn] - order)
    rank = _spread(int(room[-1]), count - len(at_hand), seed)
    within = np.searchsorted(room, rank, "right")
    made = larger[by_pfn][within] + (rank - np.append(0, room)[within] << order)
    for size in range(len(pieces) - 1, order, -1):
        hit = np.isin(pieces[size], made >> size << size)
        halves = pieces[size][hit]
        pieces[size] = pieces[size][~hit]
        pieces[size - 1] = np.concatenate((pieces[size - 1], halves, halves + (1 << size - 1)))
    return np.concatenate((at_hand, made))


def _spread(total: int, count: int, seed: int) -> Pfns:
    """`count` different numbers below `total`, ascending: one from each of as many equal stretches."""
    step, rest = divmod(total, count)
    edges = np.arange(count + 1) * step + np.arange(count + 1) * rest // count
    return edges[:-1] + (_mixed(edges[:-1], seed) % np.diff(edges).astype(np.uint64)).astype(np.int64)


def _mixed(numbers: Pfns, seed: int) -> NDArray[np.uint64]:
    """A hash of each number (the finaliser of splitmix64), the same on every machine."""
    mixed = numbers.astype(np.uint64) + np.uint64((seed + 1) * 0x9E37_79B9_7F4A_7C15 % (1 << 64))
    mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58_476D_1CE4_E5B9)
    mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D0_49BB_1331_11EB)
    return mixed ^ mixed >> np.uint64(31)
