"""Notebook 14: what each proposal is safe for, and which rows of the table a set of assumptions flips."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from freepages.debate.proposals import PROPOSALS, find_proposal
from freepages.debate.world import Purpose
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.search import Checked, check
from freepages.search.debate_table import DebateTable
from freepages.search.fast import PROVED

_OWNED = "Can anybody write to the page while the host acts on it?"
_LOGGED = {
    "both": "Who owns the page while the host discards it?",
    "neither": "Who notes a write to a page that was reported?",
}
_QUESTIONS: dict[str, str | dict[str, str]] = {
    "everything": "Which pages does a host discard that is told of none?",
    "snapshot": _LOGGED,
    "log_late": "Who notes a write before the log is on?",
    "no_wait": "What does a sync before the answer is used do to the note of a write?",
    "locked": _OWNED,
    "pause_vm": _OWNED,
    "request_id": _LOGGED,
    "request_id_unchecked": "Which copy does an answer to an older request meet?",
    "inflate_deflate": _OWNED,
    "free_page_hint": _OWNED,
    "page_reporting": _OWNED,
}


def safe_for(table: DebateTable, name: str) -> str:
    """What a proposal is safe for by the table: "neither", "migrate" or "both"."""
    safe = [table.answer(name, purpose).verdict == PROVED for purpose in ("migrate", "discard")]
    return "both" if all(safe) else "migrate" if safe[0] else "neither"


prediction = Forecast(
    lambda table: {name: safe_for(table, name) for name in PROPOSALS},
    why={
        "everything": "Every page is sent, and no page is reported that a host could discard.",
        "snapshot": "The log brings back a page that was skipped, and nothing one that was discarded.",
        "log_late": "A write before the log is on is noted nowhere.",
        "no_wait": "A sync uses up the note of a write, and then the old answer clears the page.",
        "locked": "Nobody can take a listed page before the host is done with it.",
        "pause_vm": "No program runs while the host acts.",
        "request_id": "What was written since the request is known. But nobody owns the page.",
        "request_id_unchecked": "An answer to an older request clears what was written before the newer one.",
        "inflate_deflate": "The balloon has the page until the host is done with it.",
        "free_page_hint": "The driver has allocated the page, and keeps it until DONE.",
        "page_reporting": "The page is off the free lists until the host has acknowledged it.",
    },
    wrong={
        name: reason if isinstance(reason, dict) else dict.fromkeys(("neither", "migrate", "both"), reason)
        for name, reason in _QUESTIONS.items()
    },
)
"""What each proposal is safe for."""


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
                alone = [one for one in switches if _row(name, purpose, (one,)).verdict != before.verdict]
                raise Wrong(_same(name, before.verdict, after.verdict, alone))
        missed = [name for name in PROPOSALS if name in flipped - named]
        if missed:
            way = _row(missed[0], purpose, switches).schedule
            shown = f"; one of them loses a page by {way}" if way else ""
            yours = "all that you named flip, and " if named else "you named none, and "
            raise Wrong(f"{yours}{len(missed)}{' more' if named else ''} do{shown}.")
        found = (f"{name} to {_row(name, purpose, switches).verdict}" for name in PROPOSALS if name in named)
        return f"{', '.join(found) or 'none'}; {searched:,} states were searched."

    return Exercise(
        f"Which proposals flip under {' and '.join(switches)}, for {purpose}? Answer with a set of names.",
        judge,
        (
            "which were refuted before? An assumption that lets more happen cannot make them safe.",
            "take those that were safe. By what: the log, the lock, allocation, isolation, or because "
            "nothing is reported? Which of these does an assumption take away?",
            f"freepages check NAME --purpose {purpose} "
            + " ".join(f"--assume {switch}" for switch in switches)
            + " says it of one.",
        ),
    )


def _same(name: str, before: str, after: str, alone: list[str]) -> str:
    told = f"{name} does not flip: {before} before, {after} after."
    if alone:
        return f"{told} It flips under {alone[0]} alone: what does the other assumption change?"
    return (
        f"{told} By what is it safe, and does an assumption take that away?"
        if before == PROVED
        else f"{told} Look among those that were safe."
    )
