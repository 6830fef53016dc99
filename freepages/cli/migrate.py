"""`freepages migrate`: read what was asked for, migrate, tell."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from freepages.cli.help_lists import costs, proposals, workloads
from freepages.cli.migrate_options import FREE, outputs
from freepages.cli.migrate_options import options as of_the_guest
from freepages.cli.own_file import read_proposal
from freepages.cli.parser import listed
from freepages.cli.progress import Progress
from freepages.cli.sources import given_page_size, read_snapshot
from freepages.debate.proposals import FREE_PAGE_HINT, PROPOSALS, Proposal
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.migrate import report
from freepages.migrate.guest import Guest
from freepages.migrate.hint_floors import FIRST
from freepages.migrate.sensitivity import as_text, sensitivity
from freepages.migrate.timed_migration import Migrated, migrate, of_the_day
from freepages.migrate.workload import Workload
from freepages.real.files import check_output, write_file
from freepages.real.meminfo import Meminfo, read_meminfo
from freepages.search.debate_table import DebateTable
from freepages.search.fast import REFUTED

ASKS = {
    "once": ["as the proposal says, the host asks for free pages once, before the first page is sent"],
    "after every sync": ["as the proposal says, the host asks for free pages after every sync"],
    "never": [],
}
"""What is said of when a proposal's host asks."""

OWN_GUEST = {
    "in it, as root": "mkdir proc; for f in version zoneinfo buddyinfo pagetypeinfo iomem meminfo kpageflags"
    "; do cat /proc/$f > proc/$f; done",
    "here": "copy the folder proc from it (this machine's own is --proc /proc), and then:"
    " freepages migrate --proc proc --proposal snapshot --bandwidth 10Gbit --link 10Gbit",
    "or": "freepages capture mine.snapshot in it, where freepages is installed there;"
    " freepages migrate mine.snapshot --proposal snapshot here",
}


def options(command: ArgumentParser) -> None:
    of_the_guest(command)
    outputs(command)


def more() -> str:
    return "\n\n".join(
        [
            listed("to migrate your own guest:", OWN_GUEST.items()),
            proposals(),
            workloads(),
            listed("what it prints:", report.ROWS.items()),
            costs(),
        ]
    )


def run(args: Namespace) -> None:
    """Run the command."""
    for path in filter(None, (args.never_sent, args.plot)):
        check_output(path, args.snapshot, args.zero if isinstance(args.zero, Path) else None)
    if args.plot:
        from freepages.migrate.chart import kind_of, write_chart

        kind_of(args.plot)
    guest = read_guest(args)
    again = partial(migrate_as, args, guest.copy() if args.sensitivity else guest)
    with Progress() as bar:
        result, about = predict(args, guest, bar.rounds)
        found = sensitivity(again, read_costs(args)) if args.sensitivity else None
    if args.never_sent:
        write_file(args.never_sent, result.never_sent.tobytes())
    if args.plot:
        write_chart(result, args.plot, f"{about['proposal']}, {args.workload}")
    if args.json:
        told = {} if found is None else {"sensitivity": [one.as_json() for one in found]}
        print(json.dumps(report.as_json(result) | about | told))
        return
    print(report.as_text(result, about))
    if found is not None:
        print(f"\n{as_text(found)}")


def predict(
    args: Namespace, guest: Guest, watch: Callable[[int, int], None] | None = None
) -> tuple[Migrated, dict[str, Any]]:
    """The guest migrated as the options want it, which uses it up; and what was asked for, as in the JSON."""
    chosen, costs, free = read_proposal(args.proposal), read_costs(args), guest.free.count()
    result = migrate(guest, chosen, args.workload, costs=costs, watch=watch, **how(args))
    about = {
        "proposal": chosen.name,
        "qemu": args.qemu or of_the_day(chosen.name),
        "workload": args.workload,
        "ram_pages": guest.ram.pages,
        "free_pages": free,
        "dropped_pages": guest.dropped.pages if guest.dropped else 0,
        "refault_ms": round((guest.dropped.cache if guest.dropped else 0) * costs.refault / 1e6, 3),
        "bandwidth_bytes_per_s": round(args.bandwidth),
        "link_bytes_per_s": round(costs.link),
        "downtime_limit_ms": args.downtime * 1e3,
        "vcpus": args.vcpus,
        "seed": args.seed,
        "exact": guest.exact,
        "notes": [*notes(args, guest), *ASKS[chosen.asks], *safety(args, chosen)],
    }
    if not (result.waits or Workload.parse(args.workload, args.seed).allocations_per_second):
        about["guest_stall_us"] = None
    return result, about


def how(args: Namespace) -> dict[str, Any]:
    """How the options want it migrated."""
    return {
        "bandwidth": args.bandwidth,
        "downtime": args.downtime,
        "seed": args.seed,
        "init_on_alloc": args.init_on_alloc,
        "qemu": args.qemu,
        "max_rounds": args.max_rounds,
        "auto_converge": args.auto_converge,
        "vcpus": args.vcpus,
    }


def migrate_as(args: Namespace, guest: Guest, costs: Costs, proposal: str | None = None) -> Migrated:
    """Migrate a copy of the guest, as the options want it."""
    chosen = read_proposal(proposal or args.proposal)
    return migrate(guest.copy(), chosen, args.workload, costs=costs, keep=False, **how(args))


def read_costs(args: Namespace) -> Costs:
    """The costs that the options name."""
    return Costs().changed([*args.cost, *([f"link={args.link}"] if args.link else [])])


def notes(args: Namespace, guest: Guest) -> list[str]:
    """What was not known of the guest, and what it was taken for."""
    told = list(guest.assumed)
    if args.ram:
        told.append("memory in use lies in blocks of 4 MiB, by the seed; half of it is clean page cache")
        if args.proposal == FREE_PAGE_HINT.name:
            told.append(f"hints are those of Linux {'.'.join(map(str, FIRST))}: the highest blocks first")
    if args.zero is None:
        told.append("the pages that are free hold zeros, the others do not (--zero)")
    return told


def safety(args: Namespace, chosen: Proposal) -> list[str]:
    """That the proposal can lose pages, or who tells: one run in which none was lost says little."""
    if chosen.name not in PROPOSALS:
        return [f"freepages check {args.proposal} tells whether this proposal can lose pages"]
    assumed = "init-on-alloc" if args.init_on_alloc else ""
    if _debate().answer(chosen.name, "migrate", assumed).verdict != REFUTED:
        return []
    shows = f"freepages check {chosen.name} shows how"
    return [f"UNSAFE: it can lose pages, whether or not it did here; {shows}"]


@cache
def _debate() -> DebateTable:
    return DebateTable.load()


def read_guest(args: Namespace) -> Guest:
    """The guest that the options name."""
    given_page_size(args)
    if args.ram:
        free = FREE if args.free is None else args.free
        guest = Guest.made_up(args.ram, free, args.machine, args.seed)
    else:
        if args.free is not None:
            raise FreepagesError("free: a snapshot tells what is free; only --ram leaves it open")
        snapshot = read_snapshot(args)
        guest = Guest.of(snapshot, args.machine, _meminfo(args) if args.drop_caches else None)
    if args.drop_caches:
        guest.drop_caches(args.drop_caches, args.seed)
    if isinstance(args.zero, Path):
        guest.set_zero_file(args.zero)
    elif args.zero is not None:
        guest.set_zero_share(args.zero, args.seed)
    return guest


def _meminfo(args: Namespace) -> Meminfo:
    if not args.proc:
        raise FreepagesError("drop-caches: a snapshot does not tell of its page cache (--proc DIR, or --ram)")
    try:
        return read_meminfo(args.proc / "meminfo")
    except OSError as error:
        raise FreepagesError(f"{args.proc / 'meminfo'}: {error.strerror}") from None
