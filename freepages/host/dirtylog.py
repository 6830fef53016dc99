"""KVM's dirty log: which pages were written since the log was last read, and how the next write comes to be
seen.

Models virt/kvm and arch/x86/kvm/mmu of Linux 4.6, and what came later. A page is *protected* while the next
write to it will be caught; the write then sets the page's bit and takes the protection away, so further
writes are free. Three ways to read the log differ in when a page is protected again:

auto           reading returns the bits, clears them and protects the pages, all at once (2016) manual
reading returns the bits and changes nothing; clear() does the rest for a range, just before it is sent
               (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, Linux commit 2a31b9db1535)
initially set  manual, and when the log is switched on every bit is set and no page protected: the first
clear() of a
               range protects it

The write and its bit are one step by default. With ``late`` they are two: the bit of a write is pending until
:meth:`settle` makes it visible, and no reading in between shows it.
"""

from __future__ import annotations

from typing import Literal

from freepages.errors import FreepagesError
from freepages.pages import PageBitmap

Mode = Literal["auto", "manual", "initially set"]
MODES: tuple[Mode, ...] = ("auto", "manual", "initially set")

CLEAR_PAGES = (
    64  # KVM_CLEAR_DIRTY_LOG takes a first page and, but at the end, a length that are multiples of this
)


class DirtyLog:
    """The dirty log of ``pages`` pages.

    bits       pages written since they were last protected, as a reading shows them
    protected  pages whose next write will be caught
    pending    pages that were written and whose bit nobody can see yet; always empty unless ``late``
    """

    def __init__(self, pages: int, mode: Mode = "auto", *, late: bool = False):
        if mode not in MODES:
            raise FreepagesError(f"dirty log mode {mode!r} is not one of {', '.join(MODES)}")
        self.pages, self.mode, self.late = pages, mode, late
        self.on = False
        self.bits = PageBitmap(pages)
        self.protected = PageBitmap(pages)
        self.pending = PageBitmap(pages)

    def start(self) -> None:
        """Switch the log on: from now on writes are caught, or with "initially set" every page counts as
        written."""
        self.on = True
        (self.bits if self.mode == "initially set" else self.protected).set_range(0, self.pages)

    def stop(self) -> None:
        """Switch the log off, and forget what it has."""
        self.on = False
        for bitmap in (self.bits, self.protected, self.pending):
            bitmap.clear_range(0, self.pages)

    def write(self, written: PageBitmap) -> None:
        """The guest writes these pages."""
        caught = written.copy()
        caught &= self.protected
        self.protected -= caught
        if self.late:
            self.pending |= caught
        else:
            self.bits |= caught

    def settle(self) -> None:
        """Make every pending bit visible."""
        self.bits |= self.pending
        self.pending.clear_range(0, self.pages)

    def read(self) -> PageBitmap:
        """KVM_GET_DIRTY_LOG: the bits; in mode "auto" they are cleared and their pages protected."""
        if not self.on:
            raise FreepagesError("the dirty log is read while it is off")
        bits = self.bits.copy()
        if self.mode == "auto":
            self._clear(bits)
        return bits

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
        these = PageBitmap(self.pages)
        these.set_range(start, end)
        self._clear(these)

    def _clear(self, these: PageBitmap) -> None:
        self.bits -= these
        # A page whose write is still pending was caught already: it stays unprotected until its bit is seen,
        # or its next write would be caught twice and the pending bit taken for the later one.
        self.protected |= these
        self.protected -= self.pending
