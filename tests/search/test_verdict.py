"""check(): what it answers, what it replays, and what it refuses."""

import json
from itertools import count
from typing import Any

import pytest

from freepages.debate.host_verbs import log_on
from freepages.debate.own_proposal import proposal
from freepages.engine import Run
from freepages.engine.errors import FreepagesError
from freepages.scenarios.debate import debate
from freepages.search import Checked, check
from freepages.search import fast as explore
from freepages.search import verdict as checked

KEYS = [
    *("proposal", "purpose", "assumptions", "bounds", "verdict", "states", "depth", "schedule", "steps"),
    *("lost", "stuck", "without_effect"),
]


def test_the_json_has_these_keys_and_nothing_is_found_where_nothing_is_lost() -> None:
    told = json.loads(json.dumps(check("everything").as_json()))
    assert list(told) == KEYS
    assert (told["proposal"], told["purpose"], told["verdict"]) == ("everything", "migrate", "PROVED")
    assert (told["schedule"], told["steps"], told["lost"], told["stuck"]) == (None, [], {}, None)
    assert told["states"] > 10 and told["depth"] > 2 and "2 pages" in told["bounds"]


@pytest.mark.parametrize(
    "name, purpose, switches",
    [
        ("snapshot", "discard", []),
        ("log_late", "migrate", []),
        ("no_wait", "migrate", ["write-at-alloc"]),
        ("locked", "discard", ["lock-timeout"]),
        ("page_reporting", "migrate", ["rely-on-free-content", "init-on-free=poison", "init-on-alloc"]),
    ],
)
def test_a_counterexample_is_what_the_stepper_shows(name, purpose, switches) -> None:
    found = check(name, purpose, switches)
    assert found.verdict == "REFUTED" and found.schedule
    run = Run(debate(name, purpose, switches), found.schedule)
    assert [f"{step.who}: {step.text}" for step in run.steps] == list(found.steps)
    assert found.lost and set(found.lost) == set(run.world.lost)
    for page in found.lost.values():
        assert page.should_hold != page.holds
    assert not Run(debate(name, purpose, switches), run.schedule[:-1]).world.lost
    text = found.text()
    assert found.schedule in text and all(step in text for step in found.steps)


def test_the_page_lost_to_a_discard_holds_zeros() -> None:
    lost = check("snapshot", "discard").as_json()["lost"]
    assert [page["holds"] for page in lost.values()] == ["∅"]


def test_a_silent_guest_is_asked_about_and_the_host_then_cannot_move() -> None:
    found = check("snapshot", assume=["silent-guest"])
    assert found.verdict == "PROVED" and found.stuck
    run = Run(debate("snapshot", assume=["silent-guest"]), found.stuck)
    assert not run.processes["h"].options() and not run.world.host.stopped
    assert check("everything", assume=["silent-guest"]).stuck is None
    assert check("locked", "discard", ["silent-guest"]).stuck is None


def test_what_ends_a_search_is_said_with_the_states_that_were_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    few = check("snapshot", limit=100)
    assert few.verdict == "UNDETERMINED" and f"after {few.states} states: more than 100 states" in few.bounds
    stopped = check("request_id", watch=lambda states: True)
    assert stopped.verdict == "UNDETERMINED" and "states: it was stopped" in stopped.bounds
    taken = count(0, 1 << 20)
    monkeypatch.setattr("freepages.search.verdict.in_use", lambda: next(taken))
    full = check("request_id", memory=3 << 20)
    assert full.verdict == "UNDETERMINED" and "3 MiB were taken" in full.bounds
    assert 100 < full.states < 30_000 and full.schedule is None


def test_more_requests_than_can_be_searched_are_bounds_like_others() -> None:
    found = check("request_id", assume=["id-bits=32"], limit=2000)
    assert found.verdict == "UNDETERMINED" and f"{2**32 + 1} requests" in found.bounds


@pytest.mark.parametrize(
    "arguments, fault",
    [
        ({"position": "snapsot"}, "did you mean snapshot?"),
        ({"assume": ["early-relase"]}, "did you mean early-release?"),
        ({"assume": ["init-on-free=ones"]}, "zero or poison"),
        ({"purpose": "migrat"}, "is not known; did you mean migrate?"),
        ({"pages": 7}, "pages: 7 is more than 6"),
        ({"pages": 0}, "pages: 0 is not a positive"),
        ({"requests": 0}, "requests: 0 is not a positive"),
    ],
)
def test_what_cannot_be_asked_is_one_line(arguments, fault) -> None:
    with pytest.raises(FreepagesError) as told:
        check(**{"position": "snapshot"} | arguments)
    assert fault in str(told.value) and "\n" not in str(told.value)


def test_a_schedule_that_loses_nothing_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    false = explore.Search("REFUTED", 1, 1, Run(debate("snapshot"), "h h0y").schedule)
    monkeypatch.setattr(checked, "explore", lambda *args, **bounds: false)
    with pytest.raises(AssertionError, match="h h0y"):
        check("snapshot")


def test_an_answer_survives_its_json() -> None:
    for found in (check("snapshot", "discard"), check("snapshot", assume=["silent-guest"])):
        assert Checked.from_json(json.loads(json.dumps(found.as_json()))) == found


def test_what_the_process_has_already_does_not_count() -> None:
    """A notebook that has migrated a terabyte before still gets its proof."""
    already = bytearray(b"x") * (200 << 20)
    assert check("snapshot", memory=100 << 20).verdict == "PROVED" and already


def test_a_proof_of_a_migration_that_never_ends_says_so() -> None:
    def host(w: Any) -> Any:
        yield from log_on(w)
        while True:
            yield from log_on(w)

    never = check(proposal(host=host), pages=1)
    assert never.verdict == "PROVED"
    assert "no schedule ends the migration, so none could lose a page" in never.bounds
    assert "no schedule ends" not in check("snapshot", pages=1).bounds
