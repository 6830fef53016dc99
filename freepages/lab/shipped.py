"""Every scenario that comes with freepages, by the name under which a command line or a test asks for it.

The review's rows keep their ids, and the schedule that shows a row is its story. A proposal's name alone is
its migration; with ``-discard`` behind it the host discards what is reported. A new scenario gets a line
here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

from freepages.debate.proposals import PROPOSALS
from freepages.engine import Run, Scenario, to_the_end
from freepages.engine.errors import unknown
from freepages.engine.step_size import coarse
from freepages.engine.text_table import columns
from freepages.lab.key import key
from freepages.real.data_path import data_path
from freepages.real.kmem_events import read_kmem_events
from freepages.review import REVIEW
from freepages.review.build_scenario import kbuild
from freepages.scenarios.balloon import exchange, inflate, statistics
from freepages.scenarios.bitmap_builder import free_page_bitmap
from freepages.scenarios.debate import debate, marking_clean
from freepages.scenarios.dropping_caches import drop_caches
from freepages.scenarios.kernel_trace import kernel_trace
from freepages.scenarios.machine.scenario import one_machine
from freepages.scenarios.precopy import in_bulk, race, rounds, skipping
from freepages.scenarios.virtqueue import HOSTILE, LOST_KICK, STALE, hostile, virtqueue
from freepages.scenarios.zones import FRAGMENTED, buddy_zone
from freepages.view.signs import Sign

Builder = Callable[[], Scenario]

MIGRATIONS = {
    "everything": "w0a w0w h h0s w1a w1w w0w h1s h0y h0s h0x",
    "snapshot": "h h0r g g g g g w0a w0w h0t h0y h0x",
    "log_late": "h g g g g g w0a w0w h0t h h0y h0x",
    "no_wait": "h h0r g g g g g w0a w0w h0y h0t h0x",
    "locked": "h h0r g g g g h0t g g g g g h0t g g w0a w0w h0y h0x",
    "pause_vm": "h h0r g g g g h0t h h g g w0a w0w h0y h0x",
    "request_id": "h h0r g g g g g w0a w0w h0y h0t h0x",
    "request_id_unchecked": "h h0r g g g g g w0a w0w h0y h0r h0t h0x",
    "inflate_deflate": "h h0r g g g h0t g g w0a w0w h0y h0x",
    "free_page_hint": "h h0r g g g0h h0t h0t g1h h0y h0t g0n g h0t h0r g g h0t g0n g h0t h1s h0x g",
    "page_reporting": "h w0a w0w g g h0t g g w1a w1w h0y h0x",
}
DISCARDS = {
    **dict.fromkeys(("snapshot", "no_wait"), "h0r g g g g g w0a w0w h0t h h"),
    **dict.fromkeys(("request_id", "request_id_unchecked"), "h0r g g g g g w0a w0w h0t h h"),
    "log_late": "h g g g g g w0a w0w h0t h h",
    "locked": "h0r g g g g h0t h g g g g g h0t h g g w0a w0w",
    "pause_vm": "h0r g g g g h0t h h h h g g w0a w0w",
    "inflate_deflate": "h0r g g g h0t h h g g w0a w0w",
    "free_page_hint": "h0r g g g0h h0t h0t h g0n g h0x g w0a w0w",
    "page_reporting": "w0a w0w g g h0t h g g w1a w1w",
}
"""A schedule worth following of each proposal, with two pages: one is used again as soon as may be."""


def shipped() -> dict[str, Builder]:
    """Name -> what builds that scenario, its story in it; in the order of the course."""
    return {
        "zone": partial(buddy_zone, story="c0a c c c c c c c c c c0f c c c c c c c c c"),
        "zone-fragmented": partial(buddy_zone, FRAGMENTED, story="c0u c c c c c c c c c c c c0a c c c"),
        "zone-two-cpus": partial(
            buddy_zone, "····aa··", cpus=2, pageblock_order=3, story="c0a c c d1a c c d d d"
        ),
        "free-page-bitmap": partial(free_page_bitmap, story="g g w0a g g g g g g g g w w w"),
        "virtqueue": partial(_played, virtqueue),
        "virtqueue-stale": partial(
            virtqueue, ["one", "two"], store_buffer=True, barriers=False, story=STALE + "h" * 14
        ),
        "virtqueue-lost-kick": partial(
            virtqueue,
            ["one", "two"],
            at_once=2,
            suppress=True,
            store_buffer=True,
            barriers=False,
            story=LOST_KICK,
        ),
        **{f"hostile-{_dashed(kind)}": partial(_played, partial(hostile, kind)) for kind in HOSTILE},
        "inflate": partial(_played, inflate),
        "statistics": partial(_played, statistics),
        "exchange": partial(_played, exchange),
        "exchange-repaired": partial(_played, partial(exchange, repaired=True)),
        "one-machine": one_machine,
        "exchange-by-operation": partial(_played, partial(exchange, grain=coarse)),
        **{_dashed(row.id): row.scenario for row in REVIEW if row.runnable},
        "kbuild": kbuild,
        "rounds": _raced,
        "skipping": partial(skipping, "h h0r g g g g g w20a w20w h0t h8n h8n h8n h0y h1n h0x"),
        "drop-caches": partial(_played, drop_caches),
        "kernel-trace": _recorded,
        **{name: partial(debate, name, story=MIGRATIONS[name]) for name in PROPOSALS},
        "marks-clean": marking_clean,
        "marks-clean-too-late": partial(marking_clean, under_lock=False),
        **{f"{name}-discard": partial(debate, name, "discard", story=DISCARDS[name]) for name in DISCARDS},
    }


def shipped_scenario(name: str) -> Scenario:
    """The scenario of that name. Raises FreepagesError for a name that is none, with the nearest that is."""
    known = shipped()
    if name in known:
        return known[name]()
    raise unknown("scenario", name, known)


def letters(kind: str) -> str:
    """The signs of one kind ("move", "state" or "mark"), their meanings, and a scenario in which each occurs.

    A sign with several meanings is written once, before the first of them.
    """
    rows, written = [("sign", "meaning", "for example in")], ""
    for sign, scenario in sorted(_found().items()):
        if sign.kind == kind:
            rows.append(("" if sign.sign == written else sign.sign, sign.words, scenario))
            written = sign.sign
    return "\n".join(columns(rows, rule=True))


@cache
def _found() -> dict[Sign, str]:
    """Sign -> the name of the first scenario in whose key it stands."""
    found: dict[Sign, str] = {}
    for name, build in shipped().items():
        for sign in key(build()):
            found.setdefault(sign, name)
    return found


def _dashed(words: str) -> str:
    return words.replace(" ", "-")


def _played(build: Builder) -> Scenario:
    """A scenario whose story is that whoever comes first moves, until nobody can."""
    scenario = build()
    return replace(scenario, story=str(to_the_end(Run(scenario)).schedule))


def _recorded() -> Scenario:
    """A running guest's own events; the first hundred are the story."""
    events = read_kmem_events(data_path("traces", "guest-6.1.trace.gz"))
    return kernel_trace(events, story=" ".join("k" * 100))


def _raced() -> Scenario:
    run, _ = race(rounds(), sends=4, writes=1, limit=3)
    return rounds(story=in_bulk(run.schedule))
