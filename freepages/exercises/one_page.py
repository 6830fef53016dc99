"""Notebook 08: whether one page is sent; its way; and a mistake to find by where the two worlds part."""

from __future__ import annotations

from typing import Any

from freepages.engine import Run, Scenario
from freepages.exercises.exercise import Exercise, Wrong
from freepages.exercises.prediction import Forecast
from freepages.scenarios.machine.mistakes import MISTAKES
from freepages.scenarios.machine.refinement import random_run
from freepages.scenarios.machine.scenario import STORY, one_machine
from freepages.scenarios.machine.world import WholeMachine

PFN, PAGE = 58, 42
"""The page that the story follows: the guest's number of it, and the host's."""

PLANTED = "older-bit"
PARTS = "d h h0r d d i g g g g g g d d d w1a h0t h0r d g g g d d d i g g g g g g d d d"
"""A schedule after whose last step the two worlds have parted."""


def stations(page: int = PAGE, story: str = STORY) -> dict[str, int]:
    """Where one page comes by on its way -> the step that brought it there for the first time."""
    run, found = Run(one_machine()), dict[str, int]()
    for move in story.split():
        run.move(move)
        w: WholeMachine = run.world
        free, to_send = w.guest.free[page], w.host.to_send[page]
        here = {
            "in the answer": any(answer.pages[page] for answer in w.mail.answers),
            "not to be sent": free and not to_send,
            "used again": "not to be sent" in found and not free and not w.log.bits[page],
            "logged": w.log.bits[page],
            "to be sent again": "logged" in found and to_send,
            "on the destination": w.memory.arrived[page].startswith(b"B"),
        }
        for name, is_so in here.items():
            if is_so and name not in found:
                found[name] = len(run.steps)
    return found


prediction = Forecast(
    lambda: {
        "number": Run(one_machine(), STORY).world.page_of[PFN],
        "sent": "yes" if "on the destination" in stations() else "no",
    },
    why={
        "number": "The hole is 16 pages long.",
        "sent": "The write is in the log, and the sync brings the page back. Nobody asks the guest again.",
    },
    wrong={
        "number": {
            58: "That is the guest's number.",
            26: "You subtract the length of the first zone. Those pages the host has too.",
            74: "You add the hole. The host counts as if it were not there.",
            41: "The hole goes from pfn 32 to pfn 47: how many pages are that?",
            43: "The hole goes from pfn 32 to pfn 47: how many pages are that?",
            10: "That is its place in the second zone. The host counts the first zone too.",
        },
        "sent": {"no": "Who has noted the write?"},
    },
)
"""The host's number of a page of the guest, and whether the page is sent after it was skipped."""


TOO_EARLY = {
    "logged": "the log notes a write, so the page must be in use again first",
    "to be sent again": "the host learns of the write when it syncs, so the log must have it first",
    "on the destination": "the host sends only what is to be sent",
    "not to be sent": "the host takes out what the answer lists, so the answer comes first",
    "used again": "in this story the host has used the answer before the page is allocated",
}
"""Why a station is not where the reader has put it, if that is too early."""


def _judge_way(answer: Any) -> str:
    order = list(stations())
    if sorted(map(str, answer)) != sorted(order):
        raise Wrong(f"these are the six stations: {', '.join(sorted(order))}.")
    for place, (said, right) in enumerate(zip(answer, order, strict=True), 1):
        if said != right:
            raise Wrong(f"station {place} is not {said!r}: {TOO_EARLY[said]}.")
    return "the steps are " + ", ".join(f"{step} ({name})" for name, step in stations().items()) + "."


way = Exercise(
    "Put the six stations of page 42 in their order, as a list of texts: in the answer, logged, not to be "
    "sent, on the destination, to be sent again, used again.",
    _judge_way,
    (
        "what the guest says comes first, what the host makes of it second.",
        "the log sees a write at once. The host sees it when it syncs.",
        "in the answer, not to be sent, used again, logged, to be sent again, on the destination.",
    ),
    lambda answer: "" if isinstance(answer, list) else "the answer is a list of texts.",
)


def spoilt() -> Scenario:
    """A machine in which one of MISTAKES is planted."""
    return one_machine(mistake=PLANTED, story=PARTS)


NOT_HERE = {
    "no-lock": "step 9 marks the pages of a zone under its lock, and the first answer is right",
    "raw-pfns": "the first answer is right, also for the zone above the hole",
    "sync-before-answer": "no step of this run is a sync",
    "log-late": "step 2 switches the log on, before the host asks",
    "used-index-early": "the driver found each buffer after its interrupt, and the run is not stuck",
    "older-answer": "the device takes the second answer for the second request, and that is right",
    "mark-stays": "no page that a program had is freed in this run",
}
"""Why each other mistake is not the one, by what the run shows."""


def _judge_mistake(answer: Any) -> str:
    if answer not in MISTAKES:
        raise Wrong(f"there is no mistake {answer!r}: there are {', '.join(MISTAKES)}.")
    if answer != PLANTED:
        other = random_run(one_machine(MISTAKES[answer].proposal, mistake=answer), seed=0)
        raise Wrong(f"{NOT_HERE[answer]}. A run with {answer!r} ends like this: {other.how}, {other.why}.")
    return f"{MISTAKES[PLANTED].says}. {Run(spoilt(), PARTS).world.projection.refused}."


which = Exercise(
    "Which of these mistakes is planted in spoilt()? Answer with its name, as a text.\n"
    + "\n".join(f"- {mistake.name}: {mistake.says}" for mistake in MISTAKES.values()),
    _judge_mistake,
    (
        "the first answer is right, the second is not. Which two pages should it not list? What happened "
        "to them in between?",
        "step through the machine without a mistake up to its first answer: which step of the driver is "
        "missing here?",
        f"{PLANTED!r}",
    ),
    lambda answer: "" if isinstance(answer, str) else "the answer is a name, as a text.",
)
