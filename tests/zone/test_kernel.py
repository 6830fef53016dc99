"""Process and interrupt context, BUG(), work items and who sleeps."""

import pytest

from freepages.engine import Process, Run, Scenario, Steps, straight, to_the_end
from freepages.scenarios.balloon import machine
from freepages.zone.kernel import Bug, Context, Kernel, WaitQueue, Work, workqueue


@pytest.fixture
def kernel() -> Kernel:
    return machine().kernel


def test_what_may_sleep_is_an_error_in_interrupt_context_that_names_the_call(kernel: Kernel) -> None:
    Context(kernel, "g").might_sleep("mutex_lock()")
    assert not kernel.dmesg
    Context(kernel, "i", interrupt=True, function="handler").might_sleep("mutex_lock()")
    assert kernel.dmesg == ["mutex_lock() may sleep, in interrupt context: handler"]


def stumbles() -> Steps:
    yield "goes on"
    raise Bug("init_vqs")


def test_a_bug_in_process_context_ends_the_process_and_not_the_guest(kernel: Kernel) -> None:
    straight(Context(kernel, "g").survive(stumbles()))
    assert kernel.dmesg == ["kernel BUG in init_vqs, process context"]
    assert kernel.crashed is None


def test_a_bug_in_interrupt_context_ends_the_guest_and_its_threads_wait_for_ever(kernel: Kernel) -> None:
    work = Work(kernel, "a work item")
    work.queue()
    assert work.ready()
    straight(Context(kernel, "i", interrupt=True).survive(stumbles()))
    assert kernel.crashed == "init_vqs"
    assert (work.ready(), work.reason()) == (False, "cannot: the guest has crashed")


def test_a_work_item_queued_twice_runs_once_and_queued_while_it_runs_again(kernel: Kernel) -> None:
    ran: list[str] = []
    work = Work(kernel, "a work item")

    def item(ctx: Context) -> Steps:
        if len(ran) == 0:
            work.queue()
        ran.append(ctx.function)
        yield from ()

    work.queue()
    work.queue()
    thread = workqueue(Context(kernel, "g"), {work: item})
    run = to_the_end(Run(Scenario("work", "", lambda: (kernel, [Process("g", "g", thread)]), lambda r: r)))
    assert ran == ["a work item", "a work item"]
    assert run.processes["g"].why_not() == "waits until a work item is queued"


def test_a_sleeper_goes_on_when_it_is_woken(kernel: Kernel) -> None:
    sleepers = WaitQueue(kernel, "vb->acked")
    assert (sleepers.ready(), sleepers.reason()) == (False, "sleeps until vb->acked is woken")
    sleepers.wake_up()
    assert sleepers.ready()


def test_a_long_is_as_wide_as_the_guest_and_in_its_byte_order() -> None:
    assert machine(bits=32, endian="big").kernel.long.pack(1) == b"\0\0\0\1"
    assert machine().kernel.long.pack(1) == b"\1" + bytes(7)
