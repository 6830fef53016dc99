"""A migration told: as the JSON of `freepages migrate --json`, and as lines to read."""

from __future__ import annotations

from typing import Any

from freepages.engine.quantity import format_bytes, format_seconds
from freepages.engine.text_table import columns
from freepages.migrate.timed_migration import Migrated
from freepages.pages.orders import PAGE_SIZE


def as_json(done: Migrated) -> dict[str, Any]:
    """What `freepages migrate --json` prints of a migration; times in ms and us, as the names say."""
    return {
        "total_ms": _thousandth(done.total, 1e6),
        "downtime_ms": _thousandth(done.downtime, 1e6),
        "setup_ms": _thousandth(done.setup, 1e6),
        "rounds": done.rounds,
        "normal_pages": done.normal_pages,
        "zero_pages": done.zero_pages,
        "skipped_pages": done.skipped_pages,
        "transferred_bytes": done.transferred_bytes,
        "lock_held_us": _thousandth(sum(span.ns for span in done.held), 1e3),
        "guest_stall_us": _thousandth(sum(span.ns for span in done.waits), 1e3),
        "mismatched_pages": None if done.mismatched is None else done.mismatched.count(),
        "schedule": str(done.schedule),
        "name_bytes": done.name_bytes,
        "section_end_bytes": done.section_end_bytes,
        "lock_held_longest_us": _thousandth(max((span.ns for span in done.held), default=0), 1e3),
        "mismatches": [{"pfn": one.pfn, "step": one.step} for one in done.mismatches],
    }


def as_text(done: Migrated, about: dict[str, Any]) -> str:
    """Lines on a migration; ``about`` is what the command knows besides."""
    told = as_json(done)
    rows = [
        ["guest", f"{_pages(about['ram_pages'])}, of which {_pages(about['free_pages'])} free"],
        ["proposal", about["proposal"]],
        ["workload", about["workload"]],
        ["total", format_seconds(done.total / 1e9)],
        ["setup", format_seconds(done.setup / 1e9)],
        ["downtime", format_seconds(done.downtime / 1e9)],
        ["rounds", f"{done.rounds} readings of the dirty log"],
        ["sent", format_bytes(done.transferred_bytes)],
        ["", f"{done.normal_pages:,} normal pages, {done.zero_pages:,} zero pages"],
        ["skipped", f"{done.skipped_pages:,} pages"],
        ["zone lock", f"held for {format_seconds(told['lock_held_us'] / 1e6)} in {len(done.held)} times"],
        ["", f"the vCPUs waited {format_seconds(told['guest_stall_us'] / 1e6)} for it"],
    ]
    if about["dropped_pages"]:
        back = format_seconds(about["refault_ms"] / 1e3)
        rows.append(["dropped", f"{about['dropped_pages']:,} pages; to read them all again takes {back}"])
    rows.append(["content", _content(done)])
    return "\n".join(columns(rows))


def _content(done: Migrated) -> str:
    if done.mismatched is None:
        return "not kept for a guest of this size"
    count = done.mismatched.count()
    if not count:
        return "equal on both sides wherever it matters"
    first = done.mismatches[0]
    by = f", taken out by the report applied in step {first.step}" if first.step else ""
    return f"LOST in {count:,} pages; the first is pfn {first.pfn}{by}"


def _thousandth(ns: float, unit: float) -> float:
    return round(ns / unit, 3)


def _pages(count: int) -> str:
    return f"{count:,} pages ({format_bytes(count * PAGE_SIZE)})"
