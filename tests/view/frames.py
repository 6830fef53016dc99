"""Frames for the tests: any, and one of every kind of thing."""

import numpy as np
from hypothesis import strategies as st

from freepages.pages.orders import Migratetype
from freepages.view.frame import (
    MARKS,
    Bits,
    Facts,
    Frame,
    FreeLists,
    LockRow,
    Locks,
    PageMap,
    Panel,
    State,
    Tokens,
)

NAMES = st.text("abc <&\"'µ$\\_^{}", min_size=1, max_size=8)


@st.composite
def states(draw: st.DrawFn, pages: int) -> np.ndarray:
    """Runs of states, of all lengths from one page to all of them."""
    cuts = sorted(draw(st.sets(st.integers(0, pages), max_size=40)))
    array = np.full(pages, draw(st.sampled_from(State)), np.uint8)
    for cut in cuts:
        array[cut:] = draw(st.sampled_from(State))
    if draw(st.booleans()):
        array[::2] = draw(st.sampled_from(State))
    return array


def blocks_of(array: np.ndarray, start: int) -> list[tuple[int, int]]:
    """The free pages of [start, start + len) as buddies would have them."""
    free, found, at = array == State.FREE, [], 0
    while at < len(array):
        if not free[at]:
            at += 1
            continue
        order = 0
        while order < 10 and (start + at) % (2 << order) == 0 and free[at : at + (2 << order)].all():
            if at + (2 << order) > len(array):
                break
            order += 1
        found.append((start + at, order))
        at += 1 << order
    return found


@st.composite
def memories(draw: st.DrawFn, start: int, pages: int) -> PageMap:
    array = draw(states(pages))
    within = st.integers(start, start + max(pages - 1, 0))
    small = 0 < pages <= 600
    return PageMap(
        draw(NAMES),
        start,
        array,
        blocks=blocks_of(array, start) if draw(st.booleans()) else (),
        marks={mark: np.arange(pages) % 3 == 0 for mark in draw(st.sets(st.sampled_from(MARKS), max_size=2))},
        tokens=["A", "", "B", "xyz"] * (pages // 4) + [""] * (pages % 4)
        if small and draw(st.booleans())
        else (),
        lost=draw(st.dictionaries(within, st.sampled_from("AB"), max_size=3)) if pages else {},
        highlight=[(pfn, pfn + draw(st.integers(0, 80))) for pfn in draw(st.lists(within, max_size=2))],
        migratetypes=draw(st.lists(st.sampled_from(Migratetype), max_size=6)),
        pageblock=draw(st.sampled_from([4, 16, 512])),
    )


@st.composite
def bitmaps(draw: st.DrawFn, start: int, pages: int) -> Bits:
    bits = np.arange(pages) % draw(st.integers(1, 9)) == 0
    limit = draw(st.none() | st.integers(start, start + pages))
    return Bits(draw(NAMES), start, bits, limit)


@st.composite
def tokens(draw: st.DrawFn, start: int, pages: int) -> Tokens:
    texts = draw(st.lists(st.sampled_from(["", "0", "A", "0,1"]), min_size=1, max_size=5))
    within = st.integers(start, start + max(pages - 1, 0))
    lost = draw(st.dictionaries(within, st.sampled_from("AB"), max_size=3)) if pages else {}
    return Tokens(draw(NAMES), start, [texts[at % len(texts)] for at in range(pages)], "0", lost)


def free_lists() -> st.SearchStrategy[FreeLists]:
    pfns = st.lists(st.integers(0, 1 << 40), max_size=30, unique=True)
    lists = st.dictionaries(st.tuples(st.integers(0, 10), st.sampled_from(Migratetype)), pfns, max_size=8)
    return st.builds(FreeLists, NAMES, st.lists(st.integers(0, 1 << 40), min_size=11, max_size=11), lists)


def locks() -> st.SearchStrategy[Locks]:
    names = st.lists(NAMES, max_size=3).map(tuple)
    row = st.builds(LockRow, NAMES, st.none() | NAMES, st.none() | st.integers(1, 9999), names)
    return st.builds(Locks, st.lists(row, max_size=3).map(tuple))


def facts() -> st.SearchStrategy[Facts]:
    return st.builds(Facts, NAMES, st.dictionaries(NAMES, st.integers() | NAMES, max_size=4))


@st.composite
def frames(draw: st.DrawFn, most: int = 700) -> Frame:
    panels: list[Panel] = []
    for _ in range(draw(st.integers(0, 2))):
        start, pages = draw(st.integers(0, 5000)), draw(st.integers(0, most))
        panels.append(draw(memories(start, pages)))
        panels += (draw(bitmaps(start, pages)) for _ in range(draw(st.integers(0, 2))))
        panels += (draw(tokens(start, pages)) for _ in range(draw(st.integers(0, 1))))
    panels += draw(st.lists(free_lists() | locks() | facts(), max_size=3))
    return Frame(draw(NAMES | st.just("")), tuple(panels), draw(NAMES | st.just("")))


def zooms() -> st.SearchStrategy[tuple[int, int] | None]:
    return st.none() | st.tuples(st.integers(0, 6000), st.integers(1, 700)).map(lambda z: (z[0], z[0] + z[1]))


def sample() -> Frame:
    """A little of everything, as a scenario would show it."""
    letters = "kkkkkkkk··aa··ccpp····aaaaaabbuu" + "ss//////" + "·" * 24
    array = np.frombuffer(letters.encode("latin-1"), np.uint8)
    return Frame(
        "zone Normal builds its bitmap",
        (
            PageMap(
                "zone Normal",
                0,
                letters,
                blocks=blocks_of(array, 0),
                marks={"dirty": np.arange(64) % 13 == 0},
                tokens=["A"] * 8 + [""] * 56,
                lost={5: "B"},
                highlight=[(8, 10)],
                migratetypes=[
                    Migratetype.UNMOVABLE,
                    Migratetype.MOVABLE,
                    Migratetype.MOVABLE,
                    Migratetype.CMA,
                ],
                pageblock=16,
            ),
            Bits("bitmap", 0, array == State.FREE, limit=60),
            FreeLists("free_area", [0, 3, 1, 2], {(1, Migratetype.MOVABLE): [12, 8, 18], (2, 0): [20]}),
            Locks((LockRow("zone Normal's lock", "guest", 4, ("workload",)), LockRow("another", None))),
            Facts("watermarks", {"min": 2, "low": 3}),
        ),
        "the limit is max_pfn",
    )
