"""A migration told: as the JSON of `freepages migrate --json`, and as lines to read."""

from __future__ import annotations

from typing import Any, NamedTuple

from freepages.engine.quantity import format_bandwidth, format_bytes, format_seconds
from freepages.engine.text_table import columns
from freepages.migrate.timed_migration import Migrated
from freepages.pages.orders import PAGE_SIZE


class TimedRound(NamedTuple):
    """A round by the clock: pages sent, their bytes on the link, seconds it took, and pages that were left
    when it ended."""

    pages: int
    bytes: int
    seconds: float
    left: int


def timed_rounds(done: Migrated) -> list[TimedRound]:
    """The rounds of a migration, the last one with the guest stopped."""
    rounds: list[TimedRound] = []
    start = 0
    for stage in done.stages:
        if stage.what == "sync":
            start = stage.start
            rounds.append(TimedRound(0, 0, 0, stage.left))
        elif rounds:
            sent = rounds[-1].pages + stage.pages, rounds[-1].bytes + stage.bytes
            rounds[-1] = TimedRound(*sent, (stage.end - start) / 1e9, stage.left)
    return [one for one in rounds if one.pages]


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
        "never_sent": done.never_sent.count(),
        "mismatches": [{"pfn": one.pfn, "step": one.step} for one in done.mismatches],
    }


ROWS = {
    "guest": "its RAM as the host has it, and what of it is free when the migration starts",
    "proposal": "what guest and host do about free pages, and what the guest does meanwhile (workload)",
    "as QEMU": "the version whose pre-copy it is (--qemu)",
    "pace": "max-bandwidth, which the last pages are not held to; the link's; downtime-limit; the seed",
    "total": "from the start to the end; setup is the part of it before the first page is sent",
    "downtime": "from the stop of the vCPUs to the end",
    "rounds": "how often the dirty log was read (dirty-sync-count)",
    "sent": "bytes on the link; a page of zeros takes a few bytes, a normal one all of it and a few",
    "skipped": "pages that a report took out of what was to be sent, and those that never were sent",
    "zone lock": "how long the driver held it",
    "waits": "how long vCPUs waited, in all: for the lock, for a free page, for a paused VM to go on",
    "dropped": "pages that dropping the caches has freed (--drop-caches)",
    "content": "whether every page whose content matters is the same on both sides at the end",
    "exact": "whether each free page is known, or only how many there are",
    "notes": "what was not known of the guest, and what it was taken for",
}
"""The rows of the report, and what they say."""


def as_text(done: Migrated, about: dict[str, Any]) -> str:
    """Lines on a migration; ``about`` is what the command knows besides."""
    told = as_json(done) | about
    bandwidth, link = about["bandwidth_bytes_per_s"], about["link_bytes_per_s"]
    held = f"held for {format_seconds(told['lock_held_us'] / 1e6)}, {_times(len(done.held))}"
    stall = told["guest_stall_us"]
    waits = "nobody allocates, so nobody could wait"
    if stall is not None:
        waits = f"the vCPUs waited {format_seconds(stall / 1e6)}"
    rows = [
        ["guest", f"{_pages(about['ram_pages'])}, of which {_pages(about['free_pages'])} free"],
        ["proposal", f"{about['proposal']}; workload {about['workload']}, on {_vcpus(about['vcpus'])}"],
        ["as QEMU", about["qemu"]],
        ["pace", f"{format_bandwidth(bandwidth)} at most, on a link of {format_bandwidth(link)}"],
        ["", f"downtime of {format_seconds(about['downtime_limit_ms'] / 1e3)} at most, seed {about['seed']}"],
        ["total", f"{format_seconds(done.total / 1e9)}, of which setup {format_seconds(done.setup / 1e9)}"],
        ["downtime", format_seconds(done.downtime / 1e9)],
        ["rounds", f"{done.rounds} readings of the dirty log"],
        ["sent", format_bytes(done.transferred_bytes)],
        ["", f"{done.normal_pages:,} normal pages, {done.zero_pages:,} zero pages"],
        ["skipped", f"{done.skipped_pages:,} pages; {done.never_sent.count():,} were never sent"],
        ["zone lock", held if done.held else "not held beyond what an allocation takes"],
        *([["waits", waits]] if done.held or stall else []),
    ]
    if bandwidth > link:
        rows[4:4] = [["", "the link carries less than that: it is what counts (--link)"]]
    if about["dropped_pages"]:
        back = format_seconds(about["refault_ms"] / 1e3)
        rows.append(["dropped", f"{about['dropped_pages']:,} pages; to read them all again takes {back}"])
    rows.append(["content", _content(done)])
    rows.append(["exact", "every free page is known" if about["exact"] else "no: free pages are placed"])
    rows += [["" if at else "notes", some] for at, some in enumerate(about["notes"])]
    return "\n".join(columns(rows))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _vcpus(count: int) -> str:
    return f"{count} vCPU{'s' * (count > 1)}"


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
