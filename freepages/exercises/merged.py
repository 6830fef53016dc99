"""Notebook 13: which doubts lose a page of the hints; and lose one by a sync that does not pause them."""

from __future__ import annotations

import re
from typing import Any

from freepages.engine import Scenario, Schedule
from freepages.exercises.exercise import Exercise, Wrong, beside_the_shortest, written
from freepages.exercises.prediction import Forecast
from freepages.exercises.searched import safe
from freepages.lab.game import outcome
from freepages.scenarios.debate import debate
from freepages.search.fast import explore

SWITCHES = ("no-pause-around-sync", "early-release")

DOUBTS = ("early-release", "no-pause-around-sync", "id-bits=1", "report-clears-log")
ASKED = (*DOUBTS, "early-release, report-clears-log", "no-pause-around-sync, report-clears-log")
prediction = Forecast(
    lambda: {doubts: safe("free_page_hint", assume=doubts.split(", "), pages=1) for doubts in ASKED},
    why={
        "early-release": "The log has each write to a page that went back, and hints stop at a sync.",
        "no-pause-around-sync": "The driver holds each page that it hints at until DONE.",
        "id-bits=1": "A late hint counts then, but the driver still holds its page.",
        "report-clears-log": "Nobody can write to a page that the driver holds.",
        "early-release, report-clears-log": "The late hint takes away the one note of the write.",
        "no-pause-around-sync, report-clears-log": "The driver still holds the page.",
    },
    wrong={
        "early-release": {"unsafe": "Where is the write noted, and can a hint from before a sync undo it?"},
        "no-pause-around-sync": {"unsafe": "Who could write to a hinted page before DONE?"},
        "id-bits=1": {"unsafe": "A late hint counts then. But whose is its page?"},
        "report-clears-log": {"unsafe": "Whose write would that bit be, while the driver holds the page?"},
        "early-release, report-clears-log": {"safe": "What is left to tell of a write to such a page?"},
        "no-pause-around-sync, report-clears-log": {"unsafe": "Who writes to a page that the driver holds?"},
    },
)
"""Which doubts about the real system lose a page of a migration, alone or two together."""


def unpaused() -> Scenario:
    """The hints, on a host that syncs while a window is open, with a driver that gives blocks back early."""
    return debate("free_page_hint", "migrate", SWITCHES)


def _judge(answer: Any) -> str:
    moves = Schedule.parse(answer)
    stands = outcome(unpaused(), moves)
    if not stands.lost:
        raise Wrong(f"{stands} {_why([str(move) for move in moves])}")
    best = explore(unpaused()).schedule
    assert best is not None
    return f"{'; '.join(stands.lost)}. {beside_the_shortest(stands.moves, str(best))}"


def _why(moves: list[str]) -> str:
    """What is still missing from a loss."""
    early = next((at for at, move in enumerate(moves) if re.fullmatch(r"d\d+e", move)), None)
    if early is None:
        return "The driver held each page that it hinted at: d0e gives page 0 back early."
    wrote = next((at for at, move in enumerate(moves) if at > early and re.fullmatch(r"w\d+w", move)), None)
    if wrote is None:
        return "Nobody wrote to the page that went back, so it has no content to lose."
    if "h0y" not in moves[wrote:]:
        return "The log still has that write when the guest is stopped: which step uses up the log's note?"
    if "h0t" not in moves[wrote + moves[wrote:].index("h0y") :]:
        return "The host took its hints before the sync, so the sync put the page back among those to send."
    if any(re.fullmatch(r"h\d+s", move) for move in moves[wrote:]):
        return "What was written was sent before the host took the hint."
    return "The guest must be stopped (h0x) at the end, and nothing may bring the page back before that."


lost_at_a_sync = Exercise(
    f"""Write a schedule of free_page_hint, migrate, under {" and ".join(SWITCHES)}, that loses a page.
Game(unpaused()) lets you try; .schedule is what you did.""",
    _judge,
    (
        "a sync reads the log and empties it. After that, only 'to send' says that the page was written. "
        "What can take the page out of there again?",
        "a hint that waits in the queue can. Between the hint and the sync the page must go back to the "
        "guest and be written: who can do that?",
        "open a window and let the driver hint at a page; let the host take the id, and not the hint. The "
        "shrinker gives the page back, the workload allocates and writes it. Sync, take the hint, stop.",
    ),
    written("a schedule such as 'h h0r g g'"),
)
