"""Histories of an allocator, read: what is wrong is named with its line, and what was expected there."""

import gzip
import json
from pathlib import Path

import pytest

from freepages.engine.errors import FreepagesError
from freepages.real.allocator_trace import Operation, read_traces

STATE = {"free_list": {"4.1": [0]}, "per_cpu": {}, "pageblocks": [1, 1], "nr_free": 16}
ONE = {
    "name": "one", "zone": [0, 16], "memory": [[0, 16]], "pageblock_order": 3, "batch": 2,
    "ops": [
        ["alloc", 2, 1, 0], ["alloc", 9, 1, None], ["alloc_pcp", 1, 4], ["free_pcp", 4],
        ["free", 0, 2], ["drain_pcp"],
    ],
    "states": [[6, STATE]],
}  # fmt: skip


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_history_is_read(tmp_path) -> None:
    path = written(tmp_path / "t.jsonl", json.dumps(ONE), "", json.dumps(ONE))
    trace, again = read_traces(path)
    assert trace == again and trace.zone == (0, 16) and trace.states[0][1].free_list == {"4.1": (0,)}
    assert trace.ops[:2] == (Operation("alloc", 2, 1, 0), Operation("alloc", 9, 1, None))  # type: ignore[arg-type]
    zipped = tmp_path / "t.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_traces(zipped)) == [trace, again]


CASES = [
    ({"ops": [["alloc", 11, 1, 0]]}, "line 2, operation 1: order 11 is not 0 to 10"),
    ({"ops": [["alloc", 1, 3, 0]]}, "line 2, operation 1: migratetype 3 is not 0 to 2"),
    ({"ops": [["alloc", 1, 1]]}, "expected [alloc, order, migratetype, pfn?], it has 2 values"),
    ({"ops": [["free", None, 1]]}, "operation 1: pfn None is not 0 to"),
    ({"ops": [["free", 0, 1.5]]}, "operation 1: order 1.5 is not 0 to 10"),
    ({"ops": [["steal"]]}, "operation 1: 'steal' is not one of alloc, free, alloc_pcp, free_pcp, drain_pcp"),
    ({"ops": [7]}, "operation 1: 7 is not one of alloc"),
    ({"ops": 7}, "line 2: expected a history"),
    ({"zone": [16, 0]}, "line 2: zone [16, 0], pageblock_order 3, batch 2: expected pages [start, end)"),
    ({"pageblock_order": 13}, "an order below 11"),
    ({"batch": 0}, "a batch from 1 on"),
    ({"batch": "x"}, "line 2.batch is not a whole number"),
    ({"endian": "big"}, "line 2: field 'endian' is not known"),
    ({"states": [[7, STATE]]}, "state after 7 operations: expected at most 6, ascending"),
    ({"states": [[6, dict(STATE, pageblocks=[1])]]}, "the migratetypes 0 to 2 of 2 pageblocks"),
    ({"states": [[6, dict(STATE, free_list={"x": [0]})]]}, "'x' names no list"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "words"), CASES)
def test_what_is_wrong_is_named_with_its_line(tmp_path, change, words) -> None:
    path = written(tmp_path / "t.jsonl", json.dumps(ONE), json.dumps(ONE | change))
    with pytest.raises(FreepagesError) as error:
        list(read_traces(path))
    assert str(error.value).startswith(f"{path}, line 2") and words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_trace_that_is_cut_says_where(tmp_path) -> None:
    text = json.dumps(ONE)
    path = written(tmp_path / "t.jsonl", text, text[:-40])
    with pytest.raises(FreepagesError, match=r"t.jsonl, line 2: expected a whole JSON object"):
        list(read_traces(path))
    zipped = tmp_path / "t.gz"
    zipped.write_bytes(gzip.compress((text + "\n").encode() * 100)[:-30])
    with pytest.raises(FreepagesError, match=r"t.gz, line \d+: expected more: the gzipped data is cut"):
        list(read_traces(zipped))
    with pytest.raises(FreepagesError, match="No such file"):
        list(read_traces(tmp_path / "none"))
