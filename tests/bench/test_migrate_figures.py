"""`freepages bench migrate`: the rows have their keys, on guests small enough for a test."""

import shutil

import pytest

from freepages.bench import migrate_figures as migrate
from freepages.bench.migrate_figures import GIB, GuestCase, and_not, measure


def test_a_case_is_measured_in_a_process_of_its_own():
    row = measure(GuestCase("small", GIB // 4, "uniform:2k/s", "snapshot", True), rounds=1)
    assert row["mismatched_pages"] == 0 and row["rounds"] >= 2
    assert row["wall_s"] > 0 and row["prepared_s"] > 0 and row["extra_mib"] >= 0
    assert row["sent_gib"] == pytest.approx(0.1, rel=0.05)
    assert row["lock_held_ms"] > 0


def test_the_cases_are_those_of_the_issue():
    assert {case.ram // GIB for case in migrate.CASES} == {64, 1024}
    assert migrate.SIZES[0] == 8 * GIB and migrate.SIZES[-1] == 1024 * GIB


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler: install gcc or clang")
def test_and_not_is_compared_with_c_on_equal_bits():
    row = and_not(1 << 20, rounds=3)
    assert row["ratio_to_c"] > 0
