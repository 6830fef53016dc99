"""`freepages capture`: this machine's free pages, or those of another's /proc files, in one small file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from freepages.cli.sources import FILES, page_size, read_snapshot
from freepages.real.files import check_output


def options(command: ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", type=Path, help="the snapshot file to write")
    command.add_argument(
        "--proc", metavar="DIR", type=Path, help=f"read copies of another machine's /proc files: {FILES}"
    )
    page_size(command)
    command.add_argument("--note", metavar="TEXT", default="", help="a line to keep with it")


def run(args: Namespace) -> None:
    check_output(args.file)
    snapshot = read_snapshot(args, args.note)
    snapshot.save(args.file)
    for note in snapshot.notes:
        print(f"freepages: {note}", file=sys.stderr)
    print(f"{args.file}: {snapshot.free_pages:,} free pages in {len(snapshot.starts):,} runs")
