"""`freepages bench`: the methods agree, the rows have their keys, and what cannot be measured is said."""

import json
import shutil
from collections.abc import Iterator

import numpy as np
import pytest

from freepages import bench
from freepages.bench import bitmap_figures as bitmap
from freepages.bench import compiled, sweep_figures, yieldless
from freepages.bench import zone_figures as zone
from freepages.cli.main import main
from freepages.engine import straight
from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.zone import zone as list_zone
from freepages.zone.free_page_bitmap import mark_free_blocks

with_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler: install gcc or clang")

KEYS = ["guest", "lists", "method", "median_ms", "ratio_to_patch_loop", "extra_mib"]


@pytest.fixture
def small_guests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bitmap, "GUESTS", {"64 GiB": 1 << 17, "1 TiB": 1 << 18})
    monkeypatch.setattr(bitmap, "LAID_OUT", 1 << 17)


@pytest.mark.parametrize("lists", bitmap.LISTS)
def test_the_lists_are_those_of_a_buddy_allocator_with_sixty_percent_free(lists: str) -> None:
    pages = 1 << 17
    heads = bitmap.shuffled_lists(lists, pages)
    marked = mark_free_blocks(heads, PageBitmap(pages))
    assert 0.59 < marked / pages <= 0.6
    for order, blocks in enumerate(heads[:-1]):
        assert not np.isin(blocks ^ (1 << order), blocks).any(), "two free buddies"
    assert any((np.diff(blocks.astype(np.int64)) < 0).any() for blocks in heads), "not shuffled"


@pytest.mark.parametrize(("lists", "mean"), [("real", 25.3), ("fragmented", 2.52), ("coalesced", 427)])
def test_the_blocks_have_the_mean_size_of_their_distribution(lists: str, mean: float) -> None:
    counts = bitmap.block_counts(lists, 1 << 28)
    pages = sum(count << order for order, count in enumerate(counts))
    assert pages / sum(counts) == pytest.approx(mean, rel=0.01)
    if lists == "coalesced":
        assert (counts[10] << 10) / pages == pytest.approx(0.96, rel=0.001)


@with_compiler
@pytest.mark.parametrize("lists", bitmap.LISTS)
def test_the_c_methods_set_the_bits_that_mark_free_blocks_sets(lists: str) -> None:
    pages = 1 << 17
    heads = bitmap.shuffled_lists(lists, pages)
    expected = PageBitmap(pages)
    mark_free_blocks(heads, expected)
    for name, method in compiled.c_methods().items():
        found = PageBitmap(pages)
        method(heads, found)
        assert found == expected, name


@with_compiler
def test_bitmap_rows_have_the_keys_and_every_method(small_guests: None) -> None:
    rows = json.loads("".join(bench.report("bitmap", as_json=True)))
    assert all(list(row) == KEYS for row in rows)
    assert {(row["guest"], row["lists"]) for row in rows} == {
        (g, n) for g in bitmap.GUESTS for n in bitmap.LISTS
    }
    in_c = {f"{name} (C)" for name in compiled.FUNCTIONS}
    assert {row["method"] for row in rows} == {"mark_free_blocks"} | in_c
    for row in rows:
        assert row["ratio_to_patch_loop"] > 0
        assert (row["extra_mib"] > 0) is (row["method"] not in in_c)
        assert row["method"] != "patch_loop (C)" or row["ratio_to_patch_loop"] == 1


def test_without_a_compiler_the_c_rows_are_left_out_with_one_line(
    small_guests: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    rows = list(bench.measure("bitmap"))
    assert {row["method"] for row in rows} == {"mark_free_blocks"}
    assert {row["ratio_to_patch_loop"] for row in rows} == {None}
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "no C compiler (no-such-compiler)" in err


@pytest.mark.skipif(not shutil.which("false"), reason="no program that always fails")
def test_a_compiler_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "false")
    with pytest.raises(FreepagesError, match=r"false -O2 -shared -fPIC patch_loop.c: exit status 1"):
        compiled.c_methods()


def test_a_method_that_sets_other_bits_is_found_out(small_guests: None) -> None:
    methods: dict[str, compiled.Method] = {
        "mark_free_blocks": mark_free_blocks,
        "forgetful": lambda heads, found: mark_free_blocks([(), *heads[1:]], found),
    }
    with pytest.raises(FreepagesError, match="forgetful sets other bits than mark_free_blocks"):
        list(bitmap.rows_of("64 GiB", "real", methods, rounds=1))


def test_without_its_yields_the_zone_does_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone, "ROUNDS", 2)
    monkeypatch.setattr(zone, "OPERATIONS", 2000)
    row = zone.list_zone_row(1 << 14)
    assert row["million_per_s"] > 0
    assert row["ratio_to_no_yields"] > 0

    plain_zone = yieldless.module(list_zone).Zone
    stepped, plain = list_zone.Zone("Normal", 3, 5000), plain_zone("Normal", 3, 5000)
    assert type(plain) is not type(stepped)
    for each in stepped, plain:
        each.add_memory(3, 5003)
    for order in (0, 3, 10, 1):
        assert straight(stepped.rmqueue(order)) == plain.rmqueue(order)
    assert list(stepped.free_blocks()) == list(plain.free_blocks())
    with pytest.raises(FreepagesError, match="free already"):
        plain.free(2048, 0)


def test_the_mixed_orders_keep_the_share_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zone, "OPERATIONS", 1000)
    pages = 1 << 14
    filling, churning = zone.mixed_orders(pages)
    held: list[int] = []
    used = []
    for order, at in filling + churning:
        if order < 0:
            held[int(at * len(held))], held[-1] = held[-1], held[int(at * len(held))]
            held.pop()
        else:
            held.append(order)
        used.append(sum(1 << order for order in held))
    assert all(order >= 0 for order, _ in filling)
    assert max(used) <= zone.USED * pages + 512
    assert min(used[len(filling) :]) >= zone.USED * pages - 512


def test_the_bulk_zone_is_emptied_and_filled_again() -> None:
    rows = list(zone.bulk_zone_rows(1 << 16, batch=1 << 14))
    assert [row["unit"] for row in rows] == ["pages", "pages"]
    assert all(row["million_per_s"] > 0 for row in rows)


def test_a_table_has_its_keys_on_top_and_numbers_to_the_right() -> None:
    rows = [{"what": "one", "ms": 1.5, "ratio": None}, {"what": "three", "ms": 12345.678, "ratio": 0.25}]
    assert bench.table(rows).splitlines() == [
        "what      ms  ratio",
        "one      1.5",
        "three  12346   0.25",
    ]


def test_everything_is_reported_but_what_cannot_be_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(what: str) -> Iterator[bench.Row]:
        if what == "zone":
            raise FreepagesError("no zone here")
        yield {"what": what, "ms": 1}

    monkeypatch.setattr(bench, "measure", measure)
    rest = [name for name in bench.WHAT if name != "zone"]
    as_json = json.loads("".join(bench.report(None, as_json=True)))
    assert as_json == {name: [{"what": name, "ms": 1}] for name in rest}
    assert capsys.readouterr().err == "freepages: bench zone is left out: no zone here\n"
    assert [text.splitlines()[0] for text in bench.report(None, as_json=False)] == rest
    with pytest.raises(FreepagesError, match="no zone here"):
        list(bench.report("zone", as_json=False))


def test_an_unknown_benchmark_is_refused() -> None:
    with pytest.raises(FreepagesError, match=r"bench .velocity. is not known: there are bitmap, zone, "):
        list(bench.report("velocity", as_json=False))


def test_the_command_prints_rows_as_json_and_refuses_what_it_does_not_know(
    small_guests: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    assert main(["bench", "bitmap", "--json"]) == 0
    assert [list(row) for row in json.loads(capsys.readouterr().out)] == [KEYS] * 6
    assert main(["bench", "velocity"]) == 2
    known = ", ".join(bench.WHAT)
    assert capsys.readouterr().err == f"freepages: bench 'velocity' is not known: there are {known}\n"


@pytest.mark.slow
def test_a_sweep_is_timed_beside_the_bare_loop() -> None:
    measured = list(sweep_figures.rows(migrations=4, rounds=1))
    assert [one["what"] for one in measured][:2] == ["bare loop", "freepages sweep"]
    assert measured[0]["ratio"] == 1 and all(one["wall_s"] > 0 and one["migrations"] == 4 for one in measured)
