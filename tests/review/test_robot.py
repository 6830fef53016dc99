"""The robot's error: what the mails say, and what every repair does to every config."""

import pytest

from freepages.review.kbuild import build, outcome
from freepages.review.robot import (
    CONFIGS,
    MAILS,
    PATCHED,
    REPAIRS,
    V4_6_RC4,
    every_config,
    repair_table,
    survey,
)

ROBOT = ["i386-tinyconfig", "arm-allnoconfig", "parisc-allnoconfig"]
PEOPLE = ["x86_64-defconfig", "x86_64-guest", "x86_64-allmodconfig"]


def test_every_config_links_before_the_patch():
    assert survey(V4_6_RC4).sound


@pytest.mark.parametrize("name", ROBOT)
def test_the_robots_three_miss_drop_cache_and_nothing_else(name):
    made = build(PATCHED, CONFIGS[name])
    (failure,) = made.failures
    assert (failure.stage, failure.symbol) == ("link", "drop_cache")
    assert "get_free_pages() in mm/page_alloc.o calls drop_cache()" in failure.text
    assert failure.because[0] == "fs/drop_caches.o would define it (fs/Makefile, obj-$(CONFIG_SYSCTL))"
    assert any("PROC_FS=n" in line for line in failure.because)
    assert made.left_out["fs/drop_caches.o"] == "SYSCTL"
    assert "drop_cache            U" in repr(made.symbols)


@pytest.mark.parametrize("name", PEOPLE)
def test_peoples_configs_hide_it(name):
    made = build(PATCHED, CONFIGS[name])
    assert made.links and "vmlinux" in made.finished
    assert "fs/drop_caches.o" in made.objects


def test_the_balloon_is_absent_built_in_or_a_module():
    values = [build(PATCHED, CONFIGS[name]).dotconfig.value("VIRTIO_BALLOON") for name in PEOPLE]
    assert values == ["n", "y", "m"]
    modular = build(PATCHED, CONFIGS["x86_64-allmodconfig"])
    assert modular.finished == [
        "vmlinux",
        "drivers/virtio/virtio_ring.ko",
        "drivers/virtio/virtio_balloon.ko",
    ]


SPOILT = {
    "prototype": (ROBOT, "drop_cache undefined"),
    "depends on": (ROBOT, "drop_cache undefined"),
    "empty default": (PEOPLE, "drop_cache defined twice"),
    "not exported": (PEOPLE[2:], "drop_cache not exported"),
    "IS_ENABLED": (ROBOT, "links if the compiler drops the call"),
    "IS_ENABLED, #ifdef": (ROBOT, "drop_cache undeclared"),
    "weak declaration": (ROBOT, "links, drop_cache is address 0"),
}


@pytest.mark.parametrize("repair", REPAIRS)
def test_what_each_repair_does_to_each_config(repair):
    where, what = SPOILT.get(repair, ([], ""))
    mended = REPAIRS[repair].edit(PATCHED)
    for name, config in CONFIGS.items():
        assert outcome(mended, config) == (what if name in where else "links")
    assert survey(mended).sound == (repair not in SPOILT)


@pytest.mark.parametrize("repair", [name for name in REPAIRS if name not in SPOILT])
def test_a_repair_that_links_still_drops_the_cache_in_a_guest(repair):
    for name in PEOPLE[1:]:
        assert build(REPAIRS[repair].edit(PATCHED), CONFIGS[name]).reaches(
            "free_pages_handle_rq", "drop_slab"
        )


def test_only_one_good_repair_makes_a_tiny_kernel_larger():
    """What Triplett took out in 2013 comes back by way of obj-y alone."""
    tiny = CONFIGS["i386-tinyconfig"]
    larger = [r for r in REPAIRS if "fs/drop_caches.o" in build(REPAIRS[r].edit(PATCHED), tiny).objects]
    assert larger == ["always built"]


def test_the_tables_say_it_all():
    shown = repr(survey(PATCHED)).splitlines()
    assert shown[0].split() == ["config", "SYSCTL", "VIRTIO_BALLOON", "make"]
    assert shown[2].split(maxsplit=3) == ["i386-tinyconfig", "n", "n", "drop_cache undefined"]
    table = repr(repair_table()).splitlines()
    assert [line.split("  ")[0] for line in table[2:] if line[0] != " "] == list(REPAIRS)
    assert max(map(len, table)) <= 100
    assert "stub                6 of 6" in table
    assert any(line.endswith("drop_cache not exported: x86_64-allmodconfig") for line in table)


def test_of_every_config_those_without_sysctl_fail_and_only_experts_have_such():
    everything = [build(PATCHED, config) for config in every_config()]
    assert len({repr(sorted(made.dotconfig.items())) for made in everything}) > 50
    assert {made.links == made.dotconfig.on("SYSCTL") for made in everything} == {True}
    assert all(made.dotconfig.on("EXPERT") for made in everything if not made.links)
    assert all(build(V4_6_RC4, config).links for config in every_config())


def test_the_robot_answers_the_patch_it_quotes_and_not_before_it():
    assert [mail.sent for mail in MAILS] == sorted(mail.sent for mail in MAILS)
    assert all(mail.sent.utcoffset() is not None and "@" in mail.message_id for mail in MAILS)
