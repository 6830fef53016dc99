"""The guest that drops its caches: what is shown, and how much of what was freed is reported."""

from typing import Any

import pytest

from freepages.engine import Run, ScheduleError, to_the_end
from freepages.engine.step_size import coarse, fine
from freepages.scenarios.dropping_caches import CACHED, Dropping, drop_caches
from freepages.view.frame import PageMap
from freepages.view.text import text
from freepages.zone.page_cache import READS_DISK

FREE = CACHED.count("·")
CLEAN = "AAAAAAAABBBBARR"
"""The pages of the drawing that nothing keeps."""


def finished(*args: Any, **kwargs: Any) -> Run:
    return to_the_end(Run(drop_caches(*args, **kwargs)))


def counts(run: Run) -> tuple[int, int]:
    """Pages free on the lists, and marked."""
    world: Dropping = run.world
    return world.zone.nr_free_pages, world.bitmap.count()


def test_every_state_can_be_shown() -> None:
    run = Run(drop_caches(sync_first=True, drain=True))
    lit = set()
    while "" in run.processes["g"].options():
        frame = run.scenario.picture(run)
        assert frame == run.scenario.picture(run) and text(frame)
        lit |= {page for panel in frame.panels if isinstance(panel, PageMap) for page, _ in panel.highlight}
        run.move("g")
    assert {8, 24, 31, 36, 40} <= lit


def test_a_page_shows_its_file_its_state_or_its_number_of_objects() -> None:
    scenario = drop_caches()
    (memory,) = (panel for panel in scenario.picture(Run(scenario)).panels if isinstance(panel, PageMap))
    assert "".join(token or "·" for token in memory.tokens) == (
        "········AAAAAAAAddwA····mmmBBBBl" + "TTTTRR··86444·" + "·" * 18
    )


def test_what_is_marked_is_what_is_on_the_lists_and_the_rest_waits_with_the_cpu() -> None:
    run = finished(1)
    free, marked = counts(run)
    waiting = sum(map(len, run.world.zone.pageset["cpu 0"]))
    assert free == marked < FREE + len(CLEAN) == free + waiting
    assert counts(finished(1, drain=True)) == (FREE + len(CLEAN),) * 2


def test_writing_back_first_frees_more_and_slab_still_more() -> None:
    clean = counts(finished(1, drain=True))[1]
    written = counts(finished(1, drain=True, sync_first=True))[1]
    slab = counts(finished(3, drain=True, sync_first=True))[1]
    assert (clean, written, slab) == (FREE + len(CLEAN), FREE + len(CLEAN) + 3, FREE + len(CLEAN) + 3 + 3)


def test_a_dropped_page_that_is_read_again_comes_from_the_disk_into_a_page_that_was_reported() -> None:
    run = finished(1, drain=True)
    for move in ("r0a", *"rrrr"):
        run.move(move)
    while run.processes["r"].act is not READS_DISK:
        run.move("r")
    _, _, pfn = run.processes["r"].args
    run.move("r")
    assert run.world.cache.files["A"].pages[0] == pfn and run.world.bitmap[pfn]
    assert run.world.zone.used[pfn] == (0, "c")


def test_a_page_that_a_reader_is_fetching_is_locked_and_stays() -> None:
    run = Run(drop_caches(1))
    for _ in range(13):  # all of A was tried, and nothing freed yet
        run.move("g")
    run.move("r0a")
    while run.processes["r"].act is not READS_DISK:
        run.move("r")
    pfn = run.world.cache.files["A"].pages[0]
    assert run.world.cache.refusal(pfn) == "is locked"


def test_in_coarse_steps_it_ends_in_the_same_memory() -> None:
    ends = [finished(3, sync_first=True, drain=True, grain=grain) for grain in (fine, coarse)]
    assert ends[0].scenario.picture(ends[0]).panels == ends[1].scenario.picture(ends[1]).panels
    assert len(ends[1].steps) < len(ends[0].steps) / 2


def test_a_page_behind_the_end_of_a_file_cannot_be_read() -> None:
    run = Run(drop_caches())
    with pytest.raises(ScheduleError, match="cannot choose '12a'"):
        run.move("r12a")
