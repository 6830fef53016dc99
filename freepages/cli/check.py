"""`freepages check`: its arguments made into questions, and the answers printed."""

from __future__ import annotations

import json
import multiprocessing
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from freepages.cli.help_lists import proposals
from freepages.cli.option_values import whole
from freepages.cli.own_file import read_proposal
from freepages.cli.parser import listed
from freepages.cli.progress import Progress
from freepages.debate.assumptions import MEANINGS
from freepages.debate.world import PURPOSES
from freepages.engine.errors import FreepagesError
from freepages.engine.text_table import columns
from freepages.real.files import check_output, write_file
from freepages.search.check_many import Question, check_all, default_rows, processes
from freepages.search.debate_table import DebateTable, questions
from freepages.search.fast import LIMIT
from freepages.search.verdict import DEEP_LIMIT, DEEP_MEMORY, MEMORY, VERDICTS, Checked, check


def options(command: ArgumentParser) -> None:
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


def more() -> str:
    return "\n\n".join(
        [
            proposals(),
            listed("what else may happen (--assume):", MEANINGS.items()),
            listed("verdicts:", VERDICTS.items()),
        ]
    )


def run(args: Namespace) -> None:
    """One proposal, or with ``all`` every one; KeyboardInterrupt after what was seen is printed."""
    if sum((args.proposal is not None, args.all, args.table is not None)) != 1:
        raise FreepagesError("check: name a proposal, or give --all or --table FILE")
    if args.table:
        return write_table(args.table, args.jobs)
    limit, memory = (DEEP_LIMIT, DEEP_MEMORY) if args.deep else (LIMIT, MEMORY)
    if args.all:
        purposes = [args.purpose] if args.purpose else PURPOSES
        asked = default_rows(args.assume, purposes)
        bounds = {"pages": args.pages, "requests": args.requests, "limit": limit, "memory": memory}
        answers, stopped = at_once([question._replace(**bounds) for question in asked], args.jobs)
        print(json.dumps([answer.as_json() for answer in answers]) if args.json else as_table(answers))
    else:
        with Progress(limit, "states at most") as progress:
            answer = check(
                read_proposal(args.proposal),
                args.purpose or PURPOSES[0],
                args.assume,
                pages=args.pages,
                requests=args.requests,
                limit=limit,
                memory=memory,
                watch=progress,
            )
        stopped = progress.stopped
        print(json.dumps(answer.as_json()) if args.json else answer)
    if stopped:
        raise KeyboardInterrupt


def write_table(path: Path, jobs: int | None) -> None:
    """Compute the table of the debate, keep it in a file, and print it."""
    check_output(path)
    asked = len(list(questions()))
    with Progress(asked, "searches") as progress, workers(jobs, progress) as executor:
        table = DebateTable.compute(executor, progress)
    if table is None:
        raise KeyboardInterrupt
    write_file(path, table.json().encode())
    print(table)


def at_once(asked: Sequence[Question], jobs: int | None) -> tuple[list[Checked], bool]:
    """The answers found by so many processes, as many as there are processors if not given; and whether
    Ctrl-C ended it before all were there."""
    with Progress(len(asked), "searches") as progress, workers(jobs, progress) as executor:
        return check_all(asked, executor, progress), progress.stopped


@contextmanager
def workers(jobs: int | None, progress: Progress) -> Iterator[Executor | None]:
    """So many processes, one a processor if not given; after Ctrl-C those that still search are ended. None
    where there can be none, as where there is no /dev/shm for their semaphores: then all is searched here."""
    try:
        executor = processes(jobs, _leave_interrupts)
    except (OSError, ImportError, NotImplementedError) as error:
        print(f"freepages: searched in one process, others cannot be started: {error}", file=sys.stderr)
        yield None
        return
    with executor:
        yield executor
        if progress.stopped:
            for worker in multiprocessing.active_children():
                worker.terminate()


def _leave_interrupts() -> None:
    """Ctrl-C reaches every process of the terminal; what it ends is the first one's to decide."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def as_table(answers: Sequence[Checked]) -> str:
    heads = ["proposal", "purpose", "verdict", "states", "depth", "a shortest schedule that loses a page"]
    rows = [
        [a.proposal, a.purpose, a.verdict, f"{a.states:,}", str(a.depth), a.schedule or ""] for a in answers
    ]
    shared = sorted({answer.bounds for answer in answers})
    return "\n".join([*columns([heads, *rows], {3, 4}, rule=True), "", *shared])
