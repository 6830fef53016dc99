"""`freepages zeros`: which pages of a guest's memory file hold zeros."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from freepages.real import files, zero_pages


def options(command: ArgumentParser) -> None:
    command.add_argument("ram", metavar="RAMFILE", type=Path, help="the file of a memory-backend-file")
    command.add_argument("out", metavar="FILE", type=Path, help="the bitmap to write")


def run(args: Namespace) -> None:
    files.check_output(args.out, args.ram)
    bits, pages, zero = zero_pages.of_file(args.ram)
    files.write_file(args.out, bits)
    print(f"{args.out}: {zero:,} of {pages:,} pages hold zeros")
