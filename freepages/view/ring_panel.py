"""A split virtqueue in guest memory, as a panel: the three tables, and whose each of their entries is.

Data, drawing, text and differences are here together; importing this module makes the panel known to whoever
draws, writes or compares frames.

Whose a thing is has one letter and one colour: the driver's (``g``, the guest), the device's (``h``, the
host), or free (``·``). For a descriptor it says who may touch it and the buffer that it names; for an entry
of a ring, who has yet to read it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from freepages.engine.errors import FreepagesError
from freepages.view.changes import Change, Marked, differences
from freepages.view.frame import Panel
from freepages.view.piece import HEADER, MONO, SANS, Piece, looked_at, outlined, piece
from freepages.view.scene import WIDTH, Boxes, Line, Shape, Strokes, Text
from freepages.view.signs import Sign, signs
from freepages.view.text import CHANGED, say
from freepages.virtqueue.ring_layout import DESC_SIZE, ELEM_SIZE, INDIRECT, NEXT, WRITE

DRIVER, DEVICE, FREE = "g", "h", "·"


class EntryLook(NamedTuple):
    role: str  # of the badge; "" draws an outline
    ink: str
    words: str


OWNERS: dict[str, EntryLook] = {
    DRIVER: EntryLook("blue", "on-dark", "the driver's"),
    DEVICE: EntryLook("orange", "on-light", "the device's"),
    FREE: EntryLook("", "free-ink", "free"),
}

FLAGS = {NEXT: "NEXT", WRITE: "WRITE", INDIRECT: "INDIRECT"}

WHOLE = 16  # a queue of so many entries is shown whole
SHOWN = 10  # of a longer one so many slots up to the index, and so many descriptors

Descriptor = tuple[int, int, int, int]


class Half(NamedTuple):
    """The available or the used ring; None is what is not in the memory, or was not negotiated.

    entries  one a slot: the head (available), or (head, bytes written) (used)
    owners   one letter a slot: who has yet to read the entry; "" for nobody
    points   the slots whose arrow to their head is drawn
    read     how far the other side has read, a free-running index like idx; None where nobody knows
    """

    flags: int | None
    idx: int | None
    entries: Sequence[Any]
    event: int | None = None
    owners: str = ""
    points: tuple[int, ...] = ()
    read: int | None = None


@dataclass(frozen=True)
class Ring(Panel):
    """A split virtqueue.

    places   the addresses of the descriptor table, the available ring and the used ring
    table    (addr, len, flags, next) of each descriptor, None where it is not in the memory
    owners   one letter a descriptor
    chains   the chains whose arrows are drawn: the descriptors of each, in its order
    read     the cells that the last step read, by their names in :func:`cells`; "desc[2]" and "used->ring[2]"
             stand for all of an entry
    broken   why the queue is broken, or ""

    Raises FreepagesError where an owner has no known letter, or a length is not the queue's.
    """

    name: str
    places: tuple[int, int, int]
    table: Sequence[Descriptor | None]
    avail: Half
    used: Half
    owners: str
    chains: Sequence[Sequence[int]] = ()
    read: Collection[str] = frozenset()
    broken: str = ""

    def __post_init__(self) -> None:
        num = len(self.table)
        avail, used = (
            half._replace(
                entries=tuple(half.entries), owners=half.owners or FREE * num, points=tuple(half.points)
            )
            for half in (self.avail, self.used)
        )
        self.__dict__.update(
            table=tuple(self.table),
            chains=tuple(map(tuple, self.chains)),
            avail=avail,
            used=used,
            read=frozenset(self.read),
        )
        lengths = [len(part) for part in (self.owners, *avail[2:5:2], *used[2:5:2])]
        if lengths != [num] * 5:
            raise FreepagesError(f"{self.name or 'virtqueue'}: {num} descriptors, but {lengths} entries")
        if unknown := set(self.owners + avail.owners + used.owners) - OWNERS.keys():
            raise FreepagesError(f"{self.name or 'virtqueue'}: no owner has the letter {min(unknown)!r}")

    @property
    def num(self) -> int:
        return len(self.table)


def cells(ring: Ring) -> dict[str, Any]:
    """Every field of the queue by its name: ``desc[0].addr``, ``avail->idx``, ``used->ring[1].len`` ..."""
    found: dict[str, Any] = {}
    for index, entry in enumerate(ring.table):
        for field, value in zip(("addr", "len", "flags", "next"), entry or [None] * 4, strict=True):
            found[f"desc[{index}].{field}"] = value
    for half, name, event in (ring.avail, "avail", "used_event"), (ring.used, "used", "avail_event"):
        found |= {f"{name}->flags": half.flags, f"{name}->idx": half.idx, event: half.event}
    for slot, head in enumerate(ring.avail.entries):
        found[f"avail->ring[{slot}]"] = head
    for slot, elem in enumerate(ring.used.entries):
        for field, value in zip(("id", "len"), elem or [None] * 2, strict=True):
            found[f"used->ring[{slot}].{field}"] = value
    return found


def flag_words(flags: int) -> str:
    """``NEXT|WRITE``; what has no name as a number; "" for none."""
    known = [word for bit, word in FLAGS.items() if flags & bit]
    unknown = flags & ~sum(FLAGS)
    return "|".join([*known, *([hex(unknown)] if unknown else [])])


def shown_slots(num: int, idx: int | None) -> list[int]:
    """All slots of a short ring; of a long one the newest, up to the one to be written next."""
    if num <= WHOLE:
        return list(range(num))
    if idx is None or idx < SHOWN - 1:
        return list(range(SHOWN))
    return [(idx - back) % num for back in reversed(range(SHOWN))]


def shown_descriptors(ring: Ring) -> list[int]:
    """All descriptors of a short table; of a long one the chains in flight, then what was used last."""
    if ring.num <= WHOLE:
        return list(range(ring.num))
    chains = {chain[0]: chain for chain in ring.chains if chain}
    heads = [ring.avail.entries[slot] for slot in ring.avail.points]
    newest_used = reversed(shown_slots(ring.num, ring.used.idx)[:-1])
    heads += [elem[0] for slot in newest_used if (elem := ring.used.entries[slot])]
    wanted: dict[int, None] = {}
    for head in heads:
        if head is not None and head < ring.num:
            wanted.update(dict.fromkeys(chains.get(head, (head,))))
    wanted.update(dict.fromkeys(range(SHOWN)))
    return sorted([*wanted][:SHOWN])


# -- drawing

PITCH = 19.0
BADGE = 14.0
LABELS = 14.0  # the line with the names of an entry's fields, between idx and the entries
TOP = HEADER + 32  # above the first row
AVAIL, DESC, USED = 84.0, 170.0, 460.0  # where the boxes of the three tables begin
AVAIL_WIDTH, DESC_WIDTH, USED_WIDTH = 52.0, 260.0, 92.0
COLUMNS = {"addr": 100.0, "len": 147.0, "flags": 226.0, "next": 256.0}  # right ends, from DESC on
OFFSETS = 24.0  # the width of "+34", where a ring's rows have theirs

Box = tuple[float, float, float, float]


def _entry_y(at: int) -> float:
    """Where the row of the n-th entry that is shown begins, of a ring or of the table."""
    return TOP + 2 * PITCH + LABELS + at * PITCH


@piece.register
def _(panel: Ring, marked: Marked) -> Piece:
    name = panel.name or "virtqueue"
    rows = {index: _entry_y(at) for at, index in enumerate(shown_descriptors(panel))}
    bottom = _entry_y(len(shown_slots(panel.num, panel.avail.idx)) + 1)
    remark, role = _summary(panel), "dim"
    if panel.broken:
        remark, role = f"BROKEN: {panel.broken}", "vermillion"
    shapes: list[Shape] = [
        Text(0, 12, name, size=13, bold=True),
        Text(len(name) * 8.2 + 14, 12, remark[:88], role, 12, bold=bool(panel.broken)),
        *_available(panel, marked),
        *_descriptors(panel, rows, marked),
        *_used(panel, marked),
        *_arrows(panel, rows),
        *_key(bottom + 6),
    ]
    return Piece(WIDTH, bottom + 22, shapes, "ring", panel.name)


def _summary(panel: Ring) -> str:
    flight = len(panel.avail.points)
    what = f"{panel.num:,} entries, {flight} chain{'' if flight == 1 else 's'} in flight"
    return what if panel.num <= WHOLE else f"{what}; {SHOWN} slots are shown"


def _heading(x: float, title: str, address: int, size: int, writer: str) -> Iterator[Shape]:
    place = f"{address:#x} + {size}"
    if len(place) > 12:
        place = f"{address:#x}"
    right = x + MONO * len(place) + 5
    yield Text(x, HEADER + 9, title, size=12, bold=True)
    yield Text(x, HEADER + 24, place, "dim", 12, mono=True)
    yield Text(right, HEADER + 24, "written by", "dim", 12)
    yield from _badge(right + 63, HEADER + 13.5, writer)


def _available(panel: Ring, marked: Marked) -> Iterator[Shape]:
    yield from _heading(0, "available ring", panel.places[1], 6 + 2 * panel.num, DRIVER)
    end = AVAIL + AVAIL_WIDTH - 4
    yield Text(end, _entry_y(0) - 3, "head", "dim", 12, "end", mono=True)
    for name, offset, slot, y in _rows(panel.num, panel.avail, "avail", "used_event", 2):
        yield Boxes("line", [(AVAIL, y, AVAIL_WIDTH, PITCH - 2)], 1)
        left, value = AVAIL, _single(panel.avail, name)
        if slot is not None:
            yield from _badge(AVAIL + 3, y + 2, panel.avail.owners[slot], f"{name}.owner" in marked)
            left, value = AVAIL + BADGE + 4, panel.avail.entries[slot]
        yield from _field(panel, name, value, left, end, y, marked)
        x = AVAIL - 3
        if panel.num <= WHOLE:
            yield Text(x, y + 13, f"+{offset}", "faint", 12, "end", mono=True)
            x -= OFFSETS
        label = _label(name, slot)
        yield Text(x, y + 13, label, "ink" if slot is None else "dim", 12, "end", mono=True)
        if marks := _marks(panel.avail, slot, panel.num, DRIVER, DEVICE):
            x, wide = x - MONO * len(label) - 2, MONO * len(marks) + 8
            moved = DEVICE in marks and "avail->read" in marked
            yield from outlined([(x - wide, y + 2, wide, 14)] if moved else ())
            yield Text(x, y + 13, f"{marks}▸", "ink", 12, "end", bold=True, mono=True)


def _used(panel: Ring, marked: Marked) -> Iterator[Shape]:
    yield from _heading(USED, "used ring", panel.places[2], 6 + ELEM_SIZE * panel.num, DEVICE)
    middle, end = USED + 42, USED + USED_WIDTH - 4
    for name, x in ("id", middle), ("len", end):
        yield Text(x, _entry_y(0) - 3, name, "dim", 12, "end", mono=True)
    for name, offset, slot, y in _rows(panel.num, panel.used, "used", "avail_event", ELEM_SIZE):
        yield Boxes("line", [(USED, y, USED_WIDTH, PITCH - 2)], 1)
        if slot is None:
            yield from _field(panel, name, _single(panel.used, name), USED, end, y, marked)
        else:
            head, size = panel.used.entries[slot] or (None, None)
            yield from _badge(USED + 3, y + 2, panel.used.owners[slot], f"{name}.owner" in marked)
            yield from _field(panel, f"{name}.id", head, USED + BADGE + 4, middle, y, marked)
            yield from _field(panel, f"{name}.len", size, middle + 3, end, y, marked)
        x = USED + USED_WIDTH + 3
        if panel.num <= WHOLE:
            yield Text(x, y + 13, f"+{offset}", "faint", 12, mono=True)
            x += OFFSETS + MONO * (panel.num > 8)
        label = _label(name, slot)
        yield Text(x, y + 13, label, "ink" if slot is None else "dim", 12, mono=True)
        if marks := _marks(panel.used, slot, panel.num, DEVICE, DRIVER):
            x, wide = x + MONO * len(label) + 2, MONO * len(marks) + 8
            moved = DRIVER in marks and "used->read" in marked
            yield from outlined([(x, y + 2, wide, 14)] if moved else ())
            yield Text(x, y + 13, f"◂{marks}", "ink", 12, bold=True, mono=True)


def _rows(
    num: int, half: Half, side: str, event: str, entry: int
) -> Iterator[tuple[str, int, int | None, float]]:
    """(cell, offset in bytes, slot or None, y) of the rows of a ring that are shown."""
    yield f"{side}->flags", 0, None, TOP
    yield f"{side}->idx", 2, None, TOP + PITCH
    slots = shown_slots(num, half.idx)
    for at, slot in enumerate(slots):
        yield f"{side}->ring[{slot}]", 4 + entry * slot, slot, _entry_y(at)
    yield event, 4 + entry * num, None, _entry_y(len(slots))


def _single(half: Half, cell: str) -> int | None:
    return {"flags": half.flags, "idx": half.idx}.get(cell.partition("->")[2], half.event)


def _label(cell: str, slot: int | None) -> str:
    return f"[{slot}]" if slot is not None else cell.partition("->")[2] or "event"


def _marks(half: Half, slot: int | None, num: int, writer: str, reader: str) -> str:
    """Who goes on at this slot: the writer at idx, the reader where it has read to."""
    at = {writer: half.idx, reader: half.read}
    return "".join(letter for letter, index in at.items() if index is not None and index % num == slot)


def _descriptors(panel: Ring, rows: dict[int, float], marked: Marked) -> Iterator[Shape]:
    yield from _heading(DESC, "descriptor table", panel.places[0], DESC_SIZE * panel.num, DRIVER)
    for name, end in COLUMNS.items():
        yield Text(DESC + end, _entry_y(0) - 3, name, "dim", 12, "end", mono=True)
    before = -1
    for index, y in rows.items():
        owner = panel.owners[index]
        if OWNERS[owner].role:
            yield Boxes(OWNERS[owner].role, [(DESC, y, DESC_WIDTH, PITCH - 2)], alpha=0.16)
        yield Boxes("line", [(DESC, y, DESC_WIDTH, PITCH - 2)], 1)
        if index != before + 1:
            yield Strokes("dim", [(DESC - 2, y - 1, DESC + DESC_WIDTH + 2, y - 1)], 2)
        yield Text(DESC + 20, y + 13, str(index), "ink", 12, "end", bold=True, mono=True)
        yield from _badge(DESC + 23, y + 2, owner, f"desc[{index}].owner" in marked)
        yield from _descriptor_cells(panel, index, y, marked)
        before = index


def _descriptor_cells(panel: Ring, index: int, y: float, marked: Marked) -> Iterator[Shape]:
    left, entry = DESC + 40, panel.table[index]
    if f"desc[{index}]" in panel.read:
        yield from looked_at([(left - 2, y + 0.5, DESC_WIDTH - 39, PITCH - 3)])
    if entry is None:
        yield Text(DESC + 42, y + 13, "not in the memory", "faint", 12)
        return
    addr, size, flags, after = entry
    values = {"addr": f"{addr:#x}", "len": size, "flags": flag_words(flags), "next": after}
    for name, end in COLUMNS.items():
        # What next says is of no account without NEXT.
        ink = "faint" if name == "next" and not flags & NEXT else "ink"
        yield from _field(panel, f"desc[{index}].{name}", values[name], left, DESC + end, y, marked, ink)
        left = DESC + end + 3


def _field(
    panel: Ring, cell: str, value: Any, left: float, end: float, y: float, marked: Marked, ink: str = "ink"
) -> Iterator[Shape]:
    """A value up to `end`; outlined from `left` on where the last step changed or read it."""
    box = [(left + 1, y + 0.5, end - left + 2, PITCH - 3)]
    if cell in marked:
        yield from outlined(box)
    elif cell in panel.read or (cell.startswith("used->ring") and cell.partition(".")[0] in panel.read):
        yield from looked_at(box)
    shown, ink = ("–", "dim") if value is None else (str(value), ink)
    size = next((size for size in (13, 12, 11, 10) if len(shown) * size * 0.61 <= end - left - 2), 9)
    yield Text(end, y + 13, shown, ink, size, "end", mono=True)


def _badge(x: float, y: float, owner: str, changed: bool = False) -> Iterator[Shape]:
    look, box = OWNERS[owner], (x, y, BADGE, BADGE - 1)
    yield Boxes(look.role or "free-ink", [box], 0 if look.role else 1)
    yield from outlined([box] if changed else ())
    yield Text(x + BADGE / 2, y + 10, owner, look.ink, 12, "middle", bold=True, mono=True)


def _arrows(panel: Ring, rows: dict[int, float]) -> Iterator[Shape]:
    """From ring entries to the heads of their chains, and along the chains."""
    middle, right = PITCH / 2 - 1, DESC + DESC_WIDTH
    entries: list[Line] = []
    slots = {slot: _entry_y(at) for at, slot in enumerate(shown_slots(panel.num, panel.avail.idx))}
    for slot in panel.avail.points:
        if slot in slots and (head := panel.avail.entries[slot]) in rows:
            entries.append((AVAIL + AVAIL_WIDTH, slots[slot] + middle, DESC - 1, rows[head] + middle))
    slots = {slot: _entry_y(at) for at, slot in enumerate(shown_slots(panel.num, panel.used.idx))}
    for slot in panel.used.points:
        if slot in slots and (elem := panel.used.entries[slot]) and elem[0] in rows:
            entries.append((USED, slots[slot] + middle, right + 2, rows[elem[0]] + middle - 3))
    yield Strokes("ink", entries, 1.3, arrow=True)
    for n, chain in enumerate(panel.chains):
        for here in chain:
            entry = panel.table[here]
            if entry and entry[2] & NEXT and here in rows and entry[3] in rows:
                out, back = rows[here] + middle + 3, rows[entry[3]] + middle - 3
                lane = right + 9 + 5 * (n % 3) + (5 if back < out - PITCH else 0)
                yield Strokes("dim", [(right, out, lane, out), (lane, out, lane, back)], 1.3)
                yield Strokes("dim", [(lane, back, right + 1, back)], 1.3, arrow=True)


def _key(y: float) -> Iterator[Shape]:
    x = 0.0
    for owner, look in OWNERS.items():
        yield from _badge(x, y, owner)
        yield Text(x + 18, y + 10, look.words, "dim", 12)
        x += 30 + len(look.words) * SANS
    x += 8
    for outline, how in (outlined, "changed"), (looked_at, "read"):
        yield from outline([(x + 1, y + 1, 16, 10)])
        yield Text(x + 23, y + 10, how, "dim", 12)
        x += 32 + len(how) * SANS
    yield Text(x - 4, y + 10, "by the last step", "dim", 12)
    yield Text(WIDTH, y + 10, "▸ ◂ goes on here", "dim", 12, "end")


# -- text


@say.register
def _(panel: Ring, marked: Marked) -> Iterator[str]:
    desc, avail, used = panel.places
    broken = f"; BROKEN: {panel.broken}" if panel.broken else ""
    yield f"{panel.name or 'virtqueue'}: {_summary(panel)}{broken}"
    yield f"  descriptor table at {desc:#x}, written by {DRIVER}"
    for index in shown_descriptors(panel):
        here = any(f"desc[{index}]{field}" in marked for field in ("", ".next", ".owner"))
        yield f"    {index:2} {panel.owners[index]}  {_descriptor(panel.table[index])}" + CHANGED * here
    yield from _say_half(panel.avail, "avail", f"available ring at {avail:#x}", DRIVER, DEVICE, marked)
    yield from _say_half(panel.used, "used", f"used ring at {used:#x}", DEVICE, DRIVER, marked)


def _say_half(half: Half, side: str, what: str, writer: str, reader: str, marked: Marked) -> Iterator[str]:
    singles = {"flags": half.flags, "idx": half.idx}
    if half.event is not None:
        singles["event"] = half.event
    said = ", ".join(f"{name} {_known(value)}" for name, value in singles.items())
    heads = (f"{side}->flags", f"{side}->idx", "used_event" if side == "avail" else "avail_event")
    yield f"  {what}, written by {writer}: {said}" + CHANGED * any(cell in marked for cell in heads)
    num = len(half.entries)
    for slot in shown_slots(num, half.idx):
        entry = half.entries[slot]
        said = f"{entry[0]}, {entry[1]} bytes" if isinstance(entry, tuple) else _known(entry)
        marks = [f"{writer} writes next"] if half.idx is not None and half.idx % num == slot else []
        marks += [f"{reader} reads next"] if half.read is not None and half.read % num == slot else []
        goes_on = f"  ({', '.join(marks)})" if marks else ""
        fields = (f"{side}->ring[{slot}]{field}" for field in ("", ".id", ".len", ".owner"))
        moved = f"{side}->read" in marked and f"{reader} reads next" in marks
        here = moved or any(cell in marked for cell in fields)
        yield f"    {slot:2} {half.owners[slot]}  {said}{goes_on}" + CHANGED * here


def _known(value: Any) -> str:
    return "?" if value is None else str(value)


def _descriptor(entry: Descriptor | None) -> str:
    if entry is None:
        return "?"
    addr, size, flags, after = entry
    words = flag_words(flags)
    return (
        f"{size} bytes at {addr:#x}"
        + (f" {words}" if words else "")
        + (f" → {after}" if flags & NEXT else "")
    )


# -- differences


@differences.register
def _(new: Ring, old: Ring) -> Iterator[Change]:
    if old.num != new.num:
        return
    prefix = f"{new.name}: " if new.name else ""
    yield from (
        change._replace(says=change.says and prefix + change.says) for change in _differences(new, old)
    )


def _differences(new: Ring, old: Ring) -> Iterator[Change]:
    for index, (a, b) in enumerate(zip(old.table, new.table, strict=True)):
        if a and b and a != b and a[:3] == b[:3]:
            yield Change(f"desc[{index}].next: {a[3]} → {b[3]}", f"desc[{index}].next")
        elif a != b:
            yield Change(f"desc[{index}]: {_descriptor(a)} → {_descriptor(b)}", f"desc[{index}]")
    before = cells(old)
    for name, value in cells(new).items():
        if before[name] != value:
            said = f"{name}: {_known(before[name])} → {_known(value)}"
            yield Change("" if name.startswith("desc") else said, name)
    for side, was, now in ("avail", old.avail, new.avail), ("used", old.used, new.used):
        if was.read != now.read:
            yield Change("", f"{side}->read")
        for slot, owners in enumerate(zip(was.owners, now.owners, strict=True)):
            if owners[0] != owners[1]:
                yield Change("", f"{side}->ring[{slot}].owner")
    moves = list(zip(old.owners, new.owners, strict=True))
    for move in dict.fromkeys(moves):
        if move[0] != move[1]:
            moved = [index for index, other in enumerate(moves) if other == move]
            names = ", ".join(f"desc[{index}]" for index in moved[:4]) + (" ..." if len(moved) > 4 else "")
            yield Change(f"{names}: {OWNERS[move[0]].words} → {OWNERS[move[1]].words}", names)
            yield from (Change("", f"desc[{index}].owner") for index in moved)
    if new.broken != old.broken:
        yield Change(f"broken: {new.broken or 'no more'}", "broken")


# -- signs


@signs.register
def _(panel: Ring) -> Iterator[Sign]:
    yield Sign("state", FREE, OWNERS[FREE].words)
    for owner in (DRIVER, DEVICE):
        yield Sign("mark", owner, f"a descriptor or an entry of a ring: {OWNERS[owner].words}")
    yield Sign("mark", "g▸ h▸", "where driver and device go on in the ring")
