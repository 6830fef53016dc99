"""Every scenario that is shipped can be found by its name, built, and told by its story."""

from __future__ import annotations

import re

import pytest

from freepages.engine import Run, Scenario
from freepages.engine.clock import Clock
from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.lab.shipped import shipped, shipped_scenario
from freepages.search.plain import search


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_is_built_anew_each_time_and_has_a_story(name: str) -> None:
    scenario = shipped_scenario(name)
    assert isinstance(scenario, Scenario) and re.fullmatch("[A-Za-z0-9_-]+", name)
    assert scenario.build()[0] is not scenario.build()[0]
    assert Run(scenario, scenario.story).steps


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_runs_by_the_clock_and_its_schedule_can_be_replayed(name: str) -> None:
    scenario = shipped_scenario(name)
    clock = Clock(Costs(), scenario.story).play(Run(scenario), limit=2000)
    assert clock.moves and Run(scenario, clock.schedule).schedule == clock.schedule


STATES = 100


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_can_be_searched(name: str) -> None:
    assert search(shipped_scenario(name), STATES).states <= STATES


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_a_shipped_scenario_can_be_searched_further(name: str) -> None:
    found = search(shipped_scenario(name), 20 * STATES)
    assert found.states == 20 * STATES or found.verdict != "UNDETERMINED"


def test_a_name_that_is_none_is_told_the_nearest() -> None:
    with pytest.raises(FreepagesError, match="scenario 'virtqeue' is not known; did you mean virtqueue"):
        shipped_scenario("virtqeue")
    with pytest.raises(FreepagesError, match="scenario 'qqq' is not known: there are zone, "):
        shipped_scenario("qqq")
