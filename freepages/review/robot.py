"""What the build robot built: the tree of April 2016, its configs, and ways to mend it.

The kbuild test robot answered Li's patch 1/2 three times: i386-tinyconfig, arm-allnoconfig and
parisc-allnoconfig do not link. Here is as much of Linux 4.6-rc4 and of the patch as that needs, the robot's
configs beside a few that people have, and repairs, good ones and tempting ones. What becomes of each is not
written here: :func:`survey` and :func:`repair_table` build them.

Sources: MAILS, with their dates and message ids; the robot's mail about i386 stands in the same thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import product
from textwrap import wrap
from typing import NamedTuple

from freepages.engine.text_table import columns
from freepages.review.kbuild import Build, Call, Function, Source, Tree, build, outcome
from freepages.review.kconfig import Kconfig, Option


class Mail(NamedTuple):
    """A mail: whose it is, when it was sent, its message id, and what it is about."""

    author: str
    sent: datetime
    message_id: str
    about: str


MAILS = tuple(
    Mail(author, datetime.fromisoformat(sent), message_id, about)
    for author, sent, message_id, about in (
        (
            "Josh Triplett",
            "2013-03-13T16:14:15-07:00",
            "20130313231413.GA3265@jtriplet-mobl1",
            "compiles fs/drop_caches.c only with sysctl, since nothing else calls it",
        ),
        (
            "Liang Li",
            "2016-04-19T22:34:33+08:00",
            "1461076474-3864-2-git-send-email-liang.z.li@intel.com",
            "lets mm/page_alloc.c call it",
        ),
        (
            "kbuild test robot",
            "2016-04-20T00:01:08+08:00",
            "201604200003.mbi2rLmF%fengguang.wu@intel.com",
            "arm-allnoconfig does not link",
        ),
        (
            "kbuild test robot",
            "2016-04-20T00:14:28+08:00",
            "201604200014.yGwUyG4n%fengguang.wu@intel.com",
            "parisc-allnoconfig does not link",
        ),
    )
)

# The options in question, of init/Kconfig, fs/proc/Kconfig, arch/*/Kconfig and drivers/virtio/Kconfig.
OPTIONS = (
    Option("EMBEDDED", forced=True, selects=("EXPERT",)),
    Option("EXPERT"),
    Option("MODULES"),
    Option("PCI"),
    Option("PROC_FS", asked="EXPERT", default="y"),
    Option("PROC_SYSCTL", asked="EXPERT", default="y", depends=("PROC_FS",), selects=("SYSCTL",)),
    Option("SYSCTL", asked=None),
    Option("VIRTIO_PCI", tristate=True, depends=("PCI",), selects=("VIRTIO",)),
    Option("VIRTIO", tristate=True, asked=None),
    Option("VIRTIO_BALLOON", tristate=True, depends=("VIRTIO",)),
)

DEFCONFIG = {"MODULES": "y", "PCI": "y"}

CONFIGS = {
    config.name: config
    for config in (
        Kconfig(
            "i386-tinyconfig", "n", {}, "the robot's: allnoconfig, and the smallest choices of tiny.config"
        ),
        Kconfig("arm-allnoconfig", "n", {}, "the robot's: no to every question"),
        Kconfig("parisc-allnoconfig", "n", {}, "the robot's: no to every question"),
        Kconfig("x86_64-defconfig", "", DEFCONFIG, "arch/x86/configs/x86_64_defconfig: no virtio in it"),
        Kconfig(
            "x86_64-guest",
            "",
            {**DEFCONFIG, "VIRTIO_PCI": "y", "VIRTIO_BALLOON": "y"},
            "ours: the defconfig, and the balloon built in, for whoever tries the patch in a guest",
        ),
        Kconfig("x86_64-allmodconfig", "m", {}, "every driver a module, as distributions have the balloon"),
    )
}
"""The robot's three, and three of people's. Architecture plays no part beyond the name."""


def every_config() -> Iterator[Kconfig]:
    """Every way to answer every question of OPTIONS, the impossible answers too: Kconfig sorts them out."""
    asked = [option for option in OPTIONS if option.asked is not None]
    for answers in product(*("nmy" if option.tristate else "ny" for option in asked)):
        yield Kconfig(
            "config " + "".join(answers),
            "",
            {option.name: answer for option, answer in zip(asked, answers, strict=True)},
            "one of all",
        )


def _calls(*symbols: str) -> tuple[Call, ...]:
    return tuple(map(Call, symbols))


V4_6_RC4 = Tree(
    OPTIONS,
    (
        Source(
            "kernel/sysctl.c",
            "y",
            (
                # A table of data, not a function; but its reference to the handler is as good as a call.
                Function("vm_table", _calls("drop_caches_sysctl_handler"), "static", ifdef="SYSCTL"),
                # Without /proc/sys it is there too, and returns -ENOSYS.
                Function("proc_dointvec_minmax", exported=True),
            ),
        ),
        Source("mm/page_alloc.c", "y", (Function("show_free_areas"),)),
        Source("mm/vmscan.c", "y", (Function("drop_slab"),)),
        Source("fs/super.c", "y", (Function("iterate_supers"),)),
        Source(
            "fs/drop_caches.c",
            "SYSCTL",
            (
                Function("drop_pagecache_sb", linkage="static"),
                Function(
                    "drop_caches_sysctl_handler",
                    _calls("proc_dointvec_minmax", "drop_pagecache_sb", "iterate_supers", "drop_slab"),
                ),
            ),
        ),
        Source("drivers/virtio/virtio_ring.c", "VIRTIO", (Function("virtqueue_add_outbuf", exported=True),)),
        Source(
            "drivers/virtio/virtio_balloon.c",
            "VIRTIO_BALLOON",
            (Function("tell_host", _calls("virtqueue_add_outbuf"), "static"),),
        ),
    ),
)
"""Before the patch. Functions that are always built and call nothing of interest are left out."""

PATCHED = (
    V4_6_RC4.declare("drop_cache")
    .define(
        "fs/drop_caches.c", Function("drop_cache", _calls("iterate_supers", "drop_pagecache_sb", "drop_slab"))
    )
    .define(
        "fs/drop_caches.c",
        Function("drop_caches_sysctl_handler", _calls("proc_dointvec_minmax", "drop_cache")),
    )
    .define("mm/page_alloc.c", Function("mark_free_pages_bitmap", linkage="static"))
    .define("mm/page_alloc.c", Function("get_max_pfn", exported=True))
    .define(
        "mm/page_alloc.c",
        Function("get_free_pages", _calls("drop_cache", "mark_free_pages_bitmap"), exported=True),
    )
    .define(
        "drivers/virtio/virtio_balloon.c",
        Function("update_free_pages_stats", _calls("get_max_pfn", "get_free_pages"), "static"),
    )
    .define(
        "drivers/virtio/virtio_balloon.c",
        Function("free_pages_handle_rq", _calls("update_free_pages_stats", "virtqueue_add_outbuf"), "static"),
    )
)
"""With both patches of 19 April 2016."""


class Repair(NamedTuple):
    """A change to the patched tree; ``text`` says what is changed, as a patch's subject would."""

    text: str
    edit: Callable[[Tree], Tree]


def _driver_calls(tree: Tree) -> Tree:
    """The driver drops the cache before it asks for the bitmap, and is built only where it can."""
    moved = tree.uncall("get_free_pages", "drop_cache").call("update_free_pages_stats", "drop_cache")
    return moved.depend("VIRTIO_BALLOON", "SYSCTL")


REPAIRS: Mapping[str, Repair] = {
    "stub": Repair(
        "fs.h: a static inline drop_cache() that does nothing where SYSCTL is off",
        lambda tree: tree.declare("drop_cache", "SYSCTL", stub=True),
    ),
    "weak default": Repair(
        "mm/page_alloc.c: a weak drop_cache() that does nothing",
        lambda tree: tree.define("mm/page_alloc.c", "drop_cache", weak=True),
    ),
    "always built": Repair(
        "fs/Makefile: drop_caches.o under obj-y",
        lambda tree: tree.build_if("fs/drop_caches.c", "y"),
    ),
    "driver calls": Repair(
        "the call moves into the driver, which depends on SYSCTL; drop_cache() is exported",
        lambda tree: _driver_calls(tree).export("drop_cache"),
    ),
    "prototype": Repair(
        "mm/page_alloc.c: declare drop_cache() once more, extern, above the call",
        lambda tree: tree.declare("drop_cache"),
    ),
    "depends on": Repair(
        "drivers/virtio/Kconfig: VIRTIO_BALLOON depends on SYSCTL",
        lambda tree: tree.depend("VIRTIO_BALLOON", "SYSCTL"),
    ),
    "empty default": Repair(
        "mm/page_alloc.c: a drop_cache() that does nothing, not weak",
        lambda tree: tree.define("mm/page_alloc.c", "drop_cache"),
    ),
    "not exported": Repair(
        "the call moves into the driver, which depends on SYSCTL",
        _driver_calls,
    ),
    "IS_ENABLED": Repair(
        "mm/page_alloc.c: the call under if (IS_ENABLED(CONFIG_SYSCTL))",
        lambda tree: tree.call("get_free_pages", "drop_cache", guard="SYSCTL"),
    ),
    "IS_ENABLED, #ifdef": Repair(
        "the same, and fs.h declares drop_cache() under #ifdef CONFIG_SYSCTL",
        lambda tree: tree.declare("drop_cache", "SYSCTL").call(
            "get_free_pages", "drop_cache", guard="SYSCTL"
        ),
    ),
    "weak declaration": Repair(
        "fs.h: declare drop_cache() weak",
        lambda tree: tree.declare("drop_cache", weak=True),
    ),
}


class Survey:
    """What becomes of every config of a tree; shown as a table."""

    def __init__(self, tree: Tree, configs: Iterable[Kconfig]):
        self.builds: dict[str, Build] = {}
        self.outcomes: dict[str, str] = {}
        for config in configs:
            self.builds[config.name] = build(tree, config)
            self.outcomes[config.name] = outcome(tree, config)

    @property
    def links(self) -> dict[str, bool]:
        return {name: made.links for name, made in self.builds.items()}

    @property
    def sound(self) -> bool:
        """Whether every config links, without help from the compiler or from luck."""
        return set(self.outcomes.values()) == {"links"}

    def __repr__(self) -> str:
        rows = [("config", "SYSCTL", "VIRTIO_BALLOON", "make")]
        for name, made in self.builds.items():
            dotconfig = made.dotconfig
            values = dotconfig.value("SYSCTL"), dotconfig.value("VIRTIO_BALLOON")
            rows.append((name, *values, self.outcomes[name]))
        return "\n".join(columns(rows, rule=True))


def survey(tree: Tree, configs: Iterable[Kconfig] = tuple(CONFIGS.values())) -> Survey:
    """Build every config, as the robot does."""
    return Survey(tree, configs)


class BuildComparison:
    """Several repairs, each with every config; shown as a table."""

    def __init__(self, tree: Tree, repairs: Mapping[str, Repair]):
        self.surveys = {name: survey(repair.edit(tree)) for name, repair in repairs.items()}

    def __repr__(self) -> str:
        rows = [("repair", "in order", "where it does not link, or only by luck")]
        for name, made in self.surveys.items():
            where: dict[str, list[str]] = {}
            for config, what in made.outcomes.items():
                where.setdefault(what, []).append(config)
            clean = len(where.pop("links", ()))
            others = "; ".join(f"{what}: {', '.join(configs)}" for what, configs in where.items())
            rows.append(
                (
                    name,
                    f"{clean} of {len(made.outcomes)}",
                    "\n".join(wrap(others, 70, break_on_hyphens=False)),
                )
            )
        return "\n".join(columns(rows, rule=True))


def repair_table(tree: Tree = PATCHED, repairs: Mapping[str, Repair] = REPAIRS) -> BuildComparison:
    """Build every config with every repair."""
    return BuildComparison(tree, repairs)
