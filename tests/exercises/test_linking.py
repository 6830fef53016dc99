"""The exercises about the robot: every tempting answer is told why it is none."""

import pytest

from freepages.exercises import linking as robot
from freepages.review.robot import CONFIGS, PATCHED, REPAIRS


def test_the_dots_are_no_answer_and_every_hint_is_one_line():
    exercise = robot.repair
    assert exercise.check(...).right is None
    for number in range(len(exercise.hints) + 2):
        assert repr(exercise.hint(number)).startswith("○ hint") and "\n" not in repr(exercise.hint(number))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stub", "6 of 6"),
        ("weak default", "6 of 6"),
        ("driver calls", "6 of 6"),
        ("always built", "i386-tinyconfig: it links, but now holds fs/drop_caches.o"),
        ("prototype", "i386-tinyconfig: drop_cache undefined"),
        ("depends on", "i386-tinyconfig: drop_cache undefined"),
        ("empty default", "x86_64-defconfig: drop_cache defined twice"),
        ("not exported", "x86_64-allmodconfig: drop_cache not exported"),
        ("IS_ENABLED", "i386-tinyconfig: links if the compiler drops the call"),
        ("IS_ENABLED, #ifdef", "i386-tinyconfig: drop_cache undeclared"),
        ("weak declaration", "i386-tinyconfig: links, drop_cache is address 0"),
    ],
)
def test_repair_takes_what_is_good_and_names_what_is_not(name, words):
    remark = robot.repair.check(REPAIRS[name].edit)
    assert remark.right is (words == "6 of 6") and remark.text.startswith(words)
    assert remark.right or "fs/drop_caches.o" in words or remark.text.endswith(tuple(robot.REASONS.values()))


def test_to_take_the_call_out_links_and_is_no_repair():
    remark = robot.repair.check(lambda tree: tree.uncall("get_free_pages", "drop_cache"))
    assert remark.right is False and "drops no cache when the host asks" in remark.text


def test_a_repair_for_the_six_configs_alone_is_none():
    def moved(tree):
        return tree.uncall("get_free_pages", "drop_cache").call("update_free_pages_stats", "drop_cache")

    remark = robot.repair.check(lambda tree: moved(tree).export("drop_cache"))
    assert remark.right is False and "SYSCTL=n and VIRTIO_BALLOON=" in remark.text
    remark = robot.repair.check(lambda tree: tree.build_if("mm/page_alloc.c", "SYSCTL"))
    assert remark.right is False and "has lost mm/page_alloc.o" in remark.text


@pytest.mark.parametrize(
    "edit",
    [
        lambda tree: tree.declare("drop_cache", ifdef="CONFIG_SYSCTL", stub=True),
        lambda tree: tree.call("get_free_pages", "drop_cache", guard="CONFIG_SYSCTL"),
        lambda tree: tree.depend("VIRTIO_BALLOON", "CONFIG_SYSCTL"),
        lambda tree: tree.build_if("fs/drop_caches.c", "CONFIG_SYSCTL"),
    ],
)
def test_an_option_that_is_none_is_named(edit):
    assert "option 'CONFIG_SYSCTL' is not known; did you mean" in robot.repair.check(edit).text


def test_an_edit_of_nothing_and_a_repair_that_returns_nothing_are_told():
    assert "function 'drop' is not known" in robot.repair.check(lambda tree: tree.export("drop")).text
    assert "returns None. Is the line with return missing?" in robot.repair.check(lambda tree: None).text
    assert "a tree is wanted" in robot.repair.check(lambda tree: "stub").text
    assert "returns the tree as it was" in robot.repair.check(lambda tree: tree).text
    assert "that does not fit" in robot.repair.check(lambda: PATCHED).text
    assert robot.repair.check(lambda tree: ...).right is None
    assert len(REPAIRS) == 11 and len(CONFIGS) == 6


def test_the_last_hint_is_an_answer():
    scope: dict = {}
    exec(f"def repair(tree):\n    {robot.repair.hints[-1]}", scope)
    assert robot.repair.check(scope["repair"]).right
