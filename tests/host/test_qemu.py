"""What each version of QEMU does differently: when it slows down, how long a hint waits, what it looks at."""

from dataclasses import replace

import pytest

from freepages.engine.costs import Costs
from freepages.engine.errors import FreepagesError
from freepages.host.qemu import VERSIONS, qemu
from freepages.migrate.guest import Guest
from freepages.migrate.timed_migration import migrate


def busy(version, workload="dirty:500MB/s"):
    """A guest that dirties more than the link carries, slowed down until it is migrated."""
    return migrate(
        Guest.made_up(1 << 30, 0.2), "everything", workload, qemu=version, auto_converge=True, keep=False
    )


def hinted(version, **costs):
    return migrate(
        Guest.made_up(1 << 30, 0.75),
        "free_page_hint",
        "still",
        qemu=version,
        bandwidth=1e9,
        costs=replace(Costs(), **costs),
        keep=False,
    )


def test_a_version_that_is_none_has_its_nearest_named():
    assert [one.year for one in VERSIONS.values()] == sorted(one.year for one in VERSIONS.values())
    with pytest.raises(FreepagesError, match=r"qemu '4.1' is not known; did you mean"):
        qemu("4.1")


def test_until_4_1_it_takes_longer_until_the_guest_is_slowed_down():
    old, new = busy("2.5"), busy("4.2")
    assert old.rounds > new.rounds and old.total > new.total
    assert busy("2.8").total == busy("4.0").total == old.total


def test_since_9_2_the_log_is_read_every_five_seconds_where_the_guest_is_to_be_slowed_down():
    reads: dict[str, list[float]] = {version: [] for version in ("6.1", "10")}
    for version, times in reads.items():
        times += [stage.start / 1e9 for stage in busy(version).stages if stage.what == "sync"]
    gaps = {version: [b - a for a, b in zip(at[1:], at[2:], strict=False)] for version, at in reads.items()}
    assert max(gaps["6.1"]) > 5.2 > max(gaps["10"])


def test_since_6_1_a_hint_waits_until_the_section_that_is_sent_has_ended():
    before, since = hinted("4.2"), hinted("6.1")
    assert before.never_sent.count() > since.never_sent.count()
    sends = [stage for stage in since.stages if stage.what == "send"]
    assert sends[0].end - sends[0].start >= 50e6


def test_hinted_pages_are_visited_by_the_bulk_stage_only_before_hints_were_merged():
    dear = {"visit": 2000.0}
    assert hinted("2.8", **dear).total > hinted("4.0", **dear).total
    everything = [
        migrate(
            Guest.made_up(64 << 20, 0.5), qemu=version, costs=replace(Costs(), **dear), bandwidth=1e9
        ).total
        for version in ("4.2", "6.1")
    ]
    assert everything[0] > everything[1]
