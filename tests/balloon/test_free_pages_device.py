"""The host of the free-pages queue: what it believes, and what it does with it."""

from struct import pack

from hypothesis import given
from hypothesis import strategies as st

from freepages.balloon.driver import BUFFER, MESSAGE
from freepages.balloon.driver_queues import Virtqueue
from freepages.balloon.free_pages_messages import Reply
from freepages.engine import Process, Run, Scenario, straight, to_the_end
from freepages.pages.bitmap import PageBitmap
from freepages.scenarios.balloon import Machine, machine
from freepages.zone.kernel import Context

PAGES = 64


def answer(message: bytes, ram_pages: int = PAGES, repaired: bool = False, **device: bool) -> Machine:
    """A machine whose guest has said `message` to a request that was made."""
    world = machine(ram_pages=ram_pages, repaired=repaired, device=device)

    def guest():
        address, vq = world.driver.address + MESSAGE, world.driver.vqs["free_pages"]
        yield "answers"
        world.kernel.memory.write(address, message)
        straight(vq.add_outbuf(Context(world.kernel, "g"), [(address, len(message))], BUFFER))
        straight(vq.kick())

    def build():
        return world, [Process("h", "h", world.device.migrate()), Process("g", "g", guest())]

    to_the_end(Run(Scenario("answer", "", build, lambda run: run)))
    return world


def taken(vq: Virtqueue):
    """What the driver gets back."""
    return straight(vq.get_buf(Context(vq.kernel, "g")))


@given(st.binary(min_size=8, max_size=8))
def test_what_an_answer_lists_is_skipped_and_nothing_else(bitmap: bytes) -> None:
    world = answer(pack("<Q", 8) + bitmap)
    assert world.device.skips == PageBitmap.from_bytes(bitmap, PAGES)
    assert world.device.applied == [(1, Reply(None, 0, bitmap))]


def test_a_bitmap_longer_than_ram_is_refused_and_nothing_skipped() -> None:
    world = answer(pack("<Q", 16) + b"\xff" * 16)
    assert world.device.refused == ["a bitmap of 16 bytes from pfn 0 on, the guest has 64 pfns"]
    assert world.device.skips.count() == 0 and world.device.overflow == 0


def test_an_answer_to_an_older_request_is_refused_and_nothing_skipped() -> None:
    old = answer(pack("<QQQ", 0, 0, 8) + b"\xff" * 8, repaired=True)
    assert old.device.refused == ["an answer to request 0, the current one is 1"]
    assert old.device.skips.count() == 0
    assert answer(pack("<QQQ", 1, 0, 8) + b"\xff" * 8, repaired=True).device.skips.count() == PAGES


def test_a_trusting_host_writes_behind_its_bitmap() -> None:
    world = answer(pack("<Q", 16) + b"\xff" * 16, trusting=True)
    assert world.device.overflow == 8
    assert world.device.skips.count() == PAGES


@given(st.binary(min_size=1, max_size=40), st.booleans())
def test_an_answer_of_any_bytes_leaves_the_bitmap_in_order(message: bytes, trusting: bool) -> None:
    world = answer(message, trusting=trusting)
    assert len(world.device.skips.tobytes()) == 8
    assert len(world.device.refused) + len(world.device.applied) == 1


def test_bits_behind_the_last_page_never_get_into_the_bitmap() -> None:
    world = answer(pack("<Q", 16) + b"\xff" * 16, ram_pages=41, trusting=True)
    assert world.device.skips.count() == 41
    assert int.from_bytes(world.device.skips.tobytes(), "little") == (1 << 41) - 1


def test_a_migration_that_begins_skips_nothing_yet() -> None:
    world = answer(pack("<Q", 8) + b"\xff" * 8)
    straight(world.device.start())
    assert (world.device.current, world.device.skips.count()) == (2, 0)


def test_a_host_that_keeps_answers_gives_none_back() -> None:
    assert taken(answer(pack("<Q", 0)).driver.vqs["free_pages"]) is not None
    kept = answer(pack("<Q", 0), returns=False)
    vq = kept.driver.vqs["free_pages"]
    taken(vq)
    assert taken(vq) is None and BUFFER in vq.offered
