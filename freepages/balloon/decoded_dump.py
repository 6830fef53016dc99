"""What a dumped virtqueue says, as plain data and as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from freepages.balloon.messages import MEANINGS, sentence
from freepages.engine.text_table import columns
from freepages.virtqueue.chain import Chain
from freepages.virtqueue.dump import RESERVED, Dump
from freepages.virtqueue.features import MERGED, names
from freepages.virtqueue.ring_layout import EVENT_IDX, VERSION_1
from freepages.virtqueue.ring_state import RingState, describe


def decode(dump: Dump) -> RingState:
    """The state of the dumped ring."""
    return describe(dump.memory, dump.layout, dump.features)


def as_json(dump: Dump, state: RingState, queue: str | None = None) -> dict[str, Any]:
    """The state as JSON has it; `queue`, a balloon queue, adds to every chain what its buffers mean."""
    in_flight = []
    for slot, head, chain, fault in state.in_flight:
        offered: dict[str, Any] = {"slot": slot, "head": head, "descriptors": _descriptors(chain)}
        if fault:
            offered["broken"] = str(fault)
        if queue:
            offered["meaning"] = _meaning(dump, None if fault else chain, queue)
        in_flight.append(offered)
    completed = []
    for _, head, length, chain in state.completed:
        used: dict[str, Any] = {"head": head, "len": length}
        if queue:
            shown = None if chain is None else _descriptors(chain)
            used |= {"descriptors": shown, "meaning": _meaning(dump, chain, queue)}
        completed.append(used)
    broken = state.broken if dump.memory.ranges or not dump.told else None
    return {
        "num": state.layout.num,
        "avail_idx": state.avail_idx,
        "used_idx": state.used_idx,
        "avail_flags": state.avail_flags,
        "used_flags": state.used_flags,
        "used_event": state.used_event,
        "avail_event": state.avail_event,
        "in_flight": in_flight,
        "completed": completed,
        "broken": str(broken) if broken else None,
        **({"told": dict(dump.told)} if dump.told else {}),
    }


def _descriptors(chain: Chain | None) -> list[dict[str, Any]]:
    if chain is None:
        return []
    shown: list[dict[str, Any]] = [
        {"addr": addr, "len": size, "write": write} for addr, size, write in chain.buffers
    ]
    if chain.indirect and not chain.followed:
        addr, size = chain.indirect
        shown.append({"addr": addr, "len": size, "write": False, "indirect": True})
    return shown


def _meaning(dump: Dump, chain: Chain | None, queue: str) -> dict[str, Any] | None:
    endian = "little" if VERSION_1 in dump.features else dump.memory.endian
    return MEANINGS[queue](chain, dump.memory, endian) if chain else None


def as_text(dump: Dump, state: RingState, queue: str | None = None) -> str:
    """The state as tables: the rings' fields, their entries, the chains in flight and the completed ones."""
    num = state.layout.num
    features = names(state.features, {**MERGED, **RESERVED} if queue else RESERVED)
    features = " ".join([features, *dump.foreign]).removeprefix("none " if dump.foreign else "")
    means = ["means"] if queue else []

    def told(chain: Chain | None, fault: Exception | None = None) -> list[str]:
        meaning = _meaning(dump, chain, queue) if queue and not fault else None
        return [_buffers(chain, fault), *([sentence(meaning) if meaning else ""] if queue else [])]

    if dump.told and not dump.memory.ranges:
        return "\n".join(
            [
                f"Split queue of {num} entries; the answer has no memory: the rings are not given",
                *columns([[name, str(value)] for name, value in dump.told.items()]),
                *columns([[name, hex(start)] for name, start, _, _ in state.layout.areas]),
            ]
        )

    fields = [
        ["descriptor table", hex(state.layout.desc)],
        ["available ring", hex(state.layout.avail), *_cells(state.avail_flags, state.avail_idx)],
        ["used ring", hex(state.layout.used), *_cells(state.used_flags, state.used_idx)],
    ]
    if EVENT_IDX in state.features:
        fields[1] += [f"used_event {_cells(state.used_event)[0]}"]
        fields[2] += [f"avail_event {_cells(state.avail_event)[0]}"]

    offered, used = (num if idx is None else min(idx, num) for idx in (state.avail_idx, state.used_idx))
    waiting = {slot for slot, *_ in state.in_flight}
    entries = []
    for slot in range(max(offered, used)):
        head = _cells(state.avail[slot]) if slot < offered else [""]
        elem = _cells(*(state.used[slot] or (None, None))) if slot < used else ["", ""]
        entries.append((slot, [*head, *elem, "in flight" if slot in waiting else ""]))
    in_flight = [(slot, [*_cells(head), *told(chain, fault)]) for slot, head, chain, fault in state.in_flight]
    completed = [
        (slot, [*_cells(head, length), _room(chain), *told(chain)])
        for slot, head, length, chain in state.completed
    ]
    tables = [
        f"Split queue of {num} entries, features: {features}",
        _table(["", "address", "flags", "idx", "event"], fields),
        f"Entries: {len(entries)} of {num} slots have been used",
        _table(["slot", "avail head", "used head", "used len", ""], _runs(entries)),
        f"Chains in flight, the oldest first: {len(in_flight)}",
        _table(["slot", "head", "descriptors", *means], _runs(in_flight)),
        f"Completed chains, the oldest first, and what the table still has of them: {len(completed)}",
        _table(["slot", "head", "len", "of", "descriptors", *means], _runs(completed)),
        f"BROKEN: {state.broken}" if state.broken else "Not broken.",
    ]
    return "\n".join(tables)


def _room(chain: Chain | None) -> str:
    """How many bytes of the chain the device may write."""
    return str(sum(size for _, size in chain.writable)) if chain else "-"


def _cells(*numbers: int | None) -> list[str]:
    return ["?" if number is None else str(number) for number in numbers]


def _buffers(chain: Chain | None, fault: Exception | None) -> str:
    """One line for each buffer, then the table that could not be followed, then what is wrong."""
    lines = []
    if chain:
        lines += [f"{addr:#x} + {size} {'write' if write else 'read'}" for addr, size, write in chain.buffers]
        if chain.indirect and not chain.followed:
            lines.append(f"indirect table at {chain.indirect[0]:#x}, not in the memory")
    if fault:
        lines.append(str(fault))
    return "\n".join(lines) or "-"


def _runs(rows: Iterable[tuple[int, list[str]]]) -> list[list[str]]:
    """Rows that stand in slots one behind the other and say the same, as one row of `first-last`."""
    merged: list[tuple[int, int, list[str]]] = []
    for slot, cells in rows:
        if merged and merged[-1][1] == slot - 1 and merged[-1][2] == cells:
            merged[-1] = merged[-1][0], slot, cells
        else:
            merged.append((slot, slot, cells))
    return [[str(first) if first == last else f"{first}-{last}", *cells] for first, last, cells in merged]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The rows under their heads, and a blank line; nothing where there are none."""
    return "".join(f"{line}\n" for line in columns([head, *rows])) if rows else ""
