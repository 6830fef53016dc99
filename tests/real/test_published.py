"""The published tables: complete, sourced, and wrong only where their README says so."""

import re
from collections.abc import Iterator

import pytest

from freepages.engine.errors import FreepagesError
from freepages.real import published
from freepages.real.data_path import data_path
from freepages.real.published import Table, reduction

GiB = 1 << 30
NAMES = published.tables()

# Where the percentage that is printed is not that of the printed times, rounded (data/published/README.md).
MISPRINTED = {
    ("inflate", "v3", None),
    ("hint-2s", "v29", "idle"),
    ("hint-2s", "v29", "kernel-build"),
    ("hint-2s", "v30", "idle"),
    ("hint-2s", "v30", "kernel-build"),
    ("hint-2s", "v34", "kernel-build"),
}


@pytest.fixture(params=NAMES)
def table(request: pytest.FixtureRequest) -> Table:
    return published.table(request.param)


def test_the_oldest_comes_first() -> None:
    dates = [published.table(name).date for name in NAMES]
    assert dates == sorted(dates)
    assert set(NAMES) == {path.stem for path in data_path("published").iterdir()} - {"README"}


def test_the_readme_lists_every_table_and_no_other() -> None:
    readme = data_path("published", "README.md").read_text()
    listed = re.findall(r"^\| `([\w-]+)` \|", readme.split("## What does not add up")[0], re.M)
    assert sorted(listed) == sorted(NAMES)


def test_every_row_gives_every_column_and_says_where_it_stands(table: Table) -> None:
    assert table.rows and table.columns and table.title and table.author
    assert re.fullmatch(r"\d{4}-\d\d(-\d\d)?", table.date)
    extra = {"source", "ram_bytes"}
    for row in table.rows:
        assert row.keys() - extra == table.columns.keys()
    for source in table.sources:
        assert re.match(r"https://\S+$|Proceedings of ", source)


def test_a_row_is_a_line_of_its_file(table: Table) -> None:
    lines = data_path("published", f"{table.name}.json").read_text().splitlines()
    assert sum(line.startswith("  {") for line in lines) == len(table.rows)


def test_the_text_shows_every_value_source_and_remark(table: Table) -> None:
    text = table.text()
    for row in table.rows:
        for column in table.columns:
            value = row[column]
            assert value is None or f"{value}".removesuffix(".0") in text
    for words in (table.title, table.author, table.date, *table.sources, *table.remarks):
        assert words in text
    assert repr(table) == text


def test_the_markdown_has_a_line_for_each_row_and_as_many_cells_as_headings(table: Table) -> None:
    lines = [line for line in table._repr_markdown_().splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(table.rows)
    assert len({line.count("|") for line in lines}) == 1


def test_the_text_computes_the_reductions() -> None:
    head, *rows = published.table("rfc").cells()
    assert [(row[head.index("less %")], row[head.index("less ram %")]) for row in rows] == [
        ("77.8", "11.2"),
        ("92.6", "95.6"),
    ]


def test_an_unknown_table_is_named_with_the_nearest() -> None:
    with pytest.raises(FreepagesError, match="published table 'hint-2' is not known; did you mean hint-2s"):
        published.table("hint-2")
    with pytest.raises(FreepagesError, match=r"published table '../snapshots/README' is not known.* rfc"):
        published.table("../snapshots/README")


def test_a_reduction_of_nothing_is_refused() -> None:
    assert reduction(4, 1) == 75
    with pytest.raises(FreepagesError, match="more than 0"):
        reduction(0, 1)


def misprinted() -> Iterator[tuple[str, str, str | None]]:
    """The rows whose printed percentage is further than rounding from that of their times."""
    for name in NAMES:
        for row in published.table(name).rows:
            if (printed := row.get("printed")) is not None:
                half = 0.05 if isinstance(printed, float) else 0.5
                if abs(reduction(row["original"], row["optimised"]) - printed) > half:
                    yield name, row.get("case", row.get("version")), row.get("workload")


def test_a_printed_percentage_is_that_of_the_times_but_for_the_known_misprints() -> None:
    assert set(misprinted()) == MISPRINTED


def test_the_stages_of_an_inflate_fit_their_total_but_for_the_sending() -> None:
    stages = published.table("inflate-stages")
    total = stages.setup["total_ms"]
    assert sum(row["share"] for row in stages.rows) == pytest.approx(100, abs=0.2)
    off = {row["stage"] for row in stages.rows if abs(row["share"] / 100 * total - row["time"]) > 1}
    assert off == {"send PFNs"}
    assert sum(row["time"] for row in stages.rows) == 1286 != total
    assert published.table("inflate").rows[0]["original"] == total


def test_a_bitmap_has_a_bit_for_each_page_that_it_covers() -> None:
    for row in published.table("bitmap-size").rows:
        assert row["bitmap"] * 1024 * 8 * 4096 == row["covers"] * GiB


def test_the_cases_of_the_rfc_are_complete() -> None:
    idle, hog = (case for case in published.cases() if case.table == "rfc")
    assert (idle.name, idle.workload, hog.workload) == ("case 1", "idle", "hog-ended")
    assert idle.total_ms == {"everything": 1894, "snapshot": 421}
    assert hog.ram_kib == {"everything": 8146291, "snapshot": 361375}
    for case in (idle, hog):
        assert (case.ram_bytes, case.link_bits, case.downtime_ms, case.limit_bytes) == (
            8 * GiB,
            10**10,
            None,
            None,
        )


def test_a_case_says_what_its_row_says_before_its_setup() -> None:
    found = {(case.name, case.workload): case for case in published.cases() if case.table == "hint-400ms"}
    small, large = found["v37, 8 GB", "idle"], found["v37, 128 GB", "idle"]
    assert (small.ram_bytes, large.ram_bytes) == (8 * GiB, 128 * GiB)
    assert large.downtime_ms == 400 and large.limit_bytes == 100 * GiB and large.link_bits is None
    assert large.total_ms == {"everything": 41651, "free_page_hint": 5294} and large.ram_kib == {}


def test_cases_are_told_apart_by_table_name_and_workload() -> None:
    found = [(case.table, case.name, case.workload) for case in published.cases()]
    assert len(found) == len(set(found)) == 20


def test_no_case_sends_faster_than_its_link_and_skipping_is_always_faster() -> None:
    for case in published.cases():
        everything, optimised = case.total_ms.values()
        assert optimised < everything
        for by, kib in case.ram_kib.items():
            assert case.link_bits and kib * 1024 * 8 / case.total_ms[by] * 1000 < case.link_bits


def test_with_the_memory_full_the_link_is_the_limit_and_idle_it_is_not() -> None:
    idle, hog = (case for case in published.cases() if case.table == "rfc")
    used = [c.ram_kib["everything"] * 8192 / c.total_ms["everything"] * 1000 / 10**10 for c in (idle, hog)]
    assert used == pytest.approx([0.172, 0.897], abs=0.001)


def test_allocating_every_block_cost_an_idle_guest_an_eighth_of_a_second() -> None:
    idle = {c.name: c.total_ms for c in published.cases() if c.table == "hint-2s" and c.workload == "idle"}
    assert idle["v36"]["free_page_hint"] - idle["v34"]["list_walk"] == 125


def test_the_set_up_of_v37_was_slower_than_that_of_v36() -> None:
    before, after = published.table("hint-2s").rows[-2:], published.table("hint-400ms").rows[:2]
    for column in ("original", "original_build"):
        pairs = [(old[column], new[column]) for old, new in zip(before, after, strict=True) if old[column]]
        assert pairs and all(1.65 < new / old < 1.8 for old, new in pairs)


def test_reporting_costs_most_where_sixteen_tasks_fault_huge_pages() -> None:
    rows = {(row["setting"], row["tasks"]): row for row in published.table("reporting-v12").rows}
    lost = {
        (tasks, test): reduction(rows["baseline", tasks][test], rows["enabled", tasks][test])
        for tasks in (1, 16)
        for test in ("page_fault1", "page_fault2")
    }
    assert max(lost, key=lost.__getitem__) == (16, "page_fault1")
    assert lost[16, "page_fault1"] == pytest.approx(6.5, abs=0.05)
