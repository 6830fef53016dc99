"""A snapshot told: as the JSON of `freepages bitmap --json`, and as a table to read."""

from __future__ import annotations

from typing import Any

from freepages.engine.quantity import format_bytes
from freepages.engine.text_table import columns
from freepages.real.snapshot import Snapshot

ZONE_FIELDS = ("node", "name", "start_pfn", "spanned", "present", "managed", "nr_free", "free_pages")

COLUMNS = {
    "node": "the NUMA node, which a zone belongs to",
    "zone": "the zone's name",
    "start_pfn": "its first page frame",
    "spanned": "pages from its first to its last, holes between them too",
    "present": "spanned without holes; before Linux 3.8 also without what the kernel took for struct page",
    "managed": "those of them that the kernel has given to the allocator; the others count as in use",
    "free": "pages in the free blocks that buddyinfo counts",
    "churn": "how many more pages kpageflags marks free: not 0 where some were allocated or freed between "
    "the reading of the two files, if only by the reader; ? where zones overlap, and nobody can tell whose a "
    "page is",
    "2^0, 2^1, ...": "free blocks of so many pages, as buddyinfo counts them",
}
"""The columns of the tables of a snapshot, and what they say."""


def as_json(snapshot: Snapshot) -> dict[str, Any]:
    """What `freepages bitmap --json` prints; `runs` is the count of maximal runs of free pages."""
    return {
        "max_pfn": snapshot.max_pfn,
        "bitmap_bytes": snapshot.bitmap_bytes,
        "free_pages": snapshot.free_pages,
        "runs": len(snapshot.starts),
        "exact": snapshot.exact,
        "zones": [
            {name: getattr(zone, name) for name in ZONE_FIELDS} | {"churn": churn}
            for zone, churn in zip(snapshot.zones, snapshot.churn(), strict=True)
        ],
        "page_size": snapshot.page_size,
    }


def as_text(snapshot: Snapshot) -> str:
    """Lines on the machine, a table of its zones, one of their free blocks, and the notes on the reading."""
    told = as_json(snapshot)
    head = [
        *(f"{name:<9} {text}" for name, text in sorted(snapshot.about.items())),
        f"max_pfn   {snapshot.max_pfn:,}: a bitmap of {snapshot.bitmap_bytes:,} bytes",
        f"free      {snapshot.free_pages:,} pages of {format_bytes(snapshot.page_size)} "
        f"({format_bytes(snapshot.free_pages * snapshot.page_size)}) in {told['runs']:,} runs, "
        + ("exact (kpageflags)" if snapshot.exact else "synthesised"),
    ]
    zones = [
        [
            zone["node"],
            zone["name"],
            *(zone[name] for name in ZONE_FIELDS[2:6]),
            zone["free_pages"],
            zone["churn"],
        ]
        for zone in told["zones"]
    ]
    orders = len(snapshot.zones[0].nr_free)
    blocks = [[zone["node"], zone["name"], *zone["nr_free"]] for zone in told["zones"]]
    tables = [
        _table(tuple(COLUMNS)[:-1], zones),
        _table(("node", "zone", *(f"2^{order}" for order in range(orders))), blocks),
    ]
    return "\n".join([*head, "", *tables[0], "", *tables[1], *(f"\n{note}" for note in snapshot.notes)])


def _table(heads: tuple[str, ...], rows: list[list[Any]]) -> list[str]:
    return columns([heads, *([_cell(cell) for cell in row] for row in rows)], right=range(len(heads)))


def _cell(value: Any) -> str:
    return "?" if value is None else f"{value:,}" if isinstance(value, int) else value
