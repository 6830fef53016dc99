"""Two builds of one tree, side by side: a person's config and the robot's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from freepages.engine import Process, Run, Scenario, Schedule
from freepages.engine.errors import unknown
from freepages.engine.state import whole
from freepages.review.kbuild import Build, Tree, make
from freepages.review.kconfig import KbuildError
from freepages.review.robot import CONFIGS, PATCHED
from freepages.view.frame import Facts, Frame

BUILDS = {"person": "x86_64-guest", "robot": "i386-tinyconfig"}
NOT_YET = "·"


def kbuild(tree: Tree = PATCHED, builds: Mapping[str, str] = BUILDS) -> Scenario:
    """One ``make`` for each of ``builds``: a name, whose first letter is the process's, and a config's name.

    The builds share nothing, so any schedule ends alike; the story takes a step of each in turn. Raises
    KbuildError for a config that is not there.
    """
    for config in builds.values():
        if config not in CONFIGS:
            raise unknown("config", config, CONFIGS, KbuildError)

    def begin() -> tuple[dict[str, Build], list[Process]]:
        world = {name: Build(tree, CONFIGS[config]) for name, config in builds.items()}
        return world, [Process(name[0], name, make(made)) for name, made in world.items()]

    def picture(run: Run) -> Frame:
        failures = [failure.text for made in run.world.values() for failure in made.failures]
        panels = [_objects(name, made) for name, made in run.world.items()]
        panels += [_symbols(name, made) for name, made in run.world.items()]
        return Frame("", tuple(panels), failures[-1] if failures else "")

    scenario = Scenario(
        "kbuild",
        "who builds what, and who misses it",
        begin,
        picture,
        property=lambda run: next((repr(f) for made in run.world.values() for f in made.failures), None),
        key=whole,
    )
    return replace(scenario, story=str(_in_turn(scenario)))


def _in_turn(scenario: Scenario) -> Schedule:
    """A schedule to the end of every build, a step of each in turn."""
    run = Run(scenario)
    while moves := run.moves():
        for move in moves:
            run.move(move)
    return run.schedule


def _objects(name: str, made: Build) -> Facts:
    end = "written" if "vmlinux" in made.finished else "not linked" if made.failures else NOT_YET
    objects = {source.object: _object(made, source.object) for source in made.tree.sources}
    return Facts(f"{name}: {made.config.name}", {**objects, "vmlinux": end})


def _symbols(name: str, made: Build) -> Facts:
    """Every symbol that one file asks of another."""
    asked = (call.symbol for source in made.tree.sources for f in source.functions for call in f.calls)
    static = {f.name for source in made.tree.sources for f in source.functions if f.linkage == "static"}
    rows = {symbol: _symbol(made, symbol) for symbol in asked if symbol not in static}
    return Facts(f"{name}: the linker's symbols", rows)


def _object(made: Build, path: str) -> str:
    if path in made.left_out:
        return "left out"
    if path not in made.objects:
        return NOT_YET
    if path in made.modules:
        return "module"
    return "linked" if "vmlinux" in made.finished else "compiled"


def _symbol(made: Build, symbol: str) -> str:
    if symbol in made.symbols.defined:
        return "defined"
    if any(failure.symbol == symbol for failure in made.failures):
        return "undefined"
    return "asked for" if symbol in made.symbols.asked else NOT_YET
