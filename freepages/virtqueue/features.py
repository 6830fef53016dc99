"""The balloon device's feature bits, its queues and its configuration space.

From the specification, "Traditional Memory Balloon Device" with "Feature bits", "Virtqueues" and "Device
configuration layout", and include/uapi/linux/virtio_balloon.h. Bit 3 has had two lives: the patch of April
2016 took it for GET_FREE_PAGES, which was never merged, and FREE_PAGE_HINT has it since Linux 4.20 (commit
86a559787e6f). A device of the one and a driver of the other would negotiate it and misunderstand each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from struct import Struct

from freepages.engine.errors import FreepagesError
from freepages.virtqueue.ring_layout import EVENT_IDX, INDIRECT_DESC, VERSION_1

MUST_TELL_HOST, STATS_VQ, DEFLATE_ON_OOM, FREE_PAGE_HINT, PAGE_POISON, PAGE_REPORTING = range(6)
GET_FREE_PAGES = FREE_PAGE_HINT

RING = {INDIRECT_DESC: "INDIRECT_DESC", EVENT_IDX: "EVENT_IDX", VERSION_1: "VERSION_1"}
CLASSIC = {MUST_TELL_HOST: "MUST_TELL_HOST", STATS_VQ: "STATS_VQ", DEFLATE_ON_OOM: "DEFLATE_ON_OOM"}

APRIL_2016: Mapping[int, str] = {**CLASSIC, GET_FREE_PAGES: "GET_FREE_PAGES", **RING}
"""The bits as the patch of 19 April 2016 would have had them."""

MERGED: Mapping[int, str] = {
    **CLASSIC,
    FREE_PAGE_HINT: "FREE_PAGE_HINT",
    PAGE_POISON: "PAGE_POISON",
    PAGE_REPORTING: "PAGE_REPORTING",
    **RING,
}
"""The bits as they are in the specification now. Linux calls the last one of the balloon F_REPORTING."""

Features = frozenset[int]


class NegotiationError(FreepagesError):
    """A driver and a device that cannot agree on features, or a register that is not there."""


def names(features: Iterable[int], bits: Mapping[int, str] = MERGED) -> str:
    """`"STATS_VQ FREE_PAGE_HINT VERSION_1"`; a bit without a name is `"bit 17"`.

    Examples
    --------
    >>> names({STATS_VQ, FREE_PAGE_HINT, VERSION_1, 17})
    'STATS_VQ FREE_PAGE_HINT bit 17 VERSION_1'
    >>> names({GET_FREE_PAGES}, APRIL_2016)
    'GET_FREE_PAGES'
    """
    return " ".join(bits.get(bit, f"bit {bit}") for bit in sorted(features)) or "none"


def checked(
    offered: Collection[int],
    accepted: Collection[int],
    *,
    transitional: bool = True,
    bits: Mapping[int, str] = MERGED,
) -> Features:
    """`accepted`, or a NegotiationError: the device's answer to what a driver wrote.

    Examples
    --------
    >>> checked({STATS_VQ}, {STATS_VQ, PAGE_POISON})
    Traceback (most recent call last):
        ...
    freepages.virtqueue.features.NegotiationError: the driver accepts what was not offered: PAGE_P...
    """
    more = frozenset(accepted) - frozenset(offered)
    if more:
        raise NegotiationError(f"the driver accepts what was not offered: {names(more, bits)}")
    if not transitional and VERSION_1 in offered and VERSION_1 not in accepted:
        raise NegotiationError("the device is not transitional, and the driver leaves VERSION_1 out")
    return frozenset(accepted)


def is_legacy(features: Collection[int]) -> bool:
    """Whether rings and messages are in the guest's own byte order.

    Examples
    --------
    >>> is_legacy({STATS_VQ}), is_legacy({VERSION_1})
    (True, False)
    """
    return VERSION_1 not in features


# name -> (number, the feature it takes)
QUEUES: Mapping[str, tuple[int, int | None]] = {
    "inflate": (0, None),
    "deflate": (1, None),
    "stats": (2, STATS_VQ),
    "free_pages": (3, GET_FREE_PAGES),
    "reporting": (4, PAGE_REPORTING),
}


def queues(
    features: Collection[int], *, always_stats: bool = False, without_gaps: bool = False
) -> dict[str, int]:
    """Which queues there are, by name, with their numbers.

    A queue exists only with its feature. By the specification it keeps its number: without STATS_VQ there is
    no queue 2, and free_pages is 3 all the same. Linux and QEMU number the queues that there are
    `without_gaps`, in the same order; Tsirkin's series that would have changed it (July 2024) was not merged,
    and Linux still did so in April 2025 (<20250425161512.2188405-1-david@redhat.com>). QEMU makes the
    statistics queue whether or not it is asked for: `always_stats`.

    Examples
    --------
    >>> queues({GET_FREE_PAGES})
    {'inflate': 0, 'deflate': 1, 'free_pages': 3}
    >>> queues({GET_FREE_PAGES}, without_gaps=True)
    {'inflate': 0, 'deflate': 1, 'free_pages': 2}
    """
    found = {
        name: number
        for name, (number, feature) in QUEUES.items()
        if feature is None or feature in features or (always_stats and name == "stats")
    }
    return {name: at for at, name in enumerate(found)} if without_gaps else found


class Config:
    """The configuration space: four le32, in a legacy device too ("MUST use little-endian").

    num_pages              how many pages the device wants in the balloon
    actual                 how many are; the driver writes it
    free_page_hint_cmd_id  the command of the free page hints, with FREE_PAGE_HINT
    poison_val             what the driver fills free pages with; it writes it, with PAGE_POISON

    Examples
    --------
    >>> config = Config()
    >>> config["num_pages"] = 256; config.fields()
    {'num_pages': 256, 'actual': 0, 'free_page_hint_cmd_id': 0, 'poison_val': 0}
    >>> config.driver_writes("num_pages", 0)
    Traceback (most recent call last):
        ...
    freepages.virtqueue.features.NegotiationError: config: the driver may only read num_pages
    """

    FIELDS = ("num_pages", "actual", "free_page_hint_cmd_id", "poison_val")
    WRITTEN_BY_DRIVER = ("actual", "poison_val")
    LE32 = Struct("<I")

    def __init__(self) -> None:
        self.bytes = bytearray(4 * len(self.FIELDS))

    def __getitem__(self, field: str) -> int:
        return self.LE32.unpack_from(self.bytes, self._at(field))[0]

    def __setitem__(self, field: str, value: int) -> None:
        """The device writes a field, with any of its 32 bits."""
        at = self._at(field)
        if not 0 <= value < 1 << 32:
            raise NegotiationError(f"config: {field} is 32 bits wide, {value} does not fit")
        self.LE32.pack_into(self.bytes, at, value)

    def driver_writes(self, field: str, value: int) -> None:
        """The driver writes a field; NegotiationError for one that it may only read."""
        if field not in self.WRITTEN_BY_DRIVER:
            self._at(field)
            raise NegotiationError(f"config: the driver may only read {field}")
        self[field] = value

    def _at(self, field: str) -> int:
        if field not in self.FIELDS:
            raise NegotiationError(f"config: no field is named {field!r}: there are {', '.join(self.FIELDS)}")
        return 4 * self.FIELDS.index(field)

    def fields(self) -> dict[str, int]:
        """Every field with its value."""
        return {field: self[field] for field in self.FIELDS}
