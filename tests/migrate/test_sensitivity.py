"""What a migration's time hangs on: costs that matter are told, the others are not."""

from dataclasses import replace
from functools import partial

from freepages.engine.costs import Costs
from freepages.migrate.guest import Guest
from freepages.migrate.sensitivity import as_text, saving, sensitivity, spread
from freepages.migrate.timed_migration import migrate


def run(costs, free=1.0):
    return migrate(Guest.made_up(256 << 20, free), "everything", "still", bandwidth=1e11, costs=costs)


def test_a_guest_of_zeros_hangs_on_how_fast_they_are_found():
    found = sensitivity(run, Costs())
    assert found[0].name == "zero_scan" and found[0].less > 0.2 and found[0].more < -0.1
    assert "link" not in {one.name for one in found} and "walk_page" not in {one.name for one in found}
    assert as_text(found).splitlines()[2].split()[0] == "zero_scan"


def test_a_guest_without_a_free_page_hangs_on_the_link():
    full = partial(run, free=0.0)
    found = sensitivity(full, Costs())
    assert found[0].name == "link" and found[0].less > 0.25
    assert "elapsed" not in {one.name for one in found}
    assert as_text([]).startswith("no cost changes")


def test_costs_that_a_run_does_not_ask_for_are_not_tried():
    tried = []

    def counted(costs):
        tried.append(costs)
        return run(costs)

    found = sensitivity(counted, Costs())
    total = run(Costs()).total
    for one in found:
        quarters = (replace(Costs(), **{one.name: one.value * share}) for share in (0.75, 1.25))
        assert [one.less, one.more] == [run(costs).total / total - 1 for costs in quarters]
    assert len(tried) < 30 < len(list(Costs().table()))
    assert all(costs.walk_page == Costs().walk_page for costs in tried)


def test_a_figure_moves_as_far_as_the_named_costs_move_it():
    least, most = spread(lambda costs: costs.link / costs.walk_page, ["link"])
    assert least == 0.75 * Costs().link / 9.5 and most == 1.25 * Costs().link / 9.5
    assert spread(lambda costs: costs.link, ["walk_page"]) == (Costs().link, Costs().link)


def test_what_is_saved_of_zeros_hangs_on_finding_them_and_what_is_saved_of_old_data_does_not():
    guest = Guest.made_up(1 << 30, 0.75)
    idle, hog = (saving(guest, workload, bandwidth=1.25e9) for workload in ("idle", "hog"))
    assert guest.free.count() == guest.ram.pages * 3 // 4
    assert (
        idle.skipping.transferred_bytes < idle.everything.transferred_bytes < hog.everything.transferred_bytes
    )
    assert idle.most - idle.least > 0.1 > hog.most - hog.least >= 0
    assert "% less time" in repr(idle) and " to " in repr(idle)
