"""The machine and its picture."""

from itertools import compress

import pytest

from freepages.engine import Run, Scenario, to_the_end
from freepages.engine.errors import FreepagesError
from freepages.engine.step_size import coarse, fine
from freepages.scenarios.balloon import DrawnNode, exchange, harm, inflate, machine, statistics
from freepages.scenarios.zones import zone_drawn
from freepages.search.plain import search
from freepages.view.frame import PageMap, State
from freepages.view.text import text

SCENARIOS = [
    exchange(grain=coarse),
    exchange(grain=fine),
    exchange(repaired=True, grain=coarse),
    inflate(4, 1),
    statistics(),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_every_state_can_be_shown(scenario: Scenario) -> None:
    run = Run(scenario)
    titles = set()
    while moves := run.moves():
        frame = scenario.picture(run)
        titles.add(frame.title)
        assert frame == scenario.picture(run) and text(frame)
        run.move(moves[0])
    assert titles


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_a_replay_gives_the_same_world(scenario: Scenario) -> None:
    run = to_the_end(Run(scenario))
    again = Run(scenario, str(run.schedule))
    assert scenario.picture(again) == scenario.picture(run)
    assert [step.text for step in again.steps] == [step.text for step in run.steps]


def test_fine_and_coarse_end_in_the_same_memory() -> None:
    worlds = [to_the_end(Run(exchange(grain=grain))).world for grain in (fine, coarse)]
    whole = [world.kernel.memory.read(0, 64 * 4096) for world in worlds]
    assert whole[0] == whole[1]


def test_the_picture_shows_the_bitmap_as_it_lies_in_the_guests_memory() -> None:
    run = to_the_end(Run(exchange(grain=coarse)))
    bits = {panel.name: panel for panel in run.scenario.picture(run).panels if hasattr(panel, "bits")}
    assert bits["bitmap"].bits == bits["host skips"].bits


def test_a_ring_can_be_read_back_from_the_memory() -> None:
    run = Run(exchange(grain=coarse), "h h h i i i i i i i i")
    state = run.world.ring("free_pages")
    assert (state.avail_idx, state.used_idx, len(state.in_flight)) == (3, 1, 2)


def test_pages_in_use_at_the_start_are_those_of_the_drawing_and_the_drivers_own() -> None:
    world = machine(DrawnNode(zone_drawn("kkkk" + "·" * 28)))
    assert set(range(4)) < world.in_use
    assert len(world.in_use) == 4 + 1 + len(world.driver.vqs)


def test_a_page_is_shown_as_discarded_only_while_it_is_the_balloons() -> None:
    run, seen = Run(inflate(4, 1)), 0
    while moves := run.moves():
        (zone,) = (panel for panel in run.scenario.picture(run).panels if isinstance(panel, PageMap))
        discarded = [*compress(zone.states, zone.marks["discarded"])]
        assert {*discarded} <= {State.BALLOON}
        seen = max(seen, len(discarded))
        run.move(moves[0])
    assert seen == 4


def test_a_host_that_discards_what_the_driver_does_not_own_is_told() -> None:
    run = Run(inflate(4, 4))
    assert harm(run) is None
    run.world.device.ballooned.add(9)
    assert harm(run) == "pages 9 are discarded, and the driver does not own them"


def test_no_order_of_moves_discards_a_page_that_the_driver_does_not_own() -> None:
    assert search(inflate(1, 0)).verdict == "PROVED"


def test_a_zone_of_ones_own_inflates_and_one_without_room_is_refused() -> None:
    run = to_the_end(Run(inflate(3, 3, zone="kk" + "·" * 14)))
    assert len(run.world.owned()) == 3
    assert len(to_the_end(Run(inflate(3, 3, zone=16))).world.owned()) == 3
    with pytest.raises(FreepagesError, match="zone: the driver and its queues need some free pages"):
        Run(inflate(3, zone="k" * 15 + "·"))
