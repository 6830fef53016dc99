"""`freepages compare`: a prediction beside QEMU's own counters, and costs fitted to them."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path

from freepages.cli.help_lists import costs as known_costs
from freepages.cli.help_lists import proposals, workloads
from freepages.cli.migrate import migrate_as, notes, read_costs, read_guest
from freepages.cli.migrate_options import options as of_the_guest
from freepages.cli.parser import listed
from freepages.cli.progress import Progress
from freepages.engine.costs import Costs
from freepages.migrate.compare import as_text, beside, fit
from freepages.migrate.query_migrate import read

NEWEST = "10"
"""The version that a run is taken to be of, for query-migrate does not tell."""


def as_option(name: str, value: float) -> str:
    """A cost as --cost takes it."""
    (unit,) = (told.unit for told in Costs().table() if told.name == name)
    return f"{name}={value:.10g}" + ("B/s" if unit == "bytes/s" else "")


OWN_RUN = {
    "before it": "the guest's folder proc, as freepages migrate --help says; where its RAM is a file also"
    " freepages zeros ram.file guest.zero",
    "after it": """echo '{"execute":"qmp_capabilities"}{"execute":"query-migrate"}' | nc -U -q1 qmp.sock"""
    " | tail -1 > run.json",
    "then": "freepages compare run.json --proc proc --zero guest.zero --bandwidth 125MB/s, with the bandwidth"
    " that QEMU had; and again with --fit zero_scan,link",
}


def options(command: ArgumentParser) -> None:
    command.add_argument(
        "run_file", metavar="RUN.json", type=Path, help="QMP's answer to query-migrate when it had ended"
    )
    of_the_guest(command, year=NEWEST)
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


def more() -> str:
    own = listed("to compare a migration of your own:", OWN_RUN.items())
    return "\n\n".join([own, proposals(), workloads(), known_costs()])


def run(args: Namespace) -> None:
    """Run the command."""
    args.qemu = args.qemu or NEWEST
    costs, guest, first = read_costs(args), read_guest(args), read(args.run_file)
    first.others(guest.ram.pages)
    runs = [(first, partial(migrate_as, args, guest))]
    for text in args.also:
        path, equals, proposal = text.rpartition("=")
        if not equals or Path(text).exists():
            path, proposal = text, ""
        also = read(Path(path))
        also.others(guest.ram.pages)
        runs.append((also, partial(migrate_as, args, guest, proposal=proposal or None)))
    fitted: dict[str, float] = {}
    with Progress():
        if args.fit is not None:
            names = [name.strip() for name in args.fit.split(",")]
            costs = fit(names, costs, runs)
            fitted = {name: getattr(costs, name) for name in names}
        rows = [(one, beside(one, again(costs), guest.ram.pages)) for one, again in runs]
    told_of = notes(args, guest)
    for one, _ in rows:
        if one.unmodelled:
            told_of.append(f"{one.name}: QEMU used {', '.join(one.unmodelled)}, which is not modelled")
    if args.json:
        told = [
            {"run": one.name, "rows": [row._asdict() | {"error": row.error} for row in all_of]}
            for one, all_of in rows
        ]
        print(json.dumps({"qemu": args.qemu, "runs": told, "fitted": fitted, "notes": told_of}))
        return
    print("\n\n".join(as_text(one, all_of, guest.ram.pages) for one, all_of in rows))
    if fitted:
        print("\nfitted: " + " ".join(f"--cost {as_option(name, value)}" for name, value in fitted.items()))
    for note in told_of:
        print(f"note: {note}")
