"""The prices of the debate's table: the migration's own figures, and the laws between proposals."""

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.search.price import FREE, RAM, Price, price

EVERYTHING = price("everything")


def test_everything_asks_nothing_of_the_guest_and_sends_at_least_all_of_it() -> None:
    assert EVERYTHING.sent > RAM and EVERYTHING.gives_up == "nothing"
    assert EVERYTHING.lock_held == EVERYTHING.stalled == 0


@pytest.mark.parametrize("name", [name for name in PROPOSALS if name != "everything"])
def test_who_asks_sends_less_but_no_less_than_what_is_in_use(name: str) -> None:
    cost = price(name)
    assert RAM * (1 - FREE) < cost.sent < EVERYTHING.sent and cost.total < EVERYTHING.total
    assert cost.gives_up != "nothing"
    assert "The times for which its 4 vCPUs stall are added up." in " ".join(repr(cost).split())
    assert max(map(len, repr(cost).splitlines())) <= 100


def test_who_holds_pages_needs_no_lock_for_long_and_who_holds_the_lock_stalls_the_guest() -> None:
    costs: dict[str, Price] = {name: price(name) for name in PROPOSALS}
    for cost in costs.values():
        assert cost.gives_up.startswith("the zone lock") == (cost.lock_held > 0) <= (cost.stalled > 0)
        assert "0 ns" not in cost.cells
    assert costs["locked"].lock_held > 5 * costs["snapshot"].lock_held
    assert costs["inflate_deflate"].stalled > 10 * costs["locked"].stalled  # no page is left to the guest
    assert costs["page_reporting"].stalled > 0 == costs["free_page_hint"].stalled
    assert costs["inflate_deflate"].cells[0] == "as an allocation does"
    assert EVERYTHING.cells[:2] == ("not at all", "not at all")
    assert "until the host is done" in costs["locked"].gives_up
    assert costs["free_page_hint"].gives_up == "the pages it tells of, until the migration has ended"
    assert costs["page_reporting"].gives_up.startswith("the pages it tells of, until the host")


def test_the_copy_of_the_bitmap_and_what_was_brought_since_are_kept_too() -> None:
    assert price("request_id").host_bytes == 3 * price("snapshot").host_bytes == 3 * RAM // 4096 // 8
