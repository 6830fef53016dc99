"""The patch under review: every known defect of it as a row, and nearly every row as a run.

`REVIEW` has the rows in the order of their ids; `review_table()` lists them; `row("B3").run()` shows one on
the patch, and `.run_repaired()` the same on the repaired driver. What is claimed of a row is not taken from
it: the schedule is the shortest that a search finds, and a test finds it again.
"""

from __future__ import annotations

import re

from freepages.engine.errors import unknown
from freepages.engine.text_table import columns
from freepages.review import rows_buffers as buffers
from freepages.review import rows_host as host
from freepages.review import rows_interrupts as interrupts
from freepages.review import rows_meaning as meaning
from freepages.review import rows_text as text
from freepages.review import rows_walk as walk
from freepages.review import rows_wire as wire
from freepages.review.row import Row, Shown

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
        return "\n".join(columns([head, *(_cells(row) for row in self.rows)], rule=True))


def _cells(row: Row) -> tuple[str, ...]:
    moves = "-" if row.moves is None else str(row.moves)
    return row.id, row.verdict, moves, row.title


def review_table(verdict: str = "") -> ReviewTable:
    """All rows, or those of one verdict."""
    return ReviewTable(tuple(row for row in REVIEW if verdict in ("", row.verdict)))
