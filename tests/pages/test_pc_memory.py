"""Where a PC has its RAM."""

import pytest

from freepages.engine.errors import FreepagesError
from freepages.pages.pc_memory import FOUR_GIB, GIB, MIB, below_4g, ram_ranges


@pytest.mark.parametrize(
    ("machine", "ram", "low"),
    [
        ("i440fx", 3 * GIB, 3 * GIB),
        ("i440fx", 3 * GIB + 511 * MIB, 3 * GIB + 511 * MIB),
        ("i440fx", 3 * GIB + 512 * MIB, 3 * GIB),
        ("i440fx", 64 * GIB, 3 * GIB),
        ("q35", 2 * GIB + 767 * MIB, 2 * GIB + 767 * MIB),
        ("q35", 2 * GIB + 768 * MIB, 2 * GIB),
    ],
)
def test_what_does_not_fit_below_the_hole_goes_on_at_4_gib(machine, ram, low):
    assert below_4g(ram, machine) == low
    ranges = ram_ranges(ram, machine)
    assert ranges[0] == (0, low) and sum(end - start for start, end in ranges) == ram
    assert all(start == FOUR_GIB for start, _ in ranges[1:])


def test_an_unknown_machine_or_no_memory_is_named():
    with pytest.raises(FreepagesError, match="machine 'pdp11' is not known: there are i440fx, q35"):
        below_4g(GIB, "pdp11")
    with pytest.raises(FreepagesError, match="a machine with 0 pages"):
        ram_ranges(0)
