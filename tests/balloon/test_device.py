"""The device trusts nothing: hostile messages are refused with the reason, and nothing hangs."""

from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.balloon.driver import BUFFER, MESSAGE
from freepages.balloon.driver_queues import Virtqueue
from freepages.balloon.encodings import Bitmap, Encoding, PfnArray, PfnRanges
from freepages.engine import Process, Run, Scenario, Steps, straight, to_the_end
from freepages.pages.orders import PAGE_SIZE
from freepages.scenarios.balloon import Machine, machine
from freepages.zone.kernel import Context

PAGES = 64


def tell(world: Machine, queue: str, *pieces: tuple[int, int], in_: bool = False) -> None:
    """What a driver may say, or one that is not a driver of ours."""
    vq: Virtqueue = world.driver.vqs[queue]
    context = Context(world.kernel, "g")
    add = vq.add_inbuf if in_ else vq.add_outbuf
    straight(add(context, pieces, BUFFER))
    straight(vq.kick())


def taken(vq: Virtqueue):
    """What the driver gets back."""
    return straight(vq.get_buf(Context(vq.kernel, "g")))


def serve(world: Machine, host: Steps | None = None) -> Run:
    steps = host or world.device.serve()
    return to_the_end(
        Run(Scenario("serve", "", lambda: (world, [Process("h", "h", steps)]), lambda run: run))
    )


def say(message: bytes, queue: str = "inflate", encoding: Encoding | None = None) -> Machine:
    world = machine(device={"encoding": encoding})
    address = world.driver.address + MESSAGE
    world.kernel.memory.write(address, message)
    tell(world, queue, (address, len(message)))
    serve(world)
    return world


def test_pages_that_are_named_are_in_the_balloon_and_deflated_out_of_it() -> None:
    world = say(pack("<4I", 3, 5, 4, 9))
    assert world.device.ballooned == {3, 4, 5, 9}
    world.kernel.memory.write(world.driver.address + MESSAGE, pack("<2I", 4, 60))
    tell(world, "deflate", (world.driver.address + MESSAGE, 8))
    serve(world)
    assert world.device.ballooned == {3, 5, 9}


def test_a_page_named_twice_is_taken_once() -> None:
    world = say(pack("<3I", 3, 3, 3))
    assert world.device.ballooned == {3} and not world.device.refused


@pytest.mark.parametrize(
    ("message", "encoding", "reason"),
    [
        (pack("<I", PAGES), None, "page 64: the guest has 64"),
        (pack("<I", 0xFFFFFFFF), None, "page 4294967295: the guest has 64"),
        (b"12345", None, "a PFN array of 5 bytes"),
        (PfnRanges.HEADER.pack(0, 0, 0, 16) + pack("<QQ", 0, 1 << 60), PfnRanges(), "the guest has 64"),
        (Bitmap.HEADER.pack(0, 12, 0, 0, 0, 1 << 60, 8) + b"\xff" * 8, Bitmap(), "the guest has 64"),
    ],
)
def test_what_the_guest_does_not_have_is_refused_and_the_buffer_returned(message, encoding, reason) -> None:
    world = say(message, encoding=encoding)
    assert not world.device.ballooned
    assert reason in world.device.refused[0]
    assert taken(world.driver.vqs["inflate"]) == (BUFFER, 0)


def test_a_message_of_a_megabyte_and_more_is_not_looked_at() -> None:
    world = machine()
    tell(world, "inflate", *[(0, PAGES * PAGE_SIZE)] * 5)
    serve(world)
    assert world.device.refused == [f"a message of {5 * PAGES * PAGE_SIZE} bytes"]


@given(st.binary(min_size=1, max_size=64), st.sampled_from((PfnArray(), Bitmap(chunk=64), PfnRanges())))
def test_any_bytes_are_a_message_or_are_refused(message: bytes, encoding: Encoding) -> None:
    world = say(message, encoding=encoding)
    assert all(0 <= pfn < PAGES for pfn in world.device.ballooned)
    assert taken(world.driver.vqs["inflate"]) is not None


def test_a_broken_queue_is_left_alone_with_the_reason() -> None:
    world = machine()
    tell(world, "inflate", (PAGES * PAGE_SIZE, 16))
    run = serve(world)
    assert "outside memory" in (world.device.broken("inflate") or "")
    tell(world, "inflate", (0, 16))
    why = run.processes["h"].why_not()
    assert why is not None and why.startswith("will not: outside memory")
    assert world.device.broken("deflate") is None


def test_a_device_that_reports_what_it_read_does_so() -> None:
    world = machine(device={"len_is_read": True})
    tell(world, "inflate", (world.driver.address + MESSAGE, 16))
    serve(world)
    assert taken(world.driver.vqs["inflate"]) == (BUFFER, 16)


def test_statistics_of_any_length_and_with_unknown_tags_are_read() -> None:
    world = machine()
    polls = world.device.poll_stats()
    run = Run(Scenario("stats", "", lambda: (world, [Process("h", "h", polls)]), lambda run: run), "h h")
    vq = world.driver.vqs["stats"]
    assert taken(vq)
    message = pack("<HQHQ", 4, 77, 999, 5) + b"rest"
    world.kernel.memory.write(world.driver.address + MESSAGE, message)
    tell(world, "stats", (world.driver.address + MESSAGE, len(message)))
    to_the_end(run)
    assert world.device.stats == {"MEMFREE": 77, "tag 999": 5}
