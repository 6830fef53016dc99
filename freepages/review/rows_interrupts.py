"""Rows about where the patch's code runs, and what it takes an interrupt for: B2, B3, B4."""

from __future__ import annotations

from freepages.balloon.driver_queues import ADDS_OUTBUF
from freepages.balloon.free_pages_device import FreePagesDevice
from freepages.engine import Run, Scenario, Steps
from freepages.review.row import Row
from freepages.review.symptoms import one_answer, request_lost, times
from freepages.scenarios.balloon import machine, queue_picture, scenario

MERGED = "https://git.kernel.org/torvalds/c/86a559787e6f"


def asked_once(repaired: bool = False) -> Scenario:
    """One request, one answer."""
    return scenario("asked_once", "the host asks once", lambda: machine(repaired=repaired), one_answer)


def asked_twice(repaired: bool = False) -> Scenario:
    """Two requests, the second made when the first answer was returned."""
    return scenario(
        "asked_twice",
        "the host asks twice",
        lambda: machine(repaired=repaired),
        lambda device: device.migrate(requests=2),
        shown=queue_picture,
    )


def given_up(repaired: bool = False) -> Scenario:
    """A host that reads eight bytes of the answer, no more, and says so as QEMU of 2016 would."""

    def host(device: FreePagesDevice) -> Steps:
        yield from device.start()
        yield from device.ask()
        answer = yield from device.take_reply()
        yield from device.cancel()
        yield from device.finish_reply(answer, read=8)

    return scenario(
        "given_up",
        "an answer returned with length 8",
        lambda: machine(repaired=repaired, device={"len_is_read": True}),
        host,
    )


def sleeps(run: Run) -> str | None:
    return next((line for line in run.world.kernel.dmesg if "may sleep" in line), None)


def lost(run: Run) -> str | None:
    if not request_lost(run):
        return None
    return (
        f"request {run.world.device.current} is in the used ring, the handler took only the buffer before "
        "it, and no further interrupt will come"
    )


def answers_nobody(run: Run) -> str | None:
    answers, requests = times(run, ADDS_OUTBUF, "free_pages"), run.world.device.asked
    if answers <= requests:
        return None
    return f"{answers} answers to {requests} request: a returned answer, of length 8, was taken for a request"


ROWS = (
    Row(
        "B2",
        "sleeps in interrupt context",
        "virtio_balloon.c: free_pages_rq, free_pages_handle_rq",
        "bug",
        "The queue's callback runs in interrupt context and calls kzalloc(GFP_KERNEL), which may sleep. "
        "drop_cache() may sleep as well, and so may virtqueue_add_outbuf(GFP_KERNEL) where it allocates a "
        "table for the answer's two pieces.",
        "The statistics had moved to a work item in 4.6 because they can sleep; the merged driver has a "
        f"workqueue of its own: {MERGED}",
        asked_once,
        lambda: asked_once(True),
        sleeps,
        "h h h i i i",
        ("free_pages_rq",),
    ),
    Row(
        "B3",
        "a request is lost",
        "virtio_balloon.c: free_pages_handle_rq",
        "bug",
        "The handler takes one used buffer for each interrupt. If the device has returned the answer and "
        "the next request before the handler runs, the request stays in the ring, unanswered for ever.",
        f"The merged driver takes used buffers until there are none: {MERGED}",
        asked_twice,
        lambda: asked_twice(True),
        lost,
        "h h h i i i i i i i i h h h h h i i",
        ("free_pages_handle_rq",),
    ),
    Row(
        "B4",
        "an answer is taken for a request",
        "virtio_balloon.c: free_pages_handle_rq",
        "conditional",
        "Only the length 8 tells a request from a returned answer. A device that reports as length how "
        "much it has read can return an answer with length 8.",
        "The specification on such devices: "
        "https://docs.oasis-open.org/virtio/virtio/v1.2/virtio-v1.2.html, Legacy Interface: The Virtqueue "
        "Used Ring",
        given_up,
        lambda: given_up(True),
        answers_nobody,
        "h h h i i i i i i i i h h h i i i i i i i",
        ("free_pages_handle_rq",),
    ),
)
