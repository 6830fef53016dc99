"""The file that a virtqueue dumped from a machine comes in.

It is JSON: the queue size `num`, the addresses `desc_addr`, `avail_addr` and `used_addr`, `features` (bit
numbers or names), `legacy` (true or false), and `memory`, a list of `{"addr", "hex"}`. A legacy queue of a
big-endian guest says `"endian": "big"` as well. The memory may lack anything: the buffers, usually, and a
part of the ring where the dump was cut short.

Or it is QEMU's answer to x-query-virtio-queue-status or x-query-virtio-vhost-queue-status (since 7.2), which
has no memory; `memory` and `features` may be added to it. Features are also read as QEMU's
x-query-virtio-status prints them, as Linux has them in /sys/bus/virtio/devices/*/features, and as one number
with a bit for each.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from freepages.engine.errors import FreepagesError, unknown
from freepages.virtqueue.features import MERGED, PAGE_REPORTING, RING
from freepages.virtqueue.guest_memory import TOP, Endian, GuestMemory
from freepages.virtqueue.ring_layout import RING_PACKED, VERSION_1, Layout, LayoutError

MOST = 1 << 28
"""Bytes of a file that are looked at."""

RESERVED = {
    24: "NOTIFY_ON_EMPTY",
    27: "ANY_LAYOUT",
    **RING,
    33: "ACCESS_PLATFORM",
    RING_PACKED: "RING_PACKED",
    35: "IN_ORDER",
    36: "ORDER_PLATFORM",
    37: "SR_IOV",
    38: "NOTIFICATION_DATA",
    39: "NOTIF_CONFIG_DATA",
    40: "RING_RESET",
}
"""The feature bits that every kind of device has ("Reserved Feature Bits"; the bits below 24 are its own)."""

BITS = {name: bit for bit, name in {**MERGED, **RESERVED}.items()}


OTHER_NAMES = {
    "IOMMU_PLATFORM": 33,
    "REPORTING": PAGE_REPORTING,
    "ADMIN_VQ": 41,
    "BAD_FEATURE": 30,
    "PROTOCOL_FEATURES": 30,
    "LOG_ALL": 26,  # of old QEMU and of vhost
}
"""What Linux and QEMU call some of them besides."""

QEMU_NAMES = {
    "vring-num": "num",
    "vring-desc": "desc_addr",
    "vring-avail": "avail_addr",
    "vring-used": "used_addr",
    "desc-phys": "desc_addr",
    "avail-phys": "avail_addr",
    "used-phys": "used_addr",
}
"""Fields of QEMU's answers that are fields of a dump."""


class DumpError(FreepagesError):
    """A dump that is not what it must be; the message names the file and the field."""


class Dump(NamedTuple):
    """A dump as it was read: the memory, where the queue lies in it, and its features.

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> dump = read_dump(data_path("rings", "modern-hinting.json"))
    >>> dump.layout.num, sorted(dump.features)
    (1024, [1, 3, 5, 29, 32, 40])
    """

    memory: GuestMemory
    layout: Layout
    features: frozenset[int]
    foreign: tuple[str, ...] = ()
    """Features of another kind of device, by name; they do not bear on the ring."""
    told: Mapping[str, Any] = {}
    """What QEMU's answer says of the queue, in QEMU's words."""


def read_dump(path: str | Path) -> Dump:
    """Read a dump file.

    Raises
    ------
    DumpError

    Examples
    --------
    >>> from freepages.real.data_path import data_path
    >>> read_dump(data_path("rings", "modern-hinting.json")).layout
    Layout(num=1024, desc=47448064, avail=47464448, used=47466560)
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST)
    except OSError as error:
        raise DumpError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        value = json.loads(data)  # UTF-8 or UTF-16, with or without a byte order mark
    except UnicodeDecodeError as error:
        raise DumpError(f"{path}: is not JSON: byte {error.start} is not text") from None
    except (ValueError, RecursionError) as error:
        raise DumpError(f"{path}: is not JSON: {error}") from None
    return parse_dump(value, str(path))


def parse_dump(value: Any, name: str = "dump") -> Dump:
    """A dump from its parsed JSON; `name` begins every error's message.

    Raises
    ------
    DumpError

    Examples
    --------
    >>> told = dict(num=4, desc_addr=0, avail_addr=64, used_addr=80, memory=[])
    >>> parse_dump(told).layout
    Layout(num=4, desc=0, avail=64, used=80)
    >>> parse_dump(told | dict(num=3), "mine.json")
    Traceback (most recent call last):
        ...
    freepages.virtqueue.dump.DumpError: mine.json: num 3 is not a power of two in 1..32768
    """
    value, told = _answer(value, name)
    field = _Field(value, name)
    num = field["num"].integer(1 << 32)
    desc, avail, used = (field[key].integer(TOP) for key in ("desc_addr", "avail_addr", "used_addr"))
    features, foreign = field.get("features", []).features()
    legacy = field.get("legacy", False).boolean()
    endian = field.get("endian", "little").one_of("little", "big")
    if RING_PACKED in features:
        raise DumpError(f"{name}: features: a packed ring (RING_PACKED), and this reads split ones")
    try:
        layout = Layout(num, desc, avail, used)
    except LayoutError as error:
        raise DumpError(f"{name}: {error}") from None
    memory = field.get("memory", []) if told else field["memory"]
    pieces = [(piece["addr"].integer(TOP), piece["hex"].bytes(), piece) for piece in memory.items()]
    order: Endian = "big" if legacy and endian == "big" else "little"
    return Dump(GuestMemory(_joined(pieces), order), layout, features, foreign, told)


def _answer(value: Any, name: str) -> tuple[Any, dict[str, Any]]:
    """A dump's fields out of QEMU's answer, and what else it says; of a dump, itself and nothing."""
    if isinstance(value, dict) and isinstance(error := value.get("error"), dict):
        raise DumpError(f"{name}: QEMU's answer is an error: {json.dumps(error.get('desc'))[:80]}")
    told = value["return"] if isinstance(value, dict) and isinstance(value.get("return"), dict) else value
    if not isinstance(told, dict) or not QEMU_NAMES.keys() & told.keys():
        return value, {}
    given = {key: some for key, some in value.items() if key in ("features", "memory", "legacy", "endian")}
    ours = {QEMU_NAMES.get(key, key): some for key, some in told.items()}
    more = {key: some for key, some in told.items() if _plain(some) and _plain(key) and key not in QEMU_NAMES}
    return ours | given, more


def _plain(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, str) and value.isprintable())


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

    def features(self) -> tuple[frozenset[int], tuple[str, ...]]:
        """The bits, and the names of those of other kinds of device."""
        value = self.value
        if isinstance(value, dict):  # x-query-virtio-status; unknown ones are a mask
            fields = [self.get(key, []) for key in value]
            if nested := next((field for field in fields if isinstance(field.value, dict)), None):
                raise nested.wrong("a list")
            parts = [field.features() for field in fields]
            bits, names = zip(*parts, strict=True) if parts else ((), ())
            return frozenset().union(*bits), tuple(name for some in names for name in some)
        if isinstance(value, str) and re.fullmatch("[01]{32,128}", value):  # of /sys: bit 0 first
            return frozenset(bit for bit, digit in enumerate(value) if digit == "1"), ()
        if isinstance(value, str) and re.fullmatch("0[xX][0-9a-fA-F]{1,32}", value):
            value = int(value, 16)
        if type(value) is int and 0 <= value < 1 << 128:
            return frozenset(bit for bit in range(128) if value >> bit & 1), ()
        found = [feature.feature() for feature in self.items()]
        return (
            frozenset(some for some in found if isinstance(some, int)),
            tuple(some for some in found if isinstance(some, str)),
        )

    def feature(self) -> int | str:
        """A bit; or a name, of another kind of device."""
        if isinstance(self.value, str):
            name = self.value.partition(":")[0].strip().upper()  # QEMU adds what it means
            bare = re.sub("^VIRTIO_(BALLOON_|RING_)?F_|^VHOST_(USER_)?F_", "", name)
            if bare in BITS | OTHER_NAMES:
                return (BITS | OTHER_NAMES)[bare]
            if re.fullmatch(r"VIRTIO_[A-Z0-9]+_F_\w+", name) and bare == name:
                return name
            if match := re.fullmatch(r"(?:BIT )?(\d{1,3})", name):
                return _Field(int(match[1]), self.name).integer(128)
            raise DumpError(f"{self.name}: {unknown('feature', self.value, BITS)}")
        if type(self.value) is int and 0 <= self.value < 128:
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
    """What the file of this queue says, with all of the memory in it.

    Examples
    --------
    >>> dumped(GuestMemory({0: 64}), Layout.at(1, 0))["avail_addr"]
    16
    """
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
