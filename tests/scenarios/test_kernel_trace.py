"""A running kernel's events, stepped: the steps are the replay, and the map shows what they say."""

import pytest

from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.real.data_path import data_path
from freepages.real.kmem_events import read_kmem_events
from freepages.scenarios.kernel_trace import kernel_trace
from freepages.view.frame import PageMap, State
from freepages.zone.kmem_replay import KmemReplay


@pytest.fixture(scope="module")
def events():
    return read_kmem_events(data_path("traces", "guest-6.1.trace.gz"))


def test_stepping_is_the_replay(events) -> None:
    run, plain = Run(kernel_trace(events)), KmemReplay(events)
    for _ in range(300):
        run.move("k")
        plain.apply()
    assert run.world.done == 300 and run.world.seen == plain.seen
    assert run.steps[0].text == "init-1 allocates block 10700 of order 1"
    before = run.back().world
    assert before.done == 299


def test_the_map_shows_the_states_and_lights_the_last_block(events) -> None:
    run = Run(kernel_trace(events))
    run.move("k")
    page_map = scenario_map(run)
    ((lo, hi),) = page_map.highlight
    assert hi - lo == 2 and page_map.states[lo - page_map.start] == State.IN_USE
    assert len(page_map.states) - page_map.states.count(State.UNSEEN) == 2


def scenario_map(run: Run) -> PageMap:
    panel = run.scenario.picture(run).panels[0]
    assert isinstance(panel, PageMap)
    return panel


def test_a_map_that_is_too_large_is_refused(events) -> None:
    with pytest.raises(FreepagesError, match="expected 1 to 16,777,216 pages"):
        kernel_trace(events, pages=(0, 1 << 30))
