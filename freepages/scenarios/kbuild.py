"""Two builds of one tree, side by side: a person's config and the robot's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from freepages.engine import Process, Run, Scenario, Schedule
from freepages.guest.kbuild import Build, Tree, make
from freepages.guest.robot import CONFIGS, PATCHED
from freepages.view.frame import Facts, Frame

BUILDS = {"person": "x86_64-guest", "robot": "i386-tinyconfig"}
NOT_YET = "·"


def kbuild(tree: Tree = PATCHED, builds: Mapping[str, str] = BUILDS) -> Scenario:
    """One ``make`` for each of ``builds``, whose name -> the name of its config; its letter is the name's first.

    The builds share nothing, so any schedule ends alike; the story takes a step of each in turn.
    """

    def begin() -> tuple[dict[str, Build], list[Process]]:
        world = {name: Build(tree, CONFIGS[config]) for name, config in builds.items()}
        return world, [Process(name[0], name, make(made)) for name, made in world.items()]

    def picture(run: Run) -> Frame:
        failures = [failure.text for made in run.world.values() for failure in made.failures]
        return Frame(
            "one tree, two configs" if len(builds) == 2 else "one tree",
            tuple(_facts(name, made) for name, made in run.world.items()),
            failures[-1] if failures else "",
        )

    scenario = Scenario("kbuild", "who builds what, and who misses it", begin, picture)
    return Scenario(scenario.name, scenario.title, begin, picture, str(_in_turn(scenario)))


def _in_turn(scenario: Scenario) -> Schedule:
    """A schedule to the end of every build, a step of each in turn."""
    run = Run(scenario)
    while moves := run.moves():
        for move in moves:
            run.move(move)
    return run.schedule


def _facts(name: str, made: Build) -> Facts:
    rows = {source.object: _object(made, source.object) for source in made.tree.sources}
    asked = (call.symbol for source in made.tree.sources for f in source.functions for call in f.calls)
    static = {f.name for source in made.tree.sources for f in source.functions if f.linkage == "static"}
    rows |= {f"{symbol}()": _symbol(made, symbol) for symbol in asked if symbol not in static}
    end = "written" if "vmlinux" in made.finished else "not linked" if made.failures else NOT_YET
    return Facts(f"{name}: {made.config.name}", {**rows, "vmlinux": end})


def _object(made: Build, path: str) -> str:
    if path in made.left_out:
        return "left out"
    if path not in made.objects:
        return NOT_YET
    if path in made.modules:
        return "module"
    return "linked" if "vmlinux" in made.finished else "compiled"


def _symbol(made: Build, symbol: str) -> str:
    if found := made.symbols.defined.get(symbol):
        return PurePath(found.object).name
    if any(failure.symbol == symbol for failure in made.failures):
        return "nobody's"
    return "asked for" if symbol in made.symbols.asked else NOT_YET
