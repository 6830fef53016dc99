"""The text of ftrace's kmem events, read: every kernel's form of it, and what is wrong with its line."""

import pytest

from freepages.engine.errors import FreepagesError
from freepages.real.data_path import data_path
from freepages.real.kmem_events import (
    ALLOC,
    DRAIN,
    EXTFRAG,
    FREE,
    FREE_BATCHED,
    NO_PFN,
    ZONE_LOCKED,
    read_kmem_events,
)

HEAD = "# tracer: nop\n#\n# entries-in-buffer/entries-written: 6/10   #P:2\n#\n"
NEW = """\
 a b-c-12    [001] d..1.  2442.5: mm_page_alloc: page=0183 pfn=0x10 order=2 migratetype=1 gfp_flags=GFP_X|Y
     dd-7    [000] .....  2442.6: mm_page_free: page=00000000183 pfn=0x10 order=2
     dd-7    [000] .....  2442.7: mm_page_free_batched: page=00000000183 pfn=0x3 order=0
 <idle>-0  [000] d.h1. 2442.8: mm_page_alloc_zone_locked: page=0 pfn=0x8 order=0 migratetype=2 percpu_refill=1
     dd-7    [000] d..1.  2442.9: mm_page_pcpu_drain: page=00000000183 pfn=0x9 order=0 migratetype=2
     dd-7    [000] d..1.  2443.0: mm_page_alloc_extfrag: page=0001 pfn=0x200 alloc_order=0 fallback_order=9 \
pageblock_order=9 alloc_migratetype=0 fallback_migratetype=1 fragmenting=0 change_ownership=1
"""
READ = [
    (ALLOC, 16, 2, 1, "a b-c-12", 2442.5),
    (FREE, 16, 2, 0, "dd-7", 2442.6),
    (FREE_BATCHED, 3, 0, 0, "dd-7", 2442.7),
    (ZONE_LOCKED, 8, 0, 1, "<idle>-0", 2442.8),
    (DRAIN, 9, 0, 2, "dd-7", 2442.9),
    (EXTFRAG, 512, 9, 1, "dd-7", 2443.0),
]


def read(tmp_path, text: str):
    path = tmp_path / "trace"
    path.write_text(text)
    return read_kmem_events(path)


def test_the_events_and_what_was_dropped_are_read(tmp_path) -> None:
    events = read(tmp_path, HEAD + NEW + "CPU:1 [LOST 5 EVENTS]\n")
    assert list(events) == READ
    assert events.lost == 4 + 5 and events.others == 0
    assert set(events.counts().values()) == {1}


def test_the_forms_of_other_kernels_and_tools(tmp_path) -> None:
    old = "  dd-7  [000] ....  1.5: mm_page_free_batched: page=ffffea00 pfn=3 order=0 cold=0\n"
    report = (
        "cpus=2\n dd-7  [001]  1.6: mm_page_alloc:    page=0xa pfn=16 order=0 migratetype=0 gfp_flags=GFP_K\n"
    )
    perf = "   dd    7 [001]  1.7: kmem:mm_page_free: page=0xffea pfn=16 order=0\n"
    group = "  dd-7  (   7) [000] d...  1.8: mm_page_pcpu_drain: page=ea pfn=4 order=0 migratetype=1\n"
    other = "  dd-7  [000] d...  1.9: sched_switch: prev_comm=dd\n"
    failed = (
        "  dd-7  [000] d...  2.0: mm_page_alloc: page=(null) pfn=0 order=9 migratetype=0 gfp_flags=GFP_K\n"
    )
    events = read(tmp_path, old + report + perf + group + other + failed)
    assert [event[:2] for event in events] == [
        (FREE_BATCHED, 3), (ALLOC, 16), (FREE, 16), (DRAIN, 4), (ALLOC, NO_PFN)
    ]  # fmt: skip
    assert {event.task for event in events} == {"dd-7"} and events.others == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "  dd-7  [000] ....  1.5: mm_page_alloc: page=ffea pfn=3 ord",
            "expected mm_page_alloc with page, pfn, order",
        ),
        (
            "  dd-7  [000] ....  1.5: mm_page_alloc: page=ffea pfn=3 order=0",
            "expected mm_page_alloc with page",
        ),
        (
            "  dd-7  [000] ....  1.5: mm_page_free: addr=ffea order=0",
            "expected mm_page_free with page, pfn, order",
        ),
        ("  dd-7  [000] ....  1.5: mm_page_free: page=ea pfn=0 order=44", "expected an order of 0 to 20"),
        ("  dd-7  [000] ....  1.5: mm_page_free: page=ea pfn=3 order=1", "a pfn aligned to its block"),
        ("  dd-7  [00", "expected 'TASK-PID [CPU] TIME: mm_page_alloc: page=..."),
        ("tracing\0\x08D", "expected text (`trace-cmd report`"),
    ],
)
def test_a_line_that_is_none_is_named(tmp_path, line, words) -> None:
    with pytest.raises(FreepagesError) as error:
        read(tmp_path, HEAD + NEW + line + "\n")
    assert str(error.value).startswith(f"{tmp_path / 'trace'}, line 11: expected ") and words in str(
        error.value
    )
    assert "\n" not in str(error.value) and "it has '" in str(error.value)


def test_a_trace_of_something_else_says_what_was_expected(tmp_path) -> None:
    with pytest.raises(
        FreepagesError, match=r"expected events of kmem .mm_page_alloc, .*: 5 lines have none"
    ):
        read(tmp_path, HEAD + "  dd-7  [000] d...  1.9: sched_switch: prev_comm=dd\n")


def test_the_recorded_guest(tmp_path) -> None:
    events = read_kmem_events(data_path("traces", "guest-6.1.trace.gz"))
    assert len(events) == 4997 and events.lost == events.others == 0
    assert "4,997 events" in data_path("traces", "README.md").read_text()
