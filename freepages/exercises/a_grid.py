"""Notebook 28: what skipping saves on which link; and a grid that answers a question, judged by its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.pages.orders import PAGE_SIZE

Rows = Sequence[Mapping[str, Any]]

SLOW = "1 Gbit/s, the free pages hold zeros"
FAST = "40 Gbit/s, the free pages hold zeros"
OLD = "1 Gbit/s, the free pages hold old data"


def _in_words(rows: Rows, link: str, free: float = 0.8) -> str:
    total = {row["proposal"]: row["total_ms"] for row in rows if (row["link"], row["free"]) == (link, free)}
    gain = 1 - total["snapshot"] / total["everything"]
    return "nearly none" if gain < 0.05 else "more than half" if gain > 0.5 else "some"


def _gains(zeros: Rows, old_data: Rows) -> dict[str, str]:
    return {
        SLOW: _in_words(zeros, "1Gbit"),
        FAST: _in_words(zeros, "40Gbit"),
        OLD: _in_words(old_data, "1Gbit"),
    }


prediction = Forecast(
    _gains,
    why={
        SLOW: "Zeros take no time on the wire, and the migration waits for the link.",
        FAST: "The thread is slower than this link, so the search for zeros takes the time.",
        OLD: "Every skipped page is 4,096 bytes less on the wire.",
    },
    wrong={
        SLOW: {
            "more than half": "Do zeros travel as whole pages?",
            "some": "Only the search is saved, and it goes on while the link drains.",
        },
        FAST: {
            "nearly none": "Here the migration does not wait for the link. What does it wait for?",
            "some": "Which is slower here, the thread or the link? How much of its work is left?",
        },
        OLD: {
            "nearly none": "These pages hold no zeros, so the host would send each of them whole.",
            "some": "How many bytes of eight pages in ten are no longer sent?",
        },
    },
)
"""What part of the time skipping saves of a guest of which 80 % is free, by the rows of the two sweeps: free
pages of zeros, and of old data."""

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
