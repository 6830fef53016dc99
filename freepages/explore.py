"""Every interleaving of a scenario: PROVED, or the shortest schedule that loses a page.

A state is the world's, and where each process stands with the values it keeps there. Two schedules that lead
to the same state are followed on once. A generator cannot be copied, so a process is brought to where it
stands in a state by running it alone, on the worlds that it saw on its first way there; and since a step can
depend on nothing but the world and the process's own position, each is run once for every pair of the two,
however many states have that pair in common.

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
from typing import Any, Literal, NamedTuple

from freepages.engine import Move, Process, Scenario, Schedule
from freepages.positions import position, renumbered

PROVED, REFUTED, UNDETERMINED = "PROVED", "REFUTED", "UNDETERMINED"
Verdict = Literal["PROVED", "REFUTED", "UNDETERMINED"]

LIMIT = 3_000_000
"""States after which a search gives up, unless told otherwise: about a gigabyte and a half."""


class Goes(NamedTuple):
    """One way a process can go from where it stands: by which choice, in how many moves, to where."""

    choice: str
    moves: int
    place: int
    world: int


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
    """Search a scenario whose world can be saved (:class:`freepages.proposals.world.World`).

    ``waiter`` is the letter of a process that should not be stuck for ever; then the search goes on behind a
    loss. ``watch`` is called now and then with the number of states seen, and ends the search if it returns
    True.
    """
    return _Explorer(scenario, reduce).search(waiter, limit, watch)


class _Explorer:
    """The states of one scenario. A state is a tuple: the world's number, and each process's place."""

    def __init__(self, scenario: Scenario, reduce: bool):
        self.scenario, self.reduce = scenario, reduce
        self.world, processes = scenario.build()
        self.processes = list(processes)
        count = len(self.processes)
        self.worlds: list[Any] = []
        self.world_number: dict[Any, int] = {}
        self.places: list[list[Any]] = [[] for _ in range(count)]
        self.place_number: list[dict[Any, int]] = [{} for _ in range(count)]
        self.origin: list[list[tuple[int, int, str, int] | None]] = [[] for _ in range(count)]
        self.parked: list[dict[int, list[Process]]] = [defaultdict(list) for _ in range(count)]
        self.goes: list[dict[tuple[int, int], tuple[Goes, ...]]] = [{} for _ in range(count)]
        pages = self.world.pages
        turns = permutations(range(pages)) if reduce and self.world.interchangeable else [tuple(range(pages))]
        self.turns = list(turns)[1:]
        self.turned: dict[tuple[int, ...], tuple[int, ...]] = {}
        self.turned_world: list[dict[int, int]] = [{} for _ in self.turns]
        self.turned_place: list[dict[tuple[int, int], int]] = [{} for _ in self.turns]
        here = self._world_now()
        self.start = (here, *(self._place_of(i, p, None) for i, p in enumerate(self.processes)))
        for i, process in enumerate(self.processes):
            self.parked[i][self.start[i + 1]].append(process)

    # -- numbers for what is compared

    def _world_now(self) -> int:
        saved = self.world.save(self.reduce)
        number = self.world_number.get(saved)
        if number is None:
            number = self.world_number[saved] = len(self.worlds)
            self.worlds.append(saved)
        return number

    def _place_of(self, i: int, process: Process, origin: tuple[int, int, str, int] | None) -> int:
        return self._place_number(i, position(process), origin)

    def _place_number(self, i: int, place: Any, origin: tuple[int, int, str, int] | None) -> int:
        number = self.place_number[i].get(place)
        if number is None:
            number = self.place_number[i][place] = len(self.places[i])
            self.places[i].append(place)
            self.origin[i].append(origin)
        elif self.origin[i][number] is None and origin is not None and number:
            self.origin[i][number] = origin
        return number

    # -- one process at a time

    def _process(self, i: int, place: int) -> Process:
        """The process, standing there: a parked one, or a new one that is brought there alone."""
        if self.parked[i][place]:
            return self.parked[i][place].pop()
        origin = self.origin[i][place]
        if origin is None:
            old = self.processes[i]
            assert old.make is not None
            return Process(old.letter, old.name, old.make)
        before, world, choice, moves = origin
        process = self._process(i, before)
        self.world.restore(self.worlds[world])
        process.go(choice)
        for _ in range(moves - 1):
            process.go()
        return process

    def _ways(self, i: int, place: int, world: int) -> tuple[Goes, ...]:
        """Every way process i can go from that place in that world."""
        known = self.goes[i].get((place, world))
        if known is None:
            known = self.goes[i][place, world] = tuple(self._find_ways(i, place, world))
        return known

    def _find_ways(self, i: int, place: int, world: int) -> Iterator[Goes]:
        process = self._process(i, place)
        self.world.restore(self.worlds[world])
        choices = list(process.options())
        if not choices:
            self.parked[i][place].append(process)
        for n, choice in enumerate(choices):
            if n:
                process = self._process(i, place)
                self.world.restore(self.worlds[world])
            moves = self._go(process, choice)
            reached = self._place_of(i, process, (place, world, choice, moves))
            yield Goes(choice, moves, reached, self._world_now())
            self.parked[i][reached].append(process)

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

    def _canonical(self, state: tuple[int, ...]) -> tuple[int, ...]:
        """Of the states that are this one with its pages renumbered, the least."""
        if not self.turns:
            return state
        least = self.turned.get(state)
        if least is None:
            least = min([state, *(self._turn(n, state) for n in range(len(self.turns)))])
            self.turned[state] = least
        return least

    def _turn(self, n: int, state: tuple[int, ...]) -> tuple[int, ...]:
        turn, world = self.turns[n], state[0]
        turned = self.turned_world[n].get(world)
        if turned is None:
            saved = self.world.renumbered(self.worlds[world], turn)
            turned = self.world_number.setdefault(saved, len(self.worlds))
            if turned == len(self.worlds):
                self.worlds.append(saved)
            self.turned_world[n][world] = turned
        places = []
        for i, place in enumerate(state[1:]):
            other = self.turned_place[n].get((i, place))
            if other is None:
                other = self._place_number(i, renumbered(self.places[i][place], turn), None)
                self.turned_place[n][i, place] = other
            places.append(other)
        return (turned, *places)

    def _next(self, state: tuple[int, ...]) -> Iterator[tuple[int, Goes, tuple[int, ...]]]:
        """Every way on from a state: the process, how it goes, and the state it leads to."""
        world = state[0]
        if self.worlds[world].over:
            return
        for i in range(len(self.processes)):
            for goes in self._ways(i, state[i + 1], world):
                reached = (goes.world, *state[1 : i + 1], goes.place, *state[i + 2 :])
                yield i, goes, reached

    def search(self, waiter: str, limit: int, watch: Callable[[int], bool | None] | None) -> Search:
        """Breadth first by the number of moves."""
        first = self._canonical(self.start)
        index = {first: 0}
        states, parents, depths = [first], array("q", [-1]), array("I", [0])
        waiting: dict[int, list[int]] = defaultdict(list, {0: [0]})
        loss, deepest, complete, looked = -1, 0, True, 0
        depth = 0
        while waiting and complete:
            for at in waiting.pop(depth, ()):
                if depths[at] != depth:
                    continue  # it was reached in fewer moves meanwhile
                looked += 1
                if looked % 4096 == 0 and watch and watch(len(states)):
                    complete = False
                    break
                if self.worlds[states[at][0]].lost:
                    loss = at if loss < 0 else loss
                    if not waiter:
                        break
                    continue
                deepest = depth
                for _, goes, reached in self._next(states[at]):
                    reached = self._canonical(reached)
                    there = index.get(reached)
                    length = depth + goes.moves
                    if there is None:
                        there = index[reached] = len(states)
                        states.append(reached)
                        parents.append(at)
                        depths.append(length)
                        waiting[length].append(there)
                    elif length < depths[there]:
                        parents[there], depths[there] = at, length
                        waiting[length].append(there)
                if len(states) > limit:
                    complete = False
                    break
            if loss >= 0 and not waiter:
                break
            depth += 1
            while waiting and depth not in waiting:
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

    def _schedule(self, way: list[tuple[int, ...]]) -> Schedule:
        """The moves along a way of canonical states, by one numbering of the pages from beginning to end."""
        state, moves = self.start, []
        for wanted in way[1:]:
            found = [
                (goes.moves, i, goes, reached)
                for i, goes, reached in self._next(state)
                if self._canonical(reached) == wanted
            ]
            _, i, goes, state = min(found, key=lambda way: way[0])
            letter = self.processes[i].letter
            moves += [Move(letter, goes.choice), *[Move(letter)] * (goes.moves - 1)]
        return Schedule(moves)

    def _stuck(self, states: list[Any], index: dict[Any, int], depths: Any, waiter: str) -> int:
        """The nearest state from which that process can never move again, though it is not done; or -1."""
        i = next(n for n, process in enumerate(self.processes) if process.letter == waiter)
        held = {
            at
            for at, state in enumerate(states)
            if self.places[i][state[i + 1]]
            and not self.worlds[state[0]].over
            and not self._ways(i, state[i + 1], state[0])
        }
        leaves: dict[int, list[int]] = defaultdict(list)
        free = []
        for at in held:
            for _, _, reached in self._next(states[at]):
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
