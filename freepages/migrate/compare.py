"""A prediction beside what QEMU counted, and costs fitted to what it counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from math import inf
from typing import NamedTuple

from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.text_table import columns
from freepages.engine.working import Working
from freepages.host.sender import NORMAL_BYTES, ZERO_BYTES
from freepages.migrate.query_migrate import QueryMigrate
from freepages.migrate.timed_migration import Migrated

Again = Callable[[Costs], Migrated]
"""Migrates one guest, anew with each call."""

SPAN, COARSE, STEPS, ROUNDS = 32.0, 40, 12, 8
"""A cost is looked for between its value divided by SPAN and multiplied by it: first in so many coarse steps,
for a time has steps of a window of 100 ms, then in finer ones; each cost in turn, so many times at most."""
GOLDEN = (5**0.5 - 1) / 2
OBSERVED = "the time until the guest stops, and the downtime"
"""What one run tells of the costs. Its pages and bytes say nothing of time, nor does a time of 0 ms."""


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
    """The costs with these fitted to what was observed of the runs (:data:`OBSERVED`), to four digits. An
    error counts as a share of its run's total time.

    Raises FreepagesError for a name that is none, and for more costs than observations, which cannot be told
    apart.
    """
    known = {told.name: told for told in costs.table() if told.source != "none"}
    for name in names:
        if name not in known:
            raise unknown("cost", name, known)
        if not getattr(costs, name):
            raise FreepagesError(f"fit: {name} is 0, and is looked for by its multiples")
    seen = sum(ms > 0 for run, _ in runs for ms in (run.total_ms - run.downtime_ms, run.downtime_ms))
    if len(set(names)) > seen:
        costs_asked = f"{len(set(names))} costs ({', '.join(names)})"
        raise FreepagesError(f"fit: {costs_asked} and {seen} observations: of each run, {OBSERVED}")

    number = count()

    def off(tried: Costs) -> float:
        told(next(number))
        try:
            return sum(_off(run, again(tried)) for run, again in runs)
        except FreepagesError:  # with such costs the migration does not end
            return inf

    with Working("costs tried") as told:
        for _ in range(ROUNDS if len(names) > 1 else 1):
            before = costs
            for name in names:
                costs = _fit_one(name, costs, off)
            if costs == before:
                break
    return costs


def _off(run: QueryMigrate, done: Migrated) -> float:
    """How far the model is off what was observed of a run, squared."""
    both = (
        (run.total_ms - run.downtime_ms, done.total - done.downtime),
        (run.downtime_ms, done.downtime),
    )
    return sum(((model / 1e6 - qemu) / run.total_ms) ** 2 for qemu, model in both if qemu > 0)


def _fit_one(name: str, costs: Costs, off: Callable[[Costs], float]) -> Costs:
    """The cost for which the runs are least off: by its logarithm, coarsely, then by a golden section."""

    def tried(at: float) -> Costs:
        return replace(costs, **{name: float(f"{SPAN**at * getattr(costs, name):.4g}")})

    offs = [off(tried(2 * at / COARSE - 1)) for at in range(COARSE + 1)]
    if min(offs) == inf:
        raise FreepagesError(f"fit: with none of the values tried for {name} do the migrations end")
    if min(offs) == max(offs):
        raise FreepagesError(f"fit: {name} has no part in the times of these runs")
    best_at = offs.index(min(offs))
    low, high = (2 * at / COARSE - 1 for at in (max(best_at - 1, 0), min(best_at + 1, COARSE)))
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
