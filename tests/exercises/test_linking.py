"""The exercises about the robot: every tempting answer is told why it is none."""

import pytest

from freepages.exercises import linking as robot
from freepages.review.robot import CONFIGS, PATCHED, REPAIRS, survey


@pytest.mark.parametrize("exercise", [robot.links, robot.repair])
def test_the_dots_are_no_answer_and_every_hint_is_one_line(exercise):
    assert exercise.check(...).right is None
    for number in range(len(exercise.hints) + 2):
        assert repr(exercise.hint(number)).startswith("○ hint") and "\n" not in repr(exercise.hint(number))


def test_links_is_judged_by_building():
    truth = [name for name, made in survey(PATCHED).links.items() if made]
    assert repr(robot.links.check(truth)) == "✓ Right: 3 of 6 link, these."
    assert "5 of 6 are as you say. x86_64-defconfig is not." in robot.links.check(truth[1:]).text
    assert "3 of 6 are as you say. i386-tinyconfig is not." in robot.links.check(list(CONFIGS)).text
    assert "no config is named 'm68k'" in robot.links.check(["m68k"]).text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stub", "6 of 6"),
        ("weak default", "6 of 6"),
        ("driver calls", "6 of 6"),
        ("always built", "i386-tinyconfig: links, and holds all of fs/drop_caches.o"),
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


def test_to_take_the_call_out_links_and_is_no_repair():
    remark = robot.repair.check(lambda tree: tree.uncall("get_free_pages", "drop_cache"))
    assert remark.right is False and "drops no cache any more" in remark.text


def test_an_edit_of_nothing_and_a_repair_that_returns_nothing_are_told():
    assert "function 'drop' is not known" in robot.repair.check(lambda tree: tree.export("drop")).text
    assert robot.repair.check(lambda tree: None).right is False
    assert len(REPAIRS) == 11 and len(CONFIGS) == 6


def test_the_last_hint_is_an_answer():
    scope: dict = {}
    exec(f"def repair(tree):\n    {robot.repair.hints[-1]}", scope)
    assert robot.repair.check(scope["repair"]).right
