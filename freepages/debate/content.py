"""What is in the pages, as tokens: on the guest's side and on the destination's.

A token stands for a page's content: two pages hold the same iff their tokens are equal. 0 is a page of zeros,
which every page of the destination is before anything is sent, and 1 is the kernel's poison; a write puts
something there that is neither what the page holds nor what the destination has for it. That a write may also
repeat the old content is left out: it can only make the two sides more equal than they are here.

A write and its bit in the dirty log are one step, unless the log itself makes them two.
"""

from __future__ import annotations

from typing import Any, Protocol

from freepages.engine.later import NDArray, np
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet

ZERO, POISON, LETTERS = 0, 1, 2


def letter(token: int) -> str:
    """A token as it is shown: ``∅`` zeros, ``!`` poison, then A, B, C ...

    Examples
    --------
    >>> [letter(token) for token in range(5)]
    ['∅', '!', 'A', 'B', 'C']
    """
    return "∅!"[token] if token < LETTERS else chr(ord("A") + (token - LETTERS) % 26)


class Log(Protocol):
    """What hears of writes: the hypervisor's dirty log.

    Examples
    --------
    >>> class Tells:
    ...     def write(self, written): print("written:", written)
    >>> Content(2, Tells()).write(PageSet.of(2, [1]))
    written: page 1
    """

    def write(self, written: Any) -> None:
        """These pages were written."""


class PerPage(tuple[int, ...]):
    """One token a page, which stay as they are: what a search compares.

    Examples
    --------
    >>> PageTokens([2, 0]).frozen() == PerPage([2, 0])
    True
    """

    __slots__ = ()


class PageTokens(list[int]):
    """One token a page.

    Examples
    --------
    >>> tokens = PageTokens([2, 2]); tokens[0] = 3
    >>> kept = tokens.frozen(); tokens[0] = 4; kept
    (3, 2)
    """

    __slots__ = ()

    def frozen(self) -> PerPage:
        """The same tokens, for a search to compare."""
        return PerPage(self)


class Content:
    """The tokens of a few pages: ``source`` is the guest's memory, ``destination`` what was sent of it.

    Every page of the source holds A at the start, or what ``source`` says.

    Examples
    --------
    >>> from freepages.host.dirty_log import DirtyLog
    >>> content = Content(3, DirtyLog(3, kind=PageSet))
    >>> content.send(PageSet.of(3, [0, 1])); content.write(PageSet.of(3, [1]))
    >>> list(content.unequal())
    [1, 2]
    """

    def __init__(self, pages: int, log: Log, source: list[int] | None = None):
        self.log = log
        self.source = PageTokens(source or [LETTERS] * pages)
        self.destination = PageTokens([ZERO] * pages)

    def write(self, pages: PageSet) -> None:
        """The guest writes these pages: something new is in each, and the log hears of it."""
        for page in pages:
            held = (self.source[page], self.destination[page])
            self.source[page] = next(token for token in range(LETTERS, LETTERS + 3) if token not in held)
        self.log.write(pages)

    def fill(self, pages: PageSet, token: int) -> None:
        """The kernel fills these pages, a write like any other."""
        for page in pages:
            self.source[page] = token
        self.log.write(pages)

    def send(self, pages: PageSet) -> None:
        """What these pages hold now is on the destination."""
        for page in pages:
            self.destination[page] = self.source[page]

    def discard(self, pages: PageSet) -> PageSet:
        """The host drops these pages: they read zero; returns those that held something else."""
        changed = PageSet.of(pages.pages, (page for page in pages if self.source[page] != ZERO))
        for page in changed:
            self.source[page] = ZERO
        return changed

    def unequal(self) -> PageSet:
        """The pages whose content differs between the two sides."""
        both = enumerate(zip(self.source, self.destination, strict=True))
        return PageSet.of(len(self.source), (page for page, (here, there) in both if here != there))


class BulkContent:
    """The tokens of a whole machine, as arrays of uint32: the vectorised twin of :class:`Content`.

    ``nonzero`` are the pages that do not hold zeros at the start (all, if not given).

    Examples
    --------
    >>> from freepages.host.dirty_log import DirtyLog
    >>> content = BulkContent(3, DirtyLog(3))
    >>> content.send(PageBitmap.of(3, [0, 1])); content.write(PageBitmap.of(3, [1]))
    >>> list(content.unequal())
    [1, 2]
    """

    def __init__(self, pages: int, log: Log, nonzero: PageBitmap | None = None):
        self.log, self.stamp = log, LETTERS
        self.source = np.full(pages, LETTERS, np.uint32)
        if nonzero is not None:
            self.source *= _mask(nonzero)
        self.destination = np.zeros(pages, np.uint32)

    def write(self, pages: PageBitmap) -> None:
        """As :meth:`Content.write`."""
        self.stamp += 1  # a content that no page has had yet
        self.source[_mask(pages)] = self.stamp
        self.log.write(pages)

    def fill(self, pages: PageBitmap, token: int) -> None:
        """As :meth:`Content.fill`."""
        self.source[_mask(pages)] = token
        self.log.write(pages)

    def send(self, pages: PageBitmap) -> None:
        """As :meth:`Content.send`."""
        np.copyto(self.destination, self.source, where=_mask(pages))

    def discard(self, pages: PageBitmap) -> PageBitmap:
        """As :meth:`Content.discard`."""
        mask = _mask(pages)
        changed = _packed(mask & (self.source != ZERO))
        self.source[mask] = ZERO
        return changed

    def unequal(self) -> PageBitmap:
        """As :meth:`Content.unequal`."""
        return _packed(self.source != self.destination)


def _mask(pages: PageBitmap) -> NDArray[np.bool_]:
    return np.unpackbits(pages.bytes, count=pages.pages, bitorder="little").view(bool)


def _packed(mask: NDArray[np.bool_]) -> PageBitmap:
    return PageBitmap.from_bytes(np.packbits(mask, bitorder="little").tobytes(), len(mask))
