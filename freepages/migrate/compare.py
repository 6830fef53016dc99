"""A prediction beside what QEMU counted, and costs fitted to what it counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log
from typing import NamedTuple

from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.text_table import columns
from freepages.host.sender import NORMAL_BYTES, ZERO_BYTES
from freepages.migrate.query_migrate import QueryMigrate
from freepages.migrate.timed_migration import Migrated

Again = Callable[[Costs], Migrated]
"""Migrates one guest, anew with each call."""

SPAN, STEPS, ROUNDS = 32.0, 18, 8
"""A cost is looked for between its value divided by SPAN and multiplied by it, in so many steps; each in
turn, so many times at most."""
GOLDEN = (5**0.5 - 1) / 2


class Beside(NamedTuple):
    """One quantity, as QEMU counted it and as the model does."""

    name: str
    qemu: float
    model: float

    @property
    def error(self) -> float | None:
        """By how much the model is off, as a share of what QEMU counted; None where that is nothing."""
        return self.model / self.qemu - 1 if self.qemu else None


def beside(run: QueryMigrate, done: Migrated, guest_pages: int) -> list[Beside]:
    """Every quantity that both have. The pages of RAM blocks that are not the guest's are taken off QEMU's;
    their blocks' names, some 80 bytes, are not."""
    normal, zero = run.others(guest_pages)
    return [
        Beside("normal pages", run.normal - normal, done.normal_pages),
        Beside("zero pages", run.duplicate - zero, done.zero_pages),
        Beside("bytes", run.ram_bytes - normal * NORMAL_BYTES - zero * ZERO_BYTES, done.transferred_bytes),
        Beside("rounds", run.syncs, done.rounds),
        Beside("total, ms", run.total_ms, round(done.total / 1e6, 1)),
        Beside("downtime, ms", run.downtime_ms, round(done.downtime / 1e6, 1)),
        Beside("setup, ms", run.setup_ms, round(done.setup / 1e6, 1)),
    ]


def as_text(run: QueryMigrate, rows: Sequence[Beside], guest_pages: int) -> str:
    """A table, and what was taken off."""
    lines = [[run.name, "QEMU", "model", "off"]]
    for row in rows:
        off = "" if row.error is None else f"{row.error:+.2%}"
        lines.append([row.name, f"{row.qemu:,}", f"{row.model:,}", off])
    normal, zero = run.others(guest_pages)
    taken = (
        f"taken off QEMU's counts: {normal} normal and {zero} zero pages of RAM blocks that are not the "
        "guest's (BIOS, ROMs and ACPI tables; what is beyond them, such as vga.vram, is taken for zeros)"
    )
    return "\n".join([*columns(lines, range(1, 4)), *([taken] if normal else [])])


def fit(names: Sequence[str], costs: Costs, runs: Sequence[tuple[QueryMigrate, Again]]) -> Costs:
    """The costs with these fitted to the runs' total times, to four digits.

    Raises FreepagesError for a name that is none, and for more costs than runs, which cannot be told apart.
    """
    known = {told.name: told for told in costs.table()}
    for name in names:
        if name not in known:
            raise unknown("cost", name, known)
    if len(set(names)) > len(runs):
        raise FreepagesError(
            f"fit: {len(set(names))} costs ({', '.join(names)}) and {len(runs)} runs: give as many"
        )

    def off(tried: Costs) -> float:
        return sum(log(again(tried).total / 1e6 / run.total_ms) ** 2 for run, again in runs)

    for _ in range(ROUNDS if len(names) > 1 else 1):
        before = costs
        for name in names:
            costs = _fit_one(name, costs, off)
        if costs == before:
            break
    return costs


def _fit_one(name: str, costs: Costs, off: Callable[[Costs], float]) -> Costs:
    """The cost for which the runs are least off: a golden section of its logarithm."""

    def tried(at: float) -> Costs:
        return replace(costs, **{name: float(f"{SPAN**at * getattr(costs, name):.4g}")})

    low, high = -1.0, 1.0
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = off(tried(left)), off(tried(right))
    for _ in range(STEPS):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = off(tried(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = off(tried(right))
    best = tried((low + high) / 2)
    return min((costs, best), key=off)
