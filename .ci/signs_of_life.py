"""Which cells of the notebooks work for long and do not say so at their beginning: none should.

    .venv/bin/python .ci/signs_of_life.py [NOTEBOOK.ipynb ...]

It measures time, so it is no test: run it on a quiet machine, before a release.
"""

import sys
from pathlib import Path
from time import monotonic
from typing import Any

from jupyter_client.manager import start_new_kernel
from stored_notebooks import NOTEBOOKS, read

LONG = 2.0
"""Seconds of the processor from which on a cell is long."""
SILENT = 1.0
SHARE = 0.5
"""Of the cell's time: on a machine that does other work, too, seconds say little."""
FIRST = (
    "from freepages import Stepper\nfrom freepages.scenarios.debate import debate\nStepper(debate('locked'))"
)
"""What each kernel does once, and no cell is to blame for: it imports, and draws its first picture."""
SHOWN = {"stream", "display_data", "execute_result", "update_display_data"}
LESSONS = sorted(NOTEBOOKS.glob("[0-9][0-9]-*.ipynb"))


def silences(path: Path) -> list[tuple[str, float, float, float]]:
    """Of each cell its source, its processor's seconds, its seconds, and those before it shows anything."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(path.parent))
    try:
        found = []
        sources = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
        for source in [FIRST, *sources]:
            shown: list[float] = []

            def heard(message: dict[str, Any], shown: list[float] = shown) -> None:
                if message["msg_type"] in SHOWN:
                    shown.append(monotonic())

            clock = {"used": "__import__('time').process_time()"}
            before = used(client.execute_interactive("", user_expressions=clock, timeout=60))
            began = monotonic()
            reply = client.execute_interactive(
                source, user_expressions=clock, allow_stdin=True, output_hook=heard, timeout=300
            )
            took = monotonic() - began
            silent = min([*shown, began + took]) - began
            found.append((source, used(reply) - before, took, silent))
        return found[1:]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def used(reply: dict[str, Any]) -> float:
    return float(reply["content"]["user_expressions"]["used"]["data"]["text/plain"])


def main() -> int:
    silent_ones = 0
    for path in [*map(Path, sys.argv[1:])] or LESSONS:
        for source, processor, took, silent in silences(path.resolve()):
            if processor >= LONG and silent >= max(SILENT, SHARE * took):
                silent_ones += 1
                print(f"{path.name}: silent for {silent:.1f} of {took:.1f} s:\n{source}\n")
    print(f"{silent_ones} cells are silent for long")
    return bool(silent_ones)


if __name__ == "__main__":
    sys.exit(main())
