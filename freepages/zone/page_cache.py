"""The caches of a guest's files: pages of their content, and slab pages with their names and inodes.

Models mm/filemap.c and invalidate_inode_page() of mm/truncate.c, and what fs/dcache.c and fs/inode.c of Linux
4.6 mean by an unused dentry or inode. A page of the cache belongs to an inode, at an index; a page of slab to
all the objects that lie in it, and it comes free only with the last of them. What keeps a page is a state
that can be seen here, and so is who holds an object.

Left out: directories, which their names hold as well; read-ahead, which fetches the neighbours of a page that
was missed; file systems' private buffers; and the LRU lists of pages, which dropping does not ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from freepages.engine import Act, Steps
from freepages.engine.errors import FreepagesError
from freepages.real.meminfo import Meminfo
from freepages.zone.node import Node

Backing = Literal["disk", "device", "tmpfs", "ramfs"]

READS = Act("reads page {1} of {0}: {2}", cost="load")
FINDS_IT_THERE = Act("finds that another has read page {1} of {0} meanwhile", cost="load")
READS_DISK = Act("waits until page {1} of {0} is read from the disk into page {2}", cost="refault")
NO_MEMORY = Act("has no free page for page {1} of {0}, and would have to reclaim one", cost="none")


class Said:
    """A part of a sentence that is asked for when the step is made, and not when it was announced.

    Examples
    --------
    >>> pages = {0: 7}
    >>> said = Said(lambda: f"it has {len(pages)} pages")
    >>> pages[1] = 9; str(said)
    'it has 2 pages'
    """

    def __init__(self, say: Callable[..., str], *about: Any):
        self._say, self._about = say, about

    def __str__(self) -> str:
        return self._say(*self._about)


@dataclass(eq=False)
class Inode:
    """A file: `pages` are its pfns in the cache by their index in it, `users` counts who holds the inode.

    `backing` is where it is kept: on a "disk"; as the blocks of a "device" itself, whose pages meminfo counts
    as Buffers; or nowhere else than here, with "tmpfs" and "ramfs".

    Examples
    --------
    >>> Inode("F").only_copy, Inode("T", backing="tmpfs").only_copy
    (False, True)
    """

    name: str = ""
    backing: Backing = "disk"
    pages: dict[int, int] = field(default_factory=dict)
    users: int = 0

    @property
    def only_copy(self) -> bool:
        """Whether its pages are the only copy of what is in them."""
        return self.backing in ("tmpfs", "ramfs")


@dataclass(eq=False)
class Dentry:
    """A name in memory, which holds its inode; `users` counts who has the file open by it.

    Examples
    --------
    >>> file = Inode("F")
    >>> names = [Dentry(file), Dentry(file)]; file.users
    2
    """

    inode: Inode
    users: int = 0

    def __post_init__(self) -> None:
        self.inode.users += 1


Object = Inode | Dentry


class PageCache:
    """Which pages hold what of which files, in which states, and what lies in the reclaimable slab.

    files      the inodes that have pages, or had some, by name
    pages      pfn -> (inode, index)
    dirty      the pages that must be written before they can go
    writeback  those that are being written
    mapped     those in a process's page tables
    locked     those that somebody works on, as while they are read from the disk
    slab       pfn -> the dentries, or the inodes, that lie in the page

    Examples
    --------
    >>> cache = PageCache([Inode("F", pages={0: 12, 1: 13}), Inode("T", "tmpfs", {0: 20})])
    >>> cache.dirty.add(12)
    >>> [cache.refusal(pfn) for pfn in (12, 13, 20)]
    ['is dirty', '', 'is dirty, and tmpfs has no disk to write it to']
    >>> cache.droppable()
    [13]
    """

    def __init__(self, files: Iterable[Inode] = ()):
        self.files = {inode.name: inode for inode in files}
        self.pages = {pfn: (i, index) for i in self.files.values() for index, pfn in i.pages.items()}
        self.dirty: set[int] = set()
        self.writeback: set[int] = set()
        self.mapped: set[int] = set()
        self.locked: set[int] = set()
        self.slab: dict[int, list[Object]] = {}

    @classmethod
    def of(
        cls,
        node: Node,
        dirty: Iterable[int] = (),
        mapped: Iterable[int] = (),
        *,
        locked: Iterable[int] = (),
        writeback: Iterable[int] = (),
        backing: Mapping[str, Backing] | None = None,
    ) -> PageCache:
        """The cache of a drawn node: a capital letter, and "c", is a page of the file of that name.

        Its pages are the file's from index 0 on, ascending. `backing` names the files that are on no disk.
        Pages of the cache and of slab become allocations of their own, which is how they are freed. Raises
        FreepagesError for a page that is in a state and not in the cache.
        """
        files: dict[str, Inode] = {}
        for zone in node.populated_zones():
            for pfn, (order, kind) in sorted(zone.used.items()):
                if kind not in "cs" and not kind.isupper():
                    continue
                del zone.used[pfn]
                single = range(pfn, pfn + (1 << order))
                zone.used.update(dict.fromkeys(single, (0, "s" if kind == "s" else "c")))
                if kind != "s":
                    inode = files.setdefault(kind, Inode(kind, (backing or {}).get(kind, "disk")))
                    inode.pages.update(enumerate(single, len(inode.pages)))
        cache = cls(files.values())
        cache.dirty.update(dirty)
        cache.mapped.update(mapped)
        cache.locked.update(locked)
        cache.writeback.update(writeback)
        for state in ("dirty", "mapped", "locked", "writeback"):
            if strangers := getattr(cache, state) - cache.pages.keys():
                raise FreepagesError(f"page {min(strangers)} is {state} and not in the page cache")
        return cache

    def fill_slab(self, pfns: Sequence[int], objects: Sequence[Object], per_page: int) -> None:
        """Lay objects of one kind into slab pages, in order, `per_page` in each."""
        if len(objects) > len(pfns) * per_page:
            raise FreepagesError(f"{len(objects)} objects, and room for {len(pfns) * per_page}")
        for at, pfn in enumerate(pfns):
            self.slab[pfn] = list(objects[at * per_page : (at + 1) * per_page])

    # -- pages of files

    def add(self, inode: Inode, index: int, pfn: int) -> None:
        """Put page ``index`` of a file into page ``pfn``."""
        inode.pages[index] = pfn
        self.pages[pfn] = inode, index

    def remove(self, pfn: int) -> None:
        """Take a page out of the cache."""
        inode, index = self.pages.pop(pfn)
        del inode.pages[index]

    def refusal(self, pfn: int) -> str:
        """Why the page cannot be dropped now, as the end of "page 12 ...", or nothing.

        In the order in which invalidate_mapping_pages() asks. The kernel has no rule for tmpfs: its pages are
        dirty from the first write to them on, and nothing ever cleans them.
        """
        inode, _ = self.pages[pfn]
        if pfn in self.locked:
            return "is locked"
        if inode.only_copy:
            return f"is dirty, and {inode.backing} has no disk to write it to"
        if pfn in self.dirty:
            return "is dirty"
        if pfn in self.writeback:
            return "is under writeback"
        if pfn in self.mapped:
            return "is mapped"
        return ""

    def droppable(self) -> list[int]:
        """The pages that nothing keeps."""
        return sorted(pfn for pfn in self.pages if not self.refusal(pfn))

    def to_write(self) -> set[int]:
        """The dirty pages that there is a disk for."""
        return {pfn for pfn in self.dirty if not self.pages[pfn][0].only_copy}

    def read(self, node: Node, name: str, index: int, cpu: str = "cpu 0") -> Steps:
        """Read a page of a file, from the disk where it is not in the cache; its pfn, or None. Process.

        None is for want of a free page, where the kernel would reclaim one.
        """
        inode = self.files[name]
        yield READS, name, index, Said(_where, inode, index)
        if index in inode.pages:
            return inode.pages[index]
        pfn = yield from node.alloc_pages(0, cpu=cpu, kind="c")
        if pfn is None:
            yield NO_MEMORY, name, index
            return None
        if index in inode.pages:
            yield FINDS_IT_THERE, name, index
            yield from node.free_pages(pfn, 0, cpu)
            return inode.pages.get(index)
        self.add(inode, index, pfn)
        self.locked.add(pfn)
        yield READS_DISK, name, index, pfn
        self.locked.discard(pfn)
        return pfn

    # -- slab

    def unused(self, kind: type[Object]) -> dict[int, list[Object]]:
        """The objects of a kind that nobody holds, by the slab page that they lie in; none without."""
        found: dict[int, list[Object]] = {}
        for pfn, objects in sorted(self.slab.items()):
            if idle := [some for some in objects if type(some) is kind and not some.users]:
                found[pfn] = idle
        return found

    # -- what the guest tells of itself

    def meminfo(self, node: Node) -> Meminfo:
        """What /proc/meminfo would say of this guest."""
        by_backing = dict.fromkeys(("disk", "device", "tmpfs", "ramfs"), 0)
        for inode, _ in self.pages.values():
            by_backing[inode.backing] += 1
        zones = list(node.populated_zones())
        return Meminfo(
            total=sum(zone.managed for zone in zones),
            free=sum(zone.nr_free_pages for zone in zones),
            buffers=by_backing["device"],
            cached=len(self.pages) - by_backing["device"],
            shmem=by_backing["tmpfs"],
            unevictable=by_backing["ramfs"],
            dirty=len(self.to_write()),
            writeback=len(self.writeback),
            mapped=len(self.mapped),
            reclaimable=len(self.slab),
        )


def _where(inode: Inode, index: int) -> str:
    return f"it is in page {inode.pages[index]}" if index in inode.pages else "it is not in memory"
