"""The key of a scenario: every letter that moves, every choice, every sign of its picture, and what it means.

Nothing is written down twice: the moves are what the processes offer, the signs what the panels show, in the
scenario's story and in a few runs at random. What only the scenario knows, it says in ``Scenario.signs``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import takewhile

from freepages.engine import Process, Run, Scenario, at_random
from freepages.view.signs import OUTLINES, Sign, signs

RUNS = 3  # at random
STEPS = 40  # of each
PICTURES = 40  # of the story


@lru_cache(maxsize=8)
def key(scenario: Scenario) -> tuple[Sign, ...]:
    """The moves by process and choice, then the signs of the picture."""
    run = Run(scenario)
    moves: dict[str, dict[str, list[str]]] = {letter: {} for letter in run.processes}
    seen: dict[Sign, None] = {}
    story = Run(scenario, scenario.story).schedule
    every = len(story) // PICTURES + 1
    _look(run, moves, seen)
    for at, move in enumerate(story, 1):
        run.move(move)
        _look(run, moves, seen, pictured=at % every == 0 or at == len(story))
    for seed in range(RUNS):
        again = Run(scenario)
        try:
            for step in range(STEPS):
                at_random(again, seed + step, 1)
                _look(again, moves, seen, pictured=step == STEPS - 1)
        except Exception:  # a fault of the scenario's own is told when its step is made
            continue
    return (
        *(sign for p in run.processes.values() for sign in _moves(p, moves[p.letter])),
        *sorted(seen, key=lambda sign: sign.kind == "mark"),
        *(Sign("mark", sign, words) for sign, words in scenario.signs),
        *OUTLINES,
    )


def _look(
    run: Run, moves: dict[str, dict[str, list[str]]], seen: dict[Sign, None], pictured: bool = True
) -> None:
    for process in run.processes.values():
        for choice, words in process.options().items():
            if choice:
                offered = moves[process.letter].setdefault(choice[-1], [])
                said = f"{choice[:-1]} {words}"
                if said not in offered and len(offered) < 8:
                    offered.append(said)
    if pictured:
        seen |= dict.fromkeys(sign for panel in run.scenario.picture(run).panels for sign in signs(panel))


def _moves(process: Process, choices: dict[str, list[str]]) -> Iterator[Sign]:
    yield Sign("move", process.letter, process.name)
    for letter, offered in choices.items():
        numbers = {said.partition(" ")[0] for said in offered}
        if len(numbers) == 1:
            number, _, words = offered[0].partition(" ")
            yield Sign("move", f"{process.letter}{number}{letter}", words)
        else:
            yield Sign("move", f"{process.letter}N{letter}", _in_common(offered))


def _in_common(offered: list[str]) -> str:
    """What the words of several choices have in common, with N for the number and … for what differs."""
    texts = []
    for said in offered:
        number, _, words = said.partition(" ")
        texts.append(re.sub(rf"\b{number}\b", "N", words).split(" "))
    if all(words == texts[0] for words in texts):
        return " ".join(texts[0])
    begin = _same(zip(*texts, strict=False))
    end = _same(zip(*(words[begin:][::-1] for words in texts), strict=False))
    return " ".join([*texts[0][:begin], "…", *texts[0][len(texts[0]) - end :]])


def _same(columns: Iterable[tuple[str, ...]]) -> int:
    """How many of these begin in which all are equal."""
    return len([*takewhile(lambda column: len(set(column)) == 1, columns)])
