"""Migrations by the clock: exact bytes, nothing lost where nothing may be, the same by the same seed."""

import weakref
from dataclasses import replace
from itertools import pairwise

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.host.precopy import NORMAL_BYTES, ZERO_BYTES
from freepages.migrate import timed_migration
from freepages.migrate.guest import Guest
from freepages.migrate.report import timed_rounds
from freepages.migrate.timed_migration import migrate, prepare
from freepages.pages.orders import PAGE_SIZE
from tests.verdicts import SAFE

SIZE = 64 << 20
PAGES = SIZE // PAGE_SIZE
PROVED = sorted(SAFE["migrate"])
WORKLOADS = ("idle", "dirty:50MB/s:4MiB", "uniform:20k/s:8MiB", "build:20k/s:8MiB", "churn:50k/s:8MiB", "hog")
SLOW = replace(Costs(), wake=150e6)
"""A host whose thread takes 150 ms to look into the queue."""


def guest(free=0.5, seed=0):
    return Guest.made_up(SIZE, free, seed=seed)


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("proposal", PROVED)
def test_a_proposal_that_is_proved_loses_nothing(proposal, workload):
    for costs in (Costs(), SLOW):
        done = migrate(guest(), proposal, workload, costs=costs, keep=True)
        assert done.mismatched is not None and done.mismatched.count() == 0
        assert done.mismatches == ()


@pytest.mark.parametrize("proposal", ["log_late", "no_wait"])
def test_a_busy_guest_loses_pages_where_the_search_finds_a_way(proposal):
    done = migrate(guest(), proposal, "build:20k/s:8MiB", costs=SLOW, keep=True)
    assert done.mismatched is not None and done.mismatched.count() > 100
    first = done.mismatches[0]
    assert done.mismatched[first.pfn]
    assert first.step is not None and done.schedule[first.step - 1].letter == "h"


def test_proved_and_refuted_are_all_proposals():
    assert set(PROVED) | {"log_late", "no_wait", "request_id_unchecked"} == set(PROPOSALS)


@pytest.mark.parametrize("proposal", ["everything", "snapshot", "free_page_hint"])
@pytest.mark.parametrize("workload", ["idle", "dirty:50MB/s:4MiB", "build:20k/s:8MiB"])
def test_every_byte_is_a_page_s_a_name_s_or_the_end_of_a_section(proposal, workload):
    done = migrate(guest(), proposal, workload)
    records = done.normal_pages * (8 + 4096) + done.zero_pages * (8 + 1)
    assert done.transferred_bytes == records + done.name_bytes + done.section_end_bytes
    assert done.name_bytes == 1 + len("pc.ram") and done.section_end_bytes % 8 == 0
    assert (NORMAL_BYTES, ZERO_BYTES) == (4104, 9)


@pytest.mark.parametrize("free", [0.0, 0.25, 1.0])
def test_an_idle_guest_sends_every_page_once_free_ones_as_zeros(free):
    everything, snapshot = (migrate(guest(free), name, "still") for name in ("everything", "snapshot"))
    used = PAGES - round(free * PAGES)
    assert (everything.normal_pages, everything.zero_pages) == (used, PAGES - used)
    assert (snapshot.normal_pages, snapshot.zero_pages, snapshot.skipped_pages) == (used, 0, PAGES - used)


def test_a_hog_that_has_ended_leaves_free_pages_that_are_not_zero():
    done = migrate(guest(), "everything", "hog")
    assert (done.normal_pages, done.zero_pages) == (PAGES, 0)


def test_what_the_driver_allocates_is_zeroed_and_dirty_again():
    plain, zeroing = (
        migrate(guest(), "free_page_hint", "still", init_on_alloc=init) for init in (False, True)
    )
    assert plain.never_sent.count() == plain.skipped_pages > zeroing.skipped_pages > 0
    assert zeroing.zero_pages >= plain.zero_pages + plain.skipped_pages
    assert zeroing.never_sent.count() == 0
    assert zeroing.mismatched is not None and zeroing.mismatched.count() == 0


@pytest.mark.parametrize("proposal", ["inflate_deflate", "free_page_hint", "snapshot"])
@pytest.mark.parametrize("workload", ["still", "dirty:50MB/s:4MiB", "churn:5k/s:8MiB"])
def test_what_is_zeroed_holds_zeros_whether_content_is_kept_or_not(proposal, workload):
    kept, not_kept = (
        migrate(guest(), proposal, workload, init_on_alloc=True, keep=keep) for keep in (True, False)
    )
    assert (kept.total, kept.normal_pages, kept.zero_pages) == (
        not_kept.total,
        not_kept.normal_pages,
        not_kept.zero_pages,
    )


def test_the_bitmaps_of_a_large_guest_are_gone_before_the_next_migration(monkeypatch):
    monkeypatch.setattr(timed_migration, "LARGE", PAGES)
    some = guest()
    zero = weakref.ref(some.zero.bytes)
    migrate(some)
    del some
    migrate(guest())
    assert zero() is None


def test_a_block_that_is_zeroed_and_touched_for_the_first_time_takes_2_to_5_ms():
    """As measured under emulation, for a block of 4 MiB; without zeroing it takes what it takes to hint."""

    def ns_a_block(init_on_alloc):
        ready = prepare(guest(), "free_page_hint", "still", init_on_alloc=init_on_alloc, bandwidth=1e9)
        take, told = ready.world.blocks.take, []

        def noted(command):
            count, blocks = take(command)
            told.append((ready.clock.now, count))
            return count, blocks

        ready.world.blocks.take = noted
        ready.run()
        (start, count), (end, _) = told[:2]
        return (end - start) / count

    assert 2e6 < ns_a_block(True) < 5e6
    assert ns_a_block(False) == pytest.approx(Costs().hint, rel=0.01)


@pytest.mark.parametrize("gib", [1, 4])
def test_an_idle_kernel_adds_50_to_130_pages_to_a_migration_without_hints(gib):
    for seed in range(3):
        some = Guest.made_up(gib << 30, 0.75, seed=seed)
        done = migrate(some, "everything", seed=seed, keep=False, qemu="10")
        assert 50 <= done.normal_pages + done.zero_pages - some.ram.pages <= 130


def test_the_same_seed_gives_the_same_run():
    runs = [migrate(guest(seed=seed), "snapshot", "build:20k/s:8MiB", seed=seed) for seed in (1, 1, 2)]
    told = [(done.total, done.transferred_bytes, str(done.schedule), done.waits) for done in runs]
    assert told[0] == told[1] != told[2]


def test_what_the_vcpus_waited_is_within_the_time_that_the_lock_was_held():
    done = migrate(guest(), "locked", "churn:200k/s:8MiB", costs=SLOW)
    assert done.waits and done.held
    for wait in done.waits:
        assert any(span.start <= wait.start < wait.end == span.end for span in done.held)


def test_a_workload_that_finds_no_page_waits_until_there_is_one():
    done = migrate(guest(), "inflate_deflate", "churn:200k/s:8MiB", costs=SLOW)
    assert {wait.what for wait in done.waits} == {"a page"} and not done.held
    assert {wait.who for wait in done.waits} == {f"vCPU {at}" for at in range(4)}
    (end,) = {wait.end for wait in done.waits}  # all find one when the balloon is let out
    assert sum(wait.ns for wait in done.waits) > 4 * 0.9 * max(wait.ns for wait in done.waits)
    assert end < done.total
    assert migrate(guest(), "free_page_hint", "churn:200k/s:8MiB", costs=SLOW).waits == ()


def test_a_paused_vm_stands_still_as_a_whole_and_writes_nothing_meanwhile():
    costs = replace(Costs(), pause=50e6)
    workloads = ("still", "build:20k/s:8MiB")
    idle, busy = (migrate(guest(), "pause_vm", workload, costs=costs) for workload in workloads)
    assert [wait.who for wait in idle.waits] == [f"vCPU {at}" for at in range(4)]
    assert {wait.what for wait in idle.waits} == {"the paused VM"}
    assert all(wait.ns == 50e6 for wait in idle.waits)
    for at in range(4):
        mine = sorted((wait.start, wait.end) for wait in busy.waits if wait.who == f"vCPU {at}")
        assert all(before[1] <= after[0] for before, after in pairwise(mine))  # nothing is counted twice
        assert sum(end - start for start, end in mine) >= 50e6
    wrote = [
        migrate(guest(), "pause_vm", "dirty:50MB/s:16MiB", costs=replace(Costs(), pause=pause)).normal_pages
        for pause in (1e3, 50e6)
    ]
    assert abs(wrote[0] - wrote[1]) < 50e6 * 50e6 / 1e9 / 4096 / 2


def test_a_lock_held_until_the_host_is_done_is_held_for_the_host_s_time_too():
    costs = replace(Costs(), wake=20e6)
    short, long = (migrate(guest(), name, costs=costs).held[0] for name in ("snapshot", "locked"))
    assert short.ns < 1e6 < costs.wake < long.ns


@pytest.mark.parametrize("machine", ["i440fx", "q35"])
def test_a_guest_with_memory_above_the_hole_is_equal_on_both_sides(machine):
    above = Guest.made_up(4 << 30, 0.9, machine, seed=3)
    done = migrate(above, "snapshot", "build:50k/s:64MiB+dirty:50MB/s:16MiB", bandwidth=1e9, keep=True)
    assert done.mismatched is not None and done.mismatched.count() == 0
    assert done.mismatched.pages == above.ram.max_pfn > above.ram.pages
    assert done.normal_pages + done.zero_pages + done.skipped_pages >= above.ram.pages


def test_a_downtime_that_is_never_reached_is_said_with_the_dirty_rate():
    with pytest.raises(FreepagesError, match=r"not reached in 5 rounds: .* dirties .*MiB/s and 119.2 MiB/s"):
        migrate(Guest.made_up(1 << 30, 0.2), "everything", "dirty:500MB/s", max_rounds=5)


def test_slowing_the_guest_down_makes_it_converge():
    done = migrate(Guest.made_up(1 << 30, 0.2), "everything", "dirty:500MB/s", auto_converge=True)
    assert done.rounds < 100 and done.mismatched is not None and done.mismatched.count() == 0


def test_the_limit_on_the_bandwidth_holds_over_the_whole_and_not_after_the_stop():
    done = migrate(Guest.made_up(256 << 20, 0.0), "everything", bandwidth=50e6, downtime=0.3)
    before, after = done.stages[:-1], done.stages[-1]
    sent = sum(stage.bytes for stage in before)
    assert sent / ((after.start - before[0].start) / 1e9) <= 50e6 * 1.1
    assert after.pages * PAGE_SIZE <= 50e6 * 0.3 * 1.05
    assert after.bytes / ((after.end - after.start) / 1e9) > 500e6


def test_bandwidth_and_downtime_are_checked():
    with pytest.raises(FreepagesError, match="bandwidth: 0 is not more than 0"):
        migrate(guest(), bandwidth=0)
    with pytest.raises(FreepagesError, match="downtime: -1 s is negative"):
        migrate(guest(), downtime=-1)


def test_what_is_never_sent_is_what_was_skipped_and_not_written_since():
    done = migrate(guest(), "snapshot", "build:20k/s:8MiB")
    assert 0 < done.never_sent.count() < done.skipped_pages
    assert done.mismatched is not None and not done.mismatched.count()
    assert migrate(guest()).never_sent.count() == 0


def of_size(gib, name):
    size = gib << 30
    costs = replace(Costs(), link=1.25e9)
    return migrate(Guest.made_up(size, 0.75), name, bandwidth=1.25e9, costs=costs, keep=False).total / gib


@pytest.mark.parametrize("gib", [32, 128, 512, pytest.param(1024, marks=pytest.mark.slow)])
def test_the_same_shape_takes_time_by_its_size_and_skipping_saves_the_same_share(gib):
    small, large = ([of_size(size, name) for name in ("everything", "snapshot")] for size in (8, gib))
    assert large == pytest.approx(small, rel=0.01)
    assert large[1] / large[0] == pytest.approx(small[1] / small[0], abs=0.01)


def test_hints_that_wait_for_a_section_together_are_as_many_in_a_large_guest():
    """Since QEMU 6.1: more at a time would let more through between two sections."""
    small, large = (
        migrate(
            Guest.made_up(gib << 30, 0.75), "free_page_hint", qemu="10", bandwidth=1.25e9, keep=False
        ).total
        / gib
        for gib in (64, 512)
    )
    assert large == pytest.approx(small, rel=0.01)


def test_the_last_reading_of_the_log_is_part_of_the_downtime():
    cheap, dear = (migrate(guest(), workload="still", costs=replace(Costs(), sync=ns)) for ns in (1.0, 1e3))
    assert dear.downtime - cheap.downtime == pytest.approx(999 * PAGES, rel=0.01)


def test_the_rounds_of_a_migration_send_all_that_it_sends() -> None:
    done = migrate(Guest.made_up(1 << 30, 0.5), "everything", "dirty:200MiB/s:512MiB", bandwidth=1e9)
    rounds = timed_rounds(done)
    assert sum(one.pages for one in rounds) == done.normal_pages + done.zero_pages
    assert sum(one.bytes for one in rounds) == done.transferred_bytes - done.section_end_bytes
    assert rounds[-1].left == 0 and len(rounds) > 2
    assert sum(one.seconds for one in rounds) == pytest.approx((done.total - done.setup) / 1e9, rel=0.01)


def test_a_migration_without_end_names_what_the_link_carries() -> None:
    guest = Guest.made_up(1 << 30, 0.0)
    with pytest.raises(FreepagesError, match=r"5 rounds: .* and 1\.044 GiB/s are sent at most"):
        migrate(guest, "everything", "dirty:4GiB/s:1GiB", bandwidth=10e9, max_rounds=5, keep=False)
