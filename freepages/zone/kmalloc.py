"""kmalloc, kzalloc and kfree: memory for the kernel itself, physically contiguous.

Models mm/slab_common.c and mm/page_alloc.c of Linux 4.6 from the size of a page on: an allocation is a block
of 2**order pages, and there is none above order 10, 4 MiB, however much memory is free. Below that it is a
question of whether free pages lie together. The slabs that smaller allocations share are left out: each has
a page of its own here.
"""

from __future__ import annotations

from freepages.engine import Act, Steps
from freepages.pages.orders import MAX_ORDER, PAGE_SHIFT, PAGE_SIZE, Migratetype
from freepages.zone.kernel import Context

KMALLOC = Act("calls {3}({1}, GFP_KERNEL): order {2}", cost="allocate")
KFREE = Act("calls kfree({1:#x})", cost="free")
CALLS_KMALLOC = Act("calls {0}({1}, GFP_KERNEL): order {2}", cost="none")
CLEARS = Act("clears {0:byte} at {1:#x}", cost="clear")


def get_order(size: int) -> int:
    """The order of the smallest block that holds `size` bytes.

    Examples
    --------
    >>> [get_order(size) for size in (1, 4096, 4097, 4 << 20)]
    [0, 0, 1, 10]
    """
    return max(0, (size - 1) >> PAGE_SHIFT).bit_length()


def kmalloc(ctx: Context, size: int) -> Steps:
    """Allocate `size` bytes; the address, or None with a line in the kernel's log. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> ctx = Context(Kernel(Node.pc(64 << 20), GuestMemory({0: 64 << 20})), "process")
    >>> hex(straight(kmalloc(ctx, 8192)))
    '0x3c00000'
    >>> straight(kmalloc(ctx, 8 << 20)), ctx.kernel.dmesg
    (None, ['page allocation failure: 8388608 bytes, order 11: above the largest, 10'])
    """
    return _allocate(ctx, "kmalloc", size)


def kzalloc(ctx: Context, size: int) -> Steps:
    r"""The same, zeroed. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> ctx = Context(Kernel(Node.pc(64 << 20), GuestMemory({0: 64 << 20})), "process")
    >>> address = straight(kzalloc(ctx, 100))
    >>> ctx.kernel.memory.read(address, 4)
    b'\x00\x00\x00\x00'
    """
    return _allocate(ctx, "kzalloc", size)


def _allocate(ctx: Context, call: str, size: int) -> Steps:
    kernel, order = ctx.kernel, get_order(size)

    def allocate() -> Steps:
        yield CALLS_KMALLOC, call, size, order
        ctx.might_sleep(f"{call}(GFP_KERNEL)")
        pfn = None
        if order < MAX_ORDER:
            pfn = yield from kernel.node.alloc_pages(order, Migratetype.UNMOVABLE, cpu=ctx.cpu, kind="k")
        if pfn is None:
            why = "no block is that large" if order < MAX_ORDER else f"above the largest, {MAX_ORDER - 1}"
            kernel.say(f"page allocation failure: {size} bytes, order {order}: {why}")
            return None
        address = pfn << PAGE_SHIFT
        if call == "kzalloc":
            yield CLEARS, size, address
            kernel.memory.write(address, bytes(PAGE_SIZE << order))
        kernel.allocated[address] = order
        return address

    return kernel.grain(allocate(), KMALLOC, kernel.zone_locks, size, order, call)


def kfree(ctx: Context, address: int) -> Steps:
    """Free what kzalloc gave at that address. Process.

    Examples
    --------
    >>> from freepages.engine import straight
    >>> from freepages.virtqueue.guest_memory import GuestMemory
    >>> from freepages.zone.kernel import Kernel
    >>> from freepages.zone.node import Node
    >>> ctx = Context(Kernel(Node.pc(64 << 20), GuestMemory({0: 64 << 20})), "process")
    >>> address = straight(kmalloc(ctx, 8192))
    >>> straight(kfree(ctx, address)); ctx.kernel.allocated
    {}
    """
    kernel = ctx.kernel
    order = kernel.allocated[address]

    def free() -> Steps:
        yield from kernel.node.free_pages(address >> PAGE_SHIFT, order, cpu=ctx.cpu)
        del kernel.allocated[address]

    return kernel.grain(free(), KFREE, kernel.zone_locks, address)
