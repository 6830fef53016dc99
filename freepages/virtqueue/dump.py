"""The file that a virtqueue dumped from a machine comes in.

It is JSON: the queue size `num`, the addresses `desc_addr`, `avail_addr` and `used_addr`, `features` (bit
numbers or names), `legacy` (true or false), and `memory`, a list of `{"addr", "hex"}`. A legacy queue of a
big-endian guest says `"endian": "big"` as well. The memory may lack anything: the buffers, usually, and a
part of the ring where the dump was cut short.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.virtqueue.features import MERGED, PAGE_REPORTING, RING
from freepages.virtqueue.guest_memory import TOP, GuestMemory
from freepages.virtqueue.ring_layout import RING_PACKED, VERSION_1, Layout, LayoutError

RESERVED = {
    **{24: "NOTIFY_ON_EMPTY", 27: "ANY_LAYOUT"},
    **RING,
    **{33: "ACCESS_PLATFORM", RING_PACKED: "RING_PACKED", 35: "IN_ORDER", 36: "ORDER_PLATFORM", 37: "SR_IOV"},
    **{38: "NOTIFICATION_DATA", 39: "NOTIF_CONFIG_DATA", 40: "RING_RESET"},
}
"""The feature bits that every kind of device has ("Reserved Feature Bits"; the bits below 24 are its own)."""

BITS = {name: bit for bit, name in {**MERGED, **RESERVED}.items()} | {"REPORTING": PAGE_REPORTING}


class DumpError(FreepagesError):
    """A dump that is not what it must be; the message names the file and the field."""


class Dump(NamedTuple):
    memory: GuestMemory
    layout: Layout
    features: frozenset[int]


def read_dump(path: str | Path) -> Dump:
    """Read a dump file. Raises DumpError."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise DumpError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise DumpError(f"{path}: is not JSON: byte {error.start} is not text") from None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DumpError(f"{path}: is not JSON: {error}") from None
    return parse_dump(value, str(path))


def parse_dump(value: Any, name: str = "dump") -> Dump:
    """A dump from its parsed JSON; `name` begins every error's message. Raises DumpError."""
    field = _Field(value, name)
    num = field["num"].integer(1 << 32)
    desc, avail, used = (field[key].integer(TOP) for key in ("desc_addr", "avail_addr", "used_addr"))
    features = frozenset(feature.feature() for feature in field.get("features", []).items())
    legacy = field.get("legacy", False).boolean()
    endian = field.get("endian", "little").one_of("little", "big")
    if RING_PACKED in features:
        raise DumpError(f"{name}: features: a packed ring (RING_PACKED), and this reads split ones")
    try:
        layout = Layout(num, desc, avail, used)
    except LayoutError as error:
        raise DumpError(f"{name}: {error}") from None
    pieces = [(piece["addr"].integer(TOP), piece["hex"].bytes(), piece) for piece in field["memory"].items()]
    return Dump(
        GuestMemory(_joined(pieces), "big" if legacy and endian == "big" else "little"), layout, features
    )


class _Field:
    """A value in the file and the name it has there."""

    def __init__(self, value: Any, name: str):
        self.value, self.name = value, name

    def wrong(self, what: str) -> DumpError:
        shown = json.dumps(self.value)
        return DumpError(f"{self.name}: {shown if len(shown) <= 40 else shown[:37] + '...'} is not {what}")

    def __getitem__(self, key: str) -> _Field:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        if key not in self.value:
            raise DumpError(f"{self.name}: has no {key}")
        return self.get(key, None)

    def get(self, key: str, default: Any) -> _Field:
        return _Field(self.value.get(key, default), f"{self.name}: {key}")

    def items(self) -> list[_Field]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return [_Field(item, f"{self.name}[{at}]") for at, item in enumerate(self.value)]

    def integer(self, below: int) -> int:
        if type(self.value) is not int or not 0 <= self.value < below:
            raise self.wrong(f"an integer from 0 to {below - 1}")
        return self.value

    def boolean(self) -> bool:
        if type(self.value) is not bool:
            raise self.wrong("true or false")
        return self.value

    def one_of(self, *values: str) -> str:
        if self.value not in values:
            raise self.wrong(" or ".join(values))
        return self.value

    def bytes(self) -> bytes:
        try:
            return bytes.fromhex(self.value)
        except (TypeError, ValueError):
            raise self.wrong("an even number of hexadecimal digits") from None

    def feature(self) -> int:
        if isinstance(self.value, str):
            bare = self.value.upper()
            for prefix in ("VIRTIO_BALLOON_F_", "VIRTIO_RING_F_", "VIRTIO_F_"):
                bare = bare.removeprefix(prefix)
            if bare in BITS:
                return BITS[bare]
        elif type(self.value) is int and 0 <= self.value < 128:
            return self.value
        raise self.wrong("a feature: a bit number, or a name such as VERSION_1")


def _joined(pieces: Iterable[tuple[int, bytes, _Field]]) -> dict[int, bytearray]:
    """The pieces as ranges of memory, those that touch as one; they may overlap where they agree."""
    ranges: dict[int, bytearray] = {}
    start, end = 0, -1
    for addr, data, field in sorted(pieces, key=lambda piece: piece[0]):
        if addr + len(data) > TOP:
            raise DumpError(f"{field.name}: {len(data)} bytes at {addr} end above 2^64")
        if addr > end:
            start, ranges[addr] = addr, bytearray()
        run = ranges[start]
        known = run[addr - start : addr - start + len(data)]
        if known != data[: len(known)]:
            raise DumpError(f"{field.name}: contradicts another piece of memory")
        run += data[len(known) :]
        end = start + len(run)
    return ranges


def dumped(memory: GuestMemory, layout: Layout, features: Collection[int] = ()) -> dict[str, Any]:
    """What the file of this queue says, with all of the memory in it."""
    return {
        "num": layout.num,
        "desc_addr": layout.desc,
        "avail_addr": layout.avail,
        "used_addr": layout.used,
        "features": sorted(features),
        "legacy": VERSION_1 not in features,
        "endian": memory.endian,
        "memory": [{"addr": addr, "hex": memory.read(addr, size).hex()} for addr, size in memory.ranges],
    }
