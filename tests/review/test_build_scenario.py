"""The scenario of two builds: its story, its picture at the moments that matter."""

import pytest

from freepages.engine import Run, at_random
from freepages.review.build_scenario import kbuild
from freepages.review.kbuild import KbuildError
from freepages.review.robot import REPAIRS


def rows(run, panel):
    (found,) = (p.rows for p in run.scenario.picture(run).panels if p.name == panel)
    return found


def test_the_story_ends_with_one_kernel_and_one_error():
    scenario = kbuild()
    run = Run(scenario, scenario.story)
    assert not run.moves()
    assert rows(run, "person: x86_64-guest")["vmlinux"] == "written"
    assert rows(run, "robot: i386-tinyconfig")["vmlinux"] == "not linked"
    assert rows(run, "robot: the linker's symbols")["drop_cache"] == "undefined"
    assert scenario.picture(run).note.endswith("calls drop_cache(), which nobody defines")


def test_the_builds_part_at_drop_caches_o_and_both_ask_before_anyone_knows():
    run = Run(kbuild())
    parted = None
    for move in run.scenario.story.split():
        run.move(move)
        person, robot = (
            rows(run, f"{n}: {c}") for n, c in (("person", "x86_64-guest"), ("robot", "i386-tinyconfig"))
        )
        if parted is None and len(run.steps) % 2 == 0 and person != robot:
            parted = {path for path in person if person[path] != robot[path]}
        if run.steps[-1].text.startswith("takes mm/built-in.o"):
            assert rows(run, f"{run.steps[-1].who}: the linker's symbols")["drop_cache"] == "asked for"
    assert parted == {"fs/drop_caches.o"}


@pytest.mark.parametrize("seed", range(5))
def test_any_schedule_ends_alike(seed):
    scenario = kbuild()
    assert scenario.picture(at_random(Run(scenario), seed, 1000)) == scenario.picture(
        Run(scenario, scenario.story)
    )


def test_any_tree_and_any_config_can_be_built_and_one_that_is_not_there_is_named():
    alone = kbuild(REPAIRS["stub"].edit(Run(kbuild()).world["robot"].tree), {"robot": "arm-allnoconfig"})
    assert rows(Run(alone, alone.story), "robot: arm-allnoconfig")["vmlinux"] == "written"
    with pytest.raises(KbuildError, match="config 'm68k' is not known: there are i386-tinyconfig, "):
        kbuild(builds={"robot": "m68k"})


def test_a_module_is_one():
    scenario = kbuild(builds={"person": "x86_64-allmodconfig"})
    assert (
        rows(Run(scenario, scenario.story), "person: x86_64-allmodconfig")["drivers/virtio/virtio_balloon.o"]
        == "module"
    )
