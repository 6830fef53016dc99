"""The model beside migrations that QEMU did with real guests: the same pages, nearly the same time."""

from dataclasses import replace

import pytest

from freepages.host.precopy import NORMAL_BYTES, SECTION_END, ZERO_BYTES
from freepages.migrate.guest import Guest
from freepages.migrate.recorded import OTHER_NORMAL, OTHER_ZERO, Recorded, beside, recorded
from freepages.real import Snapshot
from freepages.real.data_path import data_path

RUNS = {run.name: run for run in recorded()}
IDLE = 800
"""A driver that hints writes some pages meanwhile; a sync of these runs brought up to 577."""


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Recorded:
    return RUNS[request.param]


def test_qemus_bytes_are_its_pages_names_and_ends(run: Recorded) -> None:
    rest = run.ram_bytes - run.normal * NORMAL_BYTES - run.duplicate * ZERO_BYTES
    names = 85
    assert rest > names and (rest - names) % SECTION_END == 0


def test_the_model_sends_the_same_pages_in_nearly_the_same_time(run: Recorded) -> None:
    done = run.model()
    assert done.mismatched is not None and not done.mismatched.count()
    writes = round(0.02 * run.normal) if "dirty" in run.workload else 0
    assert abs(run.normal - OTHER_NORMAL - done.normal_pages) <= IDLE + writes
    assert abs(run.duplicate - OTHER_ZERO - done.zero_pages) <= IDLE
    raced = run.name == "anon4g-hint"  # the sender went through blocks while they were hinted at
    assert abs(done.never_sent.count() - run.never_sent) <= 64 * raced
    assert abs(done.rounds - run.syncs) <= 1
    assert done.total / 1e6 == pytest.approx(run.total_ms, rel=0.2)


def test_without_hints_the_zero_pages_are_exactly_those() -> None:
    for run in RUNS.values():
        if not run.hint:
            done = run.model()
            assert done.zero_pages == run.duplicate - OTHER_ZERO
            if run.workload == "idle":
                mine = done.transferred_bytes + OTHER_NORMAL * NORMAL_BYTES + OTHER_ZERO * ZERO_BYTES
                assert mine == pytest.approx(run.ram_bytes, rel=0.001)


def test_hinting_helps_and_the_order_of_the_slow_cases_is_the_same() -> None:
    for plain, hinted in (("idle1g", "idle1g-hint"), ("anon1g", "anon1g-hint")):
        assert RUNS[hinted].total_ms < RUNS[plain].total_ms
        assert RUNS[hinted].model().total < RUNS[plain].model().total
    names = ("idle1g-hint", "idle1g", "anon1g-hint", "dirty20-hint", "dirty60", "cache1g", "anon1g")
    for key in (lambda run: run.total_ms, lambda run: run.model().total):
        assert sorted(names, key=lambda name: key(RUNS[name])) == list(names)


def test_the_table_has_a_line_for_every_run() -> None:
    lines = beside().splitlines()
    assert [line.split()[0] for line in lines] == ["run", *RUNS]
    assert "109,825    109,825" in next(line for line in lines if line.startswith("anon1g "))


def test_a_zone_keeps_its_min_watermark_and_what_is_for_those_who_may_use_it_only() -> None:
    guest = RUNS["anon4g-hint"].guest()
    dma = (1, 4096, 64 + 3891)
    assert guest.floors == ((1 << 20, 5 << 18, 4121), (4096, 1 << 20, 12709 + 952), dma)
    assert guest.upwards


def test_a_kernel_before_5_10_hints_at_the_highest_blocks_first() -> None:
    snapshot = Snapshot.load(data_path("recorded", "idle1g-hint.snapshot"))
    for kernel, upwards in (
        ("4.20.0", False),
        ("5.9.1-amd64", False),
        ("5.10.0", True),
        ("6.1", True),
        ("", False),
    ):
        assert Guest.of(replace(snapshot, about={"kernel": kernel})).upwards == upwards


def test_where_a_zone_tells_no_watermark_the_default_is_taken() -> None:
    snapshot = Snapshot.load(data_path("recorded", "idle1g-hint.snapshot"))
    zones = tuple(replace(zone, watermarks=None) for zone in snapshot.zones)
    assert Guest.of(replace(snapshot, zones=zones)).floors == ()
