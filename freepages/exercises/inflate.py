"""Notebook 21: write the messages of a classic inflate."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from freepages.balloon.device import BalloonDevice
from freepages.balloon.encodings import PfnArray
from freepages.engine import straight
from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.virtqueue.features import QUEUES
from freepages.virtqueue.guest_memory import GuestMemory
from freepages.virtqueue.ring import DriverQueue
from freepages.virtqueue.ring_layout import VERSION_1, Layout
from freepages.virtqueue.transport import Transport

CASES = 60
PAGES = 4096
NUM = 4
RING_AT, BUFFER_AT, BUFFER = 0x1000, 0x2000, 0x4000
MOST = PfnArray().batch


class Host:
    """A balloon device of a guest with PAGES pages, and a queue on which anything may be said to it."""

    def __init__(self) -> None:
        memory = GuestMemory({RING_AT: BUFFER_AT - RING_AT, BUFFER_AT: BUFFER})
        number, _ = QUEUES["inflate"]
        transport = Transport((VERSION_1,), {number: NUM})
        transport.accept((VERSION_1,))
        transport.layouts[number] = layout = Layout.at(NUM, RING_AT)
        self.queue = DriverQueue(memory, layout, transport.accepted)
        self.device = BalloonDevice(transport, memory, PAGES)
        self.memory = memory

    def told(self, message: bytes) -> list[tuple[int, int]]:
        """Send a message; the pages [start, end) that the device reads in it, ascending."""
        self.memory.write(BUFFER_AT, message)
        straight(self.queue.add([(BUFFER_AT, len(message))], [], "message"))
        chain = straight(self.device.queue("inflate").pop())
        spans: list[tuple[int, int]] = list(straight(self.device.pages_of(chain)))
        straight(self.device.use("inflate", chain, 0))
        straight(self.queue.get_buf())
        return spans


def cases() -> Iterable[list[int]]:
    """Pages as an allocator gives them out: runs in any order; first, as many as a message and one more."""
    chance = random.Random(2016)
    for case in range(CASES):
        count = (
            (1, MOST - 1, MOST, MOST + 1, 2 * MOST, 3 * MOST)[case] if case < 6 else chance.randrange(1, 900)
        )
        starts = list(range(0, PAGES, 8))
        chance.shuffle(starts)
        yield [pfn for start in starts for pfn in range(start, start + 8)][:count]


def _judge(encode: Callable[[Sequence[int]], Iterable[bytes]]) -> str:
    for case, pfns in enumerate(cases()):
        few = f"case {case}, {len(pfns)} pages from {pfns[0]} on"
        messages = _bytes(returned(encode, list(pfns)))
        host, told = Host(), set[int]()
        for number, message in enumerate(messages):
            if not 0 < len(message) <= 4 * MOST:
                raise Wrong(
                    f"{few}: message {number} has {len(message)} bytes; 1 to {4 * MOST} are possible."
                )
            told.update(pfn for start, end in host.told(message) for pfn in range(start, end))
            if host.device.refused:
                why = f"{few}: the device refuses message {number}: {host.device.refused[0]}."
                raise Wrong(why + _likely(message, pfns))
        if strange := told - set(pfns):
            raise Wrong(
                f"{few}: the device discards page {min(strange)}, which the driver does not own. Is each "
                "page named by 4 bytes, and by nothing else?"
            )
        if missing := set(pfns) - told:
            raise Wrong(f"{few}: the device was not told of {len(missing)} pages, {min(missing)} among them.")
        if len(messages) != -(-len(pfns) // MOST):
            raise Wrong(f"{few}: {len(messages)} messages; {-(-len(pfns) // MOST)} are enough.")
        if sum(map(len, messages)) != 4 * len(pfns):
            raise Wrong(f"{few}: some page is named twice.")
    return f"{CASES} balloons, of 1 to {MOST} pages a message, are what the device inflates."


def _bytes(messages: Any) -> list[bytes]:
    if isinstance(messages, bytes | bytearray):
        raise Wrong("it returns one message; a list of messages is wanted, also where there is only one.")
    messages = list(messages)
    for message in messages:
        if not isinstance(message, bytes | bytearray):
            raise Wrong(f"a message is bytes, and one of them is {type(message).__name__}.")
    return list(map(bytes, messages))


def _likely(message: bytes, pfns: Sequence[int]) -> str:
    """What was likely done to a message with pages that the guest has not."""
    if int.from_bytes(message[:4], "big") in pfns:
        return " The high byte comes first. Little endian puts the low byte first."
    if int.from_bytes(message[:4], "little") >> 12 in pfns:
        return " These are addresses. A PFN is the address divided by 4096."
    return ""


encode = Exercise(
    f"""Write encode(pfns): the messages of an inflate, as a list of bytes.
- each PFN is 4 bytes, little endian;
- a message names at most {MOST} pages;
- there are as few messages as can be.""",
    _judge,
    (
        f"cut the list into pieces of {MOST}, the last one shorter. What are the bytes of one piece?",
        "pfn.to_bytes(4, 'little') are a page's; b''.join(...) makes a message of them.",
        f"for at in range(0, len(pfns), {MOST}): b''.join(pfn.to_bytes(4, 'little') for pfn in "
        f"pfns[at : at + {MOST}])",
    ),
    function,
)
