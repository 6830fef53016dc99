"""Where a command reads a machine's memory from: a snapshot file, or a folder with copies of /proc files."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from freepages.cli.option_values import taken
from freepages.engine.errors import FreepagesError
from freepages.engine.quantity import parse_bytes

FILES = "zoneinfo, buddyinfo, kpageflags, pagetypeinfo, iomem, meminfo and version, or what there is of them"


def source(command: ArgumentParser) -> Any:
    """Add SNAPSHOT and --proc, of which one must be given; others may be added to the group."""
    group = command.add_mutually_exclusive_group(required=True)
    group.add_argument("snapshot", metavar="SNAPSHOT", type=Path, nargs="?", help="a snapshot file")
    group.add_argument("--proc", metavar="DIR", type=Path, help=f"a folder with copies of /proc's {FILES}")
    page_size(command)
    return group


def page_size(command: ArgumentParser) -> None:
    """Add --page-size."""
    command.add_argument(
        "--page-size",
        metavar="SIZE",
        type=taken(parse_bytes),
        help="with --proc: the size of the machine's pages (4K, 16K, 64K); if not given, what "
        "meminfo, iomem or kpageflags tells, else 4K",
    )


def given_page_size(args: Namespace) -> int | None:
    """Bytes of --page-size; None where it is not given."""
    if not args.page_size:
        return None
    if not args.proc:
        raise FreepagesError("page-size: only the files of a folder leave it open (--proc DIR)")
    from freepages.real.snapshot import PAGE_SIZES

    if args.page_size not in PAGE_SIZES:
        sizes = ", ".join(f"{size >> 10}K" for size in PAGE_SIZES)
        raise FreepagesError(f"page-size: {args.page_size} bytes is none of {sizes}")
    return int(args.page_size)


def read_snapshot(args: Namespace, note: str = "") -> Any:
    """The Snapshot that the arguments name; this machine's, where they name none."""
    from freepages.real import Snapshot

    size = given_page_size(args)
    if args.proc:
        return Snapshot.from_proc(args.proc, note, page_size=size)
    if not hasattr(args, "snapshot"):
        return Snapshot.capture(note=note)
    if args.snapshot.is_dir():
        raise FreepagesError(f"{args.snapshot}: Is a directory; copies of /proc files are read by --proc DIR")
    return Snapshot.load(args.snapshot)
