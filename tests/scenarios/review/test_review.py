"""The review: every defect shows on the patch, by a shortest schedule, and not on the repaired driver."""

from functools import partial

import pytest

from freepages.engine import Run, Schedule, at_random, to_the_end
from freepages.engine.errors import FreepagesError
from freepages.review import REVIEW, Row, review_table, row
from freepages.review.rows_wire import no_statistics
from freepages.review.symptoms import one_answer
from freepages.scenarios.balloon import OFFERED, machine, scenario
from freepages.view.text import text
from freepages.virtqueue.features import INDIRECT_DESC

RUNNABLE = [row for row in REVIEW if row.runnable]
REPAIRED = [row for row in RUNNABLE if row.repaired]
HARMLESS = [row for row in RUNNABLE if row.verdict == "harmless"]


def named(rows: list[Row]):
    return pytest.mark.parametrize("row", rows, ids=lambda row: row.id)


def test_every_defect_has_a_row() -> None:
    assert {row.id for row in REVIEW} >= {f"B{number}" for number in range(1, 30)}
    assert len({row.id for row in REVIEW}) == len(REVIEW)


def test_these_can_be_run() -> None:
    wanted = (*range(2, 12), 13, 14, 16, 17, 20, 21, 23, 25)
    assert {row.id for row in RUNNABLE} >= {f"B{number}" for number in wanted}


@named([row for row in REVIEW if not row.runnable])
def test_what_cannot_be_run_says_what_it_needs(row: Row) -> None:
    assert row.needs and row.moves is None
    with pytest.raises(FreepagesError, match=f"{row.id} cannot be run: {row.needs}"):
        row.run()


@named(RUNNABLE)
def test_the_search_finds_the_schedule_again_and_none_that_is_shorter(row: Row) -> None:
    search = row.search()
    assert search.schedule == Schedule.parse(row.schedule)
    assert search.sentence == row.run().sentence


@named(RUNNABLE)
def test_it_shows_on_the_patch_and_not_one_move_earlier(row: Row) -> None:
    shown = row.run()
    assert shown.sentence
    assert row.shows is not None and row.shows(shown.run.back()) is None
    assert text(shown.run.scenario.picture(shown.run))


@named(REPAIRED)
def test_it_does_not_show_on_the_repaired_driver_under_the_same_schedule(row: Row) -> None:
    shown = row.run_repaired()
    assert shown.sentence is None
    assert not shown.run.moves(), "the run went on to its end"


@named(REPAIRED)
def test_nor_under_others(row: Row) -> None:
    assert row.repaired is not None and row.shows is not None
    scenario = row.repaired()
    for seed in range(2 if row.id.startswith("B8") else 12):
        run = Run(scenario)
        for _ in range(60):
            at_random(run, seed * 1000 + len(run.steps), 1)
            assert row.shows(run) is None


@named([row for row in REVIEW if row.verdict == "bug" and row.runnable])
def test_a_bug_has_a_repair(row: Row) -> None:
    assert row.repaired is not None


@named([row for row in HARMLESS if row.id != "B14"])
def test_what_is_harmless_never_has_a_page_skipped_that_is_in_use(row: Row) -> None:
    assert row.patch is not None
    scenario = row.patch()
    for seed in range(10):
        run = at_random(Run(scenario), seed, 500)
        assert not run.world.skipped() & run.world.never_free()


@named([row for row in REVIEW if row.methods])
def test_a_repair_can_be_read_as_a_diff(row: Row) -> None:
    lines = row.diff().splitlines()
    assert any(line.startswith("+ ") for line in lines)
    assert {line.split(": ")[1] for line in lines if line.startswith("+++")} == set(row.methods)


def test_an_indirect_table_for_the_answer_sleeps_in_interrupt_context_too() -> None:
    for ring, calls in (((), ["kzalloc"]), ((INDIRECT_DESC,), ["kzalloc", "kmalloc"])):
        asked = scenario("b2", "", partial(machine, offered=OFFERED.union(ring)), one_answer)
        lines = to_the_end(Run(asked)).world.kernel.dmesg
        assert lines == [
            f"{call}(GFP_KERNEL) may sleep, in interrupt context: free_pages_rq" for call in calls
        ]


def test_qemu_hides_b6() -> None:
    run = at_random(Run(no_statistics(always_stats=True)), 0, 100)
    b6 = row("B6")
    assert b6.shows is not None and b6.shows(run) is None
    assert set(run.world.driver.vqs) == {"inflate", "deflate", "stats", "free_pages"}


def test_every_row_says_who_found_it_or_what_became_of_it() -> None:
    for line in REVIEW:
        assert line.claim and line.where and line.later and line.title
        assert line.verdict in ("bug", "conditional", "harmless")


def test_the_table_has_a_line_for_every_row_and_is_the_same_every_time() -> None:
    table = repr(review_table())
    assert table == repr(review_table())
    lines = table.splitlines()
    assert len(lines) == 2 + len(REVIEW)
    assert lines[2 + [row.id for row in REVIEW].index("B3")].split()[:3] == ["B3", "bug", "18"]
    assert [row.id for row in review_table("bug").rows] == [row.id for row in REVIEW if row.verdict == "bug"]


def test_the_table_can_be_searched_and_says_where_there_is_nothing() -> None:
    assert [row.id for row in review_table(words="unsigned LONG").rows] == ["B10"]
    assert [row.id for row in review_table("conditional", "freed next").rows] == ["B5"]
    with pytest.raises(FreepagesError, match="no row of the review has 'zebra' in it"):
        review_table(words="zebra")
    with pytest.raises(FreepagesError, match="verdict 'bugs' is not known; did you mean bug"):
        review_table("bugs")


@pytest.mark.parametrize("line", REVIEW, ids=lambda line: line.id)
def test_a_row_is_told_from_its_claim_to_its_run_and_fits_the_pane(line: Row) -> None:
    told = repr(line).splitlines()
    assert told[0] == f"{line.id} · {line.title} · {line.verdict}"
    heads = [one.split("  ")[0] for one in told[1:] if not one.startswith(" ")]
    ran = ["moves", "run", "repaired"] if line.repaired else ["moves", "run"] if line.runnable else ["run"]
    assert heads == ["where", "claim", *ran, "later"]
    assert all(len(one) <= 100 or "://" in one for one in told)


def test_a_row_that_is_not_there_is_named() -> None:
    with pytest.raises(FreepagesError, match="row 'B99' is not known; did you mean B9"):
        row("B99")
