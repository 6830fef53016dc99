"""Notebook 08: the way of one page, and a mistake to find by where the two worlds part."""

from __future__ import annotations

from typing import Any

from freepages.engine.run import Run, Scenario
from freepages.exercises.exercise import Exercise, Wrong
from freepages.scenarios.machine.mistakes import MISTAKES
from freepages.scenarios.machine.refinement import random_run
from freepages.scenarios.machine.scenario import STORY, one_machine
from freepages.scenarios.machine.world import WholeMachine

PAGE = 42
"""The page, by ram_addr, that the story follows."""

PLANTED = "older-bit"
PARTS = "d h h0r d d i g g g g g g g d d d w1a h0t h0r d g g g d d d i g g g g g g g d d d"
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


def _judge_way(answer: Any) -> str:
    order = list(stations())
    if sorted(answer) != sorted(order):
        raise Wrong(f"these are the six stations: {', '.join(sorted(order))}.")
    for place, (said, right) in enumerate(zip(answer, order, strict=True), 1):
        if said != right:
            raise Wrong(f"station {place} is not {said!r}.")
    return "the steps are " + ", ".join(f"{step} ({name})" for name, step in stations().items()) + "."


way = Exercise(
    "Put the six stations of page 42 in their order, as a list of texts.",
    _judge_way,
    (
        "what the guest says comes first, what the host makes of it second.",
        "a write is seen by the log at once, and by the host when it reads the log.",
        "list(stations())",
    ),
    lambda answer: "" if isinstance(answer, list) else "the answer is a list of texts.",
)


def spoilt() -> Scenario:
    """A machine in which one of MISTAKES is planted."""
    return one_machine(mistake=PLANTED, story=PARTS)


def _judge_mistake(answer: Any) -> str:
    if answer not in MISTAKES:
        raise Wrong(f"there is no mistake {answer!r}: there are {', '.join(MISTAKES)}.")
    if answer != PLANTED:
        other = random_run(one_machine(MISTAKES[answer].proposal, mistake=answer), seed=0)
        raise Wrong(f"with {answer!r} a run ends so: {other.how}, {other.why}")
    return f"{MISTAKES[PLANTED].says}. {Run(spoilt(), PARTS).world.projection.refused}."


which = Exercise(
    "Which of MISTAKES is planted in spoilt()? Its name, as a text.",
    _judge_mistake,
    (
        "the first answer is right. What is the second one's that is not free any more?",
        "compare the pages in the second answer with those of the first: what must the driver do in between?",
        f"{PLANTED!r}",
    ),
    lambda answer: "" if isinstance(answer, str) else "the answer is a name, as a text.",
)
