"""Notebook 23: a repair with which every config links."""

from __future__ import annotations

from collections.abc import Callable

from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.review.kbuild import Tree
from freepages.review.robot import CONFIGS, PATCHED, survey

REASONS = {
    "undefined": "It is called where no file defines it.",
    "defined twice": "Two strong definitions of one name: the linker cannot know which is meant.",
    "not exported": "A module may call only what vmlinux exports.",
    "undeclared": "It is called where no header declares it.",
    "drops the call": "C does not promise that a compiler drops a call that is never made.",
    "address 0": "A call would jump to address 0.",
}
"""Why each outcome of a build that is not sound is none, by the words it ends in."""


def _judge_repair(repair: Callable[[Tree], Tree]) -> str:
    tree = returned(repair, PATCHED)
    if not isinstance(tree, Tree):
        raise Wrong(f"it returns {tree!r:.60}; a tree is wanted, such as tree.export('drop_cache') gives.")
    if tree is PATCHED:
        raise Wrong("it returns the tree as it was. An edit returns a new tree and leaves the old one alone.")
    mended = survey(tree)
    for name, outcome in mended.outcomes.items():
        if outcome != "links":
            why = next((reason for words, reason in REASONS.items() if outcome.endswith(words)), "")
            raise Wrong(f"{name}: {outcome}. {why}".rstrip())
    for name, made in mended.builds.items():
        if made.dotconfig.on("VIRTIO_BALLOON") and not made.reaches("free_pages_handle_rq", "drop_slab"):
            raise Wrong(
                f"{name}: every config links, but the guest drops no cache when the host asks for it."
            )
    for name, made in mended.builds.items():
        if not made.dotconfig.on("SYSCTL") and "fs/drop_caches.o" in made.objects:
            raise Wrong(f"{name}: it links, but now holds fs/drop_caches.o, which nobody there can use.")
    return f"{len(mended.outcomes)} of {len(CONFIGS)} configs link, and the balloon still drops the cache."


repair = Exercise(
    """Write a function of a tree that returns it mended:
- every config links, whatever compiler builds it;
- a guest still drops its cache when the host asks;
- a kernel without SYSCTL stays without fs/drop_caches.o.
The edits of a tree: build_if, define, declare, call, uncall, export, depend. help(PATCHED) explains them.""",
    _judge_repair,
    (
        "what should a call of drop_cache() do where SYSCTL is off?",
        "a header can hold an empty function where an option is off.",
        'return tree.declare("drop_cache", ifdef="SYSCTL", stub=True)',
    ),
    function,
)
