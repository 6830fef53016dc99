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

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from freepages.debate.world import FIELDS, LOST
from freepages.engine import Move, Process, Scenario, Schedule
from freepages.search.plain import Verdict as Verdict
from freepages.search.state_bits import BitLayout, Field
from freepages.search.step_outcomes import UNKNOWN, Learnt, Outcome, Places, Touched

PROVED, REFUTED, UNDETERMINED = "PROVED", "REFUTED", "UNDETERMINED"

LIMIT = 3_000_000
"""States after which a search gives up, unless told otherwise: about half a gigabyte."""


@dataclass(frozen=True)
class Search:
    """What a search has found.

    verdict   PROVED: no schedule loses a page; REFUTED: ``schedule`` does; UNDETERMINED: not all seen
    states    states seen
    depth     moves of the longest of the shortest ways to a state
    schedule  a shortest one that loses a page
    stuck     a shortest one after which ``waiter`` can never move again, where that was asked for
    ends      whether some state that was seen is the end of a migration
    """

    verdict: Verdict
    states: int
    depth: int
    schedule: Schedule | None = None
    stuck: Schedule | None = None
    ends: bool = True


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


class _Explorer:
    """The states of one scenario, each an int: the world's fields, how it ended, and the processes' places.

    came  every state that was seen, and the one that it was first reached from; pages are numbered so that
          their columns ascend, where they are interchangeable
    """

    def __init__(self, scenario: Scenario, reduce: bool):
        self.reduce = reduce
        self.world, processes = scenario.build()
        self.layout = BitLayout(self.world.pages)
        self.canonical = self.layout.sorted if reduce and self.world.interchangeable else int
        self.ending = Field(self.layout)
        self.ending.bits("")  # 0, while the world is not over
        self.lost = self.ending.bits(LOST)
        self.fields = [Field(self.layout) for _ in FIELDS]
        self.processes = [Places(self.layout, process) for process in processes]
        self.touched = Touched(self.world)
        self.start = self._bits() | sum(process.start for process in self.processes)
        self.came: dict[int, int] = {}
        self._widen()

    def _bits(self) -> int:
        """The bits of the world as it is."""
        saved = self.world.save(self.reduce)
        bits = 0
        if self.world.over:
            bits, saved = self.ending.bits(saved[0]), saved[1:]
        for field, value in zip(self.fields, saved, strict=False):  # nothing of a world that is over
            bits |= field.bits(value)
        return bits

    def saved(self, state: int) -> tuple[Any, ...]:
        """The world in a state, as it was saved."""
        ending = self.ending.value(state)
        if ending and self.reduce:
            return (ending,)
        return (*(ending,) * bool(ending), *(field.value(state) for field in self.fields))

    def _restore(self, state: int) -> None:
        self.world.restore(self.saved(state))

    # -- one process at a time

    def _choices(self, places: Places, state: int) -> list[tuple[str, Learnt]]:
        """What the process may choose in that state, and what is known of each choice."""
        process, here = places.process(state, self._restore), places.at(state)
        self._restore(state)
        with self.touched:
            choices = [(choice, here.outcomes[choice]) for choice in process.options()]
        here.parked.append(process)
        here.choices.depends_on({self.fields[n] for n in self.touched})
        here.choices.values[state & here.choices.mask] = choices
        return choices

    def _outcome(self, places: Places, state: int, choice: str) -> Outcome | None:
        """What comes of that choice; None where nothing does."""
        process, size = places.process(state, self._restore), self.layout.size
        self._restore(state)
        with self.touched:
            moves = self._go(process, choice)
            over = self.world.over
        learnt = places.at(state).outcomes[choice]
        after, place = self._bits(), places.arrive(process, (state, choice, moves))
        if self.layout.size > size:
            self._widen()
        learnt.depends_on({places, *(self.fields[n] for n in self.touched)})
        if not over and (after ^ state) & ~(learnt.mask | self.at_the_end):
            raise AssertionError(f"{places.name}, {choice}: a field changes that was not touched")
        key = state & learnt.mask
        bits = after & (learnt.mask | self.ending.mask) | place
        learnt.values[key] = outcome = Outcome(moves, over, bits) if over or bits != key else None
        return outcome

    def _widen(self) -> None:
        """Some fields may have got more bits."""
        for places in self.processes:
            for learnt in places.learnt():
                learnt.widen()
        self.at_the_end = self.ending.mask
        for places in self.processes:
            self.at_the_end |= places.mask

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

    def _next(self, state: int) -> Iterator[tuple[Places, str, int, int]]:
        """Every way on from a state: the process, its choice, in how many moves, and the state it leads
        to."""
        if state & self.ending.mask:
            return
        for places in self.processes:
            choices = places.at(state).choices
            ways = choices.values.get(state & choices.mask)
            for choice, learnt in self._choices(places, state) if ways is None else ways:
                key = state & learnt.mask
                outcome = learnt.values.get(key, UNKNOWN)
                if outcome is UNKNOWN:
                    outcome = self._outcome(places, state, choice)
                    key = state & learnt.mask
                if outcome is None:
                    continue
                moves, over, bits = outcome
                after = state ^ key | bits
                if over and self.reduce:
                    after &= self.at_the_end
                yield places, choice, moves, after

    def search(self, waiter: str, limit: int, watch: Callable[[int], bool | None] | None) -> Search:
        """Breadth first by the number of moves."""
        came, canonical = self.came, self.canonical
        first = canonical(self.start)
        came[first] = -1
        # By the moves to it, each state that is to be looked at: as in ``came``, and as it was reached.
        waiting: dict[int, dict[int, int]] = defaultdict(dict, {0: {first: self.start}})
        seen: list[tuple[int, int]] = []  # the same of those that were looked at, if there is a waiter
        loss, deepest, complete, looked, depth = -1, 0, True, 0, 0
        ends = False
        while waiting and complete and (loss < 0 or waiter):
            for at, state in waiting.pop(depth, {}).items():
                looked += 1
                if len(came) > limit or (looked % 256 == 0 and watch and watch(len(came))):
                    complete = False
                    break
                if waiter:
                    seen.append((at, state))
                ended = state & self.ending.mask
                ends = ends or bool(ended)
                if ended == self.lost:
                    loss = at if loss < 0 else loss
                    continue
                deepest = depth
                for _, _, moves, reached in self._next(state):
                    there, length = canonical(reached), depth + moves
                    if there in came:
                        later = next((n for n, some in waiting.items() if n > length and there in some), 0)
                        if not later:
                            continue
                        del waiting[later][there]
                    came[there] = at
                    waiting[length][there] = reached
            depth += 1
        stuck = self._stuck(seen, waiter) if waiter and complete else -1
        verdict: Verdict = "REFUTED" if loss >= 0 else "PROVED" if complete else "UNDETERMINED"
        return Search(verdict, len(came), deepest, self._schedule(loss), self._schedule(stuck), ends)

    def _schedule(self, at: int) -> Schedule | None:
        """The moves to that state, by one numbering of the pages from beginning to end."""
        if at < 0:
            return None
        way = []
        while at >= 0:
            way.append(at)
            at = self.came[at]
        state, schedule = self.start, []
        for wanted in way[-2::-1]:
            ways = (way for way in self._next(state) if self.canonical(way[3]) == wanted)
            places, choice, moves, state = min(ways, key=itemgetter(2))
            schedule += [Move(places.letter, choice), *[Move(places.letter)] * (moves - 1)]
        return Schedule(schedule)

    def _stuck(self, seen: list[tuple[int, int]], waiter: str) -> int:
        """The nearest state from which that process can never move again, though it is not done; or -1."""
        places = next(some for some in self.processes if some.letter == waiter)
        held = {
            at: state
            for at, state in seen
            if not state & self.ending.mask and places.value(state) and not self._choices(places, state)
        }
        leaves: dict[int, list[int]] = defaultdict(list)
        free = []
        for at, state in held.items():
            for _, _, _, reached in self._next(state):
                there = self.canonical(reached)
                if there in held:
                    leaves[there].append(at)
                else:
                    free.append(at)
        while free:
            at = free.pop()
            if held.pop(at, None) is not None:
                free += leaves[at]
        return next(iter(held), -1)
