"""A set of a few pages in one int: what a search copies, compares and keeps by the million.

The plain twin of :class:`freepages.pages.bitmap.PageBitmap`, with the same methods, for worlds of a handful
of pages; a property test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

from freepages.engine.errors import FreepagesError
from freepages.pages.operators import PageOperators

NAMED = 8
"""Pages of a set that are named one by one."""

ONE_A_PAGE = bytes.maketrans(b"01", b"\0\1")


class Pages(NamedTuple):
    """A set of pages that stays as it is: what a search compares."""

    pages: int
    value: int


class PageSet(PageOperators):
    """A mutable set of the pages 0..pages-1; bit i of ``value`` is page i.

    Examples
    --------
    >>> a = PageSet.of(8, [0, 2, 5])
    >>> print(a); a.count(), 2 in a
    pages 0, 2 and 5
    (3, True)
    >>> list(a - {2}), list(a | {7})
    ([0, 5], [0, 2, 5, 7])
    """

    __slots__ = ("pages", "value")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, pages: int, value: int = 0) -> None:
        if type(value) is not int or not isinstance(pages, int):
            given = f"PageSet({pages!r:.40}, {value!r:.40})"
            raise FreepagesError(f"{given}: the set of pages 0 and 1 of 4 is PageSet.of(4, [0, 1])")
        self.pages, self.value = pages, value

    def frozen(self) -> Pages:
        """The same set, for a search to compare."""
        return Pages(self.pages, self.value)

    def _check_range(self, lo: int, hi: int) -> None:
        if not 0 <= lo <= hi <= self.pages:
            what = f"page {lo} is" if hi == lo + 1 else f"pages [{lo}, {hi}) are"
            raise FreepagesError(f"{what} not among the pages 0 to {self.pages - 1}")

    def set(self, pfn: int) -> None:
        """Put a page in."""
        self._check_range(pfn, pfn + 1)
        self.value |= 1 << pfn

    def clear(self, pfn: int) -> None:
        """Take a page out."""
        self._check_range(pfn, pfn + 1)
        self.value &= ~(1 << pfn)

    def __getitem__(self, pfn: int) -> int:
        self._check_range(pfn, pfn + 1)
        return self.value >> pfn & 1

    def set_range(self, lo: int, hi: int) -> None:
        """Put the pages [lo, hi) in."""
        self._check_range(lo, hi)
        self.value |= (1 << hi) - (1 << lo)

    def clear_range(self, lo: int, hi: int) -> None:
        """Take the pages [lo, hi) out."""
        self._check_range(lo, hi)
        self.value &= ~((1 << hi) - (1 << lo))

    def count(self) -> int:
        """How many pages are in it."""
        return self.value.bit_count()

    def range_count(self, lo: int, hi: int) -> int:
        """How many of the pages [lo, hi) are in it."""
        self._check_range(lo, hi)
        return (self.value & ((1 << hi) - (1 << lo))).bit_count()

    def __iter__(self) -> Iterator[int]:
        """The pages in it, ascending."""
        value = self.value
        while value:
            low = value & -value
            yield low.bit_length() - 1
            value ^= low

    def __bool__(self) -> bool:
        return self.value != 0

    def unpacked(self) -> bytes:
        digits = f"{self.value:0{self.pages}b}"[::-1].encode()  # page 0 is the last digit
        return digits.translate(ONE_A_PAGE)[: self.pages]

    def copy(self) -> PageSet:
        """The same pages, in a set of their own."""
        return PageSet(self.pages, self.value)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PageSet):
            return self.pages == other.pages and self.value == other.value
        return super().__eq__(other)

    def __ior__(self, other: Any) -> Self:
        self.value |= self.like(other).value
        return self

    def __iand__(self, other: Any) -> Self:
        self.value &= self.like(other).value
        return self

    def __isub__(self, other: Any) -> Self:
        self.value &= ~self.like(other).value
        return self

    def __str__(self) -> str:
        """The pages as a learner counts them: "page 3", "pages 0, 2 and 5", "40 pages in [10, 60)"."""
        if self.count() > NAMED:
            pages = [*self]
            return f"{len(pages)} pages in [{pages[0]}, {pages[-1] + 1})"
        names = [str(pfn) for pfn in self]
        if len(names) < 2:
            return f"page {names[0]}" if names else "no page"
        return f"pages {', '.join(names[:-1])} and {names[-1]}"

    def __repr__(self) -> str:
        return f"<PageSet: {self} of {self.pages}>"
