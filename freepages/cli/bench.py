"""`freepages bench`: how fast freepages is on this machine."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module

from freepages import bench
from freepages.cli.parser import listed


def options(command: ArgumentParser) -> None:
    command.add_argument("what", metavar="WHAT", nargs="?", help="one of those below; all, if not given")
    command.add_argument("--json", action="store_true", help="print JSON")


def more() -> str:
    modules = [(what, import_module(f"freepages.bench.{what}_figures").__doc__ or "") for what in bench.WHAT]
    return listed("what can be measured:", [(what, text.partition("\n\n")[0]) for what, text in modules])


def run(args: Namespace) -> None:
    for text in bench.report(args.what, args.json):
        print(text, flush=True)
