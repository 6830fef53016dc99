"""Histories of Linux's allocator, replayed: the model gives the same lists, and a difference is named."""

from dataclasses import replace

import pytest

from freepages.real.allocator_trace import AllocatorTrace, Operation, read_traces
from freepages.real.data_path import data_path
from freepages.zone.replay import difference


@pytest.fixture(scope="module")
def traces() -> list[AllocatorTrace]:
    return list(read_traces(data_path("traces", "buddy-4.6.jsonl.gz")))


def test_every_history_of_linux_gives_the_models_lists_to_the_entry(traces) -> None:
    assert len(traces) == 120 and sum(len(trace.ops) for trace in traces) == 24_000
    assert [found for found in map(difference, traces) if found] == []


def altered(trace: AllocatorTrace, at: int, **changes: object) -> AllocatorTrace:
    """The history with another state after the operations of the state at that index."""
    after, state = trace.states[at]
    states = list(trace.states)
    states[at] = after, replace(state, **changes)  # type: ignore[arg-type]
    return replace(trace, states=tuple(states))


def test_a_difference_is_named_with_its_operation(traces) -> None:
    trace = traces[0]
    state = trace.states[1][1]
    lists = dict(state.free_list)
    key = next(key for key, pfns in lists.items() if len(pfns) == 1)
    cases = [
        (altered(trace, 1, nr_free=7), f"nr_free is {state.nr_free}, not 7"),
        (altered(trace, 1, free_list=lists | {key: ()}), f"free_list {key}: [{lists[key][0]}], not []"),
        (altered(trace, 1, per_cpu={}), "per_cpu 1: [2817], not []"),
        (
            altered(trace, 1, pageblocks=(0, *state.pageblocks[1:])),
            "pageblock 0 is RECLAIMABLE, not UNMOVABLE",
        ),
    ]
    for wrong, words in cases:
        assert str(difference(wrong)) == f"aligned-0, operation 40: {words}"


def test_another_answer_and_a_free_that_cannot_be_are_differences(traces) -> None:
    trace = traces[0]
    ops = trace.ops
    assert ops[0] == Operation("alloc_pcp", migratetype=1, pfn=2816)  # type: ignore[arg-type]
    other = replace(trace, ops=(ops[0]._replace(pfn=None), *ops[1:]))
    assert str(difference(other)) == "aligned-0, operation 1: alloc_pcp gave pfn 2816, not nothing"
    twice = replace(trace, ops=(*ops[:3], ops[2], *ops[3:]))
    assert "operation 4: free_pcp: zone Normal: cannot free pfn 2816" in str(difference(twice))
    outside = replace(trace, memory=((0, 5000),))
    assert "operation 0: zone Normal: [0, 5000) is not in" in str(difference(outside))
