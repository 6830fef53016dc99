"""Notebook 23: a repair with which every config links."""

from __future__ import annotations

from collections.abc import Callable

from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.review.kbuild import Tree, outcome
from freepages.review.kconfig import settle
from freepages.review.robot import CONFIGS, PATCHED, every_config, survey

REASONS = {
    "undefined": "It is called where no file defines it.",
    "defined twice": "Two strong definitions of one name: the linker cannot know which is meant.",
    "not exported": "A module may call only what vmlinux exports.",
    "undeclared": "It is called where no header declares it.",
    "drops the call": "C does not promise that a compiler drops a call that is never made.",
    "address 0": "A call would jump to address 0.",
}
"""Why each outcome of a build that is not sound is none, by the words it ends in."""

PATCHED_OBJECTS = {name: set(made.objects) for name, made in survey(PATCHED).builds.items()}


def _judge_repair(repair: Callable[[Tree], Tree]) -> str:
    tree = returned(repair, PATCHED)
    if not isinstance(tree, Tree):
        raise Wrong(f"it returns {tree!r:.60}; a tree is wanted, such as tree.export('drop_cache') gives.")
    if tree is PATCHED:
        raise Wrong("it returns the tree as it was. An edit returns a new tree and leaves the old one alone.")
    mended = survey(tree)
    for name, what in mended.outcomes.items():
        if what != "links":
            raise Wrong(f"{name}: {what}. {_reason(what)}".rstrip())
    for name, made in mended.builds.items():
        if made.dotconfig.on("VIRTIO_BALLOON") and not made.reaches("free_pages_handle_rq", "drop_slab"):
            raise Wrong(
                f"{name}: every config links, but the guest drops no cache when the host asks for it."
            )
    for name, made in mended.builds.items():
        if not made.dotconfig.on("SYSCTL") and "fs/drop_caches.o" in made.objects:
            raise Wrong(f"{name}: it links, but now holds fs/drop_caches.o, which nobody there can use.")
        if lost := PATCHED_OBJECTS[name] - set(made.objects):
            raise Wrong(f"{name}: every config links, but this kernel has lost {', '.join(sorted(lost))}.")
    for config in every_config():
        if (what := outcome(tree, config)) != "links":
            settled = settle(tree.options, config)
            where = " and ".join(f"{one}={settled.value(one)}" for one in ("SYSCTL", "VIRTIO_BALLOON"))
            raise Wrong(f"the six link, but no kernel with {where}: {what}. {_reason(what)}".rstrip())
    return f"{len(mended.outcomes)} of {len(CONFIGS)} configs link, and the balloon still drops the cache."


def _reason(what: str) -> str:
    return next((reason for words, reason in REASONS.items() if what.endswith(words)), "")


repair = Exercise(
    """Write a function of a tree that returns it mended:
- every config links, whatever compiler builds it;
- a guest still drops its cache when the host asks;
- a kernel without SYSCTL stays without fs/drop_caches.o.
The edits of a tree are in the table above.""",
    _judge_repair,
    (
        "what should a call of drop_cache() do where SYSCTL is off?",
        "a header can hold an empty function where an option is off.",
        'return tree.declare("drop_cache", ifdef="SYSCTL", stub=True)',
    ),
    function,
)
