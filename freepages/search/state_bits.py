"""A state as one int, each of whose fields is some of the bits.

The values that a field has are numbered as they are met, and take as many bits as that needs so far (collapse
compression; G. Holzmann, State compression in SPIN, 1997). What a value says of each page stands apart, in
that page's *column* of bits: so two states that differ only in the numbers of their pages have the same
columns, in another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from freepages.debate.content import PerPage
from freepages.engine.errors import FreepagesError
from freepages.pages.pageset import Pages

COLUMN = 48
"""Bits of a column; a field takes one to six of them, and all together a dozen."""

PAGE = (1 << COLUMN) - 1


class BitLayout:
    """Which bits of a state mean what: a column for each page, the lowest for page 0, and above them all the
    rest."""

    def __init__(self, pages: int):
        self.at = [page * COLUMN for page in range(pages)]
        self.every_page = sum(1 << at for at in self.at)
        self.bits = 0
        self._column = 0

    def new_bit(self) -> int:
        """One more bit of a state."""
        self.bits += 1
        return 1 << (len(self.at) * COLUMN + self.bits - 1)

    def new_column_bit(self) -> int:
        """One more bit of every column, as a bit of the lowest."""
        if self._column == COLUMN:
            raise FreepagesError(f"a search keeps no more than {COLUMN} bits of each page")
        self._column += 1
        return 1 << (self._column - 1)

    @property
    def size(self) -> int:
        """Bits that mean something; it only grows."""
        return self.bits + self._column * len(self.at)

    def sorted(self, state: int) -> int:
        """Of the states that are this one with its pages renumbered, the one whose columns ascend."""
        columns = [state >> at & PAGE for at in self.at]
        ordered = sorted(columns)
        if ordered == columns:
            return state
        above = len(self.at) * COLUMN
        state = state >> above << above
        for at, column in zip(self.at, ordered, strict=True):
            state |= column << at
        return state


class _Numbers:
    """Values by number, and the numbers as bits."""

    def __init__(self, new_bit: Callable[[], int]):
        self.mask = 0
        self._new_bit = new_bit
        self._digits: list[int] = []
        self._bits: dict[Any, int] = {}
        self._values: dict[int, Any] = {}

    def bits(self, value: Any) -> int:
        if value not in self._bits:
            number = len(self._bits)
            if number >> len(self._digits):
                self._digits.append(self._new_bit())
                self.mask |= self._digits[-1]
            bits = sum(digit for n, digit in enumerate(self._digits) if number >> n & 1)
            self._bits[value], self._values[bits] = bits, value
        return self._bits[value]

    def value(self, state: int) -> Any:
        return self._values[state & self.mask]


class Field:
    """One field of a state. ``mask`` are its bits so far; the first value has none that is 1, if it says
    nothing of single pages."""

    def __init__(self, layout: BitLayout):
        self.mask = 0
        self._layout = layout
        self._shapes, self._columns = _Numbers(layout.new_bit), _Numbers(layout.new_column_bit)
        self._bits: dict[Any, int] = {}
        self._values: dict[int, Any] = {}

    def bits(self, value: Any) -> int:
        """The bits of a state that stand for this value."""
        known = self._bits.get(value)
        if known is None:
            per_page: list[Any] = []
            known = self._shapes.bits(_shape(value, per_page))
            for page, at in enumerate(self._layout.at):
                known |= self._columns.bits(tuple(_of(page, some) for some in per_page)) << at
            self.mask = self._shapes.mask | self._columns.mask * self._layout.every_page
            self._bits[value], self._values[known] = known, value
        return known

    def value(self, state: int) -> Any:
        """The value that the field has in a state."""
        bits = state & self.mask
        if bits not in self._values:
            columns = [self._columns.value(bits >> at) for at in self._layout.at]
            self._values[bits] = _filled(self._shapes.value(bits), zip(*columns, strict=True))
        return self._values[bits]


def _shape(value: Any, per_page: list[Any]) -> Any:
    """The value without what it says of each page, which is added to ``per_page``."""
    if isinstance(value, Pages | PerPage):
        per_page.append(value)
        return type(value)
    return tuple(_shape(some, per_page) for some in value) if isinstance(value, tuple) else value


def _of(page: int, value: Pages | PerPage) -> int:
    """What it says of one page."""
    return value.value >> page & 1 if isinstance(value, Pages) else value[page]


def _filled(shape: Any, per_page: Iterator[tuple[int, ...]]) -> Any:
    """The inverse of :func:`_shape`."""
    if shape is Pages:
        bits = next(per_page)
        return Pages(len(bits), sum(bit << page for page, bit in enumerate(bits)))
    if shape is PerPage:
        return PerPage(next(per_page))
    return tuple(_filled(some, per_page) for some in shape) if isinstance(shape, tuple) else shape
