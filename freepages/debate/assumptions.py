"""What one may doubt about a system, as switches: everything is off by default.

Each stands for something in a real system; its sentence says what. They are given by name, some with a value:
``early-release``, ``init-on-free=poison``, ``id-bits=1``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from re import fullmatch
from typing import Literal

from freepages.engine.errors import FreepagesError, unknown

MEANINGS: dict[str, str] = {
    "every-page-in-use": "the guest needs what is in every page that it has allocated, written or not",
    "write-at-alloc": "a page is never allocated without being written at once, as a fault on it does",
    "alloc-marks-dirty": "allocating a page sets its bit in the dirty log",
    "log-bit-late": "the log bit of a write is not there at once, and no reading of the log waits for it",
    "log-bit-late-flushed": "the log bit of a write is not there at once, but each sync first waits for all",
    "log-not-cleared-by-sync": "reading the log and sending a page leave the hypervisor's log as it is",
    "log-after-request": "the log is switched on after the request, not only after the bitmap",
    "report-clears-log": "skipping a page also clears its bit in the hypervisor's log (QEMU's clear bitmap)",
    "init-on-free": "the kernel fills a page when it frees it: with zeros, or with poison it checks later",
    "init-on-alloc": "the kernel zeroes a page when it allocates it, for the balloon too",
    "rely-on-free-content": "the kernel relies on what a free page holds, as a check of its poison does",
    "early-release": "under pressure the driver gives a held page back early, and does not tell the host",
    "lock-timeout": "the driver drops the zone lock when the host takes too long, and does not tell it",
    "id-bits": "request ids have so many bits, and come round again",
    "silent-guest": "the driver may stop answering for ever: it crashed, was unloaded, or means harm",
    "no-lock-while-building": "the bitmap is built from one page at a time, without the zone lock",
    "no-pause-around-sync": "the host reads the log while the guest is still giving hints",
}
"""Each switch, and what it stands for in a real system."""

Fill = Literal["zero", "poison"]


@dataclass(frozen=True)
class Assumptions:
    """Which switches are on. Made by name with :meth:`of`, or with keywords.

    Examples
    --------
    >>> Assumptions.of(["early-release", "id-bits=1"]).switches
    ('early-release', 'id-bits=1')
    >>> Assumptions.of(["early-realease"])
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: assumption 'early-realease' is not known; did you mean...
    """

    every_page_in_use: bool = False
    write_at_alloc: bool = False
    alloc_marks_dirty: bool = False
    log_bit_late: bool = False
    log_bit_late_flushed: bool = False
    log_not_cleared_by_sync: bool = False
    log_after_request: bool = False
    report_clears_log: bool = False
    init_on_free: Fill | None = None
    init_on_alloc: bool = False
    rely_on_free_content: bool = False
    early_release: bool = False
    lock_timeout: bool = False
    id_bits: int | None = None
    silent_guest: bool = False
    no_lock_while_building: bool = False
    no_pause_around_sync: bool = False

    @classmethod
    def of(cls, switches: Iterable[str]) -> Assumptions:
        """The switches of these texts, ``NAME`` or ``NAME=VALUE``.

        Raises FreepagesError for a name that is none (with the nearest that is one) and for a value that is
        not one of the switch's.
        """
        made = cls()
        for text in switches:
            name, given, value = text.strip().partition("=")
            if name not in MEANINGS:
                raise unknown("assumption", name, MEANINGS)
            made = replace(made, **{name.replace("-", "_"): _value(name, value if given else None)})  # type: ignore[arg-type]
        return made

    @property
    def switches(self) -> tuple[str, ...]:
        """The switches that are on, as texts, in the order of MEANINGS."""
        on = []
        for some in fields(self):
            name, value = some.name.replace("_", "-"), getattr(self, some.name)
            if value is not None and value is not False:
                on.append(name if value is True else f"{name}={value}")
        return tuple(on)

    @property
    def of_the_host(self) -> dict[str, bool]:
        """What they change in :class:`freepages.host.migration.Migration`."""
        return {"settles": self.log_bit_late_flushed, "forgets": self.report_clears_log}

    @property
    def late(self) -> bool:
        """Whether a write and its log bit are two steps."""
        return self.log_bit_late or self.log_bit_late_flushed


def _value(name: str, value: str | None) -> bool | int | str:
    if name == "init-on-free":
        if value not in ("zero", "poison"):
            raise FreepagesError(f"assumption init-on-free={value or ''!s:.20}: the value is zero or poison")
        return value
    if name == "id-bits":
        if value is None or not fullmatch("[0-9]{1,2}", value) or not 1 <= int(value) <= 32:
            raise FreepagesError(f"assumption id-bits={value or ''!s:.20}: the value is 1 to 32 bits")
        return int(value)
    if value is not None:
        raise FreepagesError(f"assumption {name} takes no value, {value!r:.20} was given")
    return True
