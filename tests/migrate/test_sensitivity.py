"""What a migration's time hangs on: costs that matter are told, the others are not."""

from functools import partial

from freepages.engine.costs import Costs
from freepages.migrate.guest import Guest
from freepages.migrate.sensitivity import as_text, sensitivity
from freepages.migrate.timed_migration import migrate


def run(costs, free=1.0):
    return migrate(Guest.made_up(256 << 20, free), "everything", "still", bandwidth=1e11, costs=costs)


def test_a_guest_of_zeros_hangs_on_how_fast_they_are_found():
    found = sensitivity(run, Costs(), run(Costs()).total)
    assert found[0].name == "zero_scan" and found[0].less > 0.2 and found[0].more < -0.1
    assert "link" not in {one.name for one in found} and "walk_page" not in {one.name for one in found}
    assert as_text(found).splitlines()[2].split()[0] == "zero_scan"


def test_a_guest_without_a_free_page_hangs_on_the_link():
    full = partial(run, free=0.0)
    found = sensitivity(full, Costs(), full(Costs()).total)
    assert found[0].name == "link" and found[0].less > 0.25
    assert "elapsed" not in {one.name for one in found}
    assert as_text([]).startswith("no cost changes")
