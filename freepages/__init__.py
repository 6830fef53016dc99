"""freepages: step through free-page skipping, from the guest's buddy lists to the hypervisor that skips.

What a notebook imports. The names are loaded when first asked for, so that a command which draws nothing does
not wait for the drawing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freepages.cli.sweep import sweep as sweep
    from freepages.debate.difference import difference as difference
    from freepages.debate.difference import listing as listing
    from freepages.debate.own_proposal import proposal as proposal
    from freepages.debate.proposals import PROPOSALS as PROPOSALS
    from freepages.debate.verbs_table import verbs as verbs
    from freepages.engine.run import Run as Run
    from freepages.engine.run import Scenario as Scenario
    from freepages.engine.schedule import Schedule as Schedule
    from freepages.exercises.prediction import compare as compare
    from freepages.lab.game import Game as Game
    from freepages.lab.picture import Explorer as Explorer
    from freepages.lab.picture import Picture as Picture
    from freepages.lab.stepper import Stepper as Stepper
    from freepages.pages.pageset import PageSet as PageSet
    from freepages.real import Snapshot as Snapshot
    from freepages.real.data_path import data_path as data_path
    from freepages.scenarios.machine.scenario import one_machine as one_machine
    from freepages.scenarios.zones import buddy_zone as buddy_zone
    from freepages.scenarios.zones import operate as operate
    from freepages.scenarios.zones import zone_drawn as zone_drawn
    from freepages.scenarios.zones import zone_of as zone_of
    from freepages.search.debate_table import DebateTable as DebateTable
    from freepages.search.price import price as price
    from freepages.search.verdict import check as check
    from freepages.zone.node import Node as Node

FLOORS = (
    "engine",
    "pages",
    "virtqueue",
    "view",
    "real",
    "zone",
    "balloon",
    "host",
    "debate",
    "migrate",
    "scenarios",
    "search",
    "review",
    "lab",
    "exercises",
    "bench",
    "cli",
)
"""The rooms of the house, from the ground up: a room imports only from itself and from rooms before it."""

_ROOMS = {
    "DebateTable": "freepages.search.debate_table",
    "Explorer": "freepages.lab.picture",
    "Game": "freepages.lab.game",
    "Node": "freepages.zone.node",
    "PROPOSALS": "freepages.debate.proposals",
    "PageSet": "freepages.pages.pageset",
    "Picture": "freepages.lab.picture",
    "Run": "freepages.engine.run",
    "Scenario": "freepages.engine.run",
    "Schedule": "freepages.engine.schedule",
    "Snapshot": "freepages.real",
    "Stepper": "freepages.lab.stepper",
    "buddy_zone": "freepages.scenarios.zones",
    "check": "freepages.search.verdict",
    "compare": "freepages.exercises.prediction",
    "data_path": "freepages.real.data_path",
    "difference": "freepages.debate.difference",
    "listing": "freepages.debate.difference",
    "one_machine": "freepages.scenarios.machine.scenario",
    "operate": "freepages.scenarios.zones",
    "price": "freepages.search.price",
    "proposal": "freepages.debate.own_proposal",
    "sweep": "freepages.cli.sweep",
    "verbs": "freepages.debate.verbs_table",
    "zone_drawn": "freepages.scenarios.zones",
    "zone_of": "freepages.scenarios.zones",
}
"""Where each name of the first level is. Rooms have the names ``migrate`` and ``debate``, so these two are
one level down: ``from freepages.migrate import Guest, migrate``, and debate in freepages.scenarios.debate."""

__all__ = sorted(_ROOMS)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'freepages' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
