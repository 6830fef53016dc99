import pytest

from freepages.engine import Run, Schedule, at_random
from freepages.lab.quiz import KINDS, OWN, WHAT, WHERE, WHO, Asked, chosen, questions
from freepages.lab.shipped import shipped_scenario
from freepages.scenarios.debate import debate
from freepages.view.frame import Bits

SOME = ("zone", "free-page-bitmap", "virtqueue", "inflate", "request_id", "kbuild", "drop-caches")
STALE = "h h0r g g g g g w0a w0w h0y h0t h0x"


def asked(run: Run, move: str) -> dict[str, Asked]:
    return {question.kind: question for question in questions(run, Schedule.parse(move)[0])}


def right(question: Asked) -> str:
    return question.answers[question.right]


@pytest.mark.parametrize("name", SOME)
def test_every_question_has_different_answers_and_says_what_the_model_does(name: str) -> None:
    scenario = shipped_scenario(name)
    run = Run(scenario)
    for move in at_random(Run(scenario), 3, 12).schedule:
        for question in questions(run, move):
            assert question.kind in KINDS and question.text
            assert 2 <= len(set(question.answers)) == len(question.answers) <= 4
            if question.kind == WHO:
                able = [p.name for p in run.processes.values() if p.options()]
                names = right(question).split(" and ")
                assert names == (able or ["nobody"]) or len(able) == len(run.processes)
            if question.kind == WHERE and right(question) == "none":
                panels, then = (
                    {getattr(panel, "name", ""): panel for panel in scenario.picture(at).panels}
                    for at in (run, Run(scenario, [*run.schedule, move]))
                )
                shown = question.text.split("“")[1].split("”")[0]
                assert isinstance(panels.get(shown), Bits) is False or panels[shown] == then[shown]
        assert questions(run, move) == questions(Run(scenario, run.schedule), move)
        run.move(move)


def test_the_bit_that_a_write_sets_is_asked_for_and_judged_by_the_model() -> None:
    run = Run(debate("snapshot", free=[]), "h")
    found = asked(run, "w0w")
    assert set(found) == {WHO, WHERE, WHAT}
    assert found[WHO].text == "Who can move now?" and right(found[WHO]) == "host and workload"
    assert found[WHERE].text.startswith("The workload writes page 0. ")
    for seed in "w0w", "w1w":
        question = asked(run, seed)[WHAT]
        if "“dirty log”" in question.text:
            assert right(question) == str(int(f"bit {seed[1]} " in question.text))


def test_a_scenarios_own_question_comes_first() -> None:
    start = STALE.rpartition(" ")[0]
    lost = chosen(12, questions(Run(debate("no_wait"), start), Schedule.parse("h0x")[0]))
    assert lost is not None and lost.kind == OWN and right(lost) == "page 0 is lost"
    kept = asked(Run(debate("everything"), "h"), "h0x")[OWN]
    assert right(kept) == "no page is lost" and len(Schedule.parse(start)) == 11


def test_the_kinds_take_turns_or_somebody_picks() -> None:
    offered = [Asked(1, kind, "?", ("a", "b"), 0) for kind in (WHO, WHERE, WHAT)]
    assert [q.kind for n in range(3) if (q := chosen(n, offered))] == [WHO, WHERE, WHAT]
    assert chosen(0, offered, lambda number, some: some[-1]) == offered[-1]
    assert chosen(0, []) is None
