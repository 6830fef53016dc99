"""Notebook 23: which configs link; and a repair with which every config does."""

from __future__ import annotations

from collections.abc import Callable

from freepages.exercises.exercise import Exercise, Wrong, function, returned
from freepages.exercises.prediction import Forecast
from freepages.review.kbuild import Tree, outcome
from freepages.review.kconfig import settle
from freepages.review.robot import CONFIGS, PATCHED, every_config, survey

ASKED = ("i386-tinyconfig", "x86_64-defconfig", "x86_64-guest", "x86_64-allmodconfig")


def _links() -> dict[str, str]:
    links = survey(PATCHED).links
    return {name: "links" if links[name] else "fails" for name in ASKED}


prediction = Forecast(
    _links,
    why={
        "i386-tinyconfig": "mm/page_alloc.o is in every kernel, and so is the call. fs/drop_caches.o is not.",
        "x86_64-defconfig": "SYSCTL is on, so fs/drop_caches.o is there. Nobody needs the balloon for that.",
        "x86_64-guest": "SYSCTL is on, so fs/drop_caches.o is there.",
        "x86_64-allmodconfig": "drop_cache is called from the kernel itself, not from the module.",
    },
    wrong={
        "i386-tinyconfig": {
            "links": "It has no balloon, but mm/page_alloc.o calls drop_cache all the same. The linker does "
            "not ask whether a call is ever made."
        },
        "x86_64-defconfig": {"fails": "It has no balloon, but who defines drop_cache is fs/drop_caches.o."},
        "x86_64-guest": {"fails": "It has SYSCTL, so fs/drop_caches.c is compiled."},
        "x86_64-allmodconfig": {
            "fails": "The module calls get_free_pages, which the patch exports to modules. That is enough."
        },
    },
)
"""Which configs link with the patch."""

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
