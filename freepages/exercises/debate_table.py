"""Notebook 14: the rows of the debate's table, predicted; and which of them a set of assumptions flips."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from freepages.debate.proposals import PROPOSALS, find_proposal
from freepages.debate.world import PURPOSES, Purpose
from freepages.exercises.exercise import Exercise, Wrong
from freepages.search import Checked, check
from freepages.search.debate_table import DebateTable
from freepages.search.fast import PROVED, REFUTED

WORDS = {PROVED: "safe", REFUTED: "lost"}
"""How a reader says a verdict."""


def compared(guesses: Mapping[str, Iterable[Any]], table: DebateTable) -> str:
    """The reader's rows beside the table's: a line a row, and how many verdicts are right.

    A guess is (migrate, discard), each "safe", "lost" or ``...`` for none.
    """
    lines, right, made = [], 0, 0
    for name, row in guesses.items():
        said = []
        for purpose, guess in zip(PURPOSES, row, strict=True):
            word = WORDS[table.answer(name, purpose).verdict]
            made += guess is not ...
            right += guess == word
            told = "○ no guess yet" if guess is ... else f"{'✓' if guess == word else '✗ not'} {guess}"
            said.append(f"{purpose} {told}")
        lines.append(f"{name:21} {'   '.join(said)}")
    return "\n".join([*lines, f"{right} of your {made} guesses are right" if made else "no guess yet"])


@cache
def _row(name: str, purpose: Purpose, switches: tuple[str, ...] = ()) -> Checked:
    return check(name, purpose, switches)


def flips(*switches: str, purpose: Purpose = "discard") -> Exercise:
    """Which proposals have another verdict under all of these assumptions at once than under none. All rows
    are searched when the answer is judged; for "migrate" that may take a minute.

    Raises FreepagesError, when judged, for an assumption that is none.
    """

    def judge(answer: Any) -> str:
        if isinstance(answer, str) or not isinstance(answer, Iterable):
            raise Wrong(f"the answer is a set of names such as {{'snapshot', 'locked'}}, not {answer!r}.")
        named = {find_proposal(name).name for name in answer}
        searched = 0
        flipped = set()
        for name in PROPOSALS:
            before, after = _row(name, purpose), _row(name, purpose, switches)
            searched += before.states + after.states
            if before.verdict != after.verdict:
                flipped.add(name)
            elif name in named:
                raise Wrong(f"{name}: {before.verdict} before, {after.verdict} after.")
        missed = [name for name in PROPOSALS if name in flipped - named]
        if missed:
            way = _row(missed[0], purpose, switches).schedule
            shown = f"; one of them by {way}" if way else ""
            raise Wrong(f"all that you named flip, and {len(missed)} more do{shown}.")
        found = (f"{name} to {_row(name, purpose, switches).verdict}" for name in PROPOSALS if name in named)
        return f"{', '.join(found) or 'none'}; {searched:,} states were searched."

    return Exercise(
        f"Which proposals flip under {' and '.join(switches)}, for {purpose}? Answer with a set of names.",
        judge,
        (
            "who was refuted before? What only lets more happen cannot make it safe.",
            "of those that were safe: by what? The lock, allocation, isolation, or that nothing is reported? "
            "Which of these does an assumption take away?",
            f"freepages check NAME --purpose {purpose} "
            + " ".join(f"--assume {switch}" for switch in switches)
            + " says it of one.",
        ),
    )
