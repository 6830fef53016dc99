"""Migrations of real guests that QEMU did, in data/recorded/, and what the model says of the same guests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from freepages.engine.text_table import columns
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import Migrated, migrate
from freepages.real import Snapshot
from freepages.real.data_path import data_path

BANDWIDTH, DOWNTIME = 125e6, 0.3
"""max-bandwidth (bytes/s) and downtime-limit (s) of all recorded migrations."""

QEMU = "10"
"""The version they were made with."""

OTHER_NORMAL, OTHER_ZERO = 52, 78
"""Pages of the RAM blocks that the model leaves out: the BIOS, ROMs and ACPI tables of these machines."""


@dataclass(frozen=True)
class Recorded:
    """A migration, with QEMU's counters at its end.

    hint        whether free page hinting was on
    syncs       dirty-sync-count
    normal, duplicate  pages sent whole, and as zeros
    ram_bytes   precopy-bytes and downtime-bytes: what QEMU of 2016 called transferred
    never_sent  pages of the guest that the destination never got
    """

    name: str
    mib: int
    workload: str
    hint: bool
    total_ms: int
    downtime_ms: int
    setup_ms: int
    syncs: int
    normal: int
    duplicate: int
    ram_bytes: int
    never_sent: int

    @property
    def proposal(self) -> str:
        """What the host did, as the model calls it."""
        return "free_page_hint" if self.hint else "everything"

    def guest(self) -> Guest:
        """The guest as it was just before: its free pages, and those that held zeros."""
        guest = Guest.of(Snapshot.load(data_path("recorded", f"{self.name}.snapshot")), "i440fx")
        guest.set_zero_file(Path(data_path("recorded", f"{self.name}.zero")))
        return guest

    def model(self) -> Migrated:
        """What the model makes of it: no cost is fitted, one vCPU."""
        how = {"bandwidth": BANDWIDTH, "downtime": DOWNTIME, "vcpus": 1, "qemu": QEMU}
        return migrate(self.guest(), self.proposal, self.workload, **how)


def recorded() -> list[Recorded]:
    """All of them, by name."""
    return [Recorded(**run) for run in json.loads(data_path("recorded", "runs.json").read_text())]


def beside() -> str:
    """Every run as QEMU counted it and, right of it, as the model does; the pages of the RAM blocks that the
    model leaves out are taken off QEMU's."""
    pairs = ("normal pages", "zero pages", "never sent", "syncs", "seconds")
    rows = [["run", *(name for pair in pairs for name in (pair, "model"))]]
    for run in recorded():
        done = run.model()
        both = (
            (run.normal - OTHER_NORMAL, done.normal_pages),
            (run.duplicate - OTHER_ZERO, done.zero_pages),
            (run.never_sent, done.never_sent.count()),
            (run.syncs, done.rounds),
        )
        seconds = (f"{run.total_ms / 1e3:.2f}", f"{done.total / 1e9:.2f}")
        rows.append([run.name, *(f"{count:,}" for pair in both for count in pair), *seconds])
    return "\n".join(columns(rows, range(1, 2 * len(pairs) + 1)))
