"""How fast things are on this machine: `freepages bench [WHAT] [--json]`.

Each of WHAT has a module WHAT_figures, whose rows() measures and gives one dictionary a row. Figures are
medians of rounds in which everything that is compared takes its turn, so that they share the machine's moods;
what travels from one machine to another are the ratios, not the milliseconds.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.text_table import columns

WHAT = ("bitmap", "zone", "capture", "ring", "stepper", "migrate", "sweep", "check")

Row = dict[str, Any]


def measure(what: str) -> Iterator[Row]:
    """The rows of one of WHAT, as they are measured."""
    if what not in WHAT:
        raise unknown("bench", what, WHAT)
    yield from import_module(f"freepages.bench.{what}_figures").rows()


def report(what: str | None, as_json: bool) -> Iterator[str]:
    """The rows of ``what`` as text or JSON; for None those of everything, each under its name.

    Text comes as soon as it is measured. What this machine cannot measure is left out of everything, with a
    line on stderr that says why.
    """
    if what:
        rows = list(measure(what))
        yield json.dumps(rows, indent=1) if as_json else table(rows)
        return
    measured = {}
    for name in WHAT:
        try:
            measured[name] = list(measure(name))
        except FreepagesError as fault:
            print(f"freepages: bench {name} is left out: {fault}", file=sys.stderr)
            continue
        if not as_json:
            yield f"{name}\n{table(measured[name])}\n"
    if as_json:
        yield json.dumps(measured, indent=1)


def table(rows: Sequence[Row]) -> str:
    """Rows as columns of text, headed by their keys; text to the left, numbers to the right."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    numbers = [at for at, key in enumerate(keys) if not any(isinstance(row.get(key), str) for row in rows)]
    return "\n".join(columns([keys, *([_cell(row.get(key)) for key in keys] for row in rows)], numbers))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"
    return "" if value is None else str(value)
