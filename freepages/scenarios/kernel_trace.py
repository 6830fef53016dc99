"""A running kernel's allocator, stepped: the kmem events of a trace, and the map of the pages they name."""

from __future__ import annotations

from collections.abc import Mapping

from freepages.engine import Process, Run, Scenario, stuck
from freepages.engine.errors import FreepagesError
from freepages.engine.later import np
from freepages.engine.state import past
from freepages.real.kmem_events import NO_PFN, KmemEvents
from freepages.view.frame import Facts, Frame, PageMap, State
from freepages.zone.kmem_replay import (
    CHUNK,
    FREE_PAGE,
    IMPOSSIBLE,
    IN_USE,
    PER_CPU,
    UNSEEN,
    KmemReplay,
    SeenPages,
)

MOST_PAGES = 1 << 24  # a map of 64 GiB
STATES = bytes.maketrans(
    bytes([UNSEEN, IN_USE, PER_CPU, FREE_PAGE]),
    bytes([State.UNSEEN, State.IN_USE, State.PER_CPU, State.FREE]),
)


def kernel_trace(events: KmemEvents, *, pages: tuple[int, int] | None = None, story: str = "") -> Scenario:
    """The events of a trace, one a step (``k``, the kernel), and the map of the pfns [lo, hi) ``pages``.

    Without ``pages`` the map has all that an event names. Raises FreepagesError for a map of more than 2**24
    pages.
    """
    lo, hi = pages or _named(events)
    if not 0 <= lo < hi <= lo + MOST_PAGES:
        raise FreepagesError(
            f"a map of pfns [{lo}, {hi}): expected 1 to {MOST_PAGES:,} pages (pages=(lo, hi))"
        )

    def build() -> tuple[KmemReplay, list[Process]]:
        replay = KmemReplay(events)
        return replay, [Process("k", "kernel", replay.steps())]

    def picture(run: Run) -> Frame:
        return frame(run.world, lo, hi)

    return Scenario(
        "kernel_trace",
        f"{len(events):,} events of a kernel's allocator",
        build,
        picture,
        story,
        property=stuck,
        key=past,
    )


def frame(replay: KmemReplay, lo: int, hi: int) -> Frame:
    """The pages [lo, hi) after the events that are done."""
    seen, events, done = replay.seen, replay.events, replay.done
    lit = []
    if done and (pfn := events.pfns[done - 1]) != NO_PFN:
        first, last = max(lo, pfn), min(hi, pfn + (1 << events.orders[done - 1]))
        lit = [(first, last)] if first < last else []
    title = f"{done:,} of {len(events):,} events: {seen.pages(IN_USE):,} pages are known to be in use"
    return Frame(
        title, (PageMap("pages", lo, states(seen, lo, hi), highlight=lit), Facts("counted", counted(seen)))
    )


def states(seen: SeenPages, lo: int, hi: int) -> bytearray:
    """The State of each page of [lo, hi)."""
    found = bytearray([State.UNSEEN]) * (hi - lo)
    for at, chunk in seen.chunks.items():
        first, last = max(at << CHUNK, lo), min((at + 1) << CHUNK, hi)
        if first < last:
            part = chunk[first - (at << CHUNK) : last - (at << CHUNK)]
            found[first - lo : last - lo] = part.translate(STATES)
    return found


def counted(seen: SeenPages) -> Mapping[str, str]:
    """What the replay counted, in words."""
    rows = {name.replace("_", " "): f"{seen.impossible[name]:,}" for name in IMPOSSIBLE}
    return rows | {"freed, in use before the trace": f"{seen.unseen_frees:,}", "failed": f"{seen.failed:,}"}


def _named(events: KmemEvents) -> tuple[int, int]:
    pfns = np.array(events.pfns, np.int64)
    known = pfns != NO_PFN
    if not known.any():
        return 0, 1 << CHUNK
    ends = (pfns + (1 << np.frombuffer(events.orders, np.uint8).astype(np.int64)))[known]
    size = 1 << CHUNK
    return int(pfns[known].min()) & -size, -(-int(ends.max()) // size) * size
