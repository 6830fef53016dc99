"""What a learner may hand to a picture or a stepper, made into the frame or the scenario that it stands for.

What can be stepped: a scenario, or its name; a run; a proposal, or its name; a zone, or a drawing of one; a
node. What can be drawn besides: a frame, and a snapshot.
"""

from __future__ import annotations

from typing import Any

from freepages.debate.proposals import Proposal
from freepages.engine import Run, Scenario
from freepages.engine.errors import FreepagesError
from freepages.real import Snapshot
from freepages.scenarios.debate import debate
from freepages.scenarios.panels import snapshot_frame
from freepages.scenarios.zones import USED, buddy_zone
from freepages.view.frame import Frame
from freepages.zone.node import Node
from freepages.zone.zone import Zone

DRAWING = {"·", ".", "/", "p", *USED}

TAKES = "a scenario, a run, a proposal, a zone, a drawing such as '··aa', a node, or the name of a scenario"


def scenario_of(shown: Any) -> Scenario:
    """The scenario that this stands for. Raises FreepagesError for what stands for none."""
    if isinstance(shown, Scenario):
        return shown
    if isinstance(shown, Run):
        return shown.scenario
    if isinstance(shown, Proposal):
        return debate(shown)
    if isinstance(shown, Zone | Node) or (isinstance(shown, str) and _is_drawing(shown)):
        return buddy_zone(shown)
    if isinstance(shown, str):
        from freepages.lab.shipped import shipped_scenario  # which loads all there is

        return shipped_scenario(shown)
    if isinstance(shown, Snapshot):
        raise FreepagesError(
            "a snapshot is one moment and has no steps: Picture(snapshot) draws it, and "
            "zone_of(snapshot, 'DMA') makes a zone of it that can be stepped"
        )
    raise FreepagesError(f"there are no steps in {_named(shown)}: it takes {TAKES}")


def _is_drawing(text: str) -> bool:
    """Whether it is meant as a drawing of a zone, also of one with a letter that is none."""
    return "·" in text or (text != "" and set(text) <= DRAWING)


def frame_of(shown: Any) -> Frame:
    """The frame that this stands for; of what can be stepped, its beginning, and of a run where it is.

    Raises FreepagesError for what stands for none.
    """
    if isinstance(shown, Frame):
        return shown
    if isinstance(shown, Snapshot):
        return snapshot_frame(shown)
    run = shown if isinstance(shown, Run) else Run(scenario_of(shown))
    frame: Frame = run.scenario.picture(run)
    return frame


def _named(shown: Any) -> str:
    """It in a few words; a world is named with where its picture is."""
    if type(shown).__module__.startswith("freepages.") and not isinstance(shown, type):
        return f"a {type(shown).__name__} (if it is the world of a run, give the run)"
    return f"{shown!r:.40}"
