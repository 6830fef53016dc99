"""The model beside migrations that QEMU did with real guests: the same pages, nearly the same time."""

from dataclasses import replace

import numpy as np
import pytest

from freepages.host.precopy import NORMAL_BYTES, SECOND, SECTION_END, WINDOW, ZERO_BYTES
from freepages.migrate.guest import Guest
from freepages.migrate.hint_blocks import BLOCK
from freepages.migrate.recorded import BANDWIDTH, Recorded, beside, recorded
from freepages.real import Snapshot
from freepages.real.data_path import data_path

RUNS = {run.name: run for run in recorded()}
AGAIN = 10
"""Zero pages of a guest that it wrote before QEMU came to them."""


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Recorded:
    return RUNS[request.param]


def test_qemus_bytes_are_its_pages_names_and_ends(run: Recorded) -> None:
    rest = run.ram_bytes - run.normal * NORMAL_BYTES - run.duplicate * ZERO_BYTES
    names = 85
    assert rest > names and (rest - names) % SECTION_END == 0


def test_the_model_never_sends_the_pages_that_qemu_never_sent(run: Recorded) -> None:
    mine, theirs = run.model().never_sent, run.never_sent()
    assert run.hint == bool(theirs.count())
    differ = np.flatnonzero(np.unpackbits(mine.bytes ^ theirs.bytes, bitorder="little"))
    if run.raced:  # the sender stood elsewhere when the hints came, by less than a block
        assert 0 < len(differ) < BLOCK and np.ptp(differ) < 2 * BLOCK
    else:
        assert not len(differ)


def test_the_sender_raced_in_two_runs() -> None:
    assert [run.name for run in RUNS.values() if run.raced] == ["anon4g-hint", "idle4g-hint"]


def test_what_ended_the_section_in_which_the_sender_raced() -> None:
    """The window's limit, to the page; or QEMU's clock, at which it looks at every 64th page."""
    pages, sent = {}, {}
    for name in ("anon4g-hint", "idle4g-hint"):
        run = RUNS[name]
        first = pages[name] = int(np.flatnonzero(np.unpackbits(run.never_sent().bytes, bitorder="little"))[0])
        zeros = int(np.unpackbits(run.guest().zero.bytes, bitorder="little")[:first].sum())
        sent[name] = (first - zeros) * NORMAL_BYTES + zeros * ZERO_BYTES
    limit = BANDWIDTH * WINDOW / SECOND
    assert limit <= sent["anon4g-hint"] < limit + NORMAL_BYTES
    assert sent["idle4g-hint"] < 0.75 * limit and pages["idle4g-hint"] % 64 == 1


def test_the_model_sends_the_same_pages_in_nearly_the_same_time(run: Recorded) -> None:
    done = run.model()
    assert done.mismatched is not None and not done.mismatched.count()
    normal, zero = run.others(run.pages)
    sent = run.ram_bytes - normal * NORMAL_BYTES - zero * ZERO_BYTES
    in_cut_blocks = BLOCK * NORMAL_BYTES if run.raced else 0
    within = 0.003 if run.hint else 0.001
    assert abs(done.transferred_bytes - sent) <= within * sent + in_cut_blocks
    assert done.rounds == run.syncs
    assert done.total / 1e6 == pytest.approx(run.total_ms, rel=0.15 if run.name == "idle4g" else 0.05)
    assert abs(run.duplicate - zero - done.zero_pages) <= (AGAIN + 64 * run.raced if run.hint else 0)


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
    assert "109,615    109,615" in next(line for line in lines if line.startswith("anon1g "))


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


def test_hinted_at_are_the_largest_blocks_of_the_zones_that_a_kernel_allocates_of_for_itself() -> None:
    snapshot = Snapshot.load(data_path("recorded", "idle4g-hint.snapshot"))
    assert Guest.of(snapshot).block == BLOCK
    dma, dma32, normal = snapshot.zones
    movable = replace(snapshot, zones=(dma, dma32, replace(normal, name="Movable")))
    assert Guest.of(movable).floors == Guest.of(snapshot).floors[1:]
    fewer = (replace(zone, nr_free=zone.nr_free[:9], types=None) for zone in snapshot.zones)
    assert Guest.of(replace(snapshot, zones=tuple(fewer))).block == BLOCK // 4
