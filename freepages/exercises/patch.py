"""Notebook 05: lose data with the patched driver, by a schedule of one's own."""

from __future__ import annotations

from freepages.engine.run import Run
from freepages.exercises.exercise import Exercise, Wrong, beside_the_shortest, written
from freepages.review import row

ROW = row("B5")


def _judge(schedule: str) -> str:
    patch, shows = ROW.patch, ROW.shows
    assert patch and shows
    run = Run(patch(), schedule)
    found = shows(run)
    if found is None:
        raise Wrong(f"after {len(run.steps)} moves nothing is lost.")
    return f"{found}. {beside_the_shortest(len(run.steps), ROW.schedule)}"


reads_too_late = Exercise(
    "Write a schedule of row('B5').patch() after which pages will not be sent that were never free.",
    _judge,
    (
        "the driver frees its bitmap when the next request comes. Who can ask again before reading?",
        "let the host (h) ask, the interrupt handler (i) answer, and the host ask again before it reads. "
        "What must the workload (w) do before the host reads?",
        f"the shortest there is: {ROW.schedule}",
    ),
    written("a schedule such as 'h h i w'"),
)
