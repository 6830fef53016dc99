"""The proposals as scenarios: a small guest, the host that migrates it or discards what it reports, and a
workload that may do anything at any step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import letter
from freepages.debate.environment import processes, shrinker
from freepages.debate.host_verbs import freely
from freepages.debate.learner_errors import is_own
from freepages.debate.proposals import Proposal, find_proposal
from freepages.debate.world import PURPOSES, Pace, Purpose, World
from freepages.engine import Process, Run, Scenario
from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.state import Known
from freepages.pages.pageset import PageSet
from freepages.scenarios.debate_picture import SIGNS, picture, questions


def debate(
    position: Proposal | str,
    purpose: Purpose = "migrate",
    assume: Assumptions | Iterable[str] = (),
    *,
    pages: int = 2,
    requests: int | None = None,
    free: Iterable[int] | None = None,
    story: str = "",
    pace: Pace = freely,
) -> Scenario:
    """One proposal of the debate, for one purpose, under some assumptions.

    ``requests`` is at most how many the host sends; 2, or with "id-bits" as many as make an id come round.
    ``free`` are the pages that are free at the start; all, if not given. ``pace`` is how the host uses its
    freedom (:func:`freepages.debate.host_verbs.freely`).

    Raises FreepagesError for a purpose that is none, and for bounds that are not positive.
    """
    chosen = find_proposal(position)
    switches = assume if isinstance(assume, Assumptions) else Assumptions.of(assume)
    if purpose not in PURPOSES:
        raise unknown("purpose", purpose, PURPOSES)
    if requests is None:
        requests = (1 << switches.id_bits) + 1 if switches.id_bits else 2
    for name, value in (("pages", pages), ("requests", requests)):
        if value < 1:
            raise FreepagesError(f"{name}: {value} is not a positive number")
    own = is_own(chosen.guest) or is_own(chosen.host)
    alike = purpose == "migrate" and not (own or chosen.in_order or switches.no_lock_while_building)

    def build() -> tuple[World, list[Process]]:
        start = None if free is None else PageSet.of(pages, free)
        world = World(
            pages,
            purpose=purpose,
            assume=switches,
            requests=requests,
            free=start,
            pace=pace,
            interchangeable=alike,
        )
        others = [shrinker] if chosen.shrinks and switches.early_release else []
        return world, list(processes(world, chosen.guest, chosen.host, others))

    under = f", under {', '.join(switches.switches)}" if switches.switches else ""
    return Scenario(
        chosen.name,
        f"{chosen.title}: {purpose}",
        build,
        partial(picture, shows=chosen),
        story,
        f"{_some(pages, 'page')}, at most {_some(requests, 'request')}{under}; the workload "
        "allocates, writes and frees any page at any step; any pages may be free at the start",
        read="gh",
        property=lost_page,
        key=debated,
        signs=SIGNS,
        questions=questions,
    )


CLEAN_IN_TIME = "h w0a w0w h1s h0y w0w w0f h0r g g g g h0t g g g g g h0t g g w0a w0w h0y h0s h0x"
CLEAN_TOO_LATE = "h w0a w0w h1s h0y w0w w0f h0r g g g g g w0a w0w h0t h0x"


def marking_clean(under_lock: bool = True) -> Scenario:
    """A page is written, freed while it is dirty, and told of as free: the host marks it clean, in what is to
    be sent and in the log.

    That it may is Tsirkin's first reason for telling the host (19 April 2016,
    https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com), and why he wants the
    pages passed on under the lock. Without the lock the page is in use and dirty again when its answer is
    taken, and the host marks that clean too.
    """
    told, story = ("locked", CLEAN_IN_TIME) if under_lock else ("snapshot", CLEAN_TOO_LATE)
    scenario = debate(told, assume=["report-clears-log"], story=story)
    where = "under the lock" if under_lock else "without the lock"
    return replace(scenario, title=f"a dirty page marked clean, told of {where}")


def lost_page(run: Run) -> str | None:
    """Which page is lost, and what it should hold."""
    lost: dict[int, int] = run.world.lost
    return "; ".join(f"page {page} is lost: it should hold {letter(lost[page])}" for page in lost) or None


def debated(run: Run) -> Known | None:
    """The small world, content as far as it can matter; when the guest is stopped nothing can any more."""
    w: World = run.world
    return None if w.host.stopped and not w.lost else Known(w, w.save(reduced=True))


def _some(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
