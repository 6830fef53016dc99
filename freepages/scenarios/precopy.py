"""Pre-copy page by page: a host that sends in order, as QEMU does, and a guest that goes on writing.

By hand the host of :func:`freepages.debate.host_verbs.freely` may send any page at any step; of 64 pages
that is much to choose from. Here it sends the *next* ones, from where it was, round and round through the
bitmap (migration_bitmap_find_and_reset_dirty() of migration/ram.c, QEMU 2.6), and what is left to choose is
how many, when it syncs and when it stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from freepages.debate.host_verbs import as_chosen
from freepages.debate.proposals import EVERYTHING
from freepages.debate.world import World
from freepages.engine import Act, Move, Process, Run, Scenario, Steps, Until
from freepages.engine.errors import FreepagesError
from freepages.host.ram import GuestRam, RamBlock
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet
from freepages.scenarios.debate import debate, debated, lost_page
from freepages.scenarios.debate_picture import SIGNS, picture
from freepages.view.frame import Bits, Facts, Frame, Locks, PageMap, State

PAGES = 64
FREE = (*range(10, 14), *range(20, 32), *range(36, 60))
"""The free pages of the small guest: blocks, as a buddy allocator has them."""
HOT = (2, 5, 8, 9, 15, 17, 18, 33, 34, 35, 60, 61)
"""The pages that it writes, one after the other."""

BATCHES = (1, 4, 8)
"""How many pages the host may send in one step."""

WRITES = Act("writes page {1}", cost="none")


def in_order(w: World, sync: bool, stop: bool, asks: bool, tells_sync: bool) -> Steps:
    """The host's freedom, but that pages are sent in order: a pace as hostside.freely."""
    position = 0

    def sends() -> dict[str, str]:
        left = w.host.to_send.count()
        return {
            f"{batch}n": f"sends the next {batch} pages" if batch > 1 else "sends the next page"
            for batch in BATCHES
            if left >= batch
        }

    def send(choice: str) -> None:
        nonlocal position
        for _ in range(int(choice[:-1])):
            position = _next(w.host.to_send, position)
            w.host.send(w.page(position))

    return as_chosen(w, sync, stop, asks, tells_sync, sends, send)


def _next(pages: PageSet, position: int) -> int:
    """The first of these pages from a position on, round the end."""
    return min(pages, key=lambda page: (page < position, page))


def steady(w: World, hot: Sequence[int]) -> Steps:
    """Write these pages, one after the other, round and round."""
    at, runs = 0, Until(lambda: not w.host.stopped, "stands still")
    while True:
        yield WRITES, runs, hot[at]
        w.guest.write(w.page(hot[at]))
        at = (at + 1) % len(hot)


def rounds(
    pages: int = PAGES, free: Iterable[int] = FREE, hot: Sequence[int] = HOT, story: str = ""
) -> Scenario:
    """Everything is sent, in order, of a guest that writes its hot pages one after the other.

    Raises FreepagesError for pages that the guest has not, and for hot pages that are free, or none.
    """
    free = list(free)
    if strange := [page for page in (*free, *hot) if not 0 <= page < pages]:
        raise FreepagesError(
            f"page {strange[0]} is none of a guest of {pages}: rounds(free=..., hot=...) says which of its "
            "pages are free, and which are written"
        )
    unused = PageSet.of(pages, free)
    if not hot or any(unused[page] for page in hot):
        raise FreepagesError("hot pages are pages in use, and there is one at least")

    def build() -> tuple[World, list[Process]]:
        w = World(pages, free=unused.copy(), pace=in_order)
        host = Process("h", "host", partial(EVERYTHING.host, w))
        return w, [host, Process("w", "guest", partial(steady, w, hot))]

    return Scenario(
        "rounds",
        "everything is sent, round after round",
        build,
        _picture,
        story,
        f"{pages} pages; the guest writes {len(hot)} of them in turn",
        read="h",
        property=lost_page,
        key=debated,
        signs=SIGNS[:2],
    )


def skipping(story: str = "", position: str = "snapshot", free: Iterable[int] = FREE) -> Scenario:
    """A proposal on the small guest, whose host sends in order, and a workload that does what it likes."""
    return debate(position, pages=PAGES, free=free, story=story, pace=in_order)


def _picture(run: Run) -> Frame:
    """The pages, and how the rounds went."""
    frame, w = picture(run, EVERYTHING), run.world
    about = {
        "round": 1 + sum(step.move.choice == "0y" for step in run.steps),
        "sent so far": sent_pages(run),
        "left to send": w.host.to_send.count(),
        "in the log": w.log.bits.count(),
    }
    panels = [panel for panel in frame.panels if not isinstance(panel, Locks)]
    return Frame(frame.title, (*panels, Facts("the migration", about)), frame.note)


# -- a run in which sending and writing go at their rates


class Round(NamedTuple):
    """A round: how many pages were to be sent when it began, how many writes the guest made meanwhile, and
    how many pages were left when it ended."""

    pages: int
    writes: int
    stopped: bool = False
    left: int = 0


def race(
    scenario: Scenario, sends: int, writes: int, limit: int, *, early: bool = False
) -> tuple[Run, list[Round]]:
    """A run of :func:`rounds` in which the guest writes ``writes`` pages while ``sends`` are sent.

    At the end of a round the host syncs; if no more than ``limit`` pages are left it stops the guest, and it
    gives up where a round begins with as many pages as the one before. A round ends when all is sent; with
    ``early``, as soon as no more than ``limit`` pages are left, as QEMU does it. Returns the run and its
    rounds; if it was given up, none of them is a stop.
    """
    for name, value in (("sends", sends), ("writes", writes + 1), ("limit", limit + 1)):
        if value < 1:
            raise FreepagesError(f"{name}: {value} is too small")
    run = Run(scenario)
    run.move("h")
    told: list[Round] = []
    while True:
        pages = run.world.host.to_send.count()
        if told and pages == told[-1].pages:
            return run, told
        if told and pages <= limit:
            run.move("h0x")
            return run, [*told, Round(pages, 0, True)]
        left, written = pages, 0
        while left > (limit if early else 0):
            run.move(Move("h", "1n"))
            left -= 1
            for _ in range(writes if (pages - left) % sends == 0 else 0):
                run.move("w")
                written += 1
        run.move("h0y")
        told.append(Round(pages, written, left=left))


def sent_pages(run: Run) -> int:
    """How many pages a run of :func:`rounds` has sent so far, those after the stop not counted."""
    return sum(int(step.move.choice[:-1]) for step in run.steps if step.move.choice[-1:] == "n")


def in_bulk(schedule: Iterable[Move]) -> str:
    """The same moves, with as many of the sends that follow each other as one step may have in one."""
    text = " ".join(map(str, schedule))
    for batch in sorted(BATCHES, reverse=True):
        text = text.replace(" ".join(["h1n"] * batch), f"h{batch}n")
    return text


# -- RAM around the PCI hole

TOY_RAM = GuestRam([RamBlock("pc.ram", 0, PAGES, ((0, 24), (32, 32 + PAGES - 24)))])
"""A machine of 64 pages whose PCI hole is [24, 32)."""


TOY_FREE = (*range(4, 10), *range(20, 24), *range(40, 48), *range(60, 64))
"""Its free pages, by pfn: before the hole and behind it."""


def misplaced(ram: GuestRam, free: PageBitmap) -> PageBitmap:
    """The pages in use, by ram_addr, that are skipped where a bitmap over pfns is taken as it is."""
    wrong = ram.untranslated(free)
    wrong -= ram.to_ram_addr(free)
    return wrong


def around_the_hole(free: Iterable[int] = TOY_FREE, ram: GuestRam = TOY_RAM) -> Frame:
    """The guest's pages by pfn, and the host's by ram_addr, with the bitmap translated and as it came."""
    by_pfn = PageBitmap.of(ram.max_pfn, free)
    with_ram = PageBitmap.from_runs(ram.max_pfn, *ram.pfns())
    guest = [
        State.FREE if free else State.ANONYMOUS if there else State.HOLE
        for free, there in zip(by_pfn.unpacked(), with_ram.unpacked(), strict=True)
    ]
    translated, raw = ram.to_ram_addr(by_pfn), ram.untranslated(by_pfn)
    wrong = misplaced(ram, by_pfn)
    host = [State.FREE if free else State.ANONYMOUS for free in translated.unpacked()]
    return Frame(
        "one bitmap, read in two ways",
        (
            PageMap("the guest, by pfn", 0, guest),
            PageMap("the host's pc.ram, by ram_addr", 0, host, highlight=zip(*wrong.runs(), strict=True)),
            Bits("translated", 0, translated),
            Bits("as it came", 0, raw),
        ),
        f"As it came, the bitmap skips {wrong.count()} pages in use (outlined).",
    )
