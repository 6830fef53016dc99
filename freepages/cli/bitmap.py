"""`freepages bitmap`: the free-page bitmap that a guest would hand over."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from freepages.cli.parser import listed
from freepages.cli.sources import read_snapshot, source
from freepages.real import files
from freepages.real import snapshot_report as report


def options(command: ArgumentParser) -> None:
    source(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--out", metavar="FILE", type=Path, help="write the bitmap's bytes to a file")


def more() -> str:
    return listed("columns; all sizes are pages:", report.COLUMNS.items())


def run(args: Namespace) -> None:
    if args.out:
        files.check_output(args.out, args.snapshot)
    snapshot = read_snapshot(args)
    if args.out:
        files.write_file(args.out, snapshot.bitmap().bytes.data)
    print(json.dumps(report.as_json(snapshot)) if args.json else report.as_text(snapshot))
