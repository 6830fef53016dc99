"""Where a process stands, as a value that can be compared: its running functions, and what they still need.

A process keeps its position in plain local values (the engine's second rule), so the place in each of its
functions and the locals that are read again say all. A local that is written before it is read is left out:
what an answer listed does not matter once it was used. So is what belongs to the world, which is compared by
itself; a function counts with the values that it was made over, also the one that a guard asks. A local of
any other kind is an error, since two positions that differ in it would be taken for one.

How far a ``for`` loop is, nobody but its iterator knows; its variable says so where it runs over different
values, so a loop's variables always count, and so does what it runs over.
"""

from __future__ import annotations

import dis
from collections.abc import Callable
from functools import cache, partial
from types import CodeType, FunctionType
from typing import Any

from freepages.engine.announcement import Act
from freepages.engine.errors import FreepagesError
from freepages.engine.guard import Choose, Guard, Until
from freepages.engine.process import Process
from freepages.engine.step_size import Whole

Content = Callable[[str, Any], Any]

PLAIN = (int, float, str, bytes, type(None))

ENDS = ("RETURN", "RAISE", "RERAISE", "JUMP_FORWARD", "JUMP_BACKWARD")
"""How the instructions are called that the next one does not follow."""


def position(process: Process, content: Content | None = None) -> tuple[Any, ...]:
    """The position of a process; empty when it is done.

    ``content(name, value)`` is what a local that is still needed is compared by.
    """
    keeps = content or partial(_kept, process)
    where: list[Any] = []
    steps: Any = process.steps
    while (frame := getattr(steps, "gi_frame", None)) is not None:
        code, at = steps.gi_code, frame.f_lasti
        kept = []
        if names := needed(code)[at]:
            have = frame.f_locals
            kept = [keeps(name, have[name]) for name in names if name in have]
        where.append((code, at, *kept))
        steps = steps.gi_yieldfrom
        if isinstance(steps, Whole):
            steps = steps.steps
    if isinstance(process.guard, (Until, Choose)):
        where.append(keeps("its guard", process.guard.asks))
    return tuple(where)


def _kept(process: Process, name: str, value: Any) -> Any:
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, (Guard, Act)) or hasattr(value, "save"):
        return None  # a part of the world; and what a guard asks is looked at where it is announced
    if isinstance(value, FunctionType):
        cells = value.__closure__ or ()
        return (value.__code__, *(_kept(process, name, cell.cell_contents) for cell in cells))
    if hasattr(value, "frozen"):
        return value.frozen()
    if isinstance(value, tuple):
        return tuple(_kept(process, name, some) for some in value)
    if isinstance(value, list):
        return (list, *(_kept(process, name, some) for some in value))
    if isinstance(value, set | frozenset):
        return frozenset(_kept(process, name, some) for some in value)
    if isinstance(value, dict):
        return (dict, *(_kept(process, name, some) for some in value.items()))
    raise FreepagesError(
        f"process {process.name} keeps {name}, a {type(value).__name__}: a search cannot compare it. "
        "Numbers, texts, tuples, lists, sets and dicts of these can be kept"
    )


@cache
def needed(code: CodeType) -> dict[int, tuple[str, ...]]:
    """For each instruction of a function, the locals that may be read behind it before they are written.

    The usual backward analysis (A. Aho et al., Compilers, 9.2.5), on Python's own instructions.
    """
    instructions = list(dis.get_instructions(code))
    places = {instruction.offset: n for n, instruction in enumerate(instructions)}
    follows: list[list[int]] = []
    for n, instruction in enumerate(instructions):
        ends = instruction.opname.startswith(ENDS) and instruction.opname != "RETURN_GENERATOR"
        after = [n + 1] if not ends and n + 1 < len(instructions) else []
        if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
            after.append(places[instruction.argval])
        follows.append(after)
    always = _loop_variables(instructions) | _read_in_handlers(instructions, follows)
    before: list[frozenset[str]] = [frozenset()] * len(instructions)
    behind = list(before)
    changed = True
    while changed:
        changed = False
        for n in reversed(range(len(instructions))):
            behind[n] = frozenset().union(*(before[m] for m in follows[n]))
            reads, writes = _reads_writes(instructions[n])
            now = (behind[n] - writes) | reads
            changed |= now != before[n]
            before[n] = now
    return {i.offset: tuple(sorted(behind[n] | always)) for n, i in enumerate(instructions)}


def _names(instruction: dis.Instruction) -> frozenset[str]:
    value = instruction.argval
    return frozenset([value] if isinstance(value, str) else value)


def _reads_writes(instruction: dis.Instruction) -> tuple[frozenset[str], frozenset[str]]:
    if instruction.opname == "STORE_FAST":
        return frozenset(), _names(instruction)
    if "_FAST" in instruction.opname or "_DEREF" in instruction.opname or "_CLOSURE" in instruction.opname:
        return _names(instruction), frozenset()
    return frozenset(), frozenset()


def _loop_variables(instructions: list[dis.Instruction]) -> frozenset[str]:
    """The names that a ``for`` assigns to, the stores right behind it, and those that it runs over."""
    names: frozenset[str] = frozenset()
    for n, instruction in enumerate(instructions):
        if instruction.opname == "FOR_ITER":
            for after in instructions[n + 1 :]:
                if "STORE_FAST" in after.opname:
                    names |= _names(after)
                elif not after.opname.startswith("UNPACK"):
                    break
        elif instruction.opname == "GET_ITER":
            # What it runs over is computed right before, on the loop's own lines.
            for before in reversed(instructions[:n]):
                if _line(before) < _line(instruction):
                    break
                names |= _reads_writes(before)[0]
    return names


def _line(instruction: dis.Instruction) -> int:
    return (instruction.positions and instruction.positions.lineno) or 0


def _read_in_handlers(instructions: list[dis.Instruction], follows: list[list[int]]) -> frozenset[str]:
    """The names that are read where only an exception leads: that may be at any time."""
    reached, ahead = {0}, [0]
    while ahead:
        for n in follows[ahead.pop()]:
            if n not in reached:
                reached.add(n)
                ahead.append(n)
    handlers = (instruction for n, instruction in enumerate(instructions) if n not in reached)
    return frozenset().union(*(_reads_writes(instruction)[0] for instruction in handlers))
