"""The model beside the published tables: what is free in it is fitted to the RFC, and the rest predicted.

Three costs are fitted to the four times of the RFC of March 2016 (:data:`FREE`). Then the same costs say how
long the migrations of all other tables take, none of which had a part in the fit. What the model must be told
of a guest is how many of its pages are in use and how many hold something else than zeros. The RFC prints
bytes, from which both follow (:func:`of_bytes`); nobody else does, and their guests are assumed
(:func:`idle`, :func:`building`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from math import inf
from typing import NamedTuple

from freepages.engine.costs import Costs
from freepages.engine.text_table import columns
from freepages.engine.working import Working
from freepages.host.precopy import NORMAL_BYTES, ZERO_BYTES
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import Migrated, migrate
from freepages.pages.orders import PAGE_SIZE
from freepages.real.published import Case, cases, reduction

FREE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "link": (("case 2", "everything"),),
    "zero_scan": (("case 1", "everything"),),
    "log_start": (("case 1", "snapshot"), ("case 2", "snapshot")),
}
"""The costs that are fitted, and the migrations of the RFC that each is fitted to, by case and way.

Case 2 without the bitmap is bound by the link, case 1 by the search for zeros. What the two migrations with
the bitmap take beyond their bytes could be in any cost of a page or of a migration, for the RFC has but one
size of guest. It is given to the start of the log, for which every page in the guest's page tables is
protected: there are many more of these in case 2, and it takes longer with no more bytes.
"""

SPAN = 128.0
"""A cost is looked for between its default divided by this and multiplied by it."""
HALVINGS = 14
ROUNDS = 8

DOWNTIME = 300
"""ms, QEMU's default, where a table does not tell its limit."""
LIMIT = float(100 << 30)
"""Bytes a second, Wang's speed limit, which is none: for all, since the RFC's is not told and was raised."""

STRUCT_PAGE = 64
"""Bytes that the kernel keeps for each page; they grow with the guest, and are not zero."""
BUILD_CACHE = 5 << 30
"""Bytes of page cache at the end of a kernel build (Wang, 9 February 2018, on v28)."""

PROPOSALS = {
    "everything": "everything",
    "snapshot": "snapshot",
    "list_walk": "snapshot",
    "free_page_hint": "free_page_hint",
}
"""The proposal that stands for each way of a published case."""
WORKLOADS = {"idle": "idle", "hog-ended": "idle", "kernel-build": "build"}


@dataclass(frozen=True)
class Filled:
    """How a guest's memory is filled, in pages: ``in_use``, none of them zero; ``left`` are free and hold
    what somebody left there; all others are free and zero."""

    ram_bytes: int
    in_use: int
    left: int

    @property
    def pages(self) -> int:
        return self.ram_bytes // PAGE_SIZE

    def guest(self) -> Guest:
        """Such a guest; what is in use is rounded to blocks of 4 MiB."""
        guest = Guest.made_up(self.ram_bytes, 1 - self.in_use / self.pages)
        guest.set_zero_share(1 - (self.in_use + self.left) / self.pages)
        return guest


def of_bytes(case: Case) -> Filled:
    """The guest of a case that tells its bytes: a page of zeros is sent as 9 bytes, another as 4104.

    With the bitmap nothing but the pages in use is sent, and whether some of those are zero the bytes cannot
    tell; none is taken to be.
    """
    assert case.ram_bytes is not None
    pages = case.ram_bytes // PAGE_SIZE
    everything, skipping = (case.ram_kib[way] * 1024 for way in ("everything", "snapshot"))
    nonzero = round((everything - pages * ZERO_BYTES) / (NORMAL_BYTES - ZERO_BYTES))
    in_use = round(skipping / NORMAL_BYTES)
    return Filled(case.ram_bytes, in_use, nonzero - in_use)


def idle(ram_bytes: int) -> Filled:
    """An idle guest of any size: the RFC's first, with the kernel's own record of more pages in it."""
    first = of_bytes(_rfc()["case 1"])
    more = (ram_bytes - first.ram_bytes) // PAGE_SIZE * STRUCT_PAGE // PAGE_SIZE
    return Filled(ram_bytes, first.in_use + more, first.left)


def building(ram_bytes: int, cache: float = BUILD_CACHE / 2) -> Filled:
    """The same guest while it builds a kernel, with so many bytes of page cache: half-way, if not given."""
    quiet = idle(ram_bytes)
    return replace(quiet, in_use=quiet.in_use + int(cache) // PAGE_SIZE)


def filled(case: Case) -> Filled:
    """The guest of a case: out of its bytes if it tells them, else assumed."""
    if "snapshot" in case.ram_kib:
        return of_bytes(case)
    assert case.ram_bytes is not None
    return (building if case.workload == "kernel-build" else idle)(case.ram_bytes)


def run(case: Case, way: str, costs: Costs, memory: Filled | None = None) -> Migrated:
    """Migrate the guest of a case, or another one, as the case does, by the clock."""
    memory, downtime = memory or filled(case), case.downtime_ms or DOWNTIME
    return _run(memory, PROPOSALS[way], WORKLOADS[case.workload], downtime, case.vcpus or 4, costs)


@lru_cache(maxsize=256)
def _run(memory: Filled, name: str, workload: str, downtime: int, vcpus: int, costs: Costs) -> Migrated:
    return migrate(
        memory.guest(),
        name,
        workload,
        bandwidth=LIMIT,
        downtime=downtime / 1000,
        vcpus=vcpus,
        costs=costs,
        keep=False,
    )


def beforehand() -> Costs:
    """The costs before anything is fitted, none of them out of a table that is to be predicted.

    One default is: ``hint`` comes from Wang's rows. Here it is the sum of its parts.
    """
    costs = Costs()
    return replace(costs, hint=costs.lock + costs.allocate + costs.unlock + costs.kick)


def fit(free: Mapping[str, Sequence[tuple[str, str]]] = FREE) -> Costs:
    """The costs with the free ones fitted, to four digits: each in turn, by halving, until none changes."""
    costs = beforehand()
    with Working("rounds of fitting") as told:
        for done in range(ROUNDS):
            told(done)
            before = costs
            for name, rows in free.items():
                costs = _fit_one(costs, name, [(_rfc()[case], way) for case, way in rows])
            if costs == before:
                break
    return costs


def _fit_one(costs: Costs, name: str, rows: Sequence[tuple[Case, str]]) -> Costs:
    published = sum(case.total_ms[way] for case, way in rows)
    about = next(one for one in Costs().table() if one.name == name)
    low, high = about.value / SPAN, about.value * SPAN
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        tried = replace(costs, **{name: middle})
        too_long = sum(run(case, way, tried).total for case, way in rows) / 1e6 > published
        low, high = (middle, high) if too_long == about.unit.endswith("/s") else (low, middle)
    return replace(costs, **{name: float(f"{(low * high) ** 0.5:.4g}")})


class Time(NamedTuple):
    """One published time beside the model's, in ms; ``way`` is what was migrated with."""

    case: Case
    way: str
    published: int
    predicted: float

    @property
    def skips(self) -> bool:
        return self.way != "everything"

    @property
    def error(self) -> float:
        """By how much the model is off, in percent of what was published."""
        return 100 * (self.predicted / self.published - 1)


@dataclass(frozen=True)
class Prediction:
    """A published case beside the model: ``predicted`` is ms, by what was migrated with."""

    case: Case
    predicted: Mapping[str, float]

    def times(self) -> list[Time]:
        """Its two times: everything sent, and with pages skipped."""
        return [Time(self.case, way, ms, self.predicted[way]) for way, ms in self.case.total_ms.items()]

    def cells(self) -> list[str]:
        """The row of a table: each time with the model's and its error, then how much less each finds."""
        shown = [self.case.name, self.case.workload]
        for time in self.times():
            shown += [f"{time.published}", f"{time.predicted:.0f}", f"{time.error:+.1f}"]
        for times in (self.case.total_ms, self.predicted):
            everything, skipping = times.values()
            shown.append(f"{reduction(everything, skipping):.0f}")
        return shown


class Predictions(tuple[Prediction, ...]):
    """Predictions, shown as a table."""

    def times(self, workload: str | None = None, skips: bool | None = None) -> list[Time]:
        """Every published time beside the model's: of one workload, skipping or not, where that is given."""
        return [
            time
            for one in self
            for time in one.times()
            if workload in (None, time.case.workload) and skips in (None, time.skips)
        ]

    def in_order(self, apart: float = 0.1) -> tuple[int, int]:
        """How many pairs of times in one table stand in the model as they were published, and of how many:
        those of which the longer is longer by more than a part of it."""
        right = pairs = 0
        for pair in combinations(self.times(), 2):
            shorter, longer = sorted(pair, key=lambda time: time.published)
            if shorter.case.table == longer.case.table and shorter.published < (1 - apart) * longer.published:
                pairs += 1
                right += shorter.predicted < longer.predicted
        return right, pairs

    def __repr__(self) -> str:
        above = ["", "", "all, ms", "", "", "skipping", "", "", "less, %", ""]
        head = ["case", "workload", *["printed", "model", "off, %"] * 2, "printed", "model"]
        under = [f"{over}\n{name}" for over, name in zip(above, head, strict=True)]
        lines = columns([under, *(one.cells() for one in self)], range(2, 10))
        return "\n".join([*lines[:2], "-" * max(map(len, lines)), *lines[2:]])


def predict(costs: Costs, tables: Collection[str], largest: float = inf) -> Predictions:
    """What the model says of every case of these tables, the oldest first.

    Guests of more than `largest` bytes are left out.
    """
    return Predictions(
        Prediction(case, {way: run(case, way, costs).total / 1e6 for way in case.total_ms})
        for case in cases()
        if case.table in tables and (case.ram_bytes or 0) <= largest
    )


@lru_cache
def _rfc() -> dict[str, Case]:
    return {case.name: case for case in cases() if case.table == "rfc"}
