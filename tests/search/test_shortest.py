"""The plain search: breadth first, to the end or honest about it."""

from itertools import product

from freepages.engine.run import Process, Scenario, Schedule, Steps
from freepages.search.shortest import Shows, follow, shortest


def adders(*turns: int) -> Scenario:
    """Processes a, b, ... that each add their letter to a list so many times."""

    def add(letter: str, times: int, written: list[str]) -> Steps:
        for _ in range(times):
            yield "adds its letter"
            written.append(letter)

    def build() -> tuple[list[str], list[Process]]:
        written: list[str] = []
        each = zip("abc", turns, strict=False)
        return written, [Process(letter, letter, add(letter, times, written)) for letter, times in each]

    return Scenario("adders", "", build, lambda run: run)


def ends_with(text: str) -> Shows:
    return lambda run: f"wrote {text}" if "".join(run.world).endswith(text) else None


def test_the_first_found_is_the_shortest_and_the_first_of_its_length() -> None:
    search = shortest(adders(2, 2), ends_with("ba"))
    assert (str(search.schedule), search.sentence) == ("b a", "wrote ba")
    longer = {
        "".join(word)
        for n in range(3)
        for word in product("ab", repeat=n)
        if "".join(word).endswith("ba") and max(map(word.count, "ab")) <= 2
    }
    assert min(map(len, longer)) == 2


def test_what_is_not_there_is_said_after_all_states_were_seen() -> None:
    search = shortest(adders(1, 2), ends_with("aa"))
    # the schedules of aab's rearrangements and of all their beginnings: 1 + 2 + 3 + 3
    assert search == (None, None, 9, True)


def test_a_search_that_was_cut_short_does_not_claim_to_be_complete() -> None:
    assert shortest(adders(3, 3), ends_with("aaaa"), limit=10) == (None, None, 10, False)


def test_following_passes_over_what_cannot_be_moved_and_goes_on_to_the_end() -> None:
    run, sentence = follow(adders(1, 2), Schedule.parse("b a a a"), ends_with("zz"))
    assert (sentence, sorted(run.world), run.moves()) == (None, ["a", "b", "b"], [])
    assert "".join(run.world[:2]) == "ba"


def test_following_stops_where_it_shows() -> None:
    run, sentence = follow(adders(2, 2), Schedule.parse("b a"), ends_with("b"))
    assert (sentence, run.world) == ("wrote b", ["b"])


def test_following_gives_up_after_its_limit() -> None:
    def for_ever() -> Steps:
        while True:
            yield "goes round"

    scenario = Scenario("loop", "", lambda: (None, [Process("p", "p", for_ever())]), lambda run: run)
    run, _ = follow(scenario, Schedule(), lambda run: None, limit=7)
    assert len(run.steps) == 7
