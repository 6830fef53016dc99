"""`freepages scenarios` and `freepages export`: what there is to step through, and a file that shows it."""

from __future__ import annotations

import argparse

from freepages.engine.errors import FreepagesError
from freepages.engine.text_table import columns

KINDS = (".html", ".svg", ".png")


def scenarios() -> None:
    """Print a table of the shipped scenarios: names, what each shows, and the letters of its processes."""
    from freepages.engine import Run
    from freepages.lab.shipped import shipped

    rows = [["name", "what it shows", "letters of a schedule"]]
    for name, build in shipped().items():
        scenario = build()
        letters = ", ".join(f"{p.letter} {p.name}" for p in Run(scenario).processes.values())
        rows.append([name, scenario.title, letters])
    print("\n".join(columns(rows, rule=True)))


def export(args: argparse.Namespace) -> None:
    """Write a page that plays a scenario without a kernel, or a picture of one step."""
    from freepages.lab.player import Player
    from freepages.lab.shipped import shipped_scenario
    from freepages.real.files import write_file
    from freepages.view.draw import draw
    from freepages.view.png import png
    from freepages.view.svg import svg_file

    kind = args.to.suffix.lower()
    if kind not in KINDS:
        raise FreepagesError(f"--to {args.to}: its name must end in {', '.join(KINDS)}")
    scenario = shipped_scenario(args.scenario)
    player = Player(scenario, "", args.schedule)
    steps = len(player.known)
    at = steps if args.at is None and kind != ".html" else args.at or 0
    if not 0 <= at <= steps:
        raise FreepagesError(f"--at {at}: the schedule has {steps} steps")
    if kind == ".html":
        from freepages.lab.stepper import Stepper

        moves = " ".join(map(str, player.known[:at]))
        Stepper(scenario, moves, args.schedule).export(args.to, large=args.large)
    else:
        player.go(at)
        scene = draw(player.frame, None, player.changed)
        write_file(args.to, png(scene) if kind == ".png" else svg_file(scene, at).encode())
    print(f"{args.to}: {scenario.name}, step {at} of {steps}, {args.to.stat().st_size:,} bytes")
