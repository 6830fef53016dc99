"""Zones and nodes with a history, for Hypothesis: blocks of every order and type come and go at random."""

from random import Random

from hypothesis import strategies as st

from freepages.engine import straight
from freepages.pages.orders import Migratetype
from freepages.zone.node import Node
from freepages.zone.zone import Zone

ORDINARY = (Migratetype.UNMOVABLE, Migratetype.MOVABLE, Migratetype.RECLAIMABLE)


def live(zone: Zone, chance: Random, operations: int) -> Zone:
    """Allocate and free at random; returns the zone."""
    for _ in range(operations):
        if zone.used and chance.random() < 0.4:
            pfn = chance.choice(list(zone.used))
            straight(zone.free(pfn, zone.used[pfn][0]))
        else:
            straight(zone.rmqueue(chance.choice((0, 0, 0, 1, 2, 3, 5, 8, 10)), chance.choice(ORDINARY)))
    return zone


@st.composite
def zones(draw: st.DrawFn) -> Zone:
    """A zone anywhere, perhaps with a hole, after up to 60 operations."""
    start, spanned = draw(st.integers(0, 3000)), draw(st.integers(1, 4200))
    zone = Zone("Normal", start, spanned)
    cuts = sorted(draw(st.sets(st.integers(0, spanned), max_size=2)) | {0, spanned})
    kept = range(0, len(cuts) - 1, 2) if len(cuts) > 3 else range(len(cuts) - 1)
    for i in kept:
        zone.add_memory(start + cuts[i], start + cuts[i + 1])
    return live(zone, Random(draw(st.integers(0, 999))), draw(st.integers(0, 60)))


@st.composite
def nodes(draw: st.DrawFn) -> Node:
    """DMA with a hole, perhaps a hole between the zones, and DMA32, in different states."""
    ends = draw(st.tuples(st.integers(0x1000 - 900, 0x1000), st.integers(1, 3000)))
    node = Node([(1, 600), (0x400, ends[0]), (0x1000, 0x1000 + ends[1])])
    chance = Random(draw(st.integers(0, 999)))
    for zone in node.populated_zones():
        live(zone, chance, draw(st.integers(0, 40)))
    return node
