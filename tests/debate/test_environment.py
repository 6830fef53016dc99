"""What may happen at any step, and when nothing may any more."""

import pytest

from freepages.debate.environment import STOPPED
from freepages.debate.proposals import PROPOSALS
from freepages.engine import Move, Run, ScheduleError
from freepages.scenarios.debate import debate


@pytest.mark.parametrize("name", PROPOSALS)
def test_a_guest_that_the_host_has_stopped_stands_still(name: str) -> None:
    run = Run(debate(name))
    host, workload = run.processes["h"], run.processes["w"]
    while not run.world.host.stopped:
        stops = [choice for choice in host.options() if choice.endswith("x")]
        run.move(Move("h", stops[0]) if stops else run.moves()[0])
    assert not workload.options() and workload.why_not() == STOPPED
    with pytest.raises(ScheduleError, match=STOPPED):
        run.move(Move("w", "0a"))
