"""Notebook 22: which row of the review explains what was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freepages.engine import Run
from freepages.exercises.exercise import Exercise, Wrong
from freepages.review import row
from freepages.review.rows_host import not_sent
from freepages.review.symptoms import request_lost
from freepages.scenarios.balloon import Machine

SYMPTOMS: dict[str, tuple[str, Callable[[Run], object]]] = {
    "hangs": ("the host waits for ever for the answer to its second request", request_lost),
    "dies": ("the guest's kernel has crashed", lambda run: run.world.kernel.crashed),
    "corrupts": (
        "a guest of 64 bits has a hole in its memory, and pages that were never free will not be sent",
        lambda run: "ram" in run.world.notes and not_sent(run.world) & run.world.never_free(),
    ),
    "gives up": (
        "the device marks the queue as broken and serves it no more",
        lambda run: run.world.device.broken("free_pages"),
    ),
}
"""What was seen, by a word for it: as a sentence, and as a property of the last state of a run."""


def _judge(answer: Any) -> str:
    if not isinstance(answer, dict):
        raise Wrong(f"the answer is {{'hangs': 'B1', ...}}, not {answer!r:.60}.")
    for word, (seen, shows) in SYMPTOMS.items():
        if answer.get(word, ...) is ...:
            raise Wrong(f"nothing is said of {word!r} yet.")
        shown = row(answer[word]).run()
        if not isinstance(shown.run.world, Machine) or not shows(shown.run):
            raise Wrong(f"{word}: {seen}. But the run of {answer[word]} ends so: {shown.sentence}.")
    return f"the runs of {', '.join(answer[word] for word in SYMPTOMS)} end in what was seen."


diagnose = Exercise(
    "Four things were seen. Which row explains each? Answer with its id.\n"
    + ";\n".join(f"- {word}: {seen}" for word, (seen, _) in SYMPTOMS.items())
    + ".",
    _judge,
    (
        "look for a word of each sentence: review_table(words='request'), review_table(words='device').",
        "words that find them: 'unanswered', 'kills', 'hole', 'no bytes'.",
        "{'hangs': 'B3', 'dies': 'B13 one entry', 'corrupts': 'B18', 'gives up': 'B9'}",
    ),
)
