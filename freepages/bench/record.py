"""Measure this machine and keep what came out: results.json, and the tables of README.md and the picture
cost_by_size.png made from it.

Run from the checkout, on a machine that does nothing else: python -m freepages.bench.record
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from freepages.bench import WHAT, Row, measure, table
from freepages.bench.check_figures import OTHERS_S, QUICK_S, SPEED, STATES_PER_S, TABLE_S
from freepages.bench.migrate_figures import BY_SIZE, CONTENT, HOT, UNIFORM
from freepages.bench.ring_figures import DECODE, TRIP
from freepages.bench.zone_figures import ALLOCATE, FREE
from freepages.real.data_path import data_path
from freepages.view.palette import BLUE, VERMILLION

HERE = data_path("bench")
RESULTS, README = HERE / "results.json", HERE / "README.md"
PICTURE = HERE / "cost_by_size.png"
BEGIN, END = "<!-- recorded: begin -->\n", "<!-- recorded: end -->\n"

Results = dict[str, Any]


def bitmap(key: str, guest: str, lists: str) -> Callable[[Results], float]:
    return figure("bitmap", key, guest=guest, lists=lists, method="mark_free_blocks")


def figure(bench: str, key: str, **where: str) -> Callable[[Results], float]:
    """That key of the first row that has it and of which all of ``where`` is true."""
    return lambda results: next(
        row[key] for row in results[bench] if key in row and where.items() <= row.items()
    )


def painted(what: str, *steps: str) -> Callable[[Results], float]:
    """The slowest of those steps of the stepper."""
    return lambda results: max(
        row["painted_ms"]
        for row in results["stepper"]
        if "painted_ms" in row and (row["what"], row["step"]) in [(what, step) for step in steps]
    )


def worst(key: str, limit_s: float | None = None) -> Callable[[Results], float]:
    """The largest of the searches' rows; only of those that have this limit, if one is given."""
    return lambda results: max(
        row[key] or 0 for row in results["check"] if limit_s in (None, row["wall_limit_s"])
    )


def by_size(results: Results) -> list[tuple[float, float, float]]:
    """GiB of guest, seconds and MiB of the migrations that differ in size only, the smallest first."""
    rows = (row for row in results["migrate"] if row["what"] == BY_SIZE)
    return sorted((row["guest_gib"], row["wall_s"], row["extra_mib"]) for row in rows)


def growth(results: Results) -> float:
    """How many times as long the largest takes as the smallest, over how many times as large it is."""
    (small, fast, _), *_, (large, slow, _) = by_size(results)
    return slow / fast / (large / small)


KNOWN, NEW = ("back", "forward"), "new step"
SHARE, RATE = "ratio_to_patch_loop", "million_per_s"

# What is measured, whether small or large is good, the figure to reach, and where it is found.
REACH: list[tuple[str, str, float, Callable[[Results], float]]] = [
    ("bitmap, 1 TiB, real: share of the patch loop's time", "<=", 0.12, bitmap(SHARE, "1 TiB", "real")),
    ("the same: MiB beside the bitmap", "<=", 8, bitmap("extra_mib", "1 TiB", "real")),
    ("bitmap, 1 TiB, fragmented: share", "<=", 0.42, bitmap(SHARE, "1 TiB", "fragmented")),
    ("bitmap, 1 TiB, coalesced: share", "<=", 0.03, bitmap(SHARE, "1 TiB", "coalesced")),
    ("bitmap, 64 GiB, real: share", "<=", 0.05, bitmap(SHARE, "64 GiB", "real")),
    ("list zone, 4 GiB: million operations a second", ">=", 0.4, figure("zone", RATE, zone="list")),
    ("the same: share of the speed without yields", ">=", 0.8, figure("zone", "ratio_to_no_yields")),
    ("bulk zone, 64 GiB, allocate: million pages a second", ">=", 190, figure("zone", RATE, what=ALLOCATE)),
    ("the same, free and merge", ">=", 11, figure("zone", RATE, what=FREE)),
    ("capture with kpageflags: seconds", "<=", 1, figure("capture", "median_s")),
    ("virtqueue: round trips a second", ">=", 100_000, figure("ring", "per_s", what=TRIP)),
    (
        "virtqueue: decoding 1,024 entries, microseconds",
        "<=",
        10_000,
        figure("ring", "median_us", what=DECODE),
    ),
    (
        "stepper, 64 pages: milliseconds from back or forward to painted",
        "<=",
        50,
        painted("64 pages", *KNOWN),
    ),
    ("the same, 65,536 pages", "<=", 50, painted("65536 pages", *KNOWN)),
    ("stepper, a new step of 64 pages: milliseconds to painted", "<=", 60, painted("64 pages", NEW)),
    ("the same, 65,536 pages", "<=", 100, painted("65536 pages", NEW)),
    ("the same, the machine", "<=", 100, painted("the machine", NEW)),
    ("stepper, first view: milliseconds", "<=", 1500, painted("65536 pages", "first view")),
    ("stepper, 1,000 steps of 64 pages: MB in the page", "<=", 5, figure("stepper", "kept_MB")),
    ("migrate 1 TiB, 8 GiB hot, 256 GiB warm: seconds", "<=", 0.5, figure("migrate", "wall_s", what=HOT)),
    ("the same: MiB", "<=", 300, figure("migrate", "extra_mib", what=HOT)),
    ("migrate 1 TiB, uniform writes: seconds", "<=", 1, figure("migrate", "wall_s", what=UNIFORM)),
    ("migrate 64 GiB, content compared: seconds", "<=", 0.3, figure("migrate", "wall_s", what=CONTENT)),
    ("migrate 8 GiB to 1 TiB: growth of the seconds over that of the size", "<=", 1, growth),
    ("AND-NOT of 1 TiB: ratio to a loop in C", "<=", 1.5, figure("migrate", "ratio_to_c")),
    ("search, the slowest of the small default rows: seconds", "<=", QUICK_S, worst("wall_s", QUICK_S)),
    ("the same, of the others", "<=", OTHERS_S, worst("wall_s", OTHERS_S)),
    ("search, each whole table: seconds", "<=", TABLE_S, worst("wall_s", TABLE_S)),
    ("search, snapshot: states a second", ">=", STATES_PER_S, figure("check", "states_per_s", what=SPEED)),
    ("search, any row: MiB", "<=", 2048, worst("peak_mib")),
]


def machine() -> Row:
    """What the figures depend on."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    asked = ["cc", "--version"]
    compiler = subprocess.run(asked, capture_output=True, text=True).stdout if shutil.which("cc") else ""
    return {
        "processor": model or platform.machine(),
        "cores": os.cpu_count(),
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "compiler": compiler.partition("\n")[0] or None,
    }


def rendered(results: Results) -> str:
    """The part of README.md between its two markers."""
    lines = [
        ", ".join(f"{key} {value}" for key, value in results["machine"].items()),
        "",
        "| what | reach | recorded |",
        "| --- | --- | --- |",
    ]
    lines += [f"| {what} | {sign} {limit:g} | {of(results):g} |" for what, sign, limit, of in REACH]
    for what in filter(results.__contains__, WHAT):  # one that is newer than the record is not in it
        lines += ["", f"`freepages bench {what}`", "", "```", table(results[what]), "```"]
    return "\n".join(lines) + "\n"


def draw(results: Results) -> None:
    """Cost against size, both by factors of two, beside what would be linear."""
    sizes, seconds, mib = zip(*by_size(results), strict=True)
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    for axes, values, unit, colour in zip(
        figure.subplots(1, 2), (seconds, mib), ("s", "MiB"), (BLUE, VERMILLION), strict=True
    ):
        linear = [values[-1] * size / sizes[-1] for size in sizes]
        axes.loglog(sizes, linear, color="0.5", linestyle=":", label="linear", base=2)
        axes.loglog(sizes, values, color=colour, marker="o", label=f"measured, {unit}", base=2)
        axes.set_xticks(sizes, [f"{size:g}" for size in sizes])
        axes.yaxis.set_major_formatter("{x:.3g}")
        axes.set_xlabel("guest, GiB")
        axes.set_ylabel(unit)
        axes.legend(frameon=False)
    figure.suptitle("one migration by the clock, snapshot, against the size of the guest")
    figure.savefig(PICTURE, dpi=100)


def main() -> None:
    results: Results = {"machine": machine()} | {what: list(measure(what)) for what in WHAT}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    draw(results)
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    README.write_text(before + BEGIN + rendered(results) + END + rest.partition(END)[2], encoding="utf-8")
    for what, sign, limit, of in REACH:
        reached = of(results) <= limit if sign == "<=" else of(results) >= limit
        print(f"{'reached' if reached else 'MISSED '}  {what}: {of(results):g} ({sign} {limit:g})")


if __name__ == "__main__":
    main()
