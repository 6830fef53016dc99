"""The options of `freepages migrate`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from freepages.cli.sources import source
from freepages.pages.pc_memory import BELOW_4G


def options(command: ArgumentParser, year: str = "that of the proposal's day") -> None:
    """Add them to the command; ``year`` is the QEMU that is taken if none is named."""
    source(command).add_argument("--ram", metavar="SIZE", help="make up a guest of so much RAM, such as 8G")
    add = command.add_argument
    add(
        "--qemu",
        metavar="VERSION",
        help=f"2.5, 2.8, 4.0, 4.2, 6.1 or 10: whose pre-copy it is; if not given, {year}. "
        "Not modelled in any: multifd, XBZRLE, compression, postcopy",
    )
    add("--free", metavar="SHARE", default="0.6", help="with --ram: the share of it that is free")
    add(
        "--machine",
        metavar="TYPE",
        help=f"{' or '.join(BELOW_4G)}: where RAM goes on above the PCI hole; if not given, RAM lies where "
        "iomem or the zones have it, and with --ram as in the first of them",
    )
    add(
        "--proposal",
        metavar="NAME|FILE.py:NAME",
        default="everything",
        help="one of those below, or one of your own in a file",
    )
    add("--workload", metavar="TEXT", default="idle", help="what the guest does meanwhile, as below")
    add("--vcpus", metavar="N", type=int, default=4, help="vCPUs that share the workload's allocations")
    add(
        "--bandwidth",
        metavar="RATE",
        default="1Gbit",
        help="QEMU's max-bandwidth, 1Gbit or 125MB/s; the last pages, after the stop, are not held to it",
    )
    add(
        "--link",
        metavar="RATE",
        help="what the wire carries, which bounds the bandwidth; if not given, 8.97Gbit, as in mails of 2016",
    )
    add("--downtime", metavar="TIME", default="300ms", help="how long the guest may stand still")
    add(
        "--drop-caches",
        metavar="0..3",
        type=int,
        default=0,
        help="what is written to /proc/sys/vm/drop_caches first: 1 page cache, 2 slab, 3 both, 0 nothing",
    )
    add("--init-on-alloc", action="store_true", help="the guest zeroes what it allocates, the driver's too")
    add(
        "--zero",
        metavar="FILE|SHARE",
        help="the pages of zeros: a bitmap over RAM, or the share of RAM; if not given, the free pages",
    )
    add("--max-rounds", metavar="N", type=int, default=100, help="give up after so many")
    add("--auto-converge", action="store_true", help="slow the guest down where it dirties too fast")
    add(
        "--cost",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="what something takes, one of those below, in its unit or with one: hint=40us, link=25Gbit; "
        "may be given again",
    )
    add("--seed", metavar="N", type=int, default=0, help="of all chance")
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
    add("--sensitivity", action="store_true", help="also run it with each cost a quarter off, and tell")
    add("--plot", metavar="FILE", type=Path, help="write a picture, FILE.png or FILE.svg")
