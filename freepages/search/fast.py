"""Every interleaving of a scenario: PROVED, or the shortest schedule that loses a page.

A state is the world's, and where each process stands with the values it keeps there. Two schedules that lead
to the same state are followed on once. A generator cannot be copied, so a process is brought to where it
stands in a state by running it alone, on the worlds that it saw on its first way there. And since what a step
does can depend on nothing but the process's place and what it reads of the world, it is run once for each
(:mod:`freepages.search.step_outcomes`), however many states have those in common.

Three reductions, each of which can be switched off, and a test holds them to the same verdicts:

- steps that commute with everything the others may do meanwhile are made together with the next one or the
  one before (``Act.mover``; R. Lipton, Reduction, CACM 18(12), 1975);
- content is kept as far as it can matter: whether the two sides are equal, not by which letters
  (``World.save``);
- states that differ only in the numbers of their pages are one, where pages are interchangeable.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from operator import itemgetter
from typing import Any, Literal

from freepages.debate.world import LOST, OVER
from freepages.engine.run import Move, Process, Scenario, Schedule
from freepages.search.step_outcomes import UNKNOWN, Outcome, Places, Reads

PROVED, REFUTED, UNDETERMINED = "PROVED", "REFUTED", "UNDETERMINED"
Verdict = Literal["PROVED", "REFUTED", "UNDETERMINED"]

LIMIT = 3_000_000
"""States after which a search gives up, unless told otherwise: about a gigabyte and a half."""


@dataclass(frozen=True)
class Search:
    """What a search has found.

    verdict   PROVED: no schedule loses a page; REFUTED: ``schedule`` does; UNDETERMINED: not all seen
    states    states seen
    depth     moves of the longest of the shortest ways to a state
    schedule  a shortest one that loses a page
    stuck     a shortest one after which ``waiter`` can never move again, where that was asked for
    """

    verdict: Verdict
    states: int
    depth: int
    schedule: Schedule | None = None
    stuck: Schedule | None = None


def explore(
    scenario: Scenario,
    *,
    waiter: str = "",
    reduce: bool = True,
    limit: int = LIMIT,
    watch: Callable[[int], bool | None] | None = None,
) -> Search:
    """Search a scenario whose world can be saved (:class:`freepages.debate.world.World`).

    ``waiter`` is the letter of a process that should not be stuck for ever; then the search goes on behind a
    loss. ``watch`` is called now and then with the number of states seen, and ends the search if it returns
    True.
    """
    return _Explorer(scenario, reduce).search(waiter, limit, watch)


State = tuple[int, ...]
"""The world's number, and the number of each process's place."""


class _Explorer:
    """The states of one scenario."""

    def __init__(self, scenario: Scenario, reduce: bool):
        self.reduce = reduce
        self.world, processes = scenario.build()
        self.reads = Reads(self.world.fields())
        self.worlds: list[Any] = []
        self.world_number: dict[Any, int] = {}
        self.places = [Places(process) for process in processes]
        pages = range(self.world.pages)
        self.turns = list(permutations(pages))[1:] if reduce and self.world.interchangeable else []
        self.turned: list[dict[int, int]] = [{} for _ in self.turns]
        self.start = (self._number(self.world.save(reduce)), *(0 for _ in self.places))

    def _number(self, saved: Any) -> int:
        number = self.world_number.setdefault(saved, len(self.worlds))
        if number == len(self.worlds):
            self.worlds.append(saved)
        return number

    # -- one process at a time

    def _process(self, i: int, place: int) -> Process:
        """The process, standing there: a parked one, or a new one that is brought there alone."""
        here = self.places[i][place]
        if here.parked:
            return here.parked.pop()
        if here.origin is None:
            return self.places[i].new()
        before, world, choice, moves = here.origin
        process = self._process(i, before)
        self.world.restore(world)
        process.go(choice)
        for _ in range(moves - 1):
            process.go()
        return process

    def _choices(self, i: int, place: int, world: Any) -> list[str]:
        """What process i may choose at that place in that world."""
        process = self._process(i, place)
        self.world.restore(world)
        with self.reads as fields:
            choices = list(process.options())
        here = self.places[i][place]
        here.parked.append(process)
        here.choices.learn(fields.read, world, choices)
        return choices

    def _outcome(self, i: int, place: int, world: Any, choice: str) -> Outcome | None:
        """What comes of that choice; None where nothing does."""
        process = self._process(i, place)
        self.world.restore(world)
        with self.reads as fields:
            moves = self._go(process, choice)
            over = self.world.over
        there = self.places[i].place(process, (place, world, choice, moves))
        self.places[i][there].parked.append(process)
        after = self.world.save(self.reduce)
        ends, after = (after[0], after[1:]) if over else ("", after)
        changes = tuple((n, v) for n, v in enumerate(after) if n in fields.written or v != world[n])
        stays = there == place and not over and not changes
        known = None if stays else Outcome(moves, there, ends, changes)
        self.places[i][place].outcomes[choice].learn(fields.read, world, known)
        return known

    def _go(self, process: Process, choice: str) -> int:
        """Make a move, and those that may as well be made with it; how many those are."""
        last = process.act
        process.go(choice)
        moves = 1
        while self.reduce and last and process.act:
            if last.mover != "right" and process.act.mover != "left":
                break
            if self.world.over or list(process.options()) != [""]:
                break
            last = process.act
            process.go()
            moves += 1
        return moves

    # -- states

    def _next(self, state: State) -> Iterator[tuple[int, str, int, State]]:
        """Every way on from a state: the process, its choice, in how many moves, and the state it leads
        to."""
        saved = self.worlds[state[0]]
        if saved[0] in (LOST, OVER):
            return
        for i, places in enumerate(self.places):
            place = places[state[i + 1]]
            choices = place.choices.known(saved)
            if choices is UNKNOWN:
                choices = self._choices(i, state[i + 1], saved)
            for choice in choices:
                outcome = place.outcomes[choice].known(saved)
                if outcome is UNKNOWN:
                    outcome = self._outcome(i, state[i + 1], saved, choice)
                if outcome is None:
                    continue
                after = saved
                if outcome.changes:
                    changed = list(saved)
                    for n, value in outcome.changes:
                        changed[n] = value
                    after = tuple(changed)
                if outcome.ends:
                    after = (outcome.ends,) if self.reduce else (outcome.ends, *after)
                world = self._number(after)
                yield i, choice, outcome.moves, (world, *state[1 : i + 1], outcome.place, *state[i + 2 :])

    def _canonical(self, state: State) -> State:
        """Of the states that are this one with its pages renumbered, the least."""
        return min(state, *(self._turn(n, state) for n in range(len(self.turns)))) if self.turns else state

    def _turn(self, n: int, state: State) -> State:
        world = self.turned[n].get(state[0])
        if world is None:
            world = self._number(self.world.renumbered(self.worlds[state[0]], self.turns[n]))
            self.turned[n][state[0]] = world
        return (
            world,
            *(p.turned(place, self.turns[n]) for p, place in zip(self.places, state[1:], strict=True)),
        )

    def search(self, waiter: str, limit: int, watch: Callable[[int], bool | None] | None) -> Search:
        """Breadth first by the number of moves."""
        first = self._canonical(self.start)
        index = {first: 0}
        states, parents, depths = [first], array("q", [-1]), array("I", [0])
        waiting: dict[int, list[int]] = defaultdict(list, {0: [0]})
        loss, deepest, complete, looked, depth = -1, 0, True, 0, 0
        while waiting and complete and (loss < 0 or waiter):
            for at in waiting.pop(depth, ()):
                if depths[at] != depth:
                    continue  # it was reached in fewer moves meanwhile
                looked += 1
                if len(states) > limit or (looked % 256 == 0 and watch and watch(len(states))):
                    complete = False
                    break
                state = states[at]
                if self.worlds[state[0]][0] == LOST:
                    loss = at if loss < 0 else loss
                    continue
                deepest = depth
                for _, _, moves, reached in self._next(state):
                    reached = self._canonical(reached)
                    there = index.get(reached)
                    length = depth + moves
                    if there is None:
                        there = index[reached] = len(states)
                        states.append(reached)
                        parents.append(at)
                        depths.append(length)
                        waiting[length].append(there)
                    elif length < depths[there]:
                        parents[there], depths[there] = at, length
                        waiting[length].append(there)
            depth += 1
        stuck = self._stuck(states, index, depths, waiter) if waiter and complete else -1

        def schedule(at: int) -> Schedule | None:
            if at < 0:
                return None
            way = []
            while at >= 0:
                way.append(states[at])
                at = parents[at]
            return self._schedule(way[::-1])

        verdict: Verdict = "REFUTED" if loss >= 0 else "PROVED" if complete else "UNDETERMINED"
        return Search(verdict, len(states), deepest, schedule(loss), schedule(stuck))

    def _schedule(self, way: list[State]) -> Schedule:
        """The moves along a way of canonical states, by one numbering of the pages from beginning to end."""
        state, schedule = self.start, []
        for wanted in way[1:]:
            ways = (way for way in self._next(state) if self._canonical(way[3]) == wanted)
            i, choice, moves, state = min(ways, key=itemgetter(2))
            letter = self.places[i].letter
            schedule += [Move(letter, choice), *[Move(letter)] * (moves - 1)]
        return Schedule(schedule)

    def _stuck(self, states: list[State], index: dict[State, int], depths: Any, waiter: str) -> int:
        """The nearest state from which that process can never move again, though it is not done; or -1."""
        i = next(n for n, places in enumerate(self.places) if places.letter == waiter)
        held = set()
        for at, state in enumerate(states):
            saved, place = self.worlds[state[0]], self.places[i][state[i + 1]]
            if saved[0] not in (LOST, OVER) and place.where and not self._choices(i, state[i + 1], saved):
                held.add(at)
        leaves: dict[int, list[int]] = defaultdict(list)
        free = []
        for at in held:
            for _, _, _, reached in self._next(states[at]):
                there = index[self._canonical(reached)]
                if there in held:
                    leaves[there].append(at)
                else:
                    free.append(at)
        while free:
            at = free.pop()
            if at in held:
                held.discard(at)
                free += leaves[at]
        return min(held, key=lambda at: (depths[at], at), default=-1)
