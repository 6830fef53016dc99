"""A zone of the buddy allocator: free_area, split and merge, under the zone's lock.

Models mm/page_alloc.c of Linux 4.6: __rmqueue with its fallback and stealing, expand, __free_one_page, and
the callers that take zone->lock around them. The functions carry the kernel's names (its two leading
underscores, which mean that the lock is held, are ``_locked`` here) and stand in its order, so that the two
can be read side by side. Each is a process of the engine; what it announces is what a learner
steps through.

A block of order o is 2**o pages that begin at a multiple of 2**o. Its buddy differs from it in exactly that
one bit of the pfn, so finding it is one xor, and together they begin where the lower of the two does. All
else is book-keeping: which free blocks there are, by order and by migratetype.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from freepages.engine import DROPS_LOCK, TAKES_LOCK, Act, Lock, Steps, straight
from freepages.pages.orders import FALLBACKS, MAX_ORDER, ORDERS, PAGEBLOCK_ORDER, Migratetype, check_order
from freepages.zone.free_area import FreeArea, FreeList, aligned_blocks
from freepages.zone.span import Span

MOVABLE, HIGHATOMIC, CMA, ISOLATE = (
    Migratetype.MOVABLE, Migratetype.HIGHATOMIC, Migratetype.CMA, Migratetype.ISOLATE
)  # fmt: skip

TAKES_BLOCK = Act("takes block {0} off the list of order {1}", cost="list")
SPLITS = Act("splits off the upper half: block {0} of order {1}", cost="list")
MERGES = Act("merges {0} with its free buddy {1}, order {2}", cost="list")
PUTS_FIRST = Act("puts block {0} first on the list of order {1}", cost="list")
PUTS_LAST = Act("puts block {0} last on the list of order {1}, since the buddy above it is free", cost="list")
STEALS = Act("moves block {0} of order {1} to the lists of {2.name}", cost="list")
CLAIMS = Act("makes {2.name} of the pageblocks in [{0}, {1})", cost="list")
RESERVES = Act("reserves the pageblock of {0} for atomic allocations of order 1 and above", cost="list")
FINDS_NOTHING = Act("finds no block of order {0} or above", cost="list")


class Zone(Span):
    """A zone: the pages [start_pfn, start_pfn + spanned) and the lists of those that are free.

    A new zone manages no memory; :meth:`add_memory` gives it ranges, and what it is never given is a hole.
    ``pageblock_order`` is 9 in a real x86 kernel; a small zone for the classroom takes a smaller one.

    free_area[order].free_list[migratetype] holds the blocks, free_area[order].nr_free counts them;
    ``nr_free_pages`` is the kernel's NR_FREE_PAGES of the zone, which leaves out the pages of isolated
    pageblocks; ``nr_reserved_highatomic`` is the size of the pageblocks kept for atomic allocations.
    ``used`` maps the first pfn of every block that was handed out to its order and the letter of its use. The
    kernel keeps no such map; it is how a double free is told here. ``pageset`` has each CPU's own lists of
    single pages, which percpu.py fills and drains.

    Parameters
    ----------
    name : str
    start_pfn, spanned : int
        The first page, and how many pages from it on, holes included.
    node : int
        The node that the zone is of.
    pageblock_order : int
        A pageblock has ``2**pageblock_order`` pages.

    Examples
    --------
    >>> zone = Zone("Normal", 0, 16)
    >>> zone.add_memory(0, 16)
    >>> straight(zone.rmqueue(1))
    0
    >>> zone
    Zone('Normal', [0, 16), 14 of 16 free)
    >>> zone.nr_free()
    [0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]
    >>> straight(zone.free(0, 1)); zone.nr_free()[4]
    1
    >>> straight(zone.free(0, 1))
    Traceback (most recent call last):
        ...
    freepages.zone.span.ZoneError: zone Normal: cannot free pfn 0 with order 1: it is free already
    """

    def __init__(
        self,
        name: str,
        start_pfn: int,
        spanned: int,
        *,
        node: int = 0,
        pageblock_order: int = PAGEBLOCK_ORDER,
    ):
        super().__init__(name, start_pfn, spanned)
        self.node = node
        self.pageblock_order = check_order(pageblock_order)
        self.lock = Lock(f"zone {name}'s lock")
        self.free_area = [FreeArea(order) for order in ORDERS]
        self.nr_free_pages = 0
        self.nr_reserved_highatomic = 0
        self.used: dict[int, tuple[int, str]] = {}
        self.pageset: dict[str, list[FreeList]] = {}
        self._list_of: dict[int, FreeList] = {}
        first, last = start_pfn >> pageblock_order, (start_pfn + spanned - 1) >> pageblock_order
        self._pageblock_type = bytearray([MOVABLE]) * (last - first + 1)

    # -- pages and pageblocks

    def pageblock(self, pfn: int) -> int:
        """The number of the pageblock of a pfn, from 0 at the zone's start."""
        return (pfn >> self.pageblock_order) - (self.start_pfn >> self.pageblock_order)

    def pageblock_migratetype(self, pfn: int) -> int:
        """get_pageblock_migratetype(): the migratetype of the pageblock of a pfn."""
        return self._pageblock_type[self.pageblock(pfn)]

    def set_pageblock_migratetype(self, start: int, end: int, migratetype: Migratetype) -> None:
        """Make the pageblocks of [start, end) of a migratetype; their lists stay."""
        for block in range(self.pageblock(start), self.pageblock(end - 1) + 1):
            self._pageblock_type[block] = migratetype

    def has_isolate_pageblock(self) -> bool:
        """Whether any pageblock is isolated."""
        return ISOLATE in self._pageblock_type

    # -- the lists

    def _link(self, pfn: int, order: int, migratetype: int, *, tail: bool = False) -> None:
        area = self.free_area[order]
        blocks = self._list_of[pfn] = area.free_list[migratetype]
        if tail:
            blocks.add_tail(pfn)
        else:
            blocks.add(pfn)
        area.nr_free += 1

    def _unlink(self, pfn: int) -> None:
        blocks = self._list_of.pop(pfn)
        del blocks[pfn]
        self.free_area[blocks.order].nr_free -= 1

    def _is_free(self, pfn: int, order: int) -> bool:
        """page_is_buddy: a free block of just this order begins here."""
        blocks = self._list_of.get(pfn)
        return blocks is not None and blocks.order == order

    # -- allocation

    def rmqueue_locked(self, order: int, migratetype: Migratetype) -> Steps:
        """A block of that order, or None; the zone's lock is held, and the caller counts nr_free_pages."""
        pfn = yield from self._rmqueue_smallest(order, migratetype)
        if pfn is None and migratetype == MOVABLE:
            pfn = yield from self._rmqueue_smallest(order, CMA)
        if pfn is None:
            pfn = yield from self._rmqueue_fallback(order, migratetype)
        return pfn

    def _rmqueue_smallest(self, order: int, migratetype: Migratetype) -> Steps:
        for current_order in range(order, MAX_ORDER):
            blocks = self.free_area[current_order].free_list[migratetype]
            if blocks:
                pfn = blocks.head()
                yield TAKES_BLOCK, pfn, current_order
                self._unlink(pfn)
                if current_order > order:
                    yield from self._expand(pfn, order, current_order, migratetype)
                return pfn
        return None

    def _expand(self, pfn: int, low: int, high: int, migratetype: Migratetype) -> Steps:
        """Halve the block [pfn, pfn + 2**high) down to order ``low``; every upper half becomes free."""
        while high > low:
            high -= 1
            upper = pfn + (1 << high)
            yield SPLITS, upper, high
            self._link(upper, high, migratetype)

    def _rmqueue_fallback(self, order: int, migratetype: Migratetype) -> Steps:
        """From another migratetype, the largest block first: one big theft fragments less than many small."""
        for current_order in range(MAX_ORDER - 1, order - 1, -1):
            area = self.free_area[current_order]
            victim = next((m for m in FALLBACKS[migratetype] if area.free_list[m]), None)
            if victim is None:
                continue
            pfn = area.free_list[victim].head()
            if self._can_steal(current_order, migratetype):
                yield from self._steal_suitable_fallback(pfn, current_order, migratetype)
            yield TAKES_BLOCK, pfn, current_order
            self._unlink(pfn)
            yield from self._expand(pfn, order, current_order, migratetype)
            return pfn
        yield FINDS_NOTHING, order
        return None

    def _can_steal(self, order: int, migratetype: Migratetype) -> bool:
        """Whether the whole pageblock is worth taking over: a stray UNMOVABLE page spoils it for good."""
        return order >= self.pageblock_order // 2 or migratetype != MOVABLE

    def _steal_suitable_fallback(self, pfn: int, order: int, migratetype: Migratetype) -> Steps:
        if order >= self.pageblock_order:
            yield CLAIMS, pfn, pfn + (1 << order), migratetype
            self.set_pageblock_migratetype(pfn, pfn + (1 << order), migratetype)
            return
        moved = yield from self._move_freepages_block(pfn, migratetype)
        if moved >= 1 << self.pageblock_order >> 1:
            start, end = self._pageblock_of(pfn)
            yield CLAIMS, start, end, migratetype
            self.set_pageblock_migratetype(start, end, migratetype)

    def _pageblock_of(self, pfn: int) -> tuple[int, int]:
        start = pfn & -(1 << self.pageblock_order)
        return start, start + (1 << self.pageblock_order)

    def _move_freepages_block(self, pfn: int, migratetype: Migratetype) -> Steps:
        """Move the free blocks of the pfn's pageblock to the lists of a migratetype; how many pages these
        are."""
        at, end = self._pageblock_of(pfn)
        if at < self.start_pfn:
            at = pfn  # of a pageblock that the zone's start cuts, what lies below the block at hand stays
        if end > self.end_pfn:
            return 0  # and of one that its end cuts, everything
        moved = 0
        while at < end:
            blocks = self._list_of.get(at)
            if blocks is None:
                at += 1
                continue
            yield STEALS, at, blocks.order, migratetype
            self._unlink(at)
            self._link(at, blocks.order, migratetype)
            moved += 1 << blocks.order
            at += 1 << blocks.order
        return moved

    def rmqueue(
        self,
        order: int,
        migratetype: Migratetype = MOVABLE,
        cpu: str = "cpu 0",
        kind: str = "a",
        *,
        harder: bool = False,
    ) -> Steps:
        """Allocate a block; returns its first pfn, or None where the zone has none. Process.

        ``cpu`` names who holds the lock meanwhile, ``kind`` what the block is used for (a letter of the
        palette). ``harder`` (ALLOC_HARDER) may use the pageblocks kept for atomic allocations, but not for a
        single page. Raises FreepagesError for an order that is not 0..10.
        """
        check_order(order)
        yield TAKES_LOCK, self.lock, cpu
        self.lock.take(cpu)
        pfn = None
        if harder and order:
            pfn = yield from self._rmqueue_smallest(order, HIGHATOMIC)
        if pfn is None:
            pfn = yield from self.rmqueue_locked(order, migratetype)
        yield DROPS_LOCK, self.lock.name, cpu
        if pfn is not None:
            self.nr_free_pages -= 1 << order
            self.used[pfn] = order, kind
        self.lock.drop(cpu)
        return pfn

    def reserve_highatomic_pageblock(self, pfn: int, cpu: str = "cpu 0") -> Steps:
        """Keep the pageblock of a block just given for atomic allocations of order 1 and above. Process.

        One pageblock and a hundredth of the zone are reserved at most. The kernel takes pageblocks back when
        an allocation fails after reclaim, which is not modelled. Linux commit 0aaa29a56e4f.
        """
        most = self.managed // 100 + (1 << self.pageblock_order)
        if self.nr_reserved_highatomic >= most:
            return
        yield TAKES_LOCK, self.lock, cpu
        self.lock.take(cpu)
        if self.nr_reserved_highatomic < most and self.pageblock_migratetype(pfn) not in (
            HIGHATOMIC, CMA, ISOLATE
        ):  # fmt: skip
            yield RESERVES, pfn
            self.nr_reserved_highatomic += 1 << self.pageblock_order
            self.set_pageblock_migratetype(pfn, pfn + 1, HIGHATOMIC)
            yield from self._move_freepages_block(pfn, HIGHATOMIC)
        yield DROPS_LOCK, self.lock.name, cpu
        self.lock.drop(cpu)

    # -- freeing

    def free_one_page_locked(self, pfn: int, order: int, migratetype: int) -> Steps:
        """Free a block, merging it with its buddy as long as that is free too; the lock is held.

        Isolated pages are on their way out of the zone (memory hotplug, CMA): they merge, but do not count.
        """
        if migratetype != ISOLATE:
            self.nr_free_pages += 1 << order
        while order < MAX_ORDER - 1:
            buddy = pfn ^ (1 << order)
            if not self._is_free(buddy, order):
                break
            if order >= self.pageblock_order and self._parts_isolation(migratetype, buddy):
                break
            yield MERGES, pfn, buddy, order
            self._unlink(buddy)
            pfn &= buddy
            order += 1
        # If the block one order up would find its buddy free, this one is likely to merge away soon: at the
        # tail it is taken last, and has the time.
        above = pfn & ~(1 << order)
        if order < MAX_ORDER - 2 and self._is_free(above ^ (2 << order), order + 1):
            yield PUTS_LAST, pfn, order
            self._link(pfn, order, migratetype, tail=True)
        else:
            yield PUTS_FIRST, pfn, order
            self._link(pfn, order, migratetype)

    def _parts_isolation(self, migratetype: int, buddy: int) -> bool:
        """An isolated pageblock never merges with one that is not (Linux commit 3c605096d315)."""
        other = self.pageblock_migratetype(buddy)
        return migratetype != other and ISOLATE in (migratetype, other)

    def check_used(self, pfn: int, order: int) -> None:
        """Raise ZoneError, naming what is wrong, unless a block of that order was handed out at that pfn."""
        used_order, _ = self.used.get(pfn, (None, ""))
        if used_order == order:
            return
        if not self.start_pfn <= pfn < self.end_pfn:
            where = f"outside [{self.start_pfn}, {self.end_pfn})"
        elif used_order is not None:
            where = f"the start of a block of order {used_order}"
        elif any(self._is_free(pfn & -(1 << o), o) for o in ORDERS):
            where = "free already"
        elif any(pfn in pages for lists in self.pageset.values() for pages in lists):
            where = "on a per-CPU list already"
        else:
            where = "not the start of an allocated block"
        raise self.error(f"cannot free pfn {pfn} with order {order}: it is {where}")

    def free(self, pfn: int, order: int, cpu: str = "cpu 0") -> Steps:
        """Free a block that was allocated with that order. Process.

        Raises ZoneError, the zone unchanged, for anything else: a double free, a pfn inside a block or
        outside the zone, another order than it was allocated with.
        """
        check_order(order)
        yield TAKES_LOCK, self.lock, cpu
        self.check_used(pfn, order)
        self.lock.take(cpu)
        del self.used[pfn]
        yield from self.free_one_page_locked(pfn, order, self.pageblock_migratetype(pfn))
        yield DROPS_LOCK, self.lock.name, cpu
        self.lock.drop(cpu)

    def add_memory(self, start: int, end: int) -> None:
        """Give the pages [start, end) to the allocator, free, in the largest aligned blocks, as at boot.

        Raises ZoneError when they are not in the zone, or were given before.
        """
        self.reserve(start, end)
        for pfn, order in aligned_blocks(start, end):
            straight(self.free_one_page_locked(pfn, order, self.pageblock_migratetype(pfn)))

    # -- looking at it

    def validate(self) -> None:
        """Raise ZoneError, naming what broke, unless every invariant of the zone holds.

        To be asked between operations: while the lock is held, a block is on its way from one place to
        another.
        """

        if self.lock.holder:
            raise self.error(f"cannot be validated while {self.lock.holder} holds its lock")
        listed = list(self.free_blocks())
        free = [(pfn, order, "free") for pfn, order, _ in listed]
        used = [(pfn, order, f"used ({kind})") for pfn, (order, kind) in self.used.items()]
        percpu = [
            (pfn, 0, f"on the list of {cpu}")
            for cpu, lists in self.pageset.items()
            for pages in lists
            for pfn in pages
        ]
        end, last = -1, "nothing"
        for pfn, order, what in sorted(free + used + percpu):
            if pfn & ((1 << order) - 1):
                raise self.error(f"block {pfn} of order {order}, {what}, is not aligned")
            if pfn < end:
                raise self.error(f"block {pfn} of order {order}, {what}, overlaps the one before, {last}")
            if not any(low <= pfn and pfn + (1 << order) <= high for low, high in self.memory):
                raise self.error(f"block {pfn} of order {order}, {what}, is not in the memory of the zone")
            end, last = pfn + (1 << order), what
        held = sum(1 << order for _, order, _ in free + used + percpu)
        if held != self.managed:
            raise self.error(
                f"{held} pages are free, used or on per-CPU lists, but {self.managed} are managed"
            )
        for pfn, order, migratetype in listed:
            blocks = self._list_of.get(pfn)
            if blocks is None or blocks.order != order or pfn not in blocks:
                raise self.error(f"block {pfn} is on a list of order {order} that does not know it")
            buddy = pfn ^ (1 << order)
            if (
                order < MAX_ORDER - 1
                and self._is_free(buddy, order)
                and not self._parts_isolation(migratetype, buddy)
            ):
                raise self.error(f"blocks {pfn} and {buddy} of order {order} are free buddies, not merged")
        if len(self._list_of) != len(free):
            raise self.error(
                f"{len(self._list_of)} blocks are known to be free, {len(free)} are on the lists"
            )
        for order, area in enumerate(self.free_area):
            if area.nr_free != sum(map(len, area.free_list)):
                raise self.error(f"nr_free of order {order} is {area.nr_free}, its lists have another length")
        if self.nr_free_pages != sum(1 << order for _, order, t in listed if t != ISOLATE):
            raise self.error(
                f"nr_free_pages is {self.nr_free_pages}, which is not the sum of its free blocks"
            )

    def free_blocks(self) -> Iterator[tuple[int, int, Migratetype]]:
        """(pfn, order, migratetype) of every free block: by order, then migratetype, then in list order."""
        for order, area in enumerate(self.free_area):
            for migratetype, blocks in zip(Migratetype, area.free_list, strict=True):
                for pfn in blocks.from_head():
                    yield pfn, order, migratetype

    def state(self) -> tuple[Any, ...]:
        """All that what happens next depends on, as a value to compare; what the used blocks are for is
        left out."""
        return (
            tuple((area.nr_free, *map(tuple, area.free_list)) for area in self.free_area),
            self.nr_free_pages,
            tuple(sorted(self._list_of)),
            tuple(sorted((pfn, order) for pfn, (order, _) in self.used.items())),
            tuple((cpu, *map(tuple, lists)) for cpu, lists in sorted(self.pageset.items())),
            bytes(self._pageblock_type),
            self.lock.holder,
        )

    @property
    def zone(self) -> Zone:
        """Itself: the world of a run is a zone or has one, and world.zone is the zone of both."""
        return self

    def nr_free(self) -> list[int]:
        """Free blocks of each order: the zone's line of /proc/buddyinfo."""
        return [area.nr_free for area in self.free_area]

    def listed_pages(self) -> int:
        """How many pages are on the free lists now; nr_free_pages is counted before or after, as in Linux."""
        return sum(blocks << order for order, blocks in enumerate(self.nr_free()))

    def __repr__(self) -> str:
        free = f"{self.nr_free_pages} of {self.managed} free"
        return f"Zone({self.name!r}, [{self.start_pfn}, {self.end_pfn}), {free})"
