"""Rows of text as columns: how every command and every table in a notebook writes its rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = (), *, rule: bool = False) -> list[str]:
    """The rows as lines, every column as wide as its widest cell and two spaces from the next.

    The columns numbered in ``right`` are set to the right, the others to the left. A cell may have several
    lines, and a row may be short of cells. With ``rule`` a line of dashes stands under the first row.
    """
    lines = [
        list(line) for row in rows for line in zip_longest(*(cell.split("\n") for cell in row), fillvalue="")
    ]
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    if rule:
        lines.insert(1, ["-" * width for width in widths])
    return ["  ".join(_set(line, widths, right)).rstrip() for line in lines]


def _set(line: Sequence[str], widths: Sequence[int], right: Collection[int]) -> list[str]:
    return [
        cell.rjust(width) if at in right else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(line, widths, strict=False))
    ]
