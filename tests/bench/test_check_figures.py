"""`freepages bench check`: its rows have their keys, and what stands beside each other says the same."""

import pytest

from freepages.bench import check_figures as bench
from freepages.search import Question, default_rows

KEYS = ["what", "of", "verdict", "states", "wall_s", "wall_limit_s", "states_per_s", "states_per_s_limit"]


def test_every_default_row_has_its_limit() -> None:
    limits = {(row.proposal, row.purpose): bench.limit_s(row) for row in default_rows()}
    assert limits["snapshot", "migrate"] == limits["request_id", "discard"] == 5
    assert limits["request_id", "migrate"] == limits["page_reporting", "migrate"] == 30


def test_a_row_measured_alone_has_the_memory_of_its_own_process() -> None:
    row = bench.alone(bench.default_row, Question("snapshot", "discard"))
    assert list(row) == [*KEYS, "peak_mib"]
    assert row["verdict"] == "REFUTED" and row["states"] > 100 and 10 < row["peak_mib"] < 2048


def test_many_rows_are_timed_together() -> None:
    row = bench.together("table", "two", [Question("everything", "discard"), Question("snapshot", "discard")])
    assert list(row)[:8] == KEYS and row["states"] > 100 and row["wall_limit_s"] == 180


def test_the_protocol_written_for_minicheck_has_the_same_verdict_and_no_fewer_states() -> None:
    pytest.importorskip("minicheck", reason="minicheck is not installed: pip install minicheck")
    theirs, ours = bench.by_minicheck(2), bench.searched("", "everything", 2, reduce=False)
    assert theirs["verdict"] == ours["verdict"] == "PROVED"
    assert ours["states"] <= theirs["states"] < 1.01 * ours["states"]
