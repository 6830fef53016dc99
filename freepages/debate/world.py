"""The world that every proposal moves in: a guest, its memory, a queue and a migrating host.

The parts know nothing of each other: ownership is the guest's, the mailbox is the queue, the migration is the
host's, and what a write does to both sides is the memory's. What joins them is here: what the environment is
free to do, when content counts as lost, and what each proposal is written in terms of.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Literal

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import LETTERS, ZERO, Content, PageTokens, PerPage
from freepages.debate.mailbox import Answer, Mailbox
from freepages.debate.ownership import Ownership
from freepages.engine import Steps
from freepages.engine.errors import FreepagesError
from freepages.host.dirty_log import DirtyLog, Mode
from freepages.host.migration import Migration
from freepages.pages.pageset import Pages, PageSet

Purpose = Literal["migrate", "discard"]
PURPOSES: tuple[Purpose, ...] = ("migrate", "discard")

Pace = Callable[["World", bool, bool, bool, bool], Steps]
"""How a host uses its freedom: of the world, and whether it may sync, may stop, asks, and tells of a sync."""

FIELDS = (
    ("guest.written", "memory.source", "memory.destination"),
    ("guest.free",),
    ("guest.held",),
    ("guest.isolated",),
    ("guest.reported",),
    ("guest.paused",),
    ("host.to_send",),
    ("host.copy",),
    ("host.brought",),
    ("log.on",),
    ("log.bits",),
    ("log.protected",),
    ("log.pending",),
    ("mail.answers",),
    ("mail.requests",),
    ("mail.asked",),
    ("mail.returned",),
    ("mail.register",),
    ("lock.holder",),
)
"""All of a small world that changes while a run goes on, as it is saved. Content is one field with what was
written: which of it can matter depends on that."""

Saved = tuple[Any, ...]
"""The values of FIELDS, as values that stay as they are (:func:`frozen`)."""

OVER, LOST = "over", "lost"
"""How what is saved begins in a world in which nothing can matter any more."""


class World:
    """A guest of ``pages`` pages and the host that migrates it, or discards what it reports.

    purpose   "migrate" or "discard"
    requests  how often the host asks (or, where the guest begins, how often it reports)
    chunk     pages that a bitmap built chunk by chunk covers at a time; half of all, if not given
    pace      how the host goes on between what a proposal prescribes (freepages.debate.host_verbs.freely)
    free      which pages are free at the start; all, if not given: a guest that may allocate and write before
              the host begins can bring about every other start
    interchangeable  whether no step depends on which number a page has
    blocks    an allocator of the blocks that are hinted at; None where each is the schedule's choice
    lost      the pages whose content was lost, and what each should hold

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> w.guest.allocate(w.page(1)); w.guest.write(w.page(1))
    >>> w.host.skip(w.every); w.log.start(); w.stop(); w.lost
    {1: 3}
    """

    blocks: Any = None

    def __init__(
        self,
        pages: int,
        *,
        pace: Pace,
        purpose: Purpose = "migrate",
        assume: Assumptions | None = None,
        requests: int = 2,
        free: Any = None,
        chunk: int | None = None,
        kind: Any = PageSet,
        content: Any = Content,
        interchangeable: bool = False,
    ):
        self.pages, self.purpose, self.requests, self.kind = pages, purpose, requests, kind
        self.assume, self.pace = assume or Assumptions(), pace
        size = chunk or max(1, pages // 2)
        self.chunks = [(at, min(at + size, pages)) for at in range(0, pages, size)]
        self.log = self.new_log("manual" if self.assume.log_not_cleared_by_sync else "auto")
        self.memory = content(pages, self.log)
        self.mail = Mailbox()
        self.guest, self.host = self.sides(free if free is not None else self.every)
        self.lock = self.guest.lock
        self.lost: dict[int, int] = {}
        self.interchangeable = interchangeable
        a = self.assume
        self._content_kept = bool(
            a.every_page_in_use or a.rely_on_free_content or a.init_on_free or a.init_on_alloc
        )

    def new_log(self, mode: Mode) -> DirtyLog:
        """The dirty log of all pages."""
        return DirtyLog(self.pages, mode, late=self.assume.late, kind=self.kind)

    def sides(self, free: Any) -> tuple[Any, Migration]:
        """The guest's side of it, of whose pages ``free`` are free, and the host's."""
        guest = Ownership(self.pages, self.memory, self.assume, free)
        return guest, Migration(self.memory, self.log, **self.assume.of_the_host)

    @property
    def every(self) -> Any:
        """All pages."""
        return self.range(0, self.pages)

    def page(self, pfn: int) -> Any:
        """A set of pages with this one in it.

        Gives the set.
        """
        return self.kind.of(self.pages, [pfn])

    def range(self, start: int, end: int) -> Any:
        """The pages from start to end - 1.

        Gives the set.
        """
        pages = self.kind(self.pages)
        pages.set_range(start, end)
        return pages

    def as_set(self, pages: Any) -> Any:
        """What a verb is given, as a set of pages. Raises FreepagesError for what is none."""
        if isinstance(pages, tuple) and pages in self.chunks:
            raise FreepagesError(
                f"{pages} is a chunk, its start and end: write w.range{pages}, or {[*pages]} for these two"
            )
        return pages if isinstance(pages, self.kind) else self.kind(self.pages).like(pages)

    def next_id(self) -> int:
        """Count one more request and send nothing. With "id-bits" the ids come round again.

        Gives its id.
        """
        id = self.mail.asked
        self.mail.asked += 1
        return id % (1 << self.assume.id_bits) if self.assume.id_bits else id

    def request(self) -> int:
        """Send one more request.

        Gives its id.
        """
        id = self.next_id()
        self.mail.requests.append(id)
        return id

    def message(self, pages: Any) -> Any:
        """The pages as a buffer lists them: what becomes of the set afterwards is not in it."""
        return pages.copy()

    def sync(self) -> None:
        """Read and empty the dirty log: its pages are to be sent. A host that only discards has no log."""
        if self.purpose == "migrate":
            self.host.sync()

    def pause(self) -> None:
        """Stop the guest's vCPUs, and with them the driver and the workload."""
        self.guest.paused = True

    def resume(self) -> None:
        """Let them go on."""
        self.guest.paused = False

    # -- what is judged

    def untouched(self, pages: Any) -> int:
        """How many of these pages the guest has never written, where the world knows it."""
        return 0

    def stop(self) -> None:
        """Stop, last sync, last send and comparison, which are one step."""
        self.host.stop()
        lost = self.guest.matters()
        lost &= self.memory.unequal()
        self._lose(lost)

    def discard(self, pages: Any) -> None:
        """The host drops these pages: a loss of those whose content matters and is changed."""
        should = list(self.memory.source)
        lost = self.memory.discard(pages)
        lost &= self.guest.matters()
        for pfn in lost:
            self.lost[pfn] = should[pfn]

    def _lose(self, pages: Any) -> None:
        for pfn in pages:
            self.lost[pfn] = self.memory.source[pfn]

    # -- what a search keeps and brings back

    @property
    def over(self) -> bool:
        """Whether nothing that happens now can matter any more."""
        return self.host.stopped or bool(self.lost)

    def save(self, reduced: bool = False) -> Saved:
        """All that changes. ``reduced``: content only as far as it can matter, and nothing of a world that is
        over."""
        ending = ((LOST if self.lost else OVER),) if self.over else ()
        if reduced and ending:
            return ending
        content, *others = (frozen(value(self)) for value in _VALUES)
        if reduced:
            written, *tokens = content
            kept = [self._reduced(page, *some) for page, some in enumerate(zip(*tokens, strict=True))]
            content = (written, *map(PerPage, zip(*kept, strict=True)))
        return (*ending, content, *others)

    def _reduced(self, page: int, source: int, destination: int) -> tuple[int, int]:
        """A page's two tokens with the letters renamed: what can matter is whether they are equal, and with
        fills or content that is relied on also whether they are zeros or poison."""
        if not self._content_kept and not self.guest.written[page]:
            return ZERO, ZERO  # whatever is written next is new
        here = min(source, LETTERS)
        if source == destination:
            return here, here
        return here, destination if self._content_kept and destination < LETTERS else LETTERS + 1

    def restore(self, saved: Saved) -> None:
        """Bring back what was saved of a world that is not over."""
        self.lost.clear()
        self.host.stopped = False
        for attributes, value in zip(_ATTRIBUTES, saved, strict=True):
            values = value if len(attributes) > 1 else (value,)
            for (part, name), one in zip(attributes, values, strict=True):
                setattr(getattr(self, part), name, thawed(one))


_ATTRIBUTES = [[name.split(".") for name in names] for names in FIELDS]
_VALUES = [attrgetter(*names) for names in FIELDS]


def frozen(value: Any) -> Any:
    """A part of the world as a value that stays as it is, and can be compared.

    Examples
    --------
    >>> frozen(PageSet.of(4, [0, 2]))
    Pages(pages=4, value=5)
    """
    if isinstance(value, Answer):
        return Answer(value.id, frozen(value.pages))
    if isinstance(value, PageSet | PageTokens):
        return value.frozen()
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value


def thawed(value: Any) -> Any:
    """The inverse of :func:`frozen`: a part that can change.

    Examples
    --------
    >>> thawed(frozen(PageSet.of(4, [0, 2]))) == {0, 2}
    True
    """
    if not isinstance(value, tuple):
        return value
    if isinstance(value, Pages):
        return PageSet(*value)
    if isinstance(value, Answer):
        return Answer(value.id, thawed(value.pages))
    return PageTokens(value) if isinstance(value, PerPage) else [*map(thawed, value)]
