"""KVM's dirty log: which pages were written since the log was last read, and how the next write comes to be
seen.

Models virt/kvm and arch/x86/kvm/mmu of Linux 4.6, and what came later. A page is *protected* while the next
write to it will be caught; the write then sets the page's bit and takes the protection away, so further
writes are free. Three ways to read the log differ in when a page is protected again:

auto           reading returns the bits, clears them and protects the pages, all at once (2016): a page is
               protected just when its bit is not set
manual         reading returns the bits and changes nothing; clear() does the rest for a range, just before it
               is sent (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, Linux commit 2a31b9db1535)
initially set  manual, and when the log is switched on every bit is set and no page protected: the first
               clear() of a range protects it

The write and its bit are one step by default. With ``late`` they are two: the bit of a write is pending until
:meth:`settle` makes it visible, and no reading in between shows it.
"""

from __future__ import annotations

from typing import Any, Literal

from freepages.engine.errors import FreepagesError, unknown
from freepages.pages.bitmap import PageBitmap

Mode = Literal["auto", "manual", "initially set"]
MODES: tuple[Mode, ...] = ("auto", "manual", "initially set")

CLEAR_PAGES = 64
"""KVM_CLEAR_DIRTY_LOG takes a first page and, but at the end, a length that are multiples of this."""


class DirtyLog:
    """The dirty log of ``pages`` pages; its sets of pages are of the kind ``kind`` (PageBitmap, PageSet).

    bits       pages written since they were last protected, as a reading shows them
    protected  pages whose next write will be caught; None in mode "auto", where the bits say so
    pending    pages that were written and whose bit nobody can see yet; None unless ``late``

    Parameters
    ----------
    pages : int
    mode : str
        "auto", "manual" or "initially set".
    late : bool
        Whether a write and its bit are two steps.
    kind : type
        Of its sets of pages: PageBitmap or PageSet.

    Examples
    --------
    >>> from freepages.pages.pageset import PageSet
    >>> log = DirtyLog(8, kind=PageSet)
    >>> log.start(); log.write(PageSet.of(8, [3]))
    >>> list(log.read()), list(log.read())
    ([3], [])
    """

    def __init__(self, pages: int, mode: Mode = "auto", *, late: bool = False, kind: Any = PageBitmap):
        if mode not in MODES:
            raise unknown("dirty log mode", mode, MODES)
        self.pages, self.mode, self.late, self.kind = pages, mode, late, kind
        self.on = False
        self.bits = kind(pages)
        self.protected: Any = None if mode == "auto" else kind(pages)
        self.pending: Any = kind(pages) if late else None

    def start(self) -> None:
        """Switch the log on: from now on writes are caught, or with "initially set" every page counts as
        written."""
        self.on = True
        if self.mode == "initially set":
            self.bits.set_range(0, self.pages)
        elif self.mode == "manual":
            self.protected.set_range(0, self.pages)

    def stop(self) -> None:
        """Switch the log off, and forget what it has."""
        self.on = False
        for some in (self.bits, self.protected, self.pending):
            if some is not None:
                some.clear_range(0, self.pages)

    def write(self, written: Any) -> None:
        """The guest writes these pages."""
        if not self.on:
            return
        caught = written
        if self.protected is not None:
            caught = written.copy()
            caught &= self.protected
            self.protected -= caught
        elif self.late:  # what is not protected has its bit set already, and is not caught again
            caught = written.copy()
            caught -= self.bits
        if self.late:
            self.pending |= caught
        else:
            self.bits |= caught

    def settle(self, these: Any = None) -> None:
        """Make the pending bits of these pages visible; of all pages, if none are given."""
        if self.pending is None:
            return
        seen = self.pending.copy()
        if these is not None:
            seen &= these
        self.bits |= seen
        self.pending -= seen

    def read(self) -> Any:
        """KVM_GET_DIRTY_LOG: the bits; in mode "auto" they are cleared and their pages protected."""
        if not self.on:
            raise FreepagesError("the dirty log is read while it is off")
        bits = self.bits
        self.bits = bits.copy() if self.mode != "auto" else self.empty()
        return bits

    def empty(self) -> Any:
        """No pages: what a log of mode "auto" goes on with after it was read."""
        return self.kind(self.pages)

    def clear(self, start: int, end: int) -> None:
        """KVM_CLEAR_DIRTY_LOG: clear the bits of [start, end) and protect those pages again.

        Raises FreepagesError in mode "auto", and where the ends are neither multiples of 64 nor the log's
        end.
        """
        if self.mode == "auto":
            raise FreepagesError("a dirty log of mode 'auto' is cleared by reading it")
        if (
            not 0 <= start < end <= self.pages
            or start % CLEAR_PAGES
            or (end % CLEAR_PAGES and end != self.pages)
        ):
            raise FreepagesError(
                f"[{start}, {end}) cannot be cleared: multiples of {CLEAR_PAGES}, or {self.pages}"
            )
        these = self.kind(self.pages)
        these.set_range(start, end)
        self.forget(these)

    def forget(self, these: Any) -> None:
        """Clear the bits of these pages and protect them again, as whoever clears for them does."""
        self.bits -= these
        if self.protected is not None:
            self.protected |= these
            if self.pending is not None:
                # A page whose write is still pending was caught already: it stays unprotected until its bit
                # is seen, or its next write would be caught twice and the pending bit taken for the later.
                self.protected -= self.pending
