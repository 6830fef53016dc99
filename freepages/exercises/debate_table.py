"""Notebook 14: which rows of the debate's table a set of assumptions flips."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from freepages.debate.proposals import PROPOSALS, find_proposal
from freepages.debate.world import Purpose
from freepages.exercises.exercise import Exercise, Wrong
from freepages.search import Checked, check


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
                raise Wrong(f"{name} does not flip: {before.verdict} before, {after.verdict} after.")
        missed = [name for name in PROPOSALS if name in flipped - named]
        if missed:
            way = _row(missed[0], purpose, switches).schedule
            shown = f"; one of them loses a page by {way}" if way else ""
            raise Wrong(f"all that you named flip, and {len(missed)} more do{shown}.")
        found = (f"{name} to {_row(name, purpose, switches).verdict}" for name in PROPOSALS if name in named)
        return f"{', '.join(found) or 'none'}; {searched:,} states were searched."

    return Exercise(
        f"Which proposals flip under {' and '.join(switches)}, for {purpose}? Answer with a set of names.",
        judge,
        (
            "which were refuted before? An assumption that lets more happen cannot make them safe.",
            "take those that were safe. By what: the lock, allocation, isolation, or because nothing is "
            "reported? Which of these does an assumption take away?",
            f"freepages check NAME --purpose {purpose} "
            + " ".join(f"--assume {switch}" for switch in switches)
            + " says it of one.",
        ),
    )
