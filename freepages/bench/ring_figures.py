"""How many requests go round a virtqueue in a second, and how long a dump takes to decode.

A round trip is add, kick, pop, push and get_buf, every byte of it written to guest memory and read back from
there: the very code that a learner steps through, its steps consumed by an empty deque. The dump is of a
queue of 1,024 entries, as many chains in flight and as many completed, from the file's text to the JSON of
the answer. Nothing here waits for anything, so the time is the processor's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from time import process_time

from freepages.balloon.decoded_dump import as_json, decode
from freepages.bench import Row
from freepages.engine import Steps, straight
from freepages.engine.errors import FreepagesError
from freepages.virtqueue.dump import dumped, parse_dump
from freepages.virtqueue.guest_memory import GuestMemory
from freepages.virtqueue.ring import DeviceQueue, DriverQueue, Piece
from freepages.virtqueue.ring_layout import EVENT_IDX, INDIRECT_DESC, VERSION_1, Layout

ROUNDS = 15
TRIPS = 2_000
NUM = 1024
TABLE, RING, DATA = 0x1000, 0x10000, 0x100000
HEADER, PAGE = (DATA, 16), (DATA + 4096, 4096)
TRIP, DECODE = "round trip", "decode 1,024 entries"

Chain = tuple[list[Piece], list[Piece], int | None]
"""What the device reads, what it writes, and where the indirect table is, if there is one."""


class Pair:
    """A driver and a device on one ring in a guest's memory."""

    def __init__(self, features: frozenset[int]):
        self.features = features
        self.memory = GuestMemory({TABLE: 4096, RING: 1 << 16, DATA: 1 << 16})
        self.layout = Layout.at(NUM, RING)
        self.driver = DriverQueue(self.memory, self.layout, features)
        self.device = DeviceQueue(self.memory, self.layout, features)

    def trips(self, count: int, out: list[Piece], in_: list[Piece], table: int | None) -> Steps:
        """That many requests, one after the other; each must come back with what was written."""
        driver, device = self.driver, self.device
        for token in range(count):
            yield from driver.add(out, in_, token, table)
            yield from driver.kick()
            yield from device.push((yield from device.pop()), 16)
            if (yield from driver.get_buf()) != (token, 16):
                raise FreepagesError(f"bench ring: a request was lost: {device.broken or driver.broken}")

    def fill(self) -> Steps:
        """Offer as many chains as the queue takes, use them all, and offer as many again."""
        driver, device = self.driver, self.device
        for _ in range(2):
            while (chain := (yield from device.pop())) is not None:
                yield from device.push(chain, 0)
            while (yield from driver.get_buf()) is not None:
                pass
            while (yield from driver.add_inbuf([PAGE], "token")):
                pass


def round_trips(pair: Pair, how: Chain) -> None:
    straight(pair.trips(TRIPS, *how))


def through_the_decoder(text: str) -> str:
    dump = parse_dump(json.loads(text))
    return json.dumps(as_json(dump, decode(dump)))


def rows() -> Iterator[Row]:
    """One row a figure: {"what", "buffers", "features", "median_us", "per_s"}."""
    event = frozenset((VERSION_1, EVENT_IDX))
    ways: list[tuple[str, frozenset[int], Chain]] = [
        ("", frozenset((VERSION_1,)), ([], [PAGE], None)),
        ("EVENT_IDX", event, ([], [PAGE], None)),
        ("EVENT_IDX", event, ([HEADER], [PAGE], None)),
        ("EVENT_IDX INDIRECT_DESC", event | {INDIRECT_DESC}, ([HEADER], [PAGE], TABLE)),
    ]
    figures: list[tuple[Row, int, Callable[[], object]]] = []
    for names, features, how in ways:
        row: Row = {"what": TRIP, "buffers": len(how[0] + how[1]), "features": names}
        figures.append((row, TRIPS, partial(round_trips, Pair(features), how)))
    pair = Pair(event)
    straight(pair.fill())
    row = {"what": DECODE, "buffers": 2 * NUM, "features": "EVENT_IDX"}
    text = json.dumps(dumped(pair.memory, pair.layout, event))
    figures.append((row, 1, partial(through_the_decoder, text)))

    times: list[list[float]] = [[] for _ in figures]
    for _ in range(ROUNDS):
        for (_, count, act), taken in zip(figures, times, strict=True):
            start = process_time()
            act()
            taken.append((process_time() - start) / count)
    for (row, _, _), taken in zip(figures, times, strict=True):
        yield row | {"median_us": round(median(taken) * 1e6, 2), "per_s": round(1 / median(taken))}
