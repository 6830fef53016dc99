"""What each way to tell the host which pages costs, by how the pages lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from freepages.balloon.encodings import ENCODINGS, Encoding, spread
from freepages.pages.orders import PAGE_SHIFT
from freepages.pages.ranges import Ranges


class Comparison:
    """What every encoding costs for several balloons, by their names; shown as a table.

    A message is two crossings of the border: the driver's notification, an exit, and the interrupt that it
    waits for.
    """

    def __init__(self, head: str, balloons: Mapping[str, Ranges], encodings: Sequence[Encoding] = ENCODINGS):
        self.head, self.encodings = head, encodings
        self.counts = {
            (name, encoding.name): encoding.count(pages)
            for name, pages in balloons.items()
            for encoding in encodings
        }
        self.names = list(balloons)

    def __repr__(self) -> str:
        head = f"{self.head:>8}" + "".join(f" | {encoding.name:^19}" for encoding in self.encodings)
        units = f"{'':>8}" + f" | {'messages':>8} {'bytes':>10}" * len(self.encodings)
        lines = [head.rstrip(), units]
        for name in self.names:
            cells = (self.counts[name, encoding.name] for encoding in self.encodings)
            lines.append(f"{name:>8}" + "".join(f" | {c.messages:>8,} {c.bytes:>10,}" for c in cells))
        return "\n".join(lines)


RUNS = (1, 2, 8, 32, 128, 512, 4096)
"""In pages."""


def by_run(runs: Sequence[int] = RUNS, size: int = 1 << 30) -> Comparison:
    """Every encoding for `size` bytes, the pages in runs of so many, as far apart as they are long."""
    return Comparison("run of", {f"{run:,}": spread(size >> PAGE_SHIFT, run) for run in runs})
