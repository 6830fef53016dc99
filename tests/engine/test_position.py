"""Where a process stands: equal just when nothing that it still needs differs."""

from copy import deepcopy
from itertools import count

import pytest

from freepages.debate import guest_verbs as guestside
from freepages.debate import host_verbs as hostside
from freepages.debate.proposals import PROPOSALS
from freepages.engine import Act, Choose, Lock, Process, Steps, Until
from freepages.engine.errors import FreepagesError
from freepages.engine.position import needed, position
from freepages.pages.pageset import PageSet


def at(make, *choices):
    """The position after these moves of a process."""
    process = Process("p", "one", make)
    for choice in choices:
        process.go(choice)
    return position(process)


def menu(*choices):
    return Choose(lambda: dict.fromkeys(choices, "takes it"))


def test_a_process_that_is_done_stands_nowhere() -> None:
    def once():
        yield "moves"

    assert at(once) != () == at(once, "")


def test_the_place_counts_where_no_value_differs() -> None:
    def twice():
        yield "moves"
        yield "moves"

    assert len({at(twice), at(twice, ""), at(twice, "", "")}) == 3


def test_a_local_that_is_read_again_counts() -> None:
    def keeps():
        choice = yield "chooses", menu("0a", "1a")
        yield "moves"
        yield "says {0}", choice

    assert at(keeps, "0a") != at(keeps, "1a")
    assert at(keeps, "0a", "") == at(keeps, "1a", "")  # announced: its last use is behind it


def test_a_local_that_is_written_before_it_is_read_does_not() -> None:
    def forgets():
        while True:
            choice = yield "chooses", menu("0a", "1a")
            yield "uses it", choice

    assert at(forgets, "0a") == at(forgets, "1a")
    assert at(forgets, "0a", "") == at(forgets, "1a", "") == at(forgets, "0a", "", "1a", "")


def test_a_local_that_only_one_branch_reads_counts_before_the_branch() -> None:
    def branches():
        kept = yield "chooses", menu("0a", "1a")
        way = yield "chooses", menu("0a", "1a")
        if way == "0a":
            yield "says {0}", kept
            yield "says it again", kept
        else:
            yield "says nothing"
            yield "and nothing"

    assert at(branches, "0a") != at(branches, "1a")
    assert at(branches, "0a", "0a") != at(branches, "1a", "0a")
    assert at(branches, "0a", "1a") == at(branches, "1a", "1a")


def test_a_local_that_the_next_round_of_a_loop_reads_counts() -> None:
    def remembers():
        last = None
        while True:
            now = yield "chooses", menu("0a", "1a")
            if now == last:
                return
            last = now

    assert at(remembers, "0a") != at(remembers, "1a")
    assert at(remembers, "0a") == at(remembers, "1a", "0a")


def test_a_local_that_a_handler_reads_counts() -> None:
    def tries():
        kept = yield "chooses", menu("0a", "1a")
        try:
            yield "moves"
        finally:
            print(end=kept[2:])

    assert at(tries, "0a") != at(tries, "1a")


def test_a_loop_counts_with_its_variable_though_the_body_never_reads_it() -> None:
    def rounds():
        for _ in range(3):
            yield "moves"

    assert len({at(rounds, *[""] * n) for n in range(4)}) == 4


def test_a_loop_counts_with_what_it_runs_over() -> None:
    def walks():
        choice = yield "chooses", menu("1a", "3a")
        pages = PageSet(4, int(choice[0]))  # {0} or {0, 1}
        for page in pages:
            yield "looks at {0}", page

    assert at(walks, "1a") != at(walks, "3a")


def test_nested_loops_and_pairs_count() -> None:
    def grid():
        for row in range(2):
            for column, _ in ((0, "a"), (1, "b")):
                yield "looks at {0}, {1}", row, column

    assert len({at(grid, *[""] * n) for n in range(5)}) == 5


def test_a_function_within_counts_with_its_own_locals_and_the_one_that_waits_for_it() -> None:
    def inner(value):
        yield "moves"
        yield "says {0}", value

    def outer():
        kept = yield "chooses", menu("0a", "1a")
        handed = yield "chooses", menu("0a", "1a")
        yield from inner(handed)
        yield "says {0}", kept

    ways = [(one, other) for one in ("0a", "1a") for other in ("0a", "1a")]
    assert len({at(outer, *way) for way in ways}) == 4
    assert len({at(outer, *way, "") for way in ways}) == 2  # what was handed on is announced by now
    assert len({at(outer, *way, "", "") for way in ways}) == 1


def test_a_closure_counts_with_the_values_it_was_made_over() -> None:
    def waits():
        choice = yield "chooses", menu("0a", "1a")
        yield "waits", Until(lambda: choice == "0a", "waits for ever")

    assert at(waits, "0a") != at(waits, "1a")


def test_a_choice_counts_with_the_values_its_options_were_made_over() -> None:
    def chooses():
        first = int((yield "chooses", menu("0a", "1a"))[0])
        yield "chooses", Choose(lambda: {f"{first}b": "takes it"})
        yield "moves"

    assert at(chooses, "0a") != at(chooses, "1a")
    assert at(chooses, "0a", "0b") == at(chooses, "1a", "1b")


def test_a_closure_over_what_is_assigned_later_counts_with_the_later_value() -> None:
    def changes():
        value = 0
        guard = Until(lambda: value >= 0, "waits for ever")
        while True:
            yield "waits", guard
            value += 1

    assert len({at(changes, *[""] * n) for n in range(3)}) == 3


def test_sets_of_pages_count_by_what_is_in_them() -> None:
    def keeps(pages):
        def process():
            kept = pages.copy()
            yield "moves"
            kept.clear(0)
            yield "says {0}", kept

        return process

    one = keeps(PageSet(2, 0b01))
    assert at(one) == at(one)
    # the same functions over other pages: only the value is different
    assert at(one)[0][2:] != at(keeps(PageSet(2, 0b10)))[0][2:]
    assert at(keeps(PageSet(2, 1)))[0][2:] != at(keeps(PageSet(3, 1)))[0][2:]


def test_what_belongs_to_the_world_is_compared_with_the_world() -> None:
    class World:
        def save(self):
            return ()

    def uses(world, lock):
        def process():
            here, guard, act = world, lock, Act("moves")
            yield "moves"
            print(here, guard, act)

        return process

    assert at(uses(World(), Lock("a")))[0][2:] == at(uses(World(), Lock("b")))[0][2:]


@pytest.mark.parametrize(
    ("one", "other"),
    [([1], [2]), ([1], (1,)), ({1: 2}, {1: 3}), ({1}, {2}), ([{1: {2}}], [{1: {3}}]), (PageSet(2, 1), [0])],
)
def test_plain_containers_are_compared_by_what_is_in_them(one, other) -> None:
    def keeps(kept) -> Steps:
        yield "moves"
        print(kept)

    def where(kept):
        return position(Process("a", "one", keeps(kept)))

    assert where(one)[0][2] == where(deepcopy(one))[0][2] != where(other)[0][2]
    assert hash(where(one))


@pytest.mark.parametrize("value", [iter([1, 2]), object(), count()])
def test_a_local_of_another_kind_is_an_error_where_it_is_still_needed(value) -> None:
    def keeps() -> Steps:
        kept = value
        yield "moves"
        print(kept)

    with pytest.raises(FreepagesError, match=f"one keeps kept, a {type(value).__name__}: a search cannot"):
        at(keeps)

    def forgets() -> Steps:
        print(end=str(value)[:0])
        yield "moves"

    assert at(forgets)


def test_an_iterator_in_a_local_is_an_error_even_where_a_loop_runs_over_it() -> None:
    def walks() -> Steps:
        pages = iter([1, 2])
        for page in pages:
            yield "looks at {0}", page

    with pytest.raises(FreepagesError, match="keeps pages"):
        at(walks)


def test_what_is_needed_is_known_at_every_instruction_of_every_proposal() -> None:
    """A jump that the analysis does not know would be a KeyError, or an index out of range."""
    functions = [side for one in PROPOSALS.values() for side in (one.guest, one.host) if side]
    functions += [some for module in (guestside, hostside) for some in vars(module).values()]
    for function in functions:
        if code := getattr(function, "__code__", None):
            known = needed(code)
            assert set().union(*known.values()) <= {*code.co_varnames, *code.co_cellvars, *code.co_freevars}
