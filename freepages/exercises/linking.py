"""Notebook 23: which configs link, and a repair that all of them link with."""

from __future__ import annotations

from collections.abc import Callable, Collection

from freepages.exercises.exercise import Exercise, Wrong, function
from freepages.review.kbuild import Tree
from freepages.review.robot import CONFIGS, PATCHED, survey


def _judge_links(guess: Collection[str]) -> str:
    if unknown := [name for name in guess if name not in CONFIGS]:
        raise Wrong(f"no config is named {unknown[0]!r}.")
    found = survey(PATCHED).links
    wrong = [name for name in found if found[name] != (name in guess)]
    if wrong:
        raise Wrong(f"{len(found) - len(wrong)} of {len(found)} are as you say. {wrong[0]} is not.")
    return f"{len(guess)} of {len(found)} link, these."


links = Exercise(
    "Under which configs does the patched tree link? Answer with a list of their names.",
    _judge_links,
    (
        "who defines drop_cache(), and in which configs is that file compiled?",
        "fs/drop_caches.o is built where SYSCTL is on. Who can switch SYSCTL off?",
        "only who answers no to everything can: the robot's three cannot link.",
    ),
)


def _judge_repair(repair: Callable[[Tree], Tree]) -> str:
    mended = survey(repair(PATCHED))
    for name, outcome in mended.outcomes.items():
        if outcome != "links":
            raise Wrong(f"{name}: {outcome}.")
    for name, made in mended.builds.items():
        if made.dotconfig.on("VIRTIO_BALLOON") and not made.reaches("free_pages_handle_rq", "drop_slab"):
            raise Wrong(f"{name}: every config links, but a request of the host drops no cache any more.")
    for name, made in mended.builds.items():
        if not made.dotconfig.on("SYSCTL") and "fs/drop_caches.o" in made.objects:
            raise Wrong(f"{name}: links, and holds all of fs/drop_caches.o, which nobody there can use.")
    return f"{len(mended.outcomes)} of {len(CONFIGS)} configs link, and the balloon still drops the cache."


repair = Exercise(
    """Write a function of a tree that returns it mended:
- every config links, and owes it to nothing but the linker;
- a guest still drops its cache when the host asks;
- a kernel without SYSCTL stays without fs/drop_caches.o.
The edits of a tree: build_if, define, declare, call, uncall, export, depend. help(tree) explains them.""",
    _judge_repair,
    (
        "what should a call of drop_cache() do where SYSCTL is off?",
        "a header can hold an empty function where an option is off.",
        'return tree.declare("drop_cache", ifdef="SYSCTL", stub=True)',
    ),
    function,
)
