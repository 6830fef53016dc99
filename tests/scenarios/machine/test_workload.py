"""The programs get what the allocator gives, and touch what is theirs."""

from freepages.engine import Move, Run
from freepages.engine.step_size import fine
from freepages.scenarios.machine.scenario import one_machine
from freepages.scenarios.machine.workload import blocks


def test_they_free_and_write_their_own_blocks_only() -> None:
    run = Run(one_machine())
    assert run.why_not(Move("w", "0f")) == "programs cannot free page 0: no block of theirs begins there"
    assert run.why_not(Move("w", "3w")) == "programs cannot write page 3: it is not theirs"
    assert run.why_not(Move("w", "17f")) == "programs cannot free page 17: no block of theirs begins there"
    assert run.why_not(Move("w", "17w")) is None


def test_a_write_puts_a_letter_that_neither_side_has() -> None:
    run = Run(one_machine(), "h w16w h16s w16w")
    assert run.world.memory.page(16)[:8] == b"A" * 8 and run.world.memory.arrived[16][:8] == b"B" * 8


def test_coarse_or_fine_the_blocks_are_the_same() -> None:
    whole = Run(one_machine(), "w1a w16f w0a")
    step = Run(one_machine(grain=fine))
    for choice in ("1a", "16f", "0a"):
        step.move(Move("w", choice))
        while not step.processes["w"].options().get("0a"):
            step.move("w")
    assert sorted(blocks(whole.world)) == sorted(blocks(step.world))
    assert whole.world.projection.refused is step.world.projection.refused is None
