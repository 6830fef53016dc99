"""The recorded drops: what was expected went, and what went is free or waits with a CPU."""

import pytest

from freepages.zone.recorded_drops import RECORDED, recorded_drop, recorded_drops


@pytest.mark.parametrize("name", RECORDED)
def test_the_page_cache_goes_as_expected_and_is_found_again(name: str) -> None:
    drop = recorded_drop(name)
    assert abs(drop.cache - drop.expected) <= max(256, 0.02 * drop.expected)
    assert 0 < drop.slab <= drop.slab_there
    assert drop.more_free + drop.waiting == pytest.approx(drop.cache + drop.slab, abs=4 * 256, rel=0.05)


def test_the_table_has_a_line_for_each_and_fits_the_page() -> None:
    lines = recorded_drops().splitlines()
    assert len(lines) == 2 + len(RECORDED) and max(map(len, lines)) <= 100
    assert "-0.0" not in recorded_drops()
