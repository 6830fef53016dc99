"""Where a PC has its RAM: the one layout that its firmware tells the guest and by which the host keeps it.

Models hw/i386/pc_piix.c and pc_q35.c of QEMU 2.6: below 4 GiB the last part of the address space belongs to
devices (the PCI hole), so RAM that does not fit there goes on at 4 GiB. Numbers are pages.
"""

from __future__ import annotations

from collections.abc import Mapping

from freepages.engine.errors import FreepagesError, unknown
from freepages.pages.orders import PAGE_SHIFT

MIB = 1 << (20 - PAGE_SHIFT)
GIB = 1024 * MIB
FOUR_GIB = 4 * GIB

# machine -> (with that much RAM or more, this much of it lies below the hole). A gigabyte boundary lets the
# host back both parts with huge pages, so the rest moves above 4 GiB a little before the hole would demand
# it.
BELOW_4G: Mapping[str, tuple[int, int]] = {
    "i440fx": (3 * GIB + 512 * MIB, 3 * GIB),
    "q35": (2 * GIB + 768 * MIB, 2 * GIB),
}


def below_4g(ram_pages: int, machine: str = "i440fx") -> int:
    """How many of the RAM's pages lie below the PCI hole. Raises FreepagesError for an unknown machine."""
    if machine not in BELOW_4G:
        raise unknown("machine", machine, BELOW_4G)
    enough, low = BELOW_4G[machine]
    return low if ram_pages >= enough else ram_pages


def ram_ranges(ram_pages: int, machine: str = "i440fx") -> list[tuple[int, int]]:
    """The pfns at which the RAM lies: [0, below), and what does not fit from 4 GiB on."""
    if ram_pages < 1:
        raise FreepagesError(f"a machine with {ram_pages} pages of RAM")
    low = below_4g(ram_pages, machine)
    return [(0, low)] if low == ram_pages else [(0, low), (FOUR_GIB, FOUR_GIB + ram_pages - low)]
