"""The quiz: before a step one question about it, whose right answer comes from the model.

Three kinds: who can move; which page, entry or cell the step changes; what a bit, a page or an index will be.
A scenario may add its own. The answers that are wrong are drawn by the number of the step, so the same step
is always asked in the same way.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from freepages.engine import Move, Run, sentence
from freepages.view.changes import Changes, changes, merged
from freepages.view.frame import Bits, Facts, Frame, FreeLists, Locks, PageMap, Panel, Tokens
from freepages.view.ring_panel import Ring, cells

MOST = 4  # answers of a question
FEW = 8  # pages of a map that may be asked for, of those that change and of all

Found = tuple[str, list[str], str]
"""A question: its text, answers, and the right one of them."""

WHO, WHERE, WHAT, OWN = "who", "where", "what", "own"
KINDS = (WHO, WHERE, WHAT, OWN)


@dataclass(frozen=True)
class Asked:
    """What is asked before step ``number``; ``right`` is the index of the right one of ``answers``."""

    number: int
    kind: str
    text: str
    answers: tuple[str, ...]
    right: int


class Before(NamedTuple):
    """What is known before a move is made; with what it led to, the questions about it can be asked.

    able  the names of the processes that can move, of all ``names``
    own   the scenario's own questions
    """

    number: int
    chance: random.Random
    step: str
    able: list[str]
    names: list[str]
    frame: Frame
    own: list[Found]

    @classmethod
    def of(cls, run: Run, move: Move, frame: Frame) -> Before:
        number, process = len(run.steps) + 1, run.processes[move.letter]
        every = run.processes.values()
        own = run.scenario.questions(run, move) if run.scenario.questions else ()
        return cls(
            number,
            random.Random(f"{run.scenario.name} {number}"),
            sentence(process.name, process.options()[move.choice]),
            [p.name for p in every if p.options()],
            [p.name for p in every],
            frame,
            [(text, [*answers], right) for text, answers, right in own],
        )

    def questions(self, after: Frame, changed: Changes) -> tuple[Asked, ...]:
        """All that can be asked: at most one of each kind, and the scenario's own."""
        asked: list[tuple[str, Found]] = []
        if len(self.names) > 1:
            asked.append((WHO, ("Who can move now?", *_who(self.able, self.names))))
        where, what = _where(after, changed, self.chance), _what(self.frame, after, self.chance)
        for kind, found in (WHERE, where), (WHAT, what):
            if found:
                asked.append((kind, (f"{self.step}. {found[0]}", *found[1:])))
        asked += ((OWN, found) for found in self.own)
        made = (_question(self.number, kind, *found, self.chance) for kind, found in asked)
        return tuple(question for question in made if len(question.answers) > 1)


def questions(run: Run, move: Move) -> tuple[Asked, ...]:
    """The questions before `move` is made in `run`, which stays as it is."""
    before = Before.of(run, move, run.scenario.picture(run))
    after: Frame = run.scenario.picture(Run(run.scenario, [*run.schedule, move]))
    return before.questions(after, changes(before.frame, after))


def _question(
    number: int, kind: str, text: str, answers: Sequence[str], right: str, chance: random.Random
) -> Asked:
    """The right answer and some of the others, in the order that they were given in."""
    wrong = [answer for answer in dict.fromkeys(answers) if answer != right]
    kept = {right, *chance.sample(wrong, min(len(wrong), MOST - 1))}
    shown = tuple(answer for answer in dict.fromkeys([*answers, right]) if answer in kept)
    return Asked(number, kind, text, shown, shown.index(right))


# -- who can move


def _who(able: Sequence[str], names: Sequence[str]) -> tuple[list[str], str]:
    """Every group of processes, and the one that can move."""
    groups = [group for size in range(len(names) + 1) for group in itertools.combinations(names, size)]
    return [_all_of(group, names) for group in groups], _all_of(able, names)


def _all_of(group: Sequence[str], names: Sequence[str]) -> str:
    if len(group) == len(names) > 1:
        return "all of them" if len(names) > 2 else "both"
    return " and ".join(group) or "nobody"


# -- where something changes


def _where(after: Frame, changed: Changes, chance: random.Random) -> Found | None:
    """Which pages of a map, or which entries of another panel, change; a panel that changes if one does."""
    panels = [*zip(after.panels, changed.marked, strict=True)]
    panels = [(panel, marks) for panel, marks in panels if _places(panel)]
    if not panels:
        return None
    panel, marks = chance.choice([found for found in panels if found[1]] or panels)
    name = getattr(panel, "name", "")
    if isinstance(panel, PageMap | Bits | Tokens):
        runs = merged(itertools.chain(*marks.values()))
        near = sorted({lo + by for lo, hi in runs[:FEW] or [(panel.start, 0)] for by in (-1, 0, 1, hi - lo)})
        pages = [f"page {page}" for page in near if panel.start <= page < panel.end]
        right = _spoken(runs)
        return (
            f"Which pages change in “{name}”?",
            ["none", *pages, _spoken([(panel.start, panel.end)]), right],
            right,
        )
    places = _places(panel)
    changing = [place for place in places if _part(panel, place) in marks]
    right = changing[0] if changing else "none"
    others = ["none", *(place for place in places if place not in changing[1:])]
    return f"What changes in “{name or 'the ring'}”?", others, right


def _places(panel: Panel) -> list[str]:
    """What of a panel can change, by name; for a map its pages' extent stands for all."""
    match panel:
        case PageMap() | Bits() | Tokens():
            return [_spoken([(panel.start, panel.end)])] * bool(panel.pages)
        case Ring():
            return [name for name, value in cells(panel).items() if value is not None]
        case FreeLists():
            return [f"nr_free of order {order}" for order in range(len(panel.nr_free))]
        case Facts():
            return [*panel.rows]
    return []


def _part(panel: Panel, place: str) -> object:
    return int(place.rpartition(" ")[2]) if isinstance(panel, FreeLists) else place


def _spoken(runs: Sequence[tuple[int, int]]) -> str:
    parts = [str(lo) if hi == lo + 1 else f"{lo} to {hi - 1}" for lo, hi in runs]
    return f"page{'s' * (len(parts) > 1 or 'to' in ''.join(parts))} {', '.join(parts)}" if parts else "none"


# -- what will it be


def _what(before: Frame, after: Frame, chance: random.Random) -> Found | None:
    """What a bit, a page's content, an index, a count or a lock will be; now and then one that stays."""
    candidates = [*_valued(before, after, chance)]
    changed = [found for found in candidates if found[1] != found[2]]
    some = changed if changed and chance.random() < 0.7 else candidates
    if not some:
        return None
    name, was, now, answers = chance.choice(some)
    return f"What will {name} be? Now it is {was}.", answers, now


def _valued(before: Frame, after: Frame, chance: random.Random) -> Iterator[tuple[str, str, str, list[str]]]:
    """(name, before, after, answers) of every value that can be asked for."""
    olds = {(type(panel), getattr(panel, "name", "")): panel for panel in before.panels}
    for new in after.panels:
        old: Any = olds.get((type(new), getattr(new, "name", "")))
        if old is None:
            continue
        if isinstance(new, Bits) and not (new.absent or old.absent):
            for at in _some(old.bits, new.bits, chance):
                was, now = str(old.bits[at]), str(new.bits[at])
                yield f"bit {new.start + at} of “{new.name}”", was, now, ["0", "1"]
        elif isinstance(new, Tokens) and new.lettered and old.lettered:
            tokens = sorted({*old.tokens, *new.tokens, *new.quiet} - {""})
            other = next(letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ?" if letter not in tokens)
            for at in _some(old.tokens, new.tokens, chance):
                was, now = old.tokens[at], new.tokens[at]
                if was and now:
                    yield f"page {new.start + at} of “{new.name}”", was, now, [*tokens, other]
        elif isinstance(new, Locks):
            for then, row in zip(old.rows, new.rows, strict=False):
                was, now = then.holder or "free", row.holder or "free"
                yield row.name, was, now, ["free", was, now, *row.waiters, *then.waiters]
        else:
            for name, (a, b) in _counts(old, new).items():
                yield name, str(a), str(b), [*(str(a + by) for by in (-1, 0, 1, 2) if a + by >= 0)]


def _some(old: Sequence[Any], new: Sequence[Any], chance: random.Random) -> list[int]:
    """A few places of two panels: of those that differ, and of all."""
    if len(old) != len(new):
        return []
    pairs = enumerate(zip(old, new, strict=True)) if old != new else ()
    differ = itertools.islice((at for at, (was, now) in pairs if was != now), FEW)
    return [*differ, *chance.sample(range(len(new)), min(len(new), FEW))]


def _counts(old: Any, new: Panel) -> dict[str, tuple[int, int]]:
    """The indices of a ring, or the blocks of each order, before and after."""
    if isinstance(new, FreeLists):
        counts = zip(old.nr_free, new.nr_free, strict=False)
        return {f"nr_free of order {order}": pair for order, pair in enumerate(counts)}
    if isinstance(new, Ring):
        was, now = cells(old), cells(new)
        names = (name for name in now if name.endswith("idx"))
        return {name: (was[name], now[name]) for name in names if None not in (was.get(name), now[name])}
    return {}


# -- which of them is asked


def chosen(
    number: int,
    offered: Sequence[Asked],
    pick: Callable[[int, Sequence[Asked]], Asked] | None = None,
) -> Asked | None:
    """One of the questions that a step offers: the scenario's own first, then the kinds in turn."""
    if not offered:
        return None
    if pick:
        return pick(number, offered)
    own = [asked for asked in offered if asked.kind == OWN]
    return own[0] if own else offered[number % len(offered)]
