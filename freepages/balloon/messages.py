"""What the balloon's buffers say: PFN arrays, statistics, command ids, hinted and reported blocks.

From the specification, "Traditional Memory Balloon Device", and include/uapi/linux/virtio_balloon.h. A PFN
here counts units of 4 KiB whatever the guest's page size. The integers are little endian, those of a legacy
guest in its own byte order.

    inflate, deflate   the device reads an array of PFNs, 4 bytes each
    stats              the device reads {tag 2, val 8}, packed
    free_page_hint     the device reads a command id, 4 bytes, or may write a block, which it must not read
    reporting          the device may write blocks, and may discard them
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from freepages.virtqueue.chain import Chain
from freepages.virtqueue.guest_memory import Endian, Memory, OutsideMemory

UNIT = 4096  # VIRTIO_BALLOON_PFN_SHIFT is 12
STOP, DONE = 0, 1  # VIRTIO_BALLOON_CMD_ID_STOP and _DONE
CMD_NAMES = {STOP: "STOP", DONE: "DONE"}

# VIRTIO_BALLOON_S_*, from tag 0 on; the first ten are the specification's, the others Linux's since 6.12
STATS = (
    *("SWAP_IN", "SWAP_OUT", "MAJFLT", "MINFLT", "MEMFREE", "MEMTOT", "AVAIL", "CACHES"),
    *("HTLB_PGALLOC", "HTLB_PGFAIL", "OOM_KILL", "ALLOC_STALL"),
    *("ASYNC_SCAN", "DIRECT_SCAN", "ASYNC_RECLAIM", "DIRECT_RECLAIM"),
)

LONGEST = 1 << 16  # bytes of a message that are looked at; Linux sends 1 KiB of PFNs, 160 bytes of statistics

NOT_HERE = ", not in the memory"

Meaning = dict[str, Any]


def _integers(data: bytes, size: int, endian: Endian) -> list[int]:
    """The whole `size`-byte integers in `data`."""
    return [int.from_bytes(data[at : at + size], endian) for at in range(0, len(data) - size + 1, size)]


def _content(chain: Chain, memory: Memory) -> bytes | None:
    """What the device reads, or None where the memory does not hold it."""
    try:
        return chain.gather(memory, LONGEST)
    except OutsideMemory:
        return None


def _pfns(chain: Chain, memory: Memory, endian: Endian) -> Meaning:
    data = _content(chain, memory)
    count = sum(size for _, size in chain.readable) // 4
    return {"count": count, "pfns": None if data is None else _integers(data, 4, endian)}


def _stats(chain: Chain, memory: Memory, endian: Endian) -> Meaning:
    data = _content(chain, memory)
    if data is None:
        return {"stats": None}
    stats = []
    for at in range(0, len(data) - 9, 10):
        tag, value = int.from_bytes(data[at : at + 2], endian), int.from_bytes(data[at + 2 : at + 10], endian)
        stats.append({"tag": tag, "name": STATS[tag] if tag < len(STATS) else None, "value": value})
    return {"stats": stats}


def _hint(chain: Chain, memory: Memory, endian: Endian) -> Meaning:
    meaning: Meaning = {}
    if chain.readable:
        data = _content(chain, memory)
        cmd_id = None if data is None or len(data) < 4 else int.from_bytes(data[:4], endian)
        meaning |= {"cmd_id": cmd_id, "name": None if cmd_id is None else CMD_NAMES.get(cmd_id)}
    return meaning | (_blocks(chain, memory, endian) if chain.writable else {})


def _blocks(chain: Chain, memory: Memory, endian: Endian) -> Meaning:
    return {"blocks": [{"addr": addr, "len": size, "order": order(size)} for addr, size in chain.writable]}


def order(size: int) -> int | None:
    """The order of a block of `size` bytes, None if it is not 2^order pages."""
    pages = size // UNIT
    return pages.bit_length() - 1 if size == pages * UNIT and pages and not pages & (pages - 1) else None


MEANINGS: Mapping[str, Callable[[Chain, Memory, Endian], Meaning]] = {
    "inflate": _pfns,
    "deflate": _pfns,
    "stats": _stats,
    "free_page_hint": _hint,
    "reporting": _blocks,
}
"""By queue: what a chain on it means, as plain data; None in it is what the memory does not hold."""


def sentence(meaning: Meaning) -> str:
    """A meaning in a few words."""
    words = []
    if "pfns" in meaning:
        pfns = meaning["pfns"]
        words.append(f"{meaning['count']} PFNs{NOT_HERE if pfns is None else ': ' + _spans(pfns)}")
    if "stats" in meaning:
        stats = meaning["stats"]
        words += (
            ["statistics" + NOT_HERE]
            if stats is None
            else [f"{stat['name'] or 'tag ' + str(stat['tag'])} {stat['value']}" for stat in stats]
        )
    if "cmd_id" in meaning:
        cmd_id = meaning["cmd_id"]
        words.append("command id" + (NOT_HERE if cmd_id is None else f" {meaning['name'] or hex(cmd_id)}"))
    sizes = Counter((block["order"], block["len"]) for block in meaning.get("blocks", ()))
    for (of_order, size), count in sizes.items():
        size = f"{size} bytes" if of_order is None else f"order {of_order}"
        words.append(f"{count} blocks of {size}" if count > 1 else f"a block of {size}")
    return ", ".join(words)


def _spans(pfns: Iterable[int], most: int = 4) -> str:
    """The PFNs in ascending order as spans, `0x10-0x1f 0x30`, at most so many of them."""
    spans: list[tuple[int, int]] = []
    for pfn in sorted(pfns):
        if spans and pfn <= spans[-1][1] + 1:
            spans[-1] = spans[-1][0], pfn
        else:
            spans.append((pfn, pfn))
    shown = [f"{first:#x}" if first == last else f"{first:#x}-{last:#x}" for first, last in spans[:most]]
    return " ".join(shown) + (f" and {len(spans) - most} more spans" if len(spans) > most else "")
