"""freepages: step through free-page skipping, from the guest's buddy lists to the hypervisor that skips.

What a notebook imports. The names are loaded when first asked for, so that a command which draws nothing does
not wait for the drawing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freepages.engine.run import Run as Run
    from freepages.engine.run import Scenario as Scenario
    from freepages.engine.run import Schedule as Schedule
    from freepages.lab.game import Game as Game
    from freepages.lab.picture import Explorer as Explorer
    from freepages.lab.picture import Picture as Picture
    from freepages.lab.stepper import Stepper as Stepper
    from freepages.real import Snapshot as Snapshot
    from freepages.real.data_path import data_path as data_path

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
    "Explorer": "freepages.lab.picture",
    "Game": "freepages.lab.game",
    "Picture": "freepages.lab.picture",
    "Run": "freepages.engine.run",
    "Scenario": "freepages.engine.run",
    "Schedule": "freepages.engine.run",
    "Snapshot": "freepages.real",
    "Stepper": "freepages.lab.stepper",
    "data_path": "freepages.real.data_path",
}

__all__ = sorted(_ROOMS)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'freepages' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)
