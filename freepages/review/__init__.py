"""The patch under review: every known defect of it as a row, and nearly every row as a run.

`REVIEW` has the rows in the order of their ids; `review_table()` lists them, or those with some words in
them; `row("B3")` tells one from its claim to its run. `.run()` shows it on the patch, and `.run_repaired()`
on the repaired driver. What is claimed of a row is not taken from it: the schedule is the shortest that a
search finds, and a test finds it again.
"""

from __future__ import annotations

import re
from typing import get_args

from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.text_table import columns
from freepages.review import rows_buffers as buffers
from freepages.review import rows_host as host
from freepages.review import rows_interrupts as interrupts
from freepages.review import rows_meaning as meaning
from freepages.review import rows_text as text
from freepages.review import rows_walk as walk
from freepages.review import rows_wire as wire
from freepages.review.row import Row, Shown, Verdict

__all__ = ["REVIEW", "Row", "Shown", "ReviewTable", "review_table", "row"]


def _number(row: Row) -> tuple[int, str]:
    found = re.match(r"B(\d+)", row.id)
    assert found
    return int(found[1]), row.id


REVIEW: tuple[Row, ...] = tuple(
    sorted(
        (
            *interrupts.ROWS,
            *buffers.ROWS,
            *wire.ROWS,
            *walk.ROWS,
            *meaning.ROWS,
            *host.ROWS,
            *text.ROWS,
        ),
        key=_number,
    )
)


def row(id: str) -> Row:
    """The row of that id. Raises FreepagesError for one that is not there."""
    for row in REVIEW:
        if row.id == id:
            return row
    raise unknown("row", id, (row.id for row in REVIEW))


class ReviewTable:
    """Rows as a table: id, verdict, how many moves show it, and what it is."""

    def __init__(self, rows: tuple[Row, ...]):
        self.rows = rows

    def __repr__(self) -> str:
        head = ("", "verdict", "moves", "what")
        cells = [(row.id, row.verdict, str(row.moves or "-"), row.title) for row in self.rows]
        return "\n".join(columns([head, *cells], right={2}, rule=True))


def review_table(verdict: str = "", words: str = "") -> ReviewTable:
    """All rows, or those of one verdict, or those in which every one of the words stands somewhere.

    Raises FreepagesError for a verdict that is none, and where no row has the words.
    """
    if verdict and verdict not in get_args(Verdict):
        raise unknown("verdict", verdict, get_args(Verdict))
    rows = tuple(row for row in REVIEW if verdict in ("", row.verdict) and row.has(words))
    if not rows:
        raise FreepagesError(f"no row of the review has {words!r} in it")
    return ReviewTable(rows)
