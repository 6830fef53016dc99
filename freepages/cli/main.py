"""The command line: `freepages COMMAND`, or `python -m freepages COMMAND`.

A command is a function that takes the parsed arguments and prints. Whatever is wrong with what it was given
is a FreepagesError: one line on stderr, and exit status 2.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from freepages.cli.parser import Parser, Version, listed


def capture(args: argparse.Namespace) -> None:
    from freepages.cli.sources import read_snapshot

    snapshot = read_snapshot(args, args.note)
    snapshot.save(args.file)
    for note in snapshot.notes:
        print(f"freepages: {note}", file=sys.stderr)
    print(f"{args.file}: {snapshot.free_pages:,} free pages in {len(snapshot.starts):,} runs")


def bitmap(args: argparse.Namespace) -> None:
    from freepages.cli.sources import read_snapshot
    from freepages.real import files
    from freepages.real import snapshot_report as report

    snapshot = read_snapshot(args)
    if args.out:
        files.write_file(args.out, snapshot.bitmap().bytes.data)
    print(json.dumps(report.as_json(snapshot)) if args.json else report.as_text(snapshot))


def ring(args: argparse.Namespace) -> None:
    from freepages.balloon.decoded_dump import as_json, as_text, decode
    from freepages.virtqueue.dump import read_dump

    dump = read_dump(args.dump)
    state = decode(dump)
    print(json.dumps(as_json(dump, state, args.queue)) if args.json else as_text(dump, state, args.queue))


def check(args: argparse.Namespace) -> None:
    from freepages.cli import check as command

    command.run(args)


def migrate(args: argparse.Namespace) -> None:
    from freepages.cli import migrate as command

    command.run(args)


def replay(args: argparse.Namespace) -> None:
    from freepages.cli import replay as command

    command.run(args)


def compare(args: argparse.Namespace) -> None:
    from freepages.cli import compare as command

    command.run(args)


def scenarios(args: argparse.Namespace) -> None:
    from freepages.cli import export as command

    command.scenarios()


def export(args: argparse.Namespace) -> None:
    from freepages.cli import export as command

    command.export(args)


def lab(args: argparse.Namespace) -> None:
    from freepages.cli import lab as command

    command.run(args)


def sweep(args: argparse.Namespace) -> None:
    from freepages.cli import sweep as command

    command.run(args)


def zeros(args: argparse.Namespace) -> None:
    from freepages.real import files, zero_pages

    bits, pages, zero = zero_pages.of_file(args.ram)
    files.write_file(args.out, bits)
    print(f"{args.out}: {zero:,} of {pages:,} pages hold zeros")


def bench(args: argparse.Namespace) -> None:
    from freepages import bench

    for text in bench.report(args.what, args.json):
        print(text, flush=True)


def parser() -> Parser:
    """The parser of the whole command line. What its help lists is loaded only when help is asked for."""
    from freepages.balloon.messages import MEANINGS
    from freepages.cli.migrate_options import options, outputs
    from freepages.cli.option_values import whole
    from freepages.cli.sources import FILES, page_size, source

    top = Parser(
        prog="freepages",
        description="Free pages of a guest, and a migration that skips them.",
        epilog="freepages COMMAND --help says more; freepages migrate --help, how to migrate your own guest.",
    )
    top.add_argument("--version", action=Version, nargs=0, help="print the versions, and end")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = commands.add_parser("lab", help="copy the notebooks into a folder and open them in JupyterLab")
    command.add_argument(
        "folder",
        metavar="DIR",
        type=Path,
        nargs="?",
        default=Path("freepages-notebooks"),
        help="where the notebooks are, or are to be; what is there is never written over",
    )
    command.add_argument(
        "--port", metavar="N", type=whole(1, 65535), help="JupyterLab's port; a free one, if not given"
    )
    command.add_argument("--no-browser", action="store_true", help="print the address, and open nothing")
    command.add_argument("--copy-only", action="store_true", help="copy, and start nothing")
    command.set_defaults(run=lab)

    command = commands.add_parser(
        "capture",
        help="write this machine's free pages to a file; as root every page, else only block counts",
    )
    command.add_argument("file", metavar="FILE", type=Path, help="the snapshot file to write")
    command.add_argument(
        "--proc", metavar="DIR", type=Path, help=f"read copies of another machine's /proc files: {FILES}"
    )
    page_size(command)
    command.add_argument("--note", metavar="TEXT", default="", help="a line to keep with it")
    command.set_defaults(run=capture)

    command = commands.add_parser("bitmap", help="the free-page bitmap of a snapshot", more=_of_bitmap)
    source(command)
    command.add_argument("--json", action="store_true", help="print JSON")
    command.add_argument("--out", metavar="FILE", type=Path, help="write the bitmap's bytes to a file")
    command.set_defaults(run=bitmap)

    command = commands.add_parser("ring", help="what a dumped virtqueue says")
    command.add_argument(
        "dump",
        metavar="DUMP",
        type=Path,
        help="the dump, a JSON file (data/rings/README.md); or QEMU's answer to x-query-virtio-queue-status",
    )
    command.add_argument(
        "--queue", choices=list(MEANINGS), help="the balloon's queue: say what its buffers mean"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=ring)

    command = commands.add_parser(
        "check", help="search every interleaving of a proposal: can it lose a page, and how", more=_of_check
    )
    command.add_argument(
        "proposal",
        metavar="PROPOSAL",
        nargs="?",
        help="one of those below, or FILE.py:NAME: a proposal of your own, or a function guest or host",
    )
    command.add_argument("--all", action="store_true", help="every proposal, for both purposes")
    command.add_argument(
        "--table", metavar="FILE", type=Path, help="compute the table of the debate and keep it in a file"
    )
    command.add_argument(
        "--purpose",
        metavar="PURPOSE",
        help="migrate: skip what is reported; discard: drop it. If not given, migrate; with --all, both",
    )
    command.add_argument(
        "--assume",
        metavar="NAME[=VALUE]",
        action="append",
        default=[],
        help="what else may happen, one of those below; may be given again",
    )
    command.add_argument("--pages", metavar="N", type=whole(1), default=2, help="pages of the guest")
    command.add_argument(
        "--requests",
        metavar="N",
        type=whole(1),
        help="the most requests of the host; if not given, 2, or 2^N + 1 with id-bits=N",
    )
    command.add_argument("--deep", action="store_true", help="search on until 1.75 GiB of memory are in use")
    command.add_argument(
        "--jobs", metavar="N", type=whole(1), help="processes for --all; if not given, one for each processor"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=check)

    command = commands.add_parser(
        "migrate", help="migrate a guest by the clock: what it takes, what is sent", more=_of_migrate
    )
    options(command)
    outputs(command)
    command.set_defaults(run=migrate)

    command = commands.add_parser(
        "compare",
        help="lay a prediction beside QEMU's own counters, and fit costs to them",
        more=_of_compare,
    )
    command.add_argument(
        "run_file", metavar="RUN.json", type=Path, help="QMP's answer to query-migrate when it had ended"
    )
    options(command, year="10")
    command.add_argument(
        "--also",
        metavar="RUN.json[=PROPOSAL]",
        action="append",
        default=[],
        help="another run of the same guest, for --fit; may be given again",
    )
    command.add_argument(
        "--fit", metavar="NAME,...", help="fit these costs, at most two for each run, as zero_scan,link"
    )
    command.set_defaults(run=compare)

    command = commands.add_parser(
        "zeros", help="which pages of a guest's memory file hold zeros: the bitmap that --zero takes"
    )
    command.add_argument("ram", metavar="RAMFILE", type=Path, help="the file of a memory-backend-file")
    command.add_argument("out", metavar="FILE", type=Path, help="the bitmap to write")
    command.set_defaults(run=zeros)

    command = commands.add_parser(
        "replay",
        help="replay a recorded allocator: compare it with the model, or see a running kernel's pages",
    )
    command.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="histories of a zone, one JSON object a line (data/traces/README.md), or the text of ftrace's"
        " kmem events: a copy of tracing/trace, or what `trace-cmd report` prints; either may be gzipped",
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=replay)

    command = commands.add_parser(
        "sweep",
        help="migrate or check for every cell of a grid, over all cores or a Dask cluster",
        more=_of_sweep,
    )
    command.add_argument(
        "file",
        metavar="FILE.toml",
        type=Path,
        help='it has what = "migrate" or "check", and a table [grid]: for each option a value, or a list',
    )
    command.add_argument(
        "--on", metavar="WHERE", default="processes", help="here, processes, dask, or a scheduler's tcp://..."
    )
    command.add_argument(
        "--jobs", metavar="N", type=whole(1), help="processes; if not given, one for each processor"
    )
    command.add_argument(
        "--out",
        metavar="TABLE",
        type=Path,
        help=".csv, .jsonl or .parquet; FILE.csv, if not given. Rows that it has are not computed again",
    )
    command.set_defaults(run=sweep)

    command = commands.add_parser(
        "scenarios", help="what there is to step through: names, and the letters of processes"
    )
    command.set_defaults(run=scenarios)

    command = commands.add_parser(
        "export", help="a page that plays a scenario offline, or a picture of a step"
    )
    command.add_argument("scenario", metavar="SCENARIO", help="a name that freepages scenarios prints")
    command.add_argument(
        "--schedule", metavar="TEXT", help="the moves, as h g g w1a; if not given, the scenario's own"
    )
    command.add_argument(
        "--at",
        metavar="N",
        type=whole(),
        help="the step to show; if not given, the first in .html and the last in a picture",
    )
    command.add_argument("--to", metavar="FILE", type=Path, required=True, help="FILE.html, .svg or .png")
    command.add_argument("--large", action="store_true", help="write the page even if it has more than 20 MB")
    command.set_defaults(run=export)

    command = commands.add_parser(
        "bench", help="measure how fast freepages is on this machine", more=_of_bench
    )
    command.add_argument("what", metavar="WHAT", nargs="?", help="one of those below; all, if not given")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=bench)
    return top


def _of_bitmap() -> str:
    from freepages.real.snapshot_report import COLUMNS

    return listed("columns; all sizes are pages:", COLUMNS.items())


def _of_check() -> str:
    from freepages.debate.assumptions import MEANINGS
    from freepages.search.verdict import VERDICTS

    return "\n\n".join(
        [
            _proposals(),
            listed("what else may happen (--assume):", MEANINGS.items()),
            listed("verdicts:", VERDICTS.items()),
        ]
    )


def _of_migrate() -> str:
    from freepages.migrate.report import ROWS

    return "\n\n".join(
        [
            listed("to migrate your own guest:", OWN_GUEST.items()),
            _proposals(),
            _workloads(),
            listed("what it prints:", ROWS.items()),
            _costs(),
        ]
    )


def _of_compare() -> str:
    own = listed("to compare a migration of your own:", OWN_RUN.items())
    return "\n\n".join([own, _proposals(), _workloads(), _costs()])


def _of_sweep() -> str:
    from freepages.cli.sweep import EXAMPLE, names

    known = [(what, ", ".join(names(what))) for what in ("migrate", "check")]
    return "\n\n".join([listed("what a grid may have:", known), f"for example:\n{EXAMPLE}"])


OWN_GUEST = {
    "in it, as root": "mkdir proc; for f in version zoneinfo buddyinfo pagetypeinfo iomem meminfo kpageflags"
    "; do cat /proc/$f > proc/$f; done",
    "here": "copy the folder proc from it (this machine's own is --proc /proc), and then:"
    " freepages migrate --proc proc --proposal snapshot --bandwidth 10Gbit --link 10Gbit",
    "or": "freepages capture mine.snapshot in it, where freepages is installed there;"
    " freepages migrate mine.snapshot --proposal snapshot here",
}
OWN_RUN = {
    "before it": "the guest's folder proc, as freepages migrate --help says; where its RAM is a file also"
    " freepages zeros ram.file guest.zero",
    "after it": """echo '{"execute":"qmp_capabilities"}{"execute":"query-migrate"}' | nc -U -q1 qmp.sock"""
    " | tail -1 > run.json",
    "then": "freepages compare run.json --proc proc --zero guest.zero --bandwidth 125MB/s, with the bandwidth"
    " that QEMU had; and again with --fit zero_scan,link",
}


def _of_bench() -> str:
    from importlib import import_module

    from freepages.bench import WHAT

    modules = [(what, import_module(f"freepages.bench.{what}_figures").__doc__ or "") for what in WHAT]
    return listed("what can be measured:", [(what, text.partition("\n\n")[0]) for what, text in modules])


def _workloads() -> str:
    from freepages.migrate.workload import FORMS

    return listed("workloads; several are joined with +:", FORMS.items())


def _costs() -> str:
    from freepages.engine.costs import Costs

    costs = [
        (one.name, f"{one.what}: {one.value:g} {one.unit}") for one in Costs().table() if one.source != "none"
    ]
    return listed("costs (--cost NAME=VALUE), with their values:", costs)


def _proposals() -> str:
    from freepages.debate.proposals import PROPOSALS

    return listed("proposals:", [(one.name, f"{one.claim} ({one.said})") for one in PROPOSALS.values()])


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    from freepages.engine.errors import FreepagesError

    closed = _ready_streams()
    args = parser().parse_args(argv)
    try:
        args.run(args)
        sys.stdout.flush()
        if closed:
            raise FreepagesError("the output cannot be written: standard output is closed")
    except FreepagesError as error:
        return _told(str(error))
    except BrokenPipeError:  # the reader of our output had enough
        _drop_output()
        return 1
    except OSError as error:
        if error.filename is not None:
            return _told(f"{error.filename}: {error.strerror}")
        _drop_output()  # what is read or written by name says so: this is our own output
        return _told(f"the output cannot be written: {error.strerror}")
    except MemoryError:
        return _told("there is not enough memory for this (or a limit on it: ulimit -v)")
    except KeyboardInterrupt:
        return 130
    return 0


def _ready_streams() -> bool:
    """Make what a terminal cannot encode an escape, and give a closed stream a place to write to; whether
    standard output is closed."""
    closed = sys.stdout is None
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    return closed


def _drop_output() -> None:
    """What is still to be written goes nowhere, or it would be an error again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(what: str) -> int:
    print(f"freepages: {what}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
