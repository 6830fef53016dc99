"""`freepages migrate`: read what was asked for, migrate, tell."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from freepages.cli.progress import Progress
from freepages.cli.sources import read_snapshot
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.quantity import parse_bandwidth, parse_bytes, parse_fraction, parse_seconds
from freepages.migrate import report
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import VCPU_LETTERS, migrate
from freepages.pages.pc_memory import BELOW_4G
from freepages.real.meminfo import Meminfo, read_meminfo

MOST_VCPUS = len(VCPU_LETTERS)


def run(args: Namespace) -> None:
    """Run the command."""
    _check(args)
    bandwidth, downtime = parse_bandwidth(args.bandwidth), parse_seconds(args.downtime)
    costs = replace(Costs(), link=parse_bandwidth(args.link)) if args.link else Costs()
    guest = read_guest(args)
    free = guest.free.count()
    with Progress() as bar:
        result = migrate(
            guest,
            args.proposal,
            args.workload,
            bandwidth=bandwidth,
            downtime=downtime,
            seed=args.seed,
            init_on_alloc=args.init_on_alloc,
            max_rounds=args.max_rounds,
            auto_converge=args.auto_converge,
            vcpus=args.vcpus,
            costs=costs,
            watch=bar.rounds,
        )
    if args.plot:
        from freepages.migrate.chart import write_chart

        write_chart(result, args.plot, f"{args.proposal}, {args.workload}")
    about = {
        "proposal": args.proposal,
        "workload": args.workload,
        "ram_pages": guest.ram.pages,
        "free_pages": free,
        "dropped_pages": guest.dropped.pages if guest.dropped else 0,
        "refault_ms": round((guest.dropped.cache if guest.dropped else 0) * costs.refault / 1e6, 3),
    }
    print(json.dumps(report.as_json(result) | about) if args.json else report.as_text(result, about))


def read_guest(args: Namespace) -> Guest:
    """The guest that the options name."""
    if args.ram:
        size = parse_bytes(args.ram)
        guest = Guest.made_up(size, parse_fraction(args.free), args.machine, args.seed)
    else:
        snapshot = read_snapshot(args)
        guest = Guest.of(snapshot, args.machine, _meminfo(args) if args.drop_caches else None)
    if args.drop_caches:
        guest.drop_caches(args.drop_caches, args.seed)
    if args.zero is not None:
        if Path(args.zero).exists():
            guest.set_zero_file(Path(args.zero))
        else:
            guest.set_zero_share(_share_of_zeros(args.zero), args.seed)
    return guest


def _share_of_zeros(text: str) -> float:
    try:
        return parse_fraction(text)
    except FreepagesError as error:
        raise FreepagesError(f"zero: there is no file {text!r:.60}, and {error}") from None


def _meminfo(args: Namespace) -> Meminfo:
    if not args.proc:
        raise FreepagesError("drop-caches: a snapshot does not tell of its page cache (--proc DIR, or --ram)")
    try:
        return read_meminfo(args.proc / "meminfo")
    except OSError as error:
        raise FreepagesError(f"{args.proc / 'meminfo'}: {error.strerror}") from None


def _check(args: Namespace) -> None:
    if args.machine is not None and args.machine not in BELOW_4G:
        raise unknown("machine", args.machine, BELOW_4G)
    if not 1 <= args.vcpus <= MOST_VCPUS:
        raise FreepagesError(f"vcpus: {args.vcpus} is not 1 to {MOST_VCPUS}")
    if args.seed < 0:
        raise FreepagesError(f"seed {args.seed} is negative")
    if args.drop_caches not in range(4):
        raise FreepagesError(f"drop-caches: {args.drop_caches} is not 0, 1, 2 or 3")
