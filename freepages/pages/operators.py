"""What a reader expects of a set of pages: the operators of Python's own sets.

A set of pages has the pages 0..pages-1 to choose from. The other side of an operator is such a set with as
many to choose from, or any list, tuple, set or range of page numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any, Self

from freepages.engine.errors import FreepagesError


class PageOperators:
    """The operators of a kind of set that has copy(), set() and ``|=``, ``&=`` and ``-=``."""

    __slots__ = ()
    pages: int

    def __iter__(self) -> Iterator[int]:
        raise NotImplementedError

    def count(self) -> int:
        raise NotImplementedError

    def copy(self) -> Self:
        raise NotImplementedError

    def unpacked(self) -> bytes:
        """One byte a page: 1 for a page that is in it, 0 for another."""
        raise NotImplementedError

    @classmethod
    def of(cls, pages: int, members: Iterable[int]) -> Self:
        """The set of these pages."""
        some = cls(pages)  # type: ignore[call-arg]
        for pfn in members:
            if not isinstance(pfn, Integral) or isinstance(pfn, bool):
                raise FreepagesError(f"{pfn!r:.40} is no page: a page is a number from 0 on")
            some.set(pfn)  # type: ignore[attr-defined]
        return some

    def like(self, other: Any) -> Self:
        """The other side of an operator, as a set of this kind. Raises FreepagesError for what is none."""
        if isinstance(other, type(self)):
            if other.pages != self.pages:
                raise FreepagesError(f"sets of {self.pages} and of {other.pages} pages do not combine")
            return other
        if isinstance(getattr(other, "pages", None), PageOperators):  # a verb's call refuses to be asked
            raise FreepagesError("this is an answer and not a set of pages: write .pages after it")
        if isinstance(other, Integral) and not isinstance(other, bool):
            raise FreepagesError(f"{other} is one page and not a set of pages: write [{other}]")
        if isinstance(other, str | bytes | Mapping) or not isinstance(other, Iterable):
            raise FreepagesError(
                f"{other!r:.40} is no set of pages: it takes a set, list, tuple or range of page numbers"
            )
        return self.of(self.pages, other)

    def __len__(self) -> int:
        """How many pages are in it."""
        return self.count()

    def __contains__(self, pfn: object) -> bool:
        if not isinstance(pfn, Integral):
            raise FreepagesError(f"{pfn!r:.40} is no page: a page is a number from 0 on")
        return 0 <= int(pfn) < self.pages and bool(self[int(pfn)])  # type: ignore[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, set | frozenset | list | tuple | range):
            return {*self} == {*other}
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: Any) -> Self:
        made = self.copy()
        made |= other
        return made

    def __and__(self, other: Any) -> Self:
        made = self.copy()
        made &= other
        return made

    def __sub__(self, other: Any) -> Self:
        made = self.copy()
        made -= other
        return made

    def __xor__(self, other: Any) -> Self:
        theirs = self.like(other)
        return (self - theirs) | (theirs - self)

    __ror__, __rand__, __rxor__ = __or__, __and__, __xor__

    def __rsub__(self, other: Any) -> Self:
        return self.like(other) - self

    def __ixor__(self, other: Any) -> Self:
        both = self & other
        self |= other
        self -= both
        return self

    def __ior__(self, other: Any) -> Self:
        raise NotImplementedError

    def __iand__(self, other: Any) -> Self:
        raise NotImplementedError

    def __isub__(self, other: Any) -> Self:
        raise NotImplementedError

    def __le__(self, other: Any) -> bool:
        return not (self - other).count()

    def __ge__(self, other: Any) -> bool:
        return self.like(other) <= self

    def __lt__(self, other: Any) -> bool:
        return self <= other and self.count() < self.like(other).count()

    def __gt__(self, other: Any) -> bool:
        return self.like(other) < self
