"""What the rows of the review look for in a state of the machine."""

from __future__ import annotations

from freepages.balloon.april2016 import REQUEST
from freepages.balloon.driver_queues import INTERRUPTED, Interrupt, Virtqueue, more_used
from freepages.balloon.free_pages_device import FreePagesDevice
from freepages.engine import Act, Process, Run, Steps
from freepages.scenarios.balloon import Machine
from freepages.zone.kernel import WORKS, AnyWork


def idle(process: Process) -> bool:
    """Whether a process of the driver has nothing to do, and nothing to come."""
    waits = process.act in (INTERRUPTED, WORKS) and isinstance(process.guard, (Interrupt, AnyWork))
    return waits and process.guard is not None and not process.guard.ready()


def driver_idle(run: Run) -> bool:
    return all(idle(run.processes[letter]) for letter in "ig" if letter in run.processes)


def free_pages_vq(run: Run) -> Virtqueue:
    world: Machine = run.world
    return world.driver.vqs["free_pages"]


def request_lost(run: Run) -> bool:
    """Whether a request lies in the used ring, and nobody will ever look."""
    return driver_idle(run) and more_used(free_pages_vq(run))


def channel_dead(run: Run) -> bool:
    """Whether the device has no buffer for a request, and will never get one."""
    vq = free_pages_vq(run)
    return driver_idle(run) and REQUEST not in vq.offered and not more_used(vq)


def answered(run: Run) -> bool:
    """Whether the host has believed an answer."""
    world: Machine = run.world
    return bool(world.device.applied)


def times(run: Run, act: Act, *first: object) -> int:
    """How often an act was done; `first` are what its first arguments were."""
    return sum(step.act is act and step.args[: len(first)] == first for step in run.steps)


def one_answer(device: FreePagesDevice, ctrl: int = 0) -> Steps:
    """The host that most rows have: it asks once, and reads the answer."""
    return device.migrate(ctrl=ctrl)
