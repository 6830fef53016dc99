"""The options of `freepages migrate`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from freepages.cli.sources import source


def options(command: ArgumentParser) -> None:
    """Add them to the command."""
    source(command).add_argument("--ram", metavar="SIZE", help="make up a guest of so much RAM, such as 8G")
    add = command.add_argument
    add("--free", metavar="SHARE", default="0.6", help="with --ram: the share of it that is free; 0.6")
    add("--machine", metavar="TYPE", help="i440fx or q35: where RAM goes on above the PCI hole")
    add("--proposal", metavar="NAME", default="everything", help="everything (the default), snapshot, ...")
    add("--workload", metavar="TEXT", default="idle", help="idle (the default), dirty:50MiB/s:256MiB, ...")
    add("--vcpus", metavar="N", type=int, default=4, help="vCPUs that share the workload's allocations; 4")
    add(
        "--bandwidth",
        metavar="RATE",
        default="1Gbit",
        help="QEMU's max-bandwidth, 1Gbit or 125MB/s; the last pages, after the stop, are not held to it",
    )
    add("--link", metavar="RATE", help="what the wire carries; 8.97Gbit, as in the mails of 2016")
    add("--downtime", metavar="TIME", default="300ms", help="how long the guest may stand still; 300ms")
    add("--drop-caches", metavar="0..3", type=int, default=0, help="drop the caches first; 0")
    add("--init-on-alloc", action="store_true", help="the guest zeroes what it allocates, the driver's too")
    add(
        "--zero",
        metavar="FILE|SHARE",
        help="the pages of zeros: a bitmap over RAM, or the share of RAM; if not given, the free pages",
    )
    add("--max-rounds", metavar="N", type=int, default=100, help="give up after so many; 100")
    add("--auto-converge", action="store_true", help="slow the guest down where it dirties too fast")
    add("--seed", metavar="N", type=int, default=0, help="of all chance; 0")
    add("--json", action="store_true", help="print JSON")
    add("--plot", metavar="FILE", type=Path, help="write a picture, FILE.png or FILE.svg")
