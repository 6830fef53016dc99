"""What things take: the modelled costs that turn a run by hand into a run by the clock.

Every cost is a number with a unit and a source. Where the source is a measurement, it names the mail; where
it is "a choice", no mail has the number, and it is free to calibrate. Nothing else here is known of today's
machines: but for the sync, the measurements are those of the debate, made on Xeons of 2014 to 2016.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from freepages.engine.announcement import Act
from freepages.engine.errors import FreepagesError, unknown
from freepages.engine.quantity import parse_bandwidth, parse_bytes, parse_seconds

RFC = "https://lore.kernel.org/r/1457001868-15949-1-git-send-email-liang.z.li@intel.com"
XU = "https://lore.kernel.org/r/20251218114220.83354-1-xuchuangxclwt@bytedance.com"
TCP = "https://docs.kernel.org/networking/ip-sysctl.html"
CHOICE = "a choice"
NO_TIME = "none"
"""The cost of an act that says that it takes no time. One that says nothing takes none either."""
PAGE = 4096  # bytes: the page of every measurement below


def cost(default: float, unit: str, what: str, source: str) -> Any:
    """A field of Costs."""
    return field(default=default, metadata={"unit": unit, "what": what, "source": source})


class Told(NamedTuple):
    """One cost as a table shows it."""

    name: str
    value: float
    unit: str
    what: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Costs:
    """The costs of a run by the clock; replace() makes others. :meth:`table` tells each with its source."""

    walk_page: float = cost(
        9.5, "ns/page", "the free lists walked and a bit set", "Li, 4 March 2016: 20 ms for 8 GB"
    )
    inflate: float = cost(
        2384.0, "ns/page", "a page into the balloon, told 256 at a time", "Li, 4 March 2016: 5 s for 8 GB"
    )
    deflate: float = cost(300.0, "ns/page", "a page out of the balloon", CHOICE)
    hint: float = cost(
        61_000.0,
        "ns/block",
        "a block of 4 MiB allocated and hinted at",
        "Wang, v34 to v36 of free page hinting: 125 ms more for the blocks of an idle guest of 8 GB",
    )
    isolate: float = cost(50.0, "ns/page", "a page taken off the lists and put back", CHOICE)
    free: float = cost(100.0, "ns/page", "a page given back to the free lists", CHOICE)
    fill: float = cost(400.0, "ns/page", "a page zeroed as it is allocated", CHOICE)
    first_touch: float = cost(
        3_000.0,
        "ns/page",
        "a page that the guest touches for the first time: the host has to give it memory",
        "a choice: with the filling, the 2 to 5 ms of a block of 4 MiB that was measured under emulation",
    )
    madvise: float = cost(
        381.0, "ns/page", "madvise(MADV_DONTNEED)", "Li, June 2016: 19 % of 1577 ms, for 3 GB"
    )
    allocate: float = cost(250.0, "ns", "a vCPU allocates a page, when nobody is in its way", CHOICE)
    refault: float = cost(100_000.0, "ns/page", "a dropped page of the cache read from the disk", CHOICE)

    lock: float = cost(20.0, "ns", "a free lock taken", CHOICE)
    unlock: float = cost(20.0, "ns", "a lock dropped", CHOICE)
    interrupt_guest: float = cost(2_000.0, "ns", "the host injects an interrupt", CHOICE)
    interrupt: float = cost(5_000.0, "ns", "the guest handles an interrupt", CHOICE)
    kick: float = cost(3_000.0, "ns", "the guest notifies the host: an exit", CHOICE)
    wake: float = cost(50_000.0, "ns", "a thread of the host wakes and looks into the queue", CHOICE)

    load: float = cost(1.0, "ns", "a field of shared memory read", CHOICE)
    store: float = cost(1.0, "ns", "a field of shared memory written", CHOICE)
    barrier: float = cost(20.0, "ns", "a memory barrier", CHOICE)
    buffer: float = cost(100.0, "ns", "a buffer put on a queue, or taken off it", CHOICE)
    list: float = cost(10.0, "ns", "a block put on a free list, moved, or taken off it", CHOICE)
    watermark: float = cost(10.0, "ns", "a zone's free pages held against a watermark", CHOICE)
    clear: float = cost(400.0, "ns", "memory that was allocated is cleared", CHOICE)
    answer: float = cost(10_000.0, "ns", "the host takes an answer's pages out of what it sends", CHOICE)
    invalidate: float = cost(300.0, "ns/page", "a page of the cache dropped", CHOICE)
    shrink: float = cost(5_000.0, "ns", "the objects of a slab page freed", CHOICE)
    disk: float = cost(100_000.0, "ns/page", "a dirty page written to the disk", CHOICE)
    sleep: float = cost(200e6, "ns", "the driver sleeps until it tries again", "Linux 4.6: msleep(200)")

    log_start: float = cost(1.0, "ns/page", "the dirty log switched on, the pages protected", CHOICE)
    sync: float = cost(
        0.112, "ns/page", "the log read and added to the bitmap", f"{XU}: 2.5 and 5 ms for 256 GB"
    )
    visit: float = cost(5.0, "ns/page", "a page looked at in the bulk stage, whether sent or not", CHOICE)
    zero_scan: float = cost(
        4.2 * (1 << 30), "bytes/s", "zero pages found to be zero", f"{RFC}: 8 GB idle in 1894 ms"
    )
    normal_page: float = cost(500.0, "ns/page", "a page handed to the socket", CHOICE)
    link: float = cost(8.97e9 / 8, "bytes/s", "what the wire carries", f"{RFC}: 8146291 KB in 7436 ms")
    socket_buffer: float = cost(
        4.0 * (1 << 20),
        "bytes",
        "what the socket takes before its sender waits",
        f"{TCP}: tcp_wmem's maximum",
    )
    pause: float = cost(100_000.0, "ns", "the vCPUs stopped, or started again, and nothing else", CHOICE)
    stop: float = cost(2_000_000.0, "ns", "the vCPUs stopped, the devices' state saved", CHOICE)

    elapsed: float = cost(1.0, "ns", "a time that was reckoned", "none")

    @property
    def zero_page(self) -> float:
        """ns of a page of zeros."""
        return PAGE / self.zero_scan * 1e9

    def ns(self, act: Act, args: tuple[Any, ...]) -> int:
        """How long an announced act takes. Raises FreepagesError for an act whose cost has no name here."""
        if act.cost in ("", NO_TIME):
            return 0
        if act.cost not in NAMES:
            raise FreepagesError(f"{act.text!r} costs {act.cost!r}, which is none of {', '.join(NAMES)}")
        units = 1 if act.amount is None else args[act.amount]
        return round(getattr(self, act.cost) * units)

    def changed(self, texts: Iterable[str]) -> Costs:
        """With some costs given as "NAME=VALUE"; a value is in the cost's unit or has one: "hint=61us",
        "link=25Gbit", "zero_scan=6GB/s"."""
        told = {one.name: one for one in self.table() if one.source != "none"}
        values = {}
        for text in texts:
            name, equals, value = text.partition("=")
            if not equals:
                raise FreepagesError(f"cost {text!r:.60} is not of the form NAME=VALUE")
            if name not in told:
                raise unknown("cost", name, told)
            if name in values:
                raise FreepagesError(f"cost {name} is given twice")
            try:
                values[name] = _value(value, told[name].unit)
            except FreepagesError as error:
                raise FreepagesError(f"cost {name}: {error}") from None
        return replace(self, **values)

    def table(self) -> Iterator[Told]:
        """Every cost with its unit and source."""
        for one in fields(self):
            about = one.metadata
            yield Told(one.name, getattr(self, one.name), about["unit"], about["what"], about["source"])


def _value(text: str, unit: str) -> float:
    """A cost's value, in its unit."""
    if unit == "bytes/s":
        return parse_bandwidth(text)
    if unit == "bytes":
        return float(parse_bytes(text))
    text = text.removesuffix(unit.removeprefix("ns"))  # "50 ns/page", as the table has it
    return parse_seconds(text + "ns" if text[-1:].isdigit() else text) * 1e9


NAMES = tuple(one.name for one in fields(Costs) if one.metadata["unit"].startswith("ns"))
"""The names that an act may give as its cost."""
