"""What changed in QEMU's pre-copy over the years, as far as a migration by the clock can tell.

Not modelled, in any version: multifd, XBZRLE, compression and postcopy. All of them are off by default; with
one of them on, the times and bytes here are not those of that migration.
"""

from __future__ import annotations

from dataclasses import dataclass

from freepages.engine.errors import unknown


@dataclass(frozen=True)
class Qemu:
    """A version, and the year in which it came out.

    busy_periods    auto-converge slows the guest down at the so-manieth busy period in a row. Until 4.1 it is
                    the third, and the first period after a rate of 0 does not count
    searches_hinted the search looks into the bitmap from the start where free page hints are on; before, and
                    without hints, it visits every page until it has come round once (the bulk stage)
    bulk_stage      there is such a stage
    whole_sections  a hint waits until the section that is being sent has ended, for the sender holds
                    bitmap_mutex so long (Peter Xu, June 2021)
    synced_every    with auto-converge, seconds after which the log is read if it was not read since; 0: never

    Examples
    --------
    >>> VERSIONS["10"].year, VERSIONS["10"].bulk_stage
    (2025, False)
    """

    version: str
    year: int
    busy_periods: int = 3
    searches_hinted: bool = True
    bulk_stage: bool = True
    whole_sections: bool = False
    synced_every: float = 0.0


VERSIONS: dict[str, Qemu] = {
    one.version: one
    for one in (
        Qemu("2.5", 2015, searches_hinted=False),
        Qemu("2.8", 2016, searches_hinted=False),
        Qemu("4.0", 2019),
        Qemu("4.2", 2019, busy_periods=2),
        # https://lore.kernel.org/r/20210630200805.280905-1-peterx@redhat.com
        Qemu("6.1", 2021, busy_periods=2, bulk_stage=False, whole_sections=True),
        Qemu("10", 2025, busy_periods=2, bulk_stage=False, whole_sections=True, synced_every=5.0),
    )
}


def qemu(version: str) -> Qemu:
    """The version of that name.

    Raises
    ------
    FreepagesError
        For one that is not known.

    Examples
    --------
    >>> qemu("2.5").year
    2015
    >>> qemu("3")
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: qemu '3' is not known: there are 2.5, 2.8, 4.0, 4.2, 6...
    """
    if version in VERSIONS:
        return VERSIONS[version]
    raise unknown("qemu", version, VERSIONS)
