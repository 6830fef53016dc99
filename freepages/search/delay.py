"""May the guest keep the migration from ending, only by saying nothing?

A host that can never move again is one way of it; one that may send and sync for ever, but never stop, is the
other. Neither a sync nor a send lets a host stop that could not before: so the question is put to a host that
never syncs, and that has sent all it can when it comes to stand still.
"""

from __future__ import annotations

from freepages.debate.host_verbs import freely
from freepages.debate.proposals import Proposal, find_proposal
from freepages.debate.world import World
from freepages.engine import Run, Schedule, Steps
from freepages.scenarios.debate import debate
from freepages.search.fast import explore

SILENT = ("silent-guest",)


def hurried(w: World, sync: bool, stop: bool, asks: bool, tells_sync: bool) -> Steps:
    """The host's freedom without that of looking at the log once more."""
    return freely(w, False, stop, asks, tells_sync)


def delay(position: Proposal | str) -> Schedule | None:
    """A shortest schedule after which a migration can never end, the guest being silent; None if there is
    none."""
    chosen = find_proposal(position)
    stuck = explore(debate(chosen, assume=SILENT, pace=hurried), waiter="h").stuck
    if stuck is not None:
        options = Run(debate(chosen, assume=SILENT), stuck).processes["h"].options()
        if set(options) - {"0y"}:
            raise AssertionError(f"{chosen.name}: after {stuck} the host can do more than sync: {options}")
    return stuck
