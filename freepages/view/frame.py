"""Frames: what is to be seen at one moment of a run, as plain data.

A scenario's ``picture(run)`` returns a :class:`Frame`: a title and panels, top to bottom. Nothing here draws,
and nothing that draws reads anything else, so the model never knows how it looks. A panel copies what it is
given: a frame stays what it was while the run goes on, and two frames can be laid side by side
(:func:`freepages.view.changes.changes`). Panels with the same field values are equal.

A new kind of panel is a dataclass here, a drawing in ``side_panels.py`` or ``maps.py``, a text in ``text.py``
and, where it has something to say about two frames, a function in ``changes.py``, each registered on the
dataclass's type; or a module of its own that has them all, as ``ring_panel.py`` and ``sequence_panel.py`` do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple

from freepages.engine.errors import FreepagesError, unknown
from freepages.pages.operators import PageOperators
from freepages.pages.orders import PAGEBLOCK_PAGES


class State(IntEnum):
    """Who has a page. The code is the latin-1 letter that is drawn for it: ``chr(State.SLAB) == "s"``."""

    FREE = ord("·")
    ANONYMOUS = ord("a")
    PAGE_CACHE = ord("c")
    SLAB = ord("s")
    KERNEL = ord("k")
    PER_CPU = ord("p")
    BALLOON = ord("b")
    IN_USE = ord("u")  # by whom is not known: a snapshot that only says what is free
    HOLE = ord("/")
    UNSEEN = ord("?")  # a trace has not told of the page yet

    @property
    def letter(self) -> str:
        return chr(self)


MARKS = ("in the bitmap", "dirty", "sent", "skipped", "discarded")
"""The marks that a page may carry, in the order in which they are drawn and named."""


_TRUTH = bytes([0] + [1] * 255)


class Panel:
    """Base of all panels.

    `logs` where a panel only lists what was done, as *Done* and the log do too: then a step that adds to it
    is no reason to make room for it.
    """

    logs: ClassVar[bool] = False


def _bits(values: PageOperators | str | Iterable[Any]) -> bytes:
    """One byte a page, 0 or 1, from a set of pages, a text of 0 and 1, or what is true or false a page."""
    if isinstance(values, PageOperators):
        return values.unpacked()
    if isinstance(values, bytes):
        return values.translate(_TRUTH)
    return bytes(map(int, values) if isinstance(values, str) else map(bool, values))


def _pairs(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(one), int(other)) for one, other in pairs)


@dataclass(frozen=True, init=False)
class PageMap(Panel):
    """The pages [start, start + len(states)) of one zone, RAM block or other stretch of memory.

    states        one State a page; given as such, or as their letters ("··aack")
    blocks        (pfn, order) of each free block, drawn as an outline with its order on it
    marks         which pages carry a mark: one of MARKS -> 0 or 1 a page (also a set of pages, or "0101")
    tokens        what is in each page, a short text a page ("A", "B", "?", "" for nothing); () draws none
    lost          pfn -> the token that the page should hold, for pages whose content was lost
    highlight     [lo, hi) ranges that the last step looked at; what it changed is found by comparing
    migratetypes  one Migratetype for each pageblock of `pageblock` pages from `start` on; () draws none

    Raises FreepagesError where a length, a state or a mark's name is not what it must be.
    """

    name: str
    start: int
    states: bytes
    blocks: tuple[tuple[int, int], ...]
    marks: Mapping[str, bytes]
    tokens: tuple[str, ...]
    lost: Mapping[int, str]
    highlight: tuple[tuple[int, int], ...]
    migratetypes: tuple[int, ...]
    pageblock: int

    def __init__(
        self,
        name: str,
        start: int,
        states: bytes | bytearray | Iterable[int] | str,
        blocks: Iterable[tuple[int, int]] = (),
        marks: Mapping[str, PageOperators | str | Iterable[Any]] | None = None,
        tokens: Sequence[str] = (),
        lost: Mapping[int, str] | None = None,
        highlight: Iterable[tuple[int, int]] = (),
        migratetypes: Iterable[int] = (),
        pageblock: int = PAGEBLOCK_PAGES,
    ):
        if isinstance(states, str):
            states = states.encode("latin-1", errors="replace")
        self.__dict__.update(
            name=name,
            start=int(start),
            states=bytes(states),
            blocks=_pairs(blocks),
            marks={mark: _bits(bits) for mark, bits in (marks or {}).items()},
            tokens=tuple(tokens),
            lost=dict(sorted((lost or {}).items())),
            highlight=_pairs(highlight),
            migratetypes=tuple(map(int, migratetypes)),
            pageblock=pageblock,
        )
        pages = len(self.states)
        strange = self.states.translate(None, bytes(State))  # what is left without the known ones
        if strange:
            at = self.states.index(strange[:1])
            raise FreepagesError(f"{name}: page {self.start + at} has no known state: {self.states[at]}")
        for mark, bits in self.marks.items():
            if mark not in MARKS:
                raise unknown(f"{name}: mark", mark, MARKS)
            _check_length(name, f"marks {mark!r}", bits, pages)
        if self.tokens:
            _check_length(name, "tokens", self.tokens, pages)

    @property
    def pages(self) -> int:
        return len(self.states)

    @property
    def end(self) -> int:
        return self.start + self.pages


@dataclass(frozen=True, init=False)
class Bits(Panel):
    """A bitmap with one bit a page for the pages [start, start + len(bits)), drawn aligned under the memory.

    bits       0 or 1 a page; given as such, as a set of pages, or as "0101"
    limit      the first pfn that the bitmap does not cover, drawn as a line; None draws none
    highlight  [lo, hi) ranges that the last step looked at
    absent     why there is no bitmap, in a word ("off", "none"); "" where there is one
    """

    name: str
    start: int
    bits: bytes
    limit: int | None
    highlight: tuple[tuple[int, int], ...]
    absent: str

    def __init__(
        self,
        name: str,
        start: int,
        bits: PageOperators | str | Iterable[Any],
        limit: int | None = None,
        highlight: Iterable[tuple[int, int]] = (),
        absent: str = "",
    ):
        self.__dict__.update(
            name=name,
            start=int(start),
            bits=_bits(bits),
            limit=limit,
            highlight=_pairs(highlight),
            absent=absent,
        )

    @property
    def pages(self) -> int:
        return len(self.bits)

    @property
    def end(self) -> int:
        return self.start + self.pages


@dataclass(frozen=True, init=False)
class Tokens(Panel):
    """A short text for each of the pages [start, start + len(tokens)), drawn aligned under the memory.

    tokens     one a page: what is in it ("A", "B"), which message names it ("#0"), "" for nothing
    quiet      the tokens that are drawn faint, as what a page has before anything happened to it
    lost       pfn -> the token that the page should have, for pages whose content was lost
    highlight  [lo, hi) ranges that the last step looked at
    """

    name: str
    start: int
    tokens: tuple[str, ...]
    quiet: frozenset[str]
    lost: Mapping[int, str]
    highlight: tuple[tuple[int, int], ...]

    def __init__(
        self,
        name: str,
        start: int,
        tokens: Sequence[str],
        quiet: Iterable[str] = (),
        lost: Mapping[int, str] | None = None,
        highlight: Iterable[tuple[int, int]] = (),
    ):
        self.__dict__.update(
            name=name,
            start=int(start),
            tokens=tuple(tokens),
            quiet=frozenset(quiet),
            lost=dict(sorted((lost or {}).items())),
            highlight=_pairs(highlight),
        )

    @property
    def pages(self) -> int:
        return len(self.tokens)

    @property
    def lettered(self) -> bool:
        """Whether there are tokens, none longer than a letter."""
        return any(self.tokens) and all(len(token) <= 1 for token in self.tokens)

    @property
    def end(self) -> int:
        return self.start + self.pages


@dataclass(frozen=True)
class FreeLists(Panel):
    """free_area[]: for every order, the list of each migratetype.

    nr_free   how many free blocks of each order, index = order
    lists     (order, migratetype) -> pfns of the blocks, from the head of the list on; a long list may be cut
              off, `nr_free` still says how many blocks there are in all of the order's lists
    """

    name: str
    nr_free: Sequence[int]
    lists: Mapping[tuple[int, int], Sequence[int]]

    def __post_init__(self) -> None:
        lists = {(int(o), int(m)): tuple(map(int, pfns)) for (o, m), pfns in self.lists.items()}
        self.__dict__.update(nr_free=tuple(map(int, self.nr_free)), lists=dict(sorted(lists.items())))
        for order, _ in lists:
            if not 0 <= order < len(self.nr_free):
                raise FreepagesError(f"{self.name}: a list of order {order}, of {len(self.nr_free)} orders")


class LockRow(NamedTuple):
    """A lock: who holds it (None: free), since which step, and who waits for it."""

    name: str
    holder: str | None = None
    since: int | None = None
    waiters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Locks(Panel):
    """Locks, one a row; each a LockRow or a plain tuple in its order."""

    rows: tuple[LockRow, ...]

    def __post_init__(self) -> None:
        rows = (LockRow(*row) for row in self.rows)
        self.__dict__.update(rows=tuple(row._replace(waiters=tuple(row.waiters)) for row in rows))


@dataclass(frozen=True)
class Facts(Panel):
    """Named values: watermarks, counters, the state of a driver. Values are shown as str() gives them."""

    name: str
    rows: Mapping[str, Any]

    def __post_init__(self) -> None:
        self.__dict__.update(rows=dict(self.rows))


@dataclass(frozen=True)
class Frame:
    """One moment of a run: what `title` names, its panels from top to bottom, and a remark under them."""

    title: str
    panels: tuple[Panel, ...]
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "panels", tuple(self.panels))


def _check_length(name: str, what: str, given: Any, pages: int) -> None:
    if len(given) != pages:
        raise FreepagesError(f"{name}: {what} are {len(given)}, its pages {pages}")
