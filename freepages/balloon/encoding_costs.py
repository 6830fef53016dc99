"""What each way to tell the host which pages costs, from 1 MiB of balloon to 64 GiB."""

from __future__ import annotations

from collections.abc import Sequence

from freepages.balloon.encodings import ENCODINGS, Encoding, spread
from freepages.pages.orders import PAGE_SHIFT


class Comparison:
    """What every encoding costs for several sizes of balloon; shown as a table.

    A message is two crossings of the border: the driver's notification, an exit, and the interrupt that it
    waits for.
    """

    def __init__(self, sizes: Sequence[int], run: int, encodings: Sequence[Encoding] = ENCODINGS):
        self.sizes, self.run, self.encodings = sizes, run, encodings
        self.counts = {
            (size, encoding.name): encoding.count(spread(size >> PAGE_SHIFT, run))
            for size in sizes
            for encoding in encodings
        }

    def __repr__(self) -> str:
        head = f"{'balloon':>8}" + "".join(f" | {encoding.name:^23}" for encoding in self.encodings)
        units = f"{'':>8}" + f" | {'messages':>9} {'bytes':>13}" * len(self.encodings)
        lines = ["A message is one exit to notify and one interrupt to acknowledge.", head.rstrip(), units]
        for size in self.sizes:
            cells = (self.counts[size, encoding.name] for encoding in self.encodings)
            lines.append(f"{_size(size):>8}" + "".join(f" | {c.messages:>9,} {c.bytes:>13,}" for c in cells))
        return "\n".join(lines)


SIZES = tuple(1 << shift for shift in range(20, 37, 2))
"""1 MiB, 4 MiB, ... 64 GiB, in bytes."""


def compare(run: int = 512, sizes: Sequence[int] = SIZES) -> Comparison:
    """Every encoding for every size (bytes), the pages in runs of `run` as far apart as they are long."""
    return Comparison(sizes, run)


def _size(size: int) -> str:
    return f"{size >> 30} GiB" if size >= 1 << 30 else f"{size >> 20} MiB"
