"""What the host knows of a migration: what is still to be sent, and how that set changes.

Models the migration bitmap of migration/ram.c (QEMU 2.6): all ones at first; a page's bit is cleared when it
is sent; a sync adds what the dirty log brings, and never takes away. Skipping free pages is the one other
thing that clears bits, and so the one thing that can lose a page.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from freepages.engine.errors import FreepagesError
from freepages.host.dirty_log import DirtyLog

ASK, SYNC = "ask", "sync"
"""What a host that paces itself leaves to the proposal: when to ask for free pages, and a sync."""


AsksWhen = Literal["once", "after every sync", "never"]
"""When a host asks for free pages by the clock: before the first page is sent, after each reading of the log,
or not at all, as where the guest reports unasked."""

ASKS_WHEN: tuple[AsksWhen, ...] = get_args(AsksWhen)


class Migration:
    """The host's side of a migration of ``pages`` pages; as many as the log has, if not given.

    to_send  the migration bitmap
    copy     the bitmap as it was when the last request was sent, for a host that keeps it (Tsirkin's recipe)
    brought  what the log has brought since that copy was taken

    settles  whether a sync first waits for every bit that is late ("log-bit-late-flushed")
    forgets  whether a report that is applied also clears its pages in the log ("report-clears-log")

    Examples
    --------
    >>> from freepages.debate.content import Content
    >>> from freepages.pages.pageset import PageSet
    >>> log = DirtyLog(4, kind=PageSet); log.start()
    >>> host = Migration(Content(4, log), log)
    >>> host.skip(PageSet.of(4, [1, 2])); log.write(PageSet.of(4, [2]))
    >>> list(host.sync()), list(host.to_send)
    ([2], [0, 2, 3])
    """

    def __init__(
        self,
        content: Any,
        log: DirtyLog,
        pages: int | None = None,
        *,
        settles: bool = False,
        forgets: bool = False,
    ):
        self.content, self.log, self.settles, self.forgets = content, log, settles, forgets
        self.to_send = log.kind(log.pages if pages is None else pages)
        self.to_send.set_range(0, self.to_send.pages)
        self.copy: Any = None
        self.brought: Any = None
        self.stopped = False

    def sync(self) -> Any:
        """Read the log; what it has is to be sent. Returns what it had."""
        if self.settles:
            self.log.settle()
        dirty = self.log.read()
        self.to_send |= dirty
        if self.brought is not None:
            self.brought |= dirty
        return dirty

    def send(self, pages: Any) -> None:
        """These pages are on the destination as they are now."""
        self.to_send -= pages
        self.content.send(pages)

    def keep_copy(self) -> None:
        """Copy what is to be sent, and gather from now on what the log brings."""
        self.copy, self.brought = self.to_send.copy(), self.log.kind(self.to_send.pages)

    def skip(self, pages: Any) -> None:
        """Do not send these pages, unless the log brings them later."""
        self.to_send -= pages
        self._applied(pages)

    def skip_in_copy(self, pages: Any) -> None:
        """To send is the copy without these pages, and whatever the log has brought since it was taken.

        Raises FreepagesError where no copy was kept.
        """
        if self.copy is None:
            raise FreepagesError("in_copy=True needs a copy, and keep_copy() was not called before")
        self.to_send = self.copy.copy()
        self.to_send -= pages
        self.to_send |= self.brought
        self._applied(pages)

    def _applied(self, pages: Any) -> None:
        if self.forgets:
            self.log.forget(pages)

    def stop(self) -> None:
        """The guest stands still: the last sync, and the last pages."""
        self.sync()
        self.send(self.to_send.copy())
        self.stopped = True
