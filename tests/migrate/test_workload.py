"""Workloads against plain sets of pages: what they may touch, and how much of it they do."""

from fractions import Fraction
from itertools import pairwise
from math import expm1, sqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.migrate.workload import FORMS, Did, Workload
from freepages.migrate.workload.allocators import BUILD_ALLOCATIONS, BUILD_CACHE, BUILD_HELD
from freepages.migrate.workload.writers import TICK
from freepages.pages import ranges
from freepages.pages.bitmap import CHUNK_WORDS, PageBitmap, set_bits

Guest = tuple[PageBitmap, ranges.Ranges]

PARTS = [
    "idle:400/s:40KiB",
    "awake:40KiB",
    "dirty:40KiB/s:60KiB",
    "dirty:1MiB/s",
    "uniform:20/s:100KiB",
    "uniform:3k/s",
    "build:200/s:64KiB:20KiB/s",
    "churn:1k/s:40KiB",
    "churn:3/s:200KiB",
    "hog",
    "hog:4KiB",
]


def of(bitmap: PageBitmap | None) -> set[int]:
    return set() if bitmap is None else set(set_bits(bitmap.words).tolist())


def bitmap_of(pages: int, pfns: set[int]) -> PageBitmap:
    bitmap = PageBitmap(pages)
    for pfn in pfns:
        bitmap.set(pfn)
    return bitmap


@st.composite
def guests(draw: st.DrawFn) -> Guest:
    """The free pages and the RAM of a guest: 64 pages or more in use, some free, holes."""
    ram, pfn = [], 0
    for size in draw(st.lists(st.integers(1, 150), min_size=1, max_size=3)):
        pfn += draw(st.integers(0, 70))
        ram.append((pfn, pfn + size))
        pfn += size
    ram.append((pfn, pfn + 80))
    everything = [pfn for start, end in ram for pfn in range(start, end)]
    free = draw(st.sets(st.sampled_from(everything), max_size=len(everything) - 64))
    return bitmap_of(pfn + 80 + draw(st.integers(0, 70)), free), ranges.arrays(ram)


def pages_of(ram: ranges.Ranges) -> set[int]:
    return {pfn for start, end in ranges.pairs(ram) for pfn in range(start, end)}


def begun(text: str, free: PageBitmap, ram: ranges.Ranges, seed: int = 0) -> Workload:
    workload = Workload.parse(text, seed)
    workload.begin(free, ram)
    return workload


TEXTS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=3).map("+".join)
TIMES = st.lists(st.sampled_from([0, 1e-9, 0.004, 0.02, 0.3, 2, 100]), max_size=6)


@given(guests(), TEXTS, TIMES, st.integers(0, 5), st.randoms(use_true_random=False))
def test_what_it_did_is_what_changed_and_it_writes_only_to_pages_in_use(
    guest: Guest, text: str, times: list[float], seed: int, random: Random
) -> None:
    free, ram = guest
    try:
        workload = begun(text, free, ram, seed)
    except FreepagesError as error:
        assert (
            "left for a part without a size" in str(error) or "the guest has" in str(error) or "hog" in text
        )
        return
    memory, balloon = pages_of(ram), set[int]()
    assert of(workload.used_before) <= of(free) <= memory
    for seconds in times:
        before = of(free)
        did = workload.advance(seconds, free)
        after = of(free)
        assert of(did.taken) == before - after
        assert of(did.given) == after - before
        assert of(did.taken) <= of(did.written) <= memory
        assert not of(did.written) & before & after
        # Somebody else gives back what it has, and takes other free pages.
        for pfn in balloon:
            free.set(pfn)
        balloon = {pfn for pfn in of(free) if random.random() < 0.3}
        for pfn in balloon:
            free.clear(pfn)


def same(these: Did, those: Did) -> bool:
    return all(getattr(these, name) == getattr(those, name) for name in ("written", "taken", "given"))


@given(guests(), TEXTS, TIMES, st.integers(0, 5))
def test_the_same_seed_and_calls_give_the_same_result(
    guest: Guest, text: str, times: list[float], seed: int
) -> None:
    free, ram = guest
    twin, start = free.copy(), free.copy()
    try:
        one, two = begun(text, free, ram, seed), begun(text, twin, ram, seed)
    except FreepagesError:
        assert free == start
        return
    first = [one.advance(seconds, free) for seconds in times]
    assert all(same(two.advance(t, twin), did) for t, did in zip(times, first, strict=True)) and free == twin
    one.begin(start, ram)
    assert (
        all(same(one.advance(t, start), did) for t, did in zip(times, first, strict=True)) and free == start
    )


@given(guests(), TEXTS, TIMES)
def test_a_log_to_write_into_gets_what_a_map_of_its_own_would(
    guest: Guest, text: str, times: list[float]
) -> None:
    free, ram = guest
    twin, log, expected = free.copy(), PageBitmap(free.pages), PageBitmap(free.pages)
    try:
        one, two = begun(text, free, ram), begun(text, twin, ram)
    except FreepagesError:
        return
    for seconds in times:
        into, own = one.advance(seconds, free, log), two.advance(seconds, twin)
        assert into.written is (None if own.written is None else log)
        assert own.written is not log
        if own.written is not None:
            expected |= own.written
    assert log == expected


def test_seeds_choose_different_pages() -> None:
    free, ram = PageBitmap(4096), ranges.arrays([(0, 4096)])
    sets = [of(begun("dirty:1GiB/s:64KiB", free, ram, seed).advance(1, free).written) for seed in range(5)]
    assert all(len(pages) == 16 and max(pages) - min(pages) == 15 for pages in sets)
    assert len({min(pages) for pages in sets}) == 5


@given(
    guests(), st.lists(st.integers(0, 40 * TICK), max_size=12), st.sampled_from(["40KiB", "1MiB", "7.7MiB"])
)
def test_the_dirtier_goes_round_its_pages_in_ticks(guest: Guest, times: list[int], rate: str) -> None:
    free, ram = guest
    mine = sorted(pages_of(ram) - of(free))
    workload = begun(f"dirty:{rate}/s", free, ram)
    ticks = [sum(times[:n]) // TICK for n in range(len(times) + 1)]
    due = [Fraction(workload.writes_per_second) * tick * TICK / 10**9 for tick in ticks]
    for ns, (since, until) in zip(times, pairwise(due), strict=True):
        written = {mine[write % len(mine)] for write in range(int(since), int(until))}
        assert of(workload.advance(ns / 1e9, free).written) == written


@given(guests(), st.lists(st.integers(0, 10**12), max_size=8))
def test_the_dirtier_does_in_one_call_what_it_does_in_many(guest: Guest, times: list[int]) -> None:
    free, ram = guest
    many, one = (begun("dirty:0.37MiB/s:101KiB", free, ram) for _ in range(2))
    log = PageBitmap(free.pages)
    for ns in times:
        many.advance(ns / 1e9, free, log)
    assert of(one.advance(sum(times) / 1e9, free).written) == of(log)
    # and their next pages are the same
    assert same(many.advance(0.1, free), one.advance(0.1, free))


def test_who_is_awake_writes_the_same_pages_every_5_ms() -> None:
    free, ram = bitmap_of(4096, {0, 1, 2}), ranges.arrays([(0, 4096)])
    workload = begun("awake:16KiB", free, ram)
    wrote = [of(workload.advance(seconds, free).written) for seconds in (0.004, 0.001, 0.004, 0.5)]
    assert [len(pages) for pages in wrote] == [0, 4, 0, 4] and wrote[1] == wrote[3]
    assert max(wrote[1]) - min(wrote[1]) > 100 and not wrote[1] & {0, 1, 2}


def test_what_the_kernel_writes_does_not_hold_zeros() -> None:
    free, ram = PageBitmap(4096), ranges.arrays([(0, 4096)])
    zero = bitmap_of(4096, set(range(2048)))
    workload = Workload.parse("idle:1M/s:256KiB+awake:256KiB")
    workload.begin(free, ram, zero)
    wrote = of(workload.advance(10, free).written)
    assert len(wrote) == 128 and min(wrote) >= 2048


def test_uniform_writes_touch_as_many_pages_as_chance_says() -> None:
    free, ram = PageBitmap(1 << 16), ranges.arrays([(0, 1 << 16)])
    free.set_range(0, 1 << 15)
    workload = begun("uniform:10k/s", free, ram)
    for seconds in (0.01, 0.5, 3.0, 20.0):
        written, pages = of(workload.advance(seconds, free).written), 1 << 15
        p = -expm1(-10000 * seconds / pages)
        assert min(written) >= 1 << 15
        assert abs(len(written) - pages * p) <= 5 * sqrt(pages * p * (1 - p))


def test_parts_with_a_size_have_pages_of_their_own_and_the_others_the_rest() -> None:
    free, ram = PageBitmap(600), ranges.arrays([(10, 550)])
    free.set_range(100, 200)
    texts = ["uniform:1M/s", "dirty:1GiB/s:400KiB", "uniform:1M/s:80KiB", "dirty:1GiB/s"]
    workload = begun("+".join(texts), free, ram, 3)
    sets = []
    for part in workload.parts:
        did = Did(free)
        part.advance(0, 10**9, did)
        sets.append(of(did.written))
    rest, hundred, twenty, also_rest = sets
    assert (len(hundred), len(twenty)) == (100, 20) and rest == also_rest
    assert hundred | twenty | rest == pages_of(ram) - of(free)
    assert len(hundred) + len(twenty) + len(rest) == 440


def test_a_working_set_larger_than_what_is_in_use_takes_free_pages() -> None:
    free, ram = PageBitmap(300), ranges.arrays([(0, 300)])
    free.set_range(20, 290)
    workload = begun("dirty:1GiB/s:200KiB+uniform:1M/s:200KiB", free, ram)
    assert free.count() == 300 - 100
    written = of(workload.advance(1, free).written)
    assert len(written) == 100 and written == pages_of(ram) - of(free)


def test_what_the_hog_had_is_free_and_not_zero() -> None:
    free, ram = PageBitmap(300), ranges.arrays([(0, 300)])
    free.set_range(20, 290)
    assert begun("hog", free, ram).used_before == free
    some = begun("hog:400KiB", free, ram)
    assert len(of(some.used_before)) == 100 and of(some.used_before) <= of(free)
    assert begun("idle", free, ram).used_before is None
    # What another part takes is no longer free.
    both = begun("hog+dirty:1GiB/s:400KiB+hog:4KiB", free, ram)
    assert both.used_before == free and free.count() == 200
    assert both.advance(1, free).taken is None


def test_churn_holds_as_much_as_it_did_and_comes_back_to_what_it_freed() -> None:
    free, ram = PageBitmap(1 << 14), ranges.arrays([(0, 1 << 14)])
    free.set_range(1000, 1 << 14)
    workload, touched = begun("churn:10k/s:2MiB", free, ram), set[int]()
    for _ in range(50):
        did = workload.advance(0.1, free)
        assert free.count() == (1 << 14) - 1000
        assert len(of(did.taken)) == len(of(did.given)) > 300
        touched |= of(did.written)
    assert 512 <= len(touched) <= 2 * 512


def test_churn_replaces_as_many_pages_as_chance_says() -> None:
    free, ram = PageBitmap(1 << 16), ranges.arrays([(0, 1 << 16)])
    free.set_range(1 << 15, 1 << 16)
    workload, held, p = begun("churn:20k/s:64MiB", free, ram), 64 * 256, -expm1(-20000 * 0.2 / (64 * 256))
    taken = len(of(workload.advance(0.2, free).taken))
    assert abs(taken - held * p) <= 5 * sqrt(held * p * (1 - p))


def test_without_free_memory_churn_writes_again_to_what_it_holds() -> None:
    free, ram = PageBitmap(512), ranges.arrays([(0, 512)])
    did = begun("churn:10k/s:1MiB", free, ram).advance(10, free)
    assert len(of(did.written)) == 256 and did.taken is None and did.given is None


def test_with_little_free_memory_churn_takes_all_of_it_and_gives_as_much() -> None:
    free, ram = PageBitmap(512), ranges.arrays([(0, 512)])
    for pfn in range(0, 500, 5):
        free.set(pfn)
    workload = begun("churn:10k/s:1MiB", free, ram)
    for _ in range(5):
        did = workload.advance(10, free)
        assert len(of(did.taken)) == len(of(did.given)) == free.count() == 100
        assert len(of(did.written)) == 256


def test_a_build_keeps_what_it_caches_until_memory_is_full() -> None:
    free, ram = PageBitmap(4000), ranges.arrays([(0, 4000)])
    free.set_range(500, 4000)
    workload = begun("build:100/s:400KiB:2MiB/s", free, ram)
    for second in range(1, 5):
        did = workload.advance(1, free)
        assert free.count() == 3500 - 512 * second
        assert len(of(did.taken)) == 512 + len(of(did.given))
    workload.advance(100, free)
    assert free.count() == 0
    assert workload.advance(1, free).taken is None


def test_free_pages_are_found_one_after_the_other_and_once_around() -> None:
    pages = 3 * CHUNK_WORDS * 64 + 100
    some = np.random.default_rng(1).choice(pages, 500, replace=False)
    free, ram, found = bitmap_of(pages, set(some.tolist())), ranges.arrays([(0, pages)]), list[int]()
    workload = begun("build:0.001/s:4KiB:28KiB/s", free, ram)  # no page is turned over before 1000 s
    for _ in range(72):
        taken = sorted(of(workload.advance(1, free).taken))
        if found and taken[0] < found[-1] < taken[-1]:
            taken = [pfn for pfn in taken if pfn > found[-1]] + [pfn for pfn in taken if pfn < found[-1]]
        found += taken
    assert found == np.roll(np.sort(some), found.index(int(some.min()))).tolist()
    assert found[0] != some.min() and free.count() == 0


def test_rates_are_those_of_the_parts_together() -> None:
    workload = Workload.parse("dirty:50MiB/s:256MiB+uniform:300k/s+hog+still")
    assert workload.writes_per_second == 12800 + 300e3
    assert workload.allocations_per_second == 0
    assert Workload.parse("churn:5k/s+idle").allocations_per_second == 5000
    build = Workload.parse("build")
    assert build.allocations_per_second == build.writes_per_second == BUILD_ALLOCATIONS + BUILD_CACHE
    assert (
        Workload.parse(f"build:112k/s:{BUILD_HELD * 4}KiB:3.5MiB/s").writes_per_second
        == build.writes_per_second
    )


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_with_and_without_what_may_be_left_out(form: str) -> None:
    example = {
        "RATE": "50MiB/s",
        "WORKING_SET": "256MiB",
        "WRITES/s": "300k/s",
        "PAGES/s": "1k/s",
        "HELD": "4MiB",
        "CACHED": "1MiB/s",
        "SIZE": "1G",
    }
    least, *more = form.replace("]", "").split("[:")
    for count in range(len(more) + 1):
        words = ":".join([least, *more[:count]]).split(":")
        text = ":".join([words[0], *(example[word] for word in words[1:])])
        assert repr(Workload.parse(text, 7)) == f"Workload.parse({text!r}, 7)"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "workload '' is not known: there are idle, awake, still, dirty"),
        ("idle+", "workload '' is not known: there are idle"),
        (
            "idle+drity:1MiB/s",
            "workload 'drity' is not known; did you mean dirty?",
        ),
        ("dirty", "workload 'dirty' is not of the form dirty:RATE[:WORKING_SET]"),
        ("still:3", "workload 'still:3' is not of the form still"),
        ("idle+hog:1G:2G", "workload 'hog:1G:2G' is not of the form hog[:SIZE]"),
        (
            "dirty:50MiB/s:fast",
            "workload 'dirty:50MiB/s:fast': size 'fast' is not a decimal number and one of",
        ),
        ("dirty:0MiB/s", "workload 'dirty:0MiB/s': bandwidth '0MiB/s' is not more than 0"),
        ("uniform:300k:8GiB", "workload 'uniform:300k:8GiB': rate '300k' is not"),
    ],
)
def test_a_wrong_text_is_refused_by_the_part_that_is_wrong(text: str, fault: str) -> None:
    with pytest.raises(FreepagesError) as error:
        Workload.parse(text)
    assert fault in str(error.value) and "\n" not in str(error.value)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(FreepagesError, match="seed -1 is negative"):
        Workload.parse("idle", -1)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("dirty:1MiB/s:1MiB+uniform:1/s:1MiB", "needs 2 MiB, the guest has 1.172 MiB"),
        ("dirty:1MiB/s:400KiB+uniform:1/s", "of 100 pages in use none is left for a part without a size"),
        ("dirty:1MiB/s:600KiB+hog:1MiB", "a hog that had 1 MiB: only 800 KiB are free"),
    ],
)
def test_a_guest_that_is_too_small_is_refused_and_keeps_its_free_pages(text: str, fault: str) -> None:
    free = PageBitmap(320)
    free.set_range(50, 250)
    before = free.copy()
    with pytest.raises(FreepagesError) as error:
        begun(text, free, ranges.arrays([(0, 300)]))
    assert fault in str(error.value) and free == before


def test_free_pages_outside_ram_and_maps_of_another_size_are_refused() -> None:
    free, ram = PageBitmap(320), ranges.arrays([(0, 300)])
    free.set_range(290, 310)
    with pytest.raises(FreepagesError, match="10 free pages are not in RAM"):
        begun("idle", free, ram)
    free.clear_range(300, 320)
    with pytest.raises(FreepagesError, match="320 pages, where workload 'idle' began with None"):
        Workload.parse("idle").advance(1, free)
    workload = begun("idle", free, ram)
    with pytest.raises(FreepagesError, match="321 pages"):
        workload.advance(1, PageBitmap(321))
    with pytest.raises(FreepagesError, match="319 pages"):
        workload.advance(1, free, PageBitmap(319))


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    free = PageBitmap(64)
    with pytest.raises(FreepagesError, match=f"a time of {seconds} s"):
        begun("still", free, ranges.arrays([(0, 64)])).advance(seconds, free)
