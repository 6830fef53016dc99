"""No planted mistake passes unnoticed, and each comes to the end that is said of it."""

from collections import Counter

import pytest

from freepages.scenarios.machine.mistakes import MISTAKES, STUCK, Mistake
from freepages.scenarios.machine.refinement import SAFE, random_run
from freepages.scenarios.machine.scenario import one_machine

EACH = pytest.mark.parametrize("mistake", MISTAKES.values(), ids=lambda mistake: mistake.name)


@EACH
def test_it_shows_in_most_random_runs_and_as_it_is_said(mistake: Mistake) -> None:
    scenario = one_machine(mistake.proposal, mistake=mistake.name)
    ends = Counter(random_run(scenario, seed).how for seed in range(12))
    assert set(ends) <= {mistake.end, SAFE} and ends[mistake.end] > 6


@EACH
def test_the_same_run_without_it_is_accepted(mistake: Mistake) -> None:
    for seed in range(3):
        end = random_run(one_machine(mistake.proposal), seed)
        assert end.refused is None and end.how != STUCK


def test_each_says_what_is_wrong() -> None:
    assert len(MISTAKES) == 8
    for name, mistake in MISTAKES.items():
        assert mistake.name == name and mistake.says and "\n" not in mistake.says
