"""Migrations of real guests that QEMU did, in data/recorded/, and what the model says of the same guests."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from freepages.engine.costs import Costs
from freepages.engine.text_table import columns
from freepages.migrate.guest import Guest
from freepages.migrate.hint_blocks import BLOCK
from freepages.migrate.query_migrate import QueryMigrate, read
from freepages.migrate.timed_migration import Migrated, migrate
from freepages.pages.bitmap import PageBitmap
from freepages.pages.orders import PAGE_SHIFT
from freepages.real import Snapshot
from freepages.real.data_path import data_path

BANDWIDTH, DOWNTIME = 125e6, 0.3
"""max-bandwidth (bytes/s) and downtime-limit (s) of all recorded migrations."""

QEMU = "10"
"""The version they were made with."""


@dataclass(frozen=True)
class Recorded(QueryMigrate):
    """A migration, with QEMU's counters at its end; ``name`` is the beginning of its files' names.

    mib       the guest's RAM
    workload  what the guest did, as the model calls it
    hint      whether free page hinting was on
    """

    mib: int
    workload: str
    hint: bool

    @property
    def pages(self) -> int:
        """Pages of the guest's RAM."""
        return self.mib << (20 - PAGE_SHIFT)

    @property
    def proposal(self) -> str:
        """What the host did, as the model calls it."""
        return "free_page_hint" if self.hint else "everything"

    def file(self, kind: str) -> Path:
        """Its file of this kind: snapshot, zero, never (with hints only) or json."""
        return Path(data_path("recorded", f"{self.name}.{kind}"))

    def guest(self) -> Guest:
        """The guest as it was just before: its free pages, and those that held zeros."""
        guest = Guest.of(Snapshot.load(self.file("snapshot")), "i440fx")
        guest.set_zero_file(self.file("zero"))
        return guest

    def never_sent(self) -> PageBitmap:
        """The pages of its RAM, by offset, that the destination never got. Without hints there was none."""
        if not self.hint:
            return PageBitmap(self.pages)
        return PageBitmap.from_bytes(self.file("never").read_bytes(), self.pages)

    @property
    def raced(self) -> bool:
        """Whether the sender was inside a block while the guest hinted at it: part of the block was sent."""
        sent = np.bitwise_count(self.never_sent().words).reshape(-1, BLOCK // 64).sum(axis=1) % BLOCK
        return bool(sent.any())

    def model(self, costs: Costs | None = None) -> Migrated:
        """What the model makes of it: one vCPU, and no cost is fitted, unless some are given."""
        how = {"bandwidth": BANDWIDTH, "downtime": DOWNTIME, "vcpus": 1, "qemu": QEMU}
        return migrate(self.guest(), self.proposal, self.workload, costs=costs, **how)


def recorded() -> list[Recorded]:
    """All of them, by name."""
    runs = json.loads(data_path("recorded", "runs.json").read_text(encoding="utf-8"))
    return [
        Recorded(**asdict(read(Path(data_path("recorded", f"{run['name']}.json")))) | run) for run in runs
    ]


def beside() -> str:
    """Every run as QEMU counted it and, right of it, as the model does; the pages of the RAM blocks that the
    model leaves out are taken off QEMU's. The first columns count pages: normal ones, those of zeros, and
    those that were never sent."""
    pairs = ("normal", "zero", "never sent", "syncs", "s")
    rows = [["run", *(name for pair in pairs for name in (pair, "model"))]]
    for run in recorded():
        done = run.model()
        normal, zero = run.others(run.pages)
        both = (
            (run.normal - normal, done.normal_pages),
            (run.duplicate - zero, done.zero_pages),
            (run.never_sent().count(), done.never_sent.count()),
            (run.syncs, done.rounds),
        )
        seconds = (f"{run.total_ms / 1e3:.2f}", f"{done.total / 1e9:.2f}")
        rows.append([run.name, *(f"{count:,}" for pair in both for count in pair), *seconds])
    return "\n".join(columns(rows, range(1, 2 * len(pairs) + 1)))
