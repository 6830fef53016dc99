"""`freepages replay`: a recorded allocator, replayed; what kind of trace it is is told by its first line."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from freepages.cli.progress import Progress
from freepages.engine.errors import FreepagesError
from freepages.engine.text_table import columns
from freepages.real.allocator_trace import read_traces
from freepages.real.kmem_events import read_kmem_events
from freepages.real.text_lines import first_line
from freepages.scenarios.kernel_trace import MOST_PAGES, frame
from freepages.view.text import text
from freepages.zone.kmem_replay import FREE_PAGE, IMPOSSIBLE, IN_USE, PER_CPU, KmemReplay
from freepages.zone.replay import difference


def options(command: ArgumentParser) -> None:
    command.add_argument(
        "file",
        metavar="FILE",
        type=Path,
        help="histories of a zone, one JSON object a line (data/traces/README.md), or the text of ftrace's"
        " kmem events: a copy of tracing/trace, or what `trace-cmd report` prints; either may be gzipped",
    )
    command.add_argument("--json", action="store_true", help="print JSON")


def run(args: Namespace) -> None:
    """Run the command."""
    if first_line(args.file).lstrip().startswith("{"):
        histories(args.file, args.json)
    else:
        kernel_events(args.file, args.json)


def histories(path: Path, as_json: bool) -> None:
    """Replay every history on the model, and name the first operation or list that differs."""
    found = []
    with Progress(path.stat().st_size, "bytes read") as progress:
        for trace in read_traces(path, progress):
            found.append(difference(trace))
            _go_on(progress)
    if not found:
        raise FreepagesError(f"{path}: expected a history of a zone, a JSON object on a line; it has none")
    differs = [f"{some}" for some in found if some]
    equal = len(found) - len(differs)
    if as_json:
        told = {"traces": len(found), "equal": equal, "first_difference": differs[0] if differs else None}
        print(json.dumps(told))
        return
    print(f"{equal} of {len(found)} histories: the model gives the kernel's answers and lists, to the entry")
    for some in differs:
        print(some)


def kernel_events(path: Path, as_json: bool) -> None:
    """Replay a running kernel's events, and tell what they say of its pages."""
    with Progress(path.stat().st_size, "bytes read") as progress:
        events = read_kmem_events(path, progress)
        _go_on(progress)
    replay = KmemReplay(events)
    with Progress(len(events), "events") as progress:
        replay.replay(progress)
        _go_on(progress)
    seen = replay.seen
    told = {
        "events": events.counts(),
        "others": events.others,
        "lost": events.lost,
        "seconds": round(events.times[-1] - events.times[0], 6),
        "pages": {
            "in_use": seen.pages(IN_USE),
            "per_cpu": seen.pages(PER_CPU),
            "free": seen.pages(FREE_PAGE),
        },
        "allocated_before": seen.unseen_frees,
        "failed": seen.failed,
        **{name: seen.impossible[name] for name in IMPOSSIBLE},
    }
    if as_json:
        print(json.dumps(told))
        return
    print(f"{len(events):,} events in {told['seconds']} s:")
    rows = [[f"{count:,}", name] for name, count in events.counts().items() if count]
    print(*columns(rows, right=[0]), sep="\n")
    if events.lost:
        print(f"{events.lost:,} events more were dropped by the kernel: some contradictions are theirs")
    lo, hi = seen.range()
    if hi - lo <= MOST_PAGES:
        print(text(frame(replay, lo, hi)))


def _go_on(progress: Progress) -> None:
    if progress.stopped:
        raise KeyboardInterrupt
