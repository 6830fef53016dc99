"""The options of `freepages migrate`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from freepages.cli.option_values import cost, file_or_share, link, machine, qemu, taken, whole, workload
from freepages.cli.sources import source
from freepages.engine.quantity import parse_bandwidth, parse_bytes, parse_fraction, parse_seconds
from freepages.host.qemu import VERSIONS
from freepages.pages.pc_memory import BELOW_4G

FREE = 0.6
"""Of a guest that is made up, the share that is free if nothing is said."""
MOST_VCPUS = 24
"""As many letters as there are for them in a schedule."""


def options(command: ArgumentParser, year: str = "that of the proposal's year") -> None:
    """Add them to the command; ``year`` is the QEMU that is taken if none is named."""
    years = [f"{one.version} ({one.year})" for one in VERSIONS.values()]
    source(command).add_argument(
        "--ram", metavar="SIZE", type=taken(parse_bytes), help="make up a guest of so much RAM, such as 8G"
    )
    add = command.add_argument
    add(
        "--qemu",
        metavar="VERSION",
        type=taken(qemu),
        help=f"the QEMU whose pre-copy is modelled: {', '.join(years)}; if not given, {year}. "
        "Not modelled in any: multifd, XBZRLE, compression, postcopy",
    )
    add(
        "--free",
        metavar="SHARE",
        type=taken(parse_fraction),
        help=f"with --ram: the share of it that is free (default: {FREE})",
    )
    add(
        "--machine",
        metavar="TYPE",
        type=taken(machine),
        help=f"{' or '.join(BELOW_4G)}, which differ in where RAM goes on above the PCI hole; if not given, "
        f"RAM lies where iomem or the zones have it, and with --ram as in {next(iter(BELOW_4G))}",
    )
    add(
        "--proposal",
        metavar="NAME|FILE.py:NAME",
        default="everything",
        help="one of those below, or one of your own in a file",
    )
    add(
        "--workload",
        metavar="TEXT",
        type=taken(workload),
        default="idle",
        help="what the guest does meanwhile, as below",
    )
    add(
        "--vcpus",
        metavar="N",
        type=whole(1, MOST_VCPUS),
        default=4,
        help="vCPUs that share the workload's allocations",
    )
    add(
        "--bandwidth",
        metavar="RATE",
        type=taken(parse_bandwidth),
        default="1Gbit",
        help="QEMU's max-bandwidth, 1Gbit or 125MB/s; the last pages, after the stop, are not held to it",
    )
    add(
        "--link",
        metavar="RATE",
        type=taken(link),
        help="what the wire carries; the smaller of this and the bandwidth counts. If not given, 8.97Gbit, "
        "as in mails of 2016",
    )
    add(
        "--downtime",
        metavar="TIME",
        type=taken(parse_seconds),
        default="300ms",
        help="how long the guest may stand still",
    )
    add(
        "--drop-caches",
        metavar="0..3",
        type=whole(0, 3),
        default=0,
        help="what is written to /proc/sys/vm/drop_caches first: 1 page cache, 2 slab, 3 both, 0 nothing",
    )
    add(
        "--init-on-alloc",
        action="store_true",
        help="the guest zeroes every page it allocates, also for the balloon",
    )
    add(
        "--zero",
        metavar="FILE|SHARE",
        type=taken(file_or_share),
        help="which pages hold zeros: a file with a bitmap over RAM, as freepages zeros writes it, or a "
        "share of RAM, such as 0.3; if not given, the free pages",
    )
    add(
        "--max-rounds",
        metavar="N",
        type=whole(1),
        default=100,
        help="give up after so many readings of the dirty log",
    )
    add("--auto-converge", action="store_true", help="slow the guest down where it dirties too fast")
    add(
        "--cost",
        metavar="NAME=VALUE",
        type=taken(cost),
        action="append",
        default=[],
        help="give one of the costs below another value: hint=40us, link=25Gbit; a time without a unit "
        "is in ns, a rate needs its unit; may be given again",
    )
    add("--seed", metavar="N", type=whole(), default=0, help="the seed of all that is drawn at random")
    add("--json", action="store_true", help="print JSON")


def outputs(command: ArgumentParser) -> None:
    """Add what `freepages migrate` can write beside its report."""
    add = command.add_argument
    add(
        "--never-sent",
        metavar="FILE",
        type=Path,
        help="write the pages that the destination never gets: a bitmap over RAM, as --zero takes one",
    )
    add(
        "--sensitivity",
        action="store_true",
        help="migrate again with each cost a quarter more and less, and tell",
    )
    add("--plot", metavar="FILE", type=Path, help="write a picture, FILE.png or FILE.svg")
