"""Fine and coarse steps of one operation: the same world, another number of moves."""

from freepages.engine import Lock, Process, Run, Scenario, Steps, to_the_end
from freepages.engine.step_size import AllFree, Grain, coarse, fine


def counting(grain: Grain, lock: Lock, seen: list[int]) -> Steps:
    def operation() -> Steps:
        for number in range(3):
            yield "counts to {0}", number
            seen.append(number)
        return len(seen)

    return (yield from grain(operation(), "counts to three", AllFree(lock)))


def run(grain: Grain, holder: str | None = None) -> tuple[Run, list[int]]:
    seen: list[int] = []
    lock = Lock("a lock")
    lock.holder = holder
    scenario = Scenario(
        "count", "", lambda: (seen, [Process("p", "p", counting(grain, lock, seen))]), lambda r: r
    )
    return to_the_end(Run(scenario)), seen


def test_a_coarse_operation_is_one_step_and_a_fine_one_all_of_its_own() -> None:
    (stepped, seen), (whole, same) = run(fine), run(coarse)
    assert [len(stepped.steps), len(whole.steps)] == [3, 1]
    assert seen == same == [0, 1, 2]
    assert stepped.processes["p"].result == whole.processes["p"].result == 3


def test_what_guards_a_coarse_operation_is_asked() -> None:
    held, seen = run(coarse, holder="somebody")
    assert not seen
    assert held.processes["p"].why_not() == "waits for a lock, held by somebody"


def test_a_coarse_operation_has_no_place_of_its_own_in_the_source() -> None:
    def names(grain: Grain) -> list[str]:
        process = Process("p", "p", counting(grain, Lock("a lock"), []))
        return [code.co_name for code, _ in process.position()]

    assert names(coarse) == ["counting"]
    assert names(fine) == ["counting", "operation"]
