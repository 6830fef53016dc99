"""Notebook 28: a grid that answers a question, judged by the rows that a sweep gives for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from freepages.exercises.exercise import Exercise, Wrong
from freepages.pages.orders import PAGE_SIZE

LINKS = ("1Gbit", "10Gbit", "40Gbit")
RAM = 16  # GiB
SHARES = {"free": 0.3, "zero": 0.2}
PROPOSALS = ("everything", "snapshot")


def _judge(rows: Sequence[Mapping[str, Any]]) -> str:
    for row in rows:
        if row.get("error"):
            raise Wrong(f"one cell failed: {row['error']}")
        if (gib := row.get("ram_pages", 0) * PAGE_SIZE / 2**30) != RAM:
            raise Wrong(f"a guest of this grid has {gib:.0f} GiB, not {RAM} (ram).")
        for name, share in SHARES.items():
            if float(row.get(name) or -1) != share:
                raise Wrong(f"{name} is {row.get(name, 'not in the grid')}, and it should be {share}.")
    total = {(str(row.get("link")), row["proposal"]): row["total_ms"] for row in rows}
    for proposal in PROPOSALS:
        if not any(found == proposal for _, found in total):
            raise Wrong(f"no row migrates with {proposal}: what is the gain measured against?")
    for link in LINKS:
        if (link, "snapshot") not in total or (link, "everything") not in total:
            raise Wrong(f"there is no pair of rows for a link of {link}.")
    slow = min(row["bandwidth_bytes_per_s"] for row in rows)
    if slow * 8 < 40e9:
        raise Wrong(
            f"the bandwidth, QEMU's own limit, is {slow * 8 / 1e9:g} Gbit/s: it slows the faster links down."
        )
    gains = {link: 1 - total[link, "snapshot"] / total[link, "everything"] for link in LINKS}
    return "; ".join(f"{link} {gain:.0%}" for link, gain in gains.items()) + " of the time is saved."


a_grid = Exercise(
    "A guest of 16 GiB has 30 % of its memory free, and 20 % of all its memory holds zeros. How much time "
    "does snapshot save on links of 1, 10 and 40 Gbit/s? Write the grid, sweep it, and hand over the rows.",
    _judge,
    (
        "a gain compares two migrations of the same guest. Which two proposals must be in the grid?",
        "what holds for every cell is one value; what differs is a list. QEMU has a limit of its own, too.",
        'sweep({"ram": "16GiB", "free": 0.3, "zero": 0.2, "link": ["1Gbit", "10Gbit", "40Gbit"], '
        '"bandwidth": "100Gbit", "proposal": ["everything", "snapshot"]})',
    ),
    lambda rows: (
        ""
        if isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
        else "hand over what sweep(...) returns: a list of rows."
    ),
)
