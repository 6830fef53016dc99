"""What QEMU says of a migration that has ended: its answer to QMP's query-migrate, as it comes.

Read is the answer of QEMU 2.5 to 10, whole ({"return": {...}}) or its inside, alone in a file or as the last
of several lines of a QMP session. Bytes are those of RAM: ``precopy-bytes`` and ``downtime-bytes`` where QEMU
has them (since 6.2), and what it calls ``transferred`` before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freepages.engine.errors import FreepagesError
from freepages.pages.orders import PAGE_SIZE
from freepages.real.files import read_file

ROM_NORMAL = 52
"""Pages of a PC's BIOS, option ROMs and ACPI tables (pc.bios, pc.rom, /rom@etc/...) that are not zero, as our
recorded machines have sent them. What else is not the guest's RAM, as vga.vram, is taken to hold zeros."""


@dataclass(frozen=True)
class QueryMigrate:
    """Times in ms; ``ram_pages`` are the pages of all RAM blocks, the guest's and others. ``unmodelled``
    names what QEMU used that is not modelled."""

    name: str
    total_ms: int
    downtime_ms: int
    setup_ms: int
    syncs: int
    normal: int
    duplicate: int
    ram_bytes: int
    ram_pages: int
    unmodelled: tuple[str, ...]

    def others(self, guest_pages: int) -> tuple[int, int]:
        """Normal and zero pages of the RAM blocks that are not the guest's. Raises FreepagesError where there
        is less RAM than the guest has."""
        other = self.ram_pages - guest_pages
        if other < 0:
            raise FreepagesError(
                f"{self.name}: {self.ram_pages} pages of RAM were migrated, and the guest has {guest_pages}"
            )
        normal = min(ROM_NORMAL, other)
        if normal > self.normal or other - normal > self.duplicate:
            raise FreepagesError(
                f"{self.name}: {other} pages of RAM are not the guest's, and its counts have fewer "
                f"({self.normal} normal, {self.duplicate} of zeros): is it another guest?"
            )
        return normal, other - normal


def read(path: Path) -> QueryMigrate:
    """The answer in a file. Raises FreepagesError for what is none, or is not of a migration that has ended
    well."""
    try:
        text = read_file(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FreepagesError(f"{path}: not a text") from None
    told = _answer(path, text)
    status = told.get("status")
    if status != "completed":
        said = told.get("error-desc")
        why = f": {' '.join(said.split())}" if isinstance(said, str) else ""
        raise FreepagesError(f"{path}: the migration's status is {status!r:.40}, not 'completed'{why:.100}")
    ram = told.get("ram")
    if not isinstance(ram, dict):
        raise FreepagesError(f"{path}: no field 'ram'")

    def count(name: str, where: dict[str, Any], default: int | None = None) -> int:
        value = where.get(name, default)
        if type(value) is not int or value < 0:
            missing = value is None
            raise FreepagesError(
                f"{path}: no field {name!r}" if missing else f"{path}: {name} is {value!r:.40}, not a count"
            )
        return value

    total, downtime = count("total-time", told), count("downtime", told)
    if downtime > total:
        raise FreepagesError(f"{path}: downtime is {downtime} ms, and total-time only {total}")
    phases = count("precopy-bytes", ram, 0) + count("downtime-bytes", ram, 0)
    if ram.get("page-size", PAGE_SIZE) != PAGE_SIZE:
        raise FreepagesError(f"{path}: page-size is {ram['page-size']!r:.40}; only {PAGE_SIZE} is modelled")
    return QueryMigrate(
        name=str(path),
        total_ms=total,
        downtime_ms=downtime,
        setup_ms=count("setup-time", told, 0),
        syncs=count("dirty-sync-count", ram),
        normal=count("normal", ram),
        duplicate=count("duplicate", ram),
        ram_bytes=phases or count("transferred", ram),
        ram_pages=count("total", ram) // PAGE_SIZE,
        unmodelled=tuple(_unmodelled(told, ram)),
    )


def _unmodelled(told: dict[str, Any], ram: dict[str, Any]) -> Iterator[str]:
    """What the counters say was used and is not modelled."""
    compressed, deltas = (told.get(name) for name in ("compression", "xbzrle-cache"))
    counts = {
        "multifd": ram.get("multifd-bytes"),
        "postcopy": ram.get("postcopy-bytes") or ram.get("postcopy-requests"),
        "XBZRLE": deltas.get("pages") if isinstance(deltas, dict) else 0,
        "compression": compressed.get("pages") if isinstance(compressed, dict) else 0,
    }
    yield from (name for name, used in counts.items() if used)


def _answer(path: Path, text: str) -> dict[str, Any]:
    """The last answer in the text."""
    for part in (text, *reversed(text.splitlines())):
        try:
            told = json.loads(part)
        except (ValueError, RecursionError):
            continue
        if isinstance(told, dict) and isinstance(told.get("return"), dict):
            told = told["return"]
        if isinstance(told, dict) and "status" in told:
            return told
    raise FreepagesError(f"{path}: no answer to query-migrate in it, or one that is cut")
