"""Every step of random machines is one of the small world's, and both come to the same verdict."""

from collections import Counter
from dataclasses import replace

import pytest

from freepages.debate.proposals import find_proposal
from freepages.engine import Run
from freepages.scenarios.debate import debate
from freepages.scenarios.machine.projection import zone_by_zone
from freepages.scenarios.machine.refinement import (
    LOST,
    REFUSED,
    SAFE,
    STUCK,
    random_machine,
    random_run,
    shrunk,
)
from freepages.scenarios.machine.scenario import one_machine
from freepages.search.fast import PROVED, explore

SAFE_PROPOSALS = ("snapshot", "request_id")
STEPS = 100


def accepted(seeds) -> Counter[str]:
    """How the runs of these seeds ended; none may be refused or stuck, or lose what it must not."""
    ends = Counter[str]()
    for seed in seeds:
        scenario = random_machine(seed)
        end = random_run(scenario, seed, STEPS)
        wrong = end.refused or end.how == STUCK
        if end.how == LOST:
            wrong = wrong or any(
                scenario.title.endswith(find_proposal(name).title) for name in SAFE_PROPOSALS
            )
        if wrong:
            least = shrunk(scenario, end)
            pytest.fail(f"seed {seed}, {scenario.title}: {least.how}, {least.why}: {least.schedule}")
        ends[end.how] += 1
    return ends


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_500_random_runs_are_accepted(first: int) -> None:
    ends = accepted(range(first, first + 100))
    assert ends[SAFE] > 50 and ends[LOST] > 0  # also where pages are lost, they are lost on both sides


@pytest.mark.slow
def test_20000_random_runs_are_accepted() -> None:
    assert accepted(range(1000, 21_000))[LOST] > 0


def test_random_machines_are_of_many_kinds() -> None:
    worlds = [random_machine(seed).build()[0] for seed in range(60)]
    assert {world.pages for world in worlds} == {32, 48, 64}
    assert {len(world.zones) for world in worlds} == {1, 2}
    assert {bool(max(world.parts.node.batch.values())) for world in worlds} == {False, True}
    assert any(world.ram.max_pfn > world.pages for world in worlds)


def test_in_random_runs_answers_are_applied_and_pages_used_again() -> None:
    applied = again = 0
    for seed in range(40):
        run = Run(random_machine(seed))
        reported: set[int] = set()
        for move in random_run(run.scenario, seed, STEPS).schedule:
            answers = list(run.world.mail.answers)
            run.move(move)
            if str(move) == "h0t":
                reported |= set(answers[0].pages)
                applied += 1
            again += bool(reported & set(run.world.guest.written))
            reported -= set(run.world.guest.written)
    assert applied > 20 and again > 20


def test_a_shorter_run_ends_in_the_same_way() -> None:
    scenario = one_machine(mistake="raw-pfns")
    end = random_run(scenario, 1)
    least = shrunk(scenario, end)
    assert end.how == least.how == REFUSED
    assert len(least.schedule) <= min(20, len(end.schedule))


def test_a_walk_zone_by_zone_is_as_safe_as_one_of_all_zones_at_once() -> None:
    """The small world in which the driver looks at one page after the other, each under its lock."""
    zones = (0, 1), (1, 2)
    assert explore(debate(replace(find_proposal("snapshot"), guest=zone_by_zone(zones)))).verdict == PROVED


def test_bytes_that_were_written_back_are_not_lost() -> None:
    """Driver or device wrote page 3 after it was sent, and left the bytes that were sent."""
    scenario = random_machine(11825)
    end = random_run(scenario, 11825, STEPS)
    run = Run(scenario, end.schedule)
    assert end.refused is None and sorted(run.world.lost) == [30]
    assert sorted(run.world.projection.small.lost) == [3, 30]
    assert run.world.memory.written_back(3) and not run.world.memory.written_back(30)
