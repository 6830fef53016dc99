"""The free-page bitmap being built under the zone's lock, while another CPU wants the zone."""

from __future__ import annotations

from dataclasses import dataclass

from freepages.engine import Process, Run, Scenario, stuck
from freepages.engine.errors import FreepagesError
from freepages.engine.state import Known
from freepages.pages.pageset import PageSet
from freepages.pages.ranges import spans
from freepages.scenarios.panels import free_lists, locks, memory, touched
from freepages.scenarios.zones import unsound, workload, zone_drawn
from freepages.view.frame import Bits, Frame
from freepages.zone.free_page_bitmap import mark_free_pages_bitmap
from freepages.zone.zone import Zone

LIVED_IN = "kkkkkkkkkk··aa··c·ccpp··aaaaaaaa·a·assss////////····cccc········"
"""64 pages after some use: every kind of page, two on cpu 0's own list, and a hole of eight."""


@dataclass
class Building:
    """The world of the scenario: a zone, and the bitmap that is being built of it."""

    zone: Zone
    bitmap: PageSet


def free_page_bitmap(
    letters: str | int = LIVED_IN, *, length: int | None = None, story: str = ""
) -> Scenario:
    """The zone as drawn, or one of so many free pages.

    ``g`` (guest, cpu 0) builds the bitmap, ``w`` (workload, cpu 1) allocates and frees.
    ``length`` is what the walk is told the bitmap covers, in pages: by default all of them.
    """
    if isinstance(letters, int):
        letters = "·" * letters
    if not isinstance(letters, str) or not letters:
        raise FreepagesError(
            f"a zone's drawing is a text such as '··aa/p··', or a number of pages; not {letters!r}"
        )
    drawn, pages = letters, len(letters)
    covered = pages if length is None else length

    def build() -> tuple[Building, list[Process]]:
        world = Building(zone_drawn(drawn), PageSet(covered))
        walk = mark_free_pages_bitmap(world.zone, world.bitmap, covered, max_pfn=pages, cpu="guest")
        return world, [
            Process("g", "guest", walk),
            Process("w", "workload", workload(world.zone, "workload", largest=3)),
        ]

    def picture(run: Run) -> Frame:
        zone, bitmap = run.world.zone, run.world.bitmap
        lit = touched(run)
        return Frame(
            f"zone {zone.name}: {zone.listed_pages()} pages free, {bitmap.count()} marked",
            (
                memory(zone, lit),
                Bits("bitmap", zone.start_pfn, bitmap, highlight=lit),
                free_lists(zone),
                locks(run, zone.lock),
            ),
        )

    return Scenario(
        "free_page_bitmap",
        "the bitmap builder under the zone lock",
        build,
        picture,
        story,
        property=lambda run: stuck(run) or unsound(run.world.zone) or marked_in_use(run),
        key=lambda run: (
            Known(run.world.zone, run.world.zone.state()),
            Known(run.world.bitmap, run.world.bitmap.frozen()),
        ),
    )


def marked_in_use(run: Run) -> str | None:
    """Whether a page that is in use is marked while the walk still holds the lock."""
    zone, bitmap = run.world.zone, run.world.bitmap
    if zone.lock.holder != "guest":
        return None
    free = {page for pfn, order, _ in zone.free_blocks() for page in range(pfn, pfn + (1 << order))}
    wrong = [page for page in range(bitmap.pages) if bitmap[page] and page not in free]
    return f"pages {spans(wrong)} are marked and are not free, though the lock is held" if wrong else None
