"""`freepages export`: a page that plays a scenario without a kernel, or a picture of one step."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from freepages.cli.option_values import whole
from freepages.engine.errors import FreepagesError
from freepages.lab.player import Player
from freepages.lab.shipped import shipped_scenario
from freepages.lab.stepper import Stepper
from freepages.real.files import check_output, write_file
from freepages.view.draw import draw
from freepages.view.png import png
from freepages.view.svg import svg_file

KINDS = (".html", ".svg", ".png")


def options(command: ArgumentParser) -> None:
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


def run(args: Namespace) -> None:
    """Write a page that plays a scenario without a kernel, or a picture of one step."""
    kind = args.to.suffix.lower()
    if kind not in KINDS:
        raise FreepagesError(f"--to {args.to}: its name must end in {', '.join(KINDS)}")
    check_output(args.to)
    scenario = shipped_scenario(args.scenario)
    player = Player(scenario, "", args.schedule)
    steps = len(player.known)
    at = steps if args.at is None and kind != ".html" else args.at or 0
    if not 0 <= at <= steps:
        raise FreepagesError(f"--at {at}: the schedule has {steps} steps")
    if kind == ".html":
        moves = " ".join(map(str, player.known[:at]))
        Stepper(scenario, moves, args.schedule).export(args.to, large=args.large)
    else:
        player.go(at)
        scene = draw(player.frame, None, player.changed)
        write_file(args.to, png(scene) if kind == ".png" else svg_file(scene, at).encode())
    print(f"{args.to}: {scenario.name}, step {at} of {steps}, {args.to.stat().st_size:,} bytes")
