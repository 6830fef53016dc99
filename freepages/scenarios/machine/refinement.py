"""Random runs of the machine, judged: the small world accepts every step, or not, and both have a verdict.

How often each kind of move is tried is a choice: who moves is drawn first, then the kind of its choice, then
the choice; so that a host with sixty pages to send does not do much else. The stop comes late.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable
from typing import NamedTuple

from freepages.engine import Choose, Move, Process, Run, Scenario, Schedule
from freepages.engine.step_size import coarse, fine
from freepages.scenarios.machine.mistakes import LOST, REFUSED, STUCK
from freepages.scenarios.machine.scenario import one_machine, runnable
from freepages.scenarios.machine.world import WholeMachine

SAFE = "safe"
STOPS, TAKES = Move("h", "0x"), Move("h", "0t")
HASTE = 0.02
"""How likely the host stops where it may, before the run is as long as it is to be."""


class End(NamedTuple):
    """How a run ended, why, what the small world had against it (None for nothing), and the schedule.

    how  REFUSED by the small world, before the end; LOST, some pages; STUCK, the host can never stop; or SAFE
    """

    how: str
    why: str
    refused: str | None
    schedule: Schedule


def random_machine(seed: int) -> Scenario:
    """A machine of 32 to 64 pages: any proposal that it can run, one zone or two, with or without per-CPU
    lists, coarse (mostly) or fine."""
    chance = random.Random(seed)
    sizes = chance.choice([[32], [48], [64], [16, 16], [32, 16], [32, 32]])
    drawings = []
    for size in sizes:
        drawing = "".join(chance.choice("··a") * 2 ** chance.randrange(4) for _ in range(size))
        drawings.append(drawing[:size])
    drawings[0] = "·" * 8 + drawings[0][8:]  # for rings and bitmap
    return one_machine(
        chance.choice(runnable()),
        zones=drawings,
        hole=chance.choice([0, 16, 64]),
        requests=chance.choice([1, 2, 3]),
        num=chance.choice([2, 4]),
        batch=chance.choice([0, 0, 2]),
        grain=fine if chance.random() < 0.1 else coarse,
    )


def random_run(scenario: Scenario, seed: int, steps: int = 150) -> End:
    """Run the machine at random for so many steps, then let the host come to its end."""
    run, chance, made = Run(scenario), random.Random(seed), list[Move]()
    while len(made) < steps and not ended(run) and (move := some_move(run, chance)):
        run.processes[move.letter].go(move.choice)  # it is possible: Run.move would ask again
        made.append(move)
    return finished(run, made)


def some_move(run: Run, chance: random.Random) -> Move | None:
    """One of the moves that are possible."""
    letters = list(run.processes)
    chance.shuffle(letters)
    for letter in letters:
        if choices := possible(run.processes[letter]):
            kinds = sorted({choice[-1:] for choice in choices})
            if letter == STOPS.letter and len(kinds) > 1 and "x" in kinds and chance.random() > HASTE:
                kinds.remove("x")
            kind = chance.choice(kinds)
            return Move(letter, chance.choice([choice for choice in choices if choice[-1:] == kind]))
    return None


def possible(process: Process) -> Collection[str]:
    """The choices that a process has; as Process.options, asked once."""
    guard = process.guard
    return guard.options() if isinstance(guard, Choose) else process.options()


def finished(run: Run, made: list[Move]) -> End:
    """Let everybody but the programs do what they have to do, and the host stop; how the run ended."""
    while not ended(run):
        able = {letter: some for letter, p in run.processes.items() if (some := possible(p))}
        if "" not in able.get("w", ()):  # but what they have begun is ended: it may hold a zone's lock
            able.pop("w", None)
        host = able.pop("h", ())
        first = next((Move(letter, next(iter(some))) for letter, some in able.items()), None)
        if STOPS.choice in host:
            first = STOPS
        elif first is None and host:
            first = TAKES if TAKES.choice in host else Move("h") if "" in host else None
        if first is None:
            break
        run.processes[first.letter].go(first.choice)
        made.append(first)
    return end_of(run, made)


def ended(run: Run) -> bool:
    world: WholeMachine = run.world
    return world.over or world.projection.refused is not None


def end_of(run: Run, made: list[Move]) -> End:
    world: WholeMachine = run.world
    refused = world.projection.refused
    if world.lost:
        how, why = LOST, refused or f"pages {', '.join(map(str, sorted(world.lost)))} of ram_addr"
    elif refused:
        how, why = REFUSED, refused
    elif world.over:
        how, why = SAFE, ""
    else:
        how, why = (
            STUCK,
            "; ".join(f"{p.name} {p.why_not()}" for p in run.processes.values() if not p.options()),
        )
    return End(how, why, refused, Schedule(made))


def replayed(scenario: Scenario, moves: Iterable[Move]) -> End:
    """The end of a run by a schedule, of which what is not possible is left out."""
    run, made = Run(scenario), list[Move]()
    for move in moves:
        if not ended(run) and move.choice in possible(run.processes[move.letter]):
            run.processes[move.letter].go(move.choice)
            made.append(move)
    return finished(run, made)


def shrunk(scenario: Scenario, end: End) -> End:
    """A shorter run that ends in the same way: pieces of the schedule are left out, as long as any can be."""
    best, size = end, max(1, len(end.schedule) // 2)
    while size:
        at = 0
        while at < len(best.schedule):
            shorter = replayed(scenario, best.schedule[:at] + best.schedule[at + size :])
            same = shorter.how == end.how and bool(shorter.refused) == bool(end.refused)
            if same and len(shorter.schedule) < len(best.schedule):
                best = shorter
            else:
                at += size
        size //= 2
    return best
