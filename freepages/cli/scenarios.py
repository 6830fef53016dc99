"""`freepages scenarios`: what there is to step through."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from freepages.engine import Run
from freepages.engine.text_table import columns
from freepages.lab.shipped import shipped


def options(command: ArgumentParser) -> None:
    """It has none."""


def run(args: Namespace) -> None:
    """Print a table of the shipped scenarios: names, what each shows, and the letters of its processes."""
    rows = [["name", "what it shows", "letters of a schedule"]]
    for name, build in shipped().items():
        scenario = build()
        letters = ", ".join(f"{p.letter} {p.name}" for p in Run(scenario).processes.values())
        rows.append([name, scenario.title, letters])
    print("\n".join(columns(rows, rule=True)))
