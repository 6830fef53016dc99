"""Notebook 05: which defects are bugs; and lose data with the patched driver, by a schedule of one's own."""

from __future__ import annotations

from freepages.balloon.free_pages_device import READS_REPLY
from freepages.engine import Act, Run
from freepages.exercises.exercise import Exercise, Wrong, beside_the_shortest, written
from freepages.exercises.prediction import Forecast
from freepages.review import row
from freepages.review.rows_buffers import TAKES_PAGE
from freepages.zone.kmalloc import KFREE

ROW = row("B5")


ASKED = ("B2", "B3", "B5", "B16")
prediction = Forecast(
    lambda: {name: row(name).verdict for name in ASKED},
    why={name: row(name).claim for name in ASKED},
    wrong={
        "B2": {
            "harmless": "It works until the kernel has no page at hand. Then the allocation has to wait.",
            "conditional": "Every host's request runs this line, and the line breaks the rule each time.",
        },
        "B3": {
            "harmless": "A host that waits for the answer waits for ever.",
            "conditional": "Any host may ask again, and nothing says how soon the handler runs.",
        },
        "B5": {
            "harmless": "The host may read somebody else's data as a bitmap, and leave out pages in use.",
            "bug": "It takes a host that asks again before it has read. With any other nothing happens.",
        },
        "B16": {
            "bug": "A free page that is missed is sent although nobody needs it. Nothing is lost by that.",
            "conditional": "Every guest has such pages, and none loses data by them.",
        },
    },
)
"""Which of four claims names a bug, which a conditional one, and which is harmless."""


def _judge(schedule: str) -> str:
    patch, shows = ROW.patch, ROW.shows
    assert patch and shows
    run = Run(patch(), schedule)
    found = shows(run)
    if found is None:
        raise Wrong(f"after {len(run.steps)} moves nothing is lost. {_what_is_missing(run)}")
    return f"{found}. {beside_the_shortest(len(run.steps), ROW.schedule)}"


def _what_is_missing(run: Run) -> str:
    """The first thing that has not happened yet, or happened in an order that does no harm."""
    asked = run.world.device.asked
    read, freed, taken = (_when(run, act) for act in (READS_REPLY, KFREE, TAKES_PAGE))
    if not asked:
        return "The host has not asked yet."
    if read and not freed:
        return "The host read the answer while the bitmap was still there. It must ask again first."
    if asked < 2:
        return "The host has asked once. Let the handler answer, and the host ask again before it reads."
    if taken and (not freed or taken < freed):
        return "Somebody took a page before the bitmap was freed, so they got another page."
    if not freed:
        return "The bitmap is not freed yet. Let the interrupt handler begin with the second request."
    if not taken:
        return "The bitmap is freed, but its page still holds what it held. Nobody else has written to it."
    if not read:
        return "The host has not read the answer yet."
    if taken > read:
        return "Somebody took the page after the host had read it."
    return "The driver had allocated its next bitmap by then, so somebody got another page."


def _when(run: Run, act: Act) -> int:
    """The number of the first step of that kind; 0 where there is none."""
    return next((step.number for step in run.steps if step.act is act), 0)


reads_too_late = Exercise(
    "Write a schedule of row('B5').patch() after which the host skips pages that were never free.",
    _judge,
    (
        "the driver frees its bitmap when the next request comes. Who can ask again before it reads?",
        "let the host (h) ask, the interrupt handler (i) answer, and the host ask again before it reads. "
        "What must somebody in the guest (w) do before the host reads?",
        f"the shortest there is: {ROW.schedule}",
    ),
    written("a schedule such as 'h h i w'"),
)
