"""Whose each page is: what decides whether its content still matters.

A page is free, held by the driver (in the balloon, or on its way through the driver), or in use; a page in
use matters once it was written since it was allocated. The zone's lock guards every change of hands, and no
write: a page in use is written without it (mm/page_alloc.c). How the free pages lie in blocks on lists is the
matter of :mod:`freepages.zone.zone`; with eager merging the set of free pages says it all.
"""

from __future__ import annotations

from typing import Any

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import POISON, ZERO
from freepages.engine import Lock


class Ownership:
    """The pages of a guest, as sets that are changed in place.

    free      on the free lists
    held      the driver's
    isolated  those of them that were never allocated, only taken off the lists (page reporting)
    written   in use, and written since they were allocated; all in use, if not given
    paused    whether its vCPUs stand still, because the host has paused the VM
    reported  free, and known to the host as such (page reporting); allocation forgets it

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> from freepages.debate.world import World
    >>> w = World(2, pace=freely)
    >>> w.guest.allocate(w.page(1)); list(w.guest.in_use), list(w.guest.matters())
    ([1], [])
    >>> w.guest.write(w.page(1)); list(w.guest.matters())
    [1]
    """

    def __init__(
        self,
        pages: int,
        memory: Any,
        assume: Assumptions,
        free: Any = None,
        kind: Any = None,
        written: Any = None,
    ):
        self.pages, self.memory, self.assume = pages, memory, assume
        kind = kind or type(free)
        self.lock = Lock("the zone lock")
        self.paused = False
        self.free = free if free is not None else _all(kind, pages)
        self.held, self.isolated, self.reported = kind(pages), kind(pages), kind(pages)
        self.written = written if written is not None else _all(kind, pages, self.free)
        if assume.init_on_free:
            memory.fill(self.free, self.fill_token)

    @property
    def fill_token(self) -> int:
        """What a page that is freed is filled with."""
        return POISON if self.assume.init_on_free == "poison" else ZERO

    @property
    def in_use(self) -> Any:
        """Neither free nor held."""
        return _all(type(self.free), self.pages, self.free, self.held)

    # -- changes of hands; whoever calls them holds the zone lock, or is alone

    def allocate(self, pages: Any) -> None:
        """Free pages come into use."""
        self._off_the_lists(pages)
        if self.assume.write_at_alloc:
            self.write(pages)
        elif self.assume.init_on_alloc:
            self.written |= pages

    def release(self, pages: Any) -> None:
        """Pages in use, or held ones that were allocated, go back on the free lists."""
        self.written -= pages
        self.held -= pages
        self.free |= pages
        if self.assume.init_on_free:
            self.memory.fill(pages, self.fill_token)

    def hold(self, pages: Any) -> None:
        """The driver allocates free pages and keeps them."""
        self._off_the_lists(pages)
        self.held |= pages

    def isolate(self, pages: Any) -> None:
        """Free pages are taken off the lists without being allocated: nothing is done to their content."""
        self.free -= pages
        self.held |= pages
        self.isolated |= pages

    def put_back(self, pages: Any) -> None:
        """Isolated pages return to the lists as they are, marked as reported."""
        self.held -= pages
        self.isolated -= pages
        self.free |= pages
        self.reported |= pages

    def _off_the_lists(self, pages: Any) -> None:
        self.free -= pages
        self.reported -= pages
        if self.assume.init_on_alloc:
            self.memory.fill(pages, ZERO)
        elif self.assume.alloc_marks_dirty:
            self.memory.log.write(pages)

    # -- content

    def write(self, pages: Any) -> None:
        """Pages in use are written."""
        self.written |= pages
        self.memory.write(pages)

    def matters(self) -> Any:
        """The pages whose content the guest needs."""
        if self.assume.rely_on_free_content:
            # An isolated page was never allocated: no hook ran on it, and none will when it is put back.
            needed = _all(type(self.free), self.pages, self.held)
            needed |= self.isolated
            return needed
        if self.assume.every_page_in_use:
            return self.in_use
        return self.written.copy()


def _all(kind: Any, pages: int, *but: Any) -> Any:
    every = kind(pages)
    every.set_range(0, pages)
    for some in but:
        every -= some
    return every
