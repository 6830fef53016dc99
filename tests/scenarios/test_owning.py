"""Owned and discarded pages, over a whole run and against somebody who takes every page."""

import pytest

from freepages.engine import Run, at_random, to_the_end
from freepages.engine.step_size import coarse
from freepages.scenarios.balloon import exchange, inflate
from freepages.scenarios.owning import gives, lost, stays, take_all


@pytest.mark.parametrize("seed", range(5))
def test_a_page_is_discarded_only_while_it_is_owned(seed: int) -> None:
    run = at_random(Run(inflate(5, 2)), seed, 1000)
    found = stays(run)
    assert list(found) == sorted(found) and len(found) >= 2
    for stay in found.values():
        assert set(stay.discarded) < set(stay.owned)


def test_a_stay_is_told_by_its_first_and_last_step() -> None:
    (stay,) = stays(to_the_end(Run(inflate(1, 1)))).values()
    assert repr(stay).startswith(f"owned from step {stay.owned[0]} to ")
    (stay,) = stays(Run(inflate(1, 1), "h i g g")).values()
    assert repr(stay) == "owned from step 4 to 4, discarded never"


def test_who_takes_every_page_gets_none_of_the_balloon_and_all_that_were_only_reported() -> None:
    balloon = to_the_end(Run(inflate(4, 4))).world
    patch = to_the_end(Run(exchange(grain=coarse))).world
    taken = take_all(balloon)
    assert taken and not taken & balloon.device.ballooned
    assert lost(balloon, balloon.device.ballooned, taken) == set()
    reported = patch.skipped()
    taken = take_all(patch)
    assert reported == taken
    assert {patch.kernel.memory.read(pfn << 12, 4) for pfn in taken} == {b"mine"}
    assert take_all(patch) == set()
    assert lost(patch, reported, taken) == taken


def test_a_driver_that_refuses_to_inflate_gives_all_else() -> None:
    classic, refuses = gives(), gives(stats_only=True)
    assert classic == {"pages in the balloon": 4, "statistics": 3, "pages to skip": 22}
    assert refuses == classic | {"pages in the balloon": 0}
