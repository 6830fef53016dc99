"""The world that every proposal moves in: a guest, its memory, a queue and a migrating host.

The parts know nothing of each other: ownership is the guest's, the mailbox is the queue, the migration is the
host's, and what a write does to both sides is the memory's. What joins them is here: what the environment is
free to do, when content counts as lost, and what each proposal is written in terms of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import LETTERS, ZERO, Content
from freepages.debate.host_verbs import freely
from freepages.debate.mailbox import Answer, Mailbox
from freepages.debate.ownership import Ownership
from freepages.engine.run import Steps
from freepages.host.dirty_log import DirtyLog, Mode
from freepages.host.migration import Migration
from freepages.pages.pageset import PageSet, renumber

Purpose = Literal["migrate", "discard"]
PURPOSES: tuple[Purpose, ...] = ("migrate", "discard")


Saved = tuple[Any, ...]
"""All of a small world that changes while a run goes on, in the order of World.fields; pages as ints."""

OVER, LOST = "over", "lost"
"""How what is saved begins in a world in which nothing can matter any more."""


class World:
    """A guest of ``pages`` pages and the host that migrates it, or discards what it reports.

    purpose   "migrate" or "discard"
    requests  how often the host asks (or, where the guest begins, how often it reports)
    chunk     pages that a bitmap built chunk by chunk covers at a time; half of all, if not given
    pace      how the host goes on between what a proposal prescribes: a function as hostside.freely
    free      which pages are free at the start; all, if not given: a guest that may allocate and write before
              the host begins can bring about every other start
    interchangeable  whether no step depends on which number a page has
    blocks    an allocator of the blocks that are hinted at; None where each is the schedule's choice
    lost      the pages whose content was lost, and what each should hold
    """

    blocks: Any = None

    def __init__(
        self,
        pages: int,
        *,
        purpose: Purpose = "migrate",
        assume: Assumptions | None = None,
        requests: int = 2,
        free: Any = None,
        chunk: int | None = None,
        pace: Callable[..., Steps] = freely,
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

    def sides(self, free: Any) -> tuple[Any, Any]:
        """The guest's side of it, of whose pages ``free`` are free, and the host's."""
        guest = Ownership(self.pages, self.memory, self.assume, free)
        return guest, Migration(self.memory, self.log, **self.assume.of_the_host)

    @property
    def every(self) -> Any:
        """All pages."""
        return self.range(0, self.pages)

    def page(self, pfn: int) -> Any:
        """One page."""
        one = self.kind(self.pages)
        one.set(pfn)
        return one

    def range(self, start: int, end: int) -> Any:
        """The pages [start, end)."""
        pages = self.kind(self.pages)
        pages.set_range(start, end)
        return pages

    def next_id(self) -> int:
        """The id of one more request; with "id-bits" they come round again."""
        id = self.mail.asked
        self.mail.asked += 1
        return id % (1 << self.assume.id_bits) if self.assume.id_bits else id

    def request(self) -> int:
        """The host sends one more request; its id."""
        id = self.next_id()
        self.mail.requests.append(id)
        return id

    def sync(self) -> None:
        """The host reads the dirty log; who only discards has none."""
        if self.purpose == "migrate":
            self.host.sync()

    # -- what is judged

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

    def fields(self) -> dict[tuple[Any, str], int]:
        """Where in what is saved each attribute of each part is; content goes with what was written."""
        g, m, log, h, c = self.guest, self.mail, self.log, self.host, self.memory
        order = [
            [(g, "written"), (c, "source"), (c, "destination")],
            *([(g, name)] for name in ("free", "held", "isolated", "reported")),
            *([(h, name)] for name in ("to_send", "copy", "brought")),
            *([(log, name)] for name in ("bits", "protected", "pending", "on")),
            *([(m, name)] for name in ("answers", "requests", "asked", "returned", "register")),
            [(self.lock, "holder")],
        ]
        return {attribute: at for at, same in enumerate(order) for attribute in same}

    def save(self, reduced: bool = False) -> Saved:
        """All that changes. ``reduced``: content only as far as it can matter, and nothing of a world that is
        over."""
        g, m, log, h = self.guest, self.mail, self.log, self.host
        if reduced and self.over:
            return (LOST if self.lost else OVER,)
        content = list(zip(self.memory.source, self.memory.destination, strict=True))
        if reduced:
            content = [self._reduced(*tokens, page) for page, tokens in enumerate(content)]
        saved = (
            (g.written.value, *content),
            *(g.free.value, g.held.value, g.isolated.value, g.reported.value),
            *(h.to_send.value, _value(h.copy), _value(h.brought)),
            *(log.bits.value, _value(log.protected), _value(log.pending), log.on),
            tuple((a.id, _value(a.pages)) for a in m.answers),
            *(tuple(m.requests), m.asked, m.returned, m.register),
            self.lock.holder,
        )
        return (LOST if self.lost else OVER, *saved) if self.over else saved

    def _reduced(self, source: int, destination: int, page: int) -> tuple[int, int]:
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
        g, m, log, h = self.guest, self.mail, self.log, self.host
        self.lost.clear()
        h.stopped = False
        content, g.free.value, g.held.value, g.isolated.value, g.reported.value = saved[:5]
        h.to_send.value, copy, brought, log.bits.value, protected, pending, log.on = saved[5:12]
        answers, requests, m.asked, m.returned, m.register, self.lock.holder = saved[12:]
        g.written.value = content[0]
        self.memory.source[:], self.memory.destination[:] = zip(*content[1:], strict=True)
        h.copy, h.brought = self._pages(copy), self._pages(brought)
        if protected is not None:
            log.protected.value = protected
        if pending is not None:
            log.pending.value = pending
        m.answers = [Answer(id, self._pages(pages)) for id, pages in answers]
        m.requests = list(requests)

    def _pages(self, value: int | None) -> PageSet | None:
        return None if value is None else PageSet(self.pages, value)

    def renumbered(self, saved: Saved, turn: tuple[int, ...]) -> Saved:
        """What was saved, with page i called turn[i]."""
        if saved[0] in (LOST, OVER):
            return saved

        def pages(value: Any) -> Any:
            return None if value is None else renumber(value, turn)

        written, *tokens = saved[0]
        content = (pages(written), *(token for _, token in sorted(zip(turn, tokens, strict=True))))
        answers = tuple((id, pages(value)) for id, value in saved[12])
        return (content, *map(pages, saved[1:11]), saved[11], answers, *saved[13:])


def _value(pages: PageSet | None) -> int | None:
    return None if pages is None else pages.value
