"""A second decoder of a dumped ring, as short and as naive as can be, for the real one to be held against.

It knows bytes by address and nothing of the package. It says what is in flight and completed, and whether the
ring is broken, not why.
"""

from typing import Any


class Broken(Exception):
    pass


def decode(dump: dict[str, Any]) -> dict[str, Any]:
    byte = {}
    for piece in dump["memory"]:
        for at, value in enumerate(bytes.fromhex(piece["hex"])):
            byte[piece["addr"] + at] = value
    modern = 32 in dump["features"]
    order: Any = "little" if modern or not dump["legacy"] else dump.get("endian", "little")

    def number(addr: int, size: int) -> int:
        try:
            return int.from_bytes(bytes(byte[addr + at] for at in range(size)), order)
        except KeyError:
            raise Broken from None

    def maybe(addr: int, size: int) -> int | None:
        try:
            return number(addr, size)
        except Broken:
            return None

    num, desc, avail, used = (dump[key] for key in ("num", "desc_addr", "avail_addr", "used_addr"))
    event = 29 in dump["features"]

    def chain(head: int) -> list[dict[str, Any]]:
        """All the descriptors of a chain, or Broken."""
        if head >= num:
            raise Broken
        base, entries, index, nested = desc, num, head, False
        found: list[dict[str, Any]] = []
        visited = set()
        while True:
            if index in visited:
                raise Broken
            visited.add(index)
            addr, length, flags, after = (
                number(base + 16 * index + at, size) for at, size in ((0, 8), (8, 4), (12, 2), (14, 2))
            )
            if addr + length > 2**64:
                raise Broken
            if flags & 4:
                if nested or 28 not in dump["features"] or flags & 1 or length == 0 or length % 16:
                    raise Broken
                if any(addr + at not in byte for at in range(length)):
                    return [*found, {"addr": addr, "len": length, "write": False, "indirect": True}]
                base, entries, index, nested, visited = addr, length // 16, 0, True, set()
                continue
            found.append({"addr": addr, "len": length, "write": bool(flags & 2)})
            if length == 0 or len(found) > num:
                raise Broken
            if len(found) > 1 and found[-2]["write"] and not found[-1]["write"]:
                raise Broken
            if not flags & 1:
                return found
            if after >= entries:
                raise Broken
            index = after

    out: dict[str, Any] = {
        "num": num,
        "avail_flags": maybe(avail, 2),
        "avail_idx": maybe(avail + 2, 2),
        "used_flags": maybe(used, 2),
        "used_idx": maybe(used + 2, 2),
        "used_event": maybe(avail + 4 + 2 * num, 2) if event else None,
        "avail_event": maybe(used + 4 + 8 * num, 2) if event else None,
        "in_flight": [],
        "completed": [],
    }
    broken = desc % 16 != 0 or avail % 2 != 0 or used % 4 != 0
    for addr, size in (desc, 16 * num), (avail, 4 + 2 * num + 2 * event), (used, 4 + 8 * num + 2 * event):
        broken |= any(addr + at not in byte for at in range(size))

    avail_idx, used_idx = out["avail_idx"], out["used_idx"]
    heads = [maybe(avail + 4 + 2 * slot, 2) for slot in range(num)]
    if avail_idx is not None and used_idx is not None:
        waiting = (avail_idx - used_idx) % 2**16
        broken |= waiting > num
        for back in range(waiting if waiting <= num else 0, 0, -1):
            slot = (avail_idx - back) % num
            entry: dict[str, Any] = {"slot": slot, "head": heads[slot]}
            try:
                entry["descriptors"] = chain(number(avail + 4 + 2 * slot, 2))
            except Broken:
                broken = True
            out["in_flight"].append(entry)
    if used_idx is not None:
        for back in range(min(used_idx, num), 0, -1):
            elem = used + 4 + 8 * ((used_idx - back) % num)
            head, length = maybe(elem, 4), maybe(elem + 4, 4)
            if head is None or length is None:
                head = length = None
            elif head >= num:
                broken = True
            elif avail_idx is not None and used_idx <= avail_idx < num and None not in heads:
                # As long as nothing stands behind the index, the ring is on its first round.
                broken |= not any(heads[avail_idx:]) and head not in heads[:avail_idx]
            out["completed"].append({"head": head, "len": length})
    return out | {"broken": broken}
