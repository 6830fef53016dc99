"""Rings that no honest driver and no honest device would write, by the hundred thousand.

Run from the checkout:

    python -m freepages.bench.hostile_rings [--count 200000] [--seed 2016] [--json]

One *trial* turns a string of bytes into a ring and an attack on it: an honest side sets the ring up, the
other side then writes into it what the bytes say, before and between the steps of the side under attack. The
memory keeps account of every access. A trial fails when one leaves the mapped ranges, when a side writes
where it may not, when an operation takes more steps than a queue of that size can need, when the device and
the decoder disagree, or when anything but a broken queue comes of it. The campaign is guided by behaviour: a
string whose trial goes from one kind of step to another as none before it did is kept, and bred from.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import Any, NamedTuple, TypeVar

from freepages.balloon.decoded_dump import as_json, as_text
from freepages.balloon.messages import MEANINGS
from freepages.engine import Steps
from freepages.virtqueue.chain import OUTSIDE, SHARED, Fault
from freepages.virtqueue.dump import dumped, parse_dump
from freepages.virtqueue.guest_memory import TOP, Endian, GuestMemory, Reader, Writer
from freepages.virtqueue.ring import DeviceQueue, DriverQueue
from freepages.virtqueue.ring_layout import EVENT_IDX, INDIRECT_DESC, VERSION_1, Layout
from freepages.virtqueue.ring_state import describe
from tests.virtqueue import reference

T = TypeVar("T")
Span = tuple[int, int]

BUFFERS = {0x10_0000: 4096, 0x10_1000: 96, TOP - 64: 64}
TABLES = 0x20_0000  # where the driver puts its indirect tables
NASTY = (
    0,
    1,
    2,
    3,
    15,
    16,
    17,
    32,
    4095,
    4096,
    0x7FFF,
    0x8000,
    0xFFFF,
    1 << 31,
    (1 << 32) - 1,
    TOP - 1,
    TOP - 16,
)


class Choices:
    """Decisions out of a string of bytes; where it ends, the first option of each."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def below(self, n: int) -> int:
        value, size = 0, 1 if n <= 256 else 2
        for _ in range(size):
            value = value << 8 | (self.data[self.at] if self.at < len(self.data) else 0)
            self.at += 1
        return value % n

    def of(self, options: Sequence[T]) -> T:
        return options[self.below(len(options))]

    def nasty(self, near: int) -> int:
        """A value that has a chance to do harm, or one that is nearly right."""
        return self.of(NASTY) if self.below(2) else max(0, near + self.below(9) - 4)


class WatchedMemory(GuestMemory):
    """Guest memory that holds every access against the mapped ranges, and every write against `may_write`."""

    def __init__(self, ranges: dict[int, int], endian: Endian):
        super().__init__(ranges, endian)
        self.mapped = [(start, start + size) for start, size in ranges.items()]
        self.may_write: list[Span] = []
        self.accesses = 0

    def account(self, addr: int, size: int, write: bool) -> None:
        self.accesses += 1
        for byte in {addr, addr + size - 1} if size else ():
            assert any(start <= byte < end for start, end in self.mapped), f"access at {byte:#x}"
        if write and size:
            assert any(start <= addr and addr + size <= end for start, end in self.may_write), (
                f"write at {addr:#x}"
            )

    def read(self, addr: int, size: int) -> bytes:
        data = super().read(addr, size)
        self.account(addr, size, False)
        return data

    def write(self, addr: int, data: bytes | bytearray | memoryview) -> None:
        super().check(addr, len(data))
        self.account(addr, len(data), True)
        super().write(addr, data)

    def reader(self, form: Struct, addr: int, size: int) -> Reader:
        get = super().reader(form, addr, size)

        def read(at: int) -> tuple[Any, ...]:
            assert 0 <= at <= size - form.size
            self.account(addr + at, form.size, False)
            return get(at)

        return read

    def writer(self, form: Struct, addr: int, size: int) -> Writer:
        put = super().writer(form, addr, size)

        def write(at: int, *fields: int) -> None:
            assert 0 <= at <= size - form.size
            self.account(addr + at, form.size, True)
            put(at, *fields)

        return write


class TrialEnd(NamedTuple):
    side: str
    broken: Fault | None
    paths: set[tuple[str, str]]
    accesses: int


class Trial:
    """A ring of the size, place and features that the bytes choose, and the attacker's hand."""

    def __init__(self, choices: Choices):
        self.choices = choices
        self.num = num = 1 << choices.below(6)
        endian: Endian = choices.of(("little", "big"))
        self.features = {bit for bit in (EVENT_IDX, INDIRECT_DESC, VERSION_1) if choices.below(2)}
        if choices.below(4):
            self.layout = Layout.at(num, choices.of((0x1000, 0x0, 0x5008)))
        else:
            self.layout = Layout.legacy(num, choices.of((1, 0xFFFF)))
        self.areas = [(start, start + size) for _, start, size, _ in self.layout.areas]
        ranges = {start: size for _, start, size, _ in self.layout.areas} | BUFFERS | {TABLES: 16 * 64}
        self.memory = WatchedMemory(ranges, endian)
        self.paths: set[tuple[str, str]] = set()
        self.last = ""

    def go(self, steps: Steps, most: int, between: Callable[[], None] | None = None) -> Any:
        """Run an operation, with the attacker's hand between its steps; it must end within `most` steps."""
        taken = 0
        while True:
            try:
                text = next(steps)[0].text
            except StopIteration as end:
                return end.value
            taken += 1
            assert taken <= most, f"more than {most} steps"
            self.paths.add((self.last, text))
            self.last = text
            if between:
                between()

    def pieces(self, most: int) -> list[Span]:
        pieces = []
        for _ in range(self.choices.below(most + 1)):
            start = self.choices.of(list(BUFFERS))
            pieces.append((start + self.choices.below(64), 1 + self.choices.below(32)))
        return pieces

    def offer(self, driver: DriverQueue, token: int) -> Any:
        out, in_ = self.pieces(min(3, self.num)), self.pieces(min(3, self.num))
        if not out and not in_:
            in_ = [(0x10_0000, 16)]
        del in_[self.num - len(out) :]
        table = TABLES if INDIRECT_DESC in self.features and self.choices.below(2) else None
        if table is not None:
            table += 96 * self.choices.below(10)
        return self.go(driver.add(out, in_, token, table), 20)

    def wild_table(self) -> None:
        """A descriptor refers to an indirect table that goes on and on."""
        choices, memory, layout = self.choices, self.memory, self.layout
        order: Endian = "little" if VERSION_1 in self.features else memory.endian

        def put(addr: int, *fields: int) -> None:
            sizes = zip(fields, (8, 4, 2, 2), strict=True)
            GuestMemory.write(memory, addr, b"".join(value.to_bytes(size, order) for value, size in sizes))

        write = choices.of((0, 2))
        for entry in range(64):
            put(TABLES + 16 * entry, 0x10_0000, 16, write | 1, entry + 1)
        length = 16 * (1 + choices.below(64))
        put(layout.desc + 16 * choices.below(self.num), TABLES, length, 4, 0)

    def strike(self, areas: Sequence[Span]) -> None:
        """One write of the attacker: a field of the ring or of an indirect table, or any byte of it."""
        choices, memory, layout = self.choices, self.memory, self.layout
        order: Endian = "little" if VERSION_1 in self.features else memory.endian
        start, end = choices.of(areas)
        kind = choices.below(4)
        if kind == 1 and start in (layout.desc, TABLES):
            entries = (end - start) // 16
            link = (
                choices.of((1, 3)),
                choices.below(entries),
            )  # flags and next: on to any descriptor there is
            addr, size = start + 16 * choices.below(entries) + 12, 4
            data = b"".join(value.to_bytes(2, order) for value in link)
            GuestMemory.write(memory, addr, data)
            return
        if kind == 0 or end - start < 16:
            addr, size = start + choices.below(end - start), 1
        elif start in (layout.desc, TABLES):
            offset, size = choices.of(((0, 8), (8, 4), (12, 2), (14, 2)))
            addr = start + 16 * choices.below((end - start) // 16) + offset
        elif kind == 1:
            addr, size = start + 2, 2  # idx
        else:
            size = 2 if start == layout.avail else 4
            addr = start + 4 + size * choices.below((end - start - 4) // size)
        old = int.from_bytes(memory.read(addr, size), order)
        value = choices.nasty(old) % (1 << 8 * size)
        # The attacker's own write is not under account: it may write anywhere in the ring.
        GuestMemory.write(memory, addr, value.to_bytes(size, order))


def attack_device(trial: Trial) -> TrialEnd:
    """A hostile driver."""
    choices, memory, layout, num = trial.choices, trial.memory, trial.layout, trial.num
    everywhere = [(start, start + size) for start, size in memory.ranges]
    memory.may_write = everywhere
    driver = DriverQueue(memory, layout, trial.features)
    device = DeviceQueue(memory, layout, trial.features)
    begin = choices.of((0, 0, 0xFFFE))  # the ring as it is after so many chains
    driver.avail_idx = driver.last_used_idx = device.last_avail_idx = device.used_idx = begin
    for addr in (layout.avail + 2, layout.used + 2):
        order: Endian = "little" if VERSION_1 in trial.features else memory.endian
        memory.write(addr, begin.to_bytes(2, order))
    for token in range(choices.below(num + 2)):
        trial.offer(driver, token)
    targets = [trial.areas[0], trial.areas[1], (TABLES, TABLES + 16 * 64)]
    if choices.below(8) == 7:
        trial.wild_table()
    for _ in range(choices.below(6)):
        trial.strike(targets)
    moving = choices.below(4) == 0

    def between() -> None:
        if moving and not choices.below(8):
            trial.strike(targets)

    memory.may_write = [trial.areas[2]]
    state = describe(memory, layout, trial.features)
    decodes_as_the_reference(dumped(memory, layout, trial.features), choices)

    popped: list[Any] = []
    changed = moving
    while len(popped) < 4 * num and (chain := trial.go(device.pop(), num + 8, between)):
        popped.append(chain)
        assert changed or len(popped) <= num, "more chains than the queue has entries"
        for addr, size, _ in chain.buffers:
            assert size and any(start <= addr and addr + size <= end for start, end in _joined(everywhere))
        assert len(chain.buffers) <= num
        data = chain.gather(memory, 4096)
        memory.may_write = [(addr, addr + size) for addr, size in chain.writable]
        # A buffer may lie over the ring itself: then what the device does changes what is offered to it.
        changed |= any(_overlap(span, target) for span in memory.may_write for target in targets)
        written = chain.scatter(memory, data + bytes(choices.below(64)))
        assert written <= sum(size for _, size in chain.writable)
        memory.may_write = [trial.areas[2]]
        trial.go(device.push(chain, written), 3, between)
        trial.go(device.notify(), 2, between)
    if not changed:
        agree(state, device, popped)
    if device.broken:
        assert trial.go(device.pop(), 1) is None
    return TrialEnd("device", device.broken, trial.paths, memory.accesses)


def decodes_as_the_reference(file: dict[str, Any], choices: Choices) -> None:
    """The dump, perhaps cut short, decodes, and says what the naive decoder says."""
    if not choices.below(4):
        pieces = file["memory"]
        del pieces[choices.below(len(pieces))]
        piece = choices.of(pieces)
        piece["hex"] = piece["hex"][: 2 * choices.below(len(piece["hex"]) // 2 + 1)]
    dump = parse_dump(file)
    state = describe(dump.memory, dump.layout, dump.features)
    as_text(dump, state, choices.of([None, *MEANINGS]))
    said = json.loads(json.dumps(as_json(dump, state)))
    json.dumps(as_json(dump, state, choices.of(list(MEANINGS))))
    expected = reference.decode(file)
    if SHARED not in str(said):
        assert bool(said.pop("broken")) == expected.pop("broken")
        for chain, other in zip(said["in_flight"], expected["in_flight"], strict=True):
            assert ("descriptors" in other) == ("broken" not in chain)
            if chain.pop("broken", None):
                chain.pop("descriptors")
        assert said == expected


def agree(state: Any, device: DeviceQueue, popped: list[Any]) -> None:
    """What the decoder said of the ring that the device then worked off."""
    shown = [offered.chain for offered in state.in_flight]
    unfollowed = any(chain and not chain.followed for chain in shown)
    assert popped == shown[: len(popped)], "the decoder shows other chains than the device pops"
    if device.broken is None:
        assert state.broken is None or state.broken.kind == SHARED
        assert len(popped) == len(shown)
    elif device.broken.kind != OUTSIDE:
        assert state.broken and state.broken.kind == device.broken.kind
    else:
        assert unfollowed or shown[len(popped)] is not None


def attack_driver(trial: Trial) -> TrialEnd:
    """A hostile device."""
    choices, memory, layout, num = trial.choices, trial.memory, trial.layout, trial.num
    memory.may_write = [*trial.areas, (TABLES, TABLES + 16 * 64)]
    driver = DriverQueue(memory, layout, trial.features, check_len=choices.of((None, True, False)))
    device = DeviceQueue(memory, layout, trial.features)
    memory.may_write = [trial.areas[0], trial.areas[1], (TABLES, TABLES + 16 * 64)]
    outside: dict[int, int] = {}
    token = 0

    def between() -> None:
        if not choices.below(12):
            trial.strike([trial.areas[2], trial.areas[2], trial.areas[0], trial.areas[1]])

    for _ in range(1 + choices.below(24)):
        move = choices.below(10)
        if move < 3:
            token += 1
            if trial.offer(driver, token):
                [writable] = [offer[2] for offer in driver.offers.values() if offer[0] == token]
                outside[token] = writable
        elif move == 3:
            trial.go(driver.kick(), 2, between)
        elif move == 4:
            driver_writes, memory.may_write = memory.may_write, [trial.areas[2]]
            if chain := trial.go(device.pop(), num + 8):
                trial.go(device.push(chain, sum(size for _, size in chain.writable)), 3)
            if choices.below(4) == 0:
                trial.go(device.push(choices.below(num + 1), choices.nasty(16) % (1 << 32)), 3)
            memory.may_write = driver_writes
        elif move == 5:
            trial.go(choices.of((driver.enable_cb, driver.disable_cb))(), 3)
        else:
            got = trial.go(driver.get_buf(), 6, between)
            if got is not None:
                assert got[0] in outside, "a token that was not outside"
                assert got[1] <= outside.pop(got[0]) or not driver.check_len
        if not driver.broken:
            taken = sum(descriptors for _, descriptors, _ in driver.offers.values())
            assert driver.num_free + taken == num
            assert {offer[0] for offer in driver.offers.values()} == outside.keys()
    if driver.broken:
        assert trial.go(driver.get_buf(), 1) is None and not trial.offer(driver, token + 1)
    return TrialEnd("driver", driver.broken, trial.paths, memory.accesses)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _joined(spans: Sequence[Span]) -> Iterator[Span]:
    start, end = -1, -1
    for low, high in sorted(spans):
        if low != end:
            if end >= 0:
                yield start, end
            start = low
        end = high
    yield start, end


def run_trial(data: bytes) -> TrialEnd:
    """One hostile ring. Raises AssertionError, or whatever went wrong, when it did harm."""
    choices = Choices(data)
    attack = choices.of((attack_device, attack_driver))
    return attack(Trial(choices))


class Campaign:
    """Trials one after the other, those that go a new way kept to breed from."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.kept: list[bytes] = []
        self.seen: set[tuple[str, str, str, str]] = set()
        self.broken: Counter[str] = Counter()
        self.trials = self.accesses = 0

    def next(self) -> bytes:
        chance = self.chance
        if not self.kept or chance.random() < 0.3:
            return chance.randbytes(chance.randrange(8, 400))
        data = bytearray(chance.choice(self.kept))
        for _ in range(1 << chance.randrange(4)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    data[at] ^= 1 << chance.randrange(8)
                case 2:
                    data[at:at] = chance.randbytes(chance.randrange(1, 8))
                case _:
                    other = chance.choice(self.kept)
                    data[at:] = other[at:] or b"\\0"
        return bytes(data[:1000])

    def run(self, count: int) -> None:
        for _ in range(count):
            data = self.next()
            try:
                outcome = run_trial(data)
            except Exception as error:
                error.add_note(f"run_trial(bytes.fromhex({data.hex()!r}))")
                raise
            self.trials += 1
            self.accesses += outcome.accesses
            kind = outcome.broken.kind if outcome.broken else "not broken"
            self.broken[f"{outcome.side}: {kind}"] += 1
            new = {(outcome.side, kind, *path) for path in outcome.paths} - self.seen
            if new:
                self.seen |= new
                self.kept.append(data)


def main() -> int:
    arguments = argparse.ArgumentParser(description="Hostile rings against both sides of the virtqueue.")
    arguments.add_argument("--count", type=int, default=200_000)
    arguments.add_argument("--seed", type=int, default=2016)
    arguments.add_argument("--json", action="store_true")
    args = arguments.parse_args()
    campaign = Campaign(args.seed)
    start = time.perf_counter()
    campaign.run(args.count)
    report = {
        "rings": campaign.trials,
        "seconds": round(time.perf_counter() - start, 1),
        "accesses": campaign.accesses,
        "ways": len(campaign.seen),
        "kept": len(campaign.kept),
        "outcomes": dict(campaign.broken.most_common()),
    }
    if args.json:
        print(json.dumps(report))
        return 0
    for key, value in report.items():
        if key != "outcomes":
            print(f"{key:9}{value:>12,}")
    for kind, count in campaign.broken.most_common():
        print(f"{count:>21,}  {kind}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
