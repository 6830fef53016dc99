"""The table of switches without effect, held to the search."""

from functools import cache

import pytest

from freepages.debate.assumptions import MEANINGS, Assumptions
from freepages.debate.proposals import PROPOSALS, find_proposal
from freepages.debate.world import PURPOSES
from freepages.search import check, effective, without_effect
from freepages.search.without_effect import OF_THE_LOG, SINGLE

ROWS = [(name, purpose) for name in PROPOSALS for purpose in PURPOSES]
check_once = cache(check)


def idle(name, purpose) -> tuple[str, ...]:
    return without_effect(find_proposal(name), purpose, SINGLE)


def test_every_switch_is_there_once_and_can_be_set() -> None:
    assert {text.partition("=")[0] for text in SINGLE} == set(MEANINGS)
    assert len(set(SINGLE)) == len(SINGLE)
    for text in SINGLE:
        assert Assumptions.of([text]).switches == (text,)


@pytest.mark.parametrize("name, purpose", [row for row in ROWS if row != ("request_id", "migrate")])
def test_all_the_switches_without_effect_together_change_no_verdict(name, purpose) -> None:
    """A guest that falls silent adds the question whether the host is stuck, and the answer is no. The one
    row that takes long is left to the next test."""
    found = check_once(name, purpose, idle(name, purpose))
    assert (found.verdict, found.stuck) == (check_once(name, purpose).verdict, None)
    assert found.without_effect == found.assumptions


@pytest.mark.slow
@pytest.mark.parametrize("name, purpose", ROWS)
def test_each_switch_without_effect_changes_no_verdict_and_no_shortest_loss(name, purpose) -> None:
    plain = check_once(name, purpose)
    for switch in idle(name, purpose):
        found = check(name, purpose, [switch])
        assert found.without_effect == (switch,) and found.stuck is None
        assert (found.verdict, len(found.steps)) == (plain.verdict, len(plain.steps))


def test_a_switch_with_effect_somewhere_is_never_called_idle_there() -> None:
    assert set(effective(find_proposal("snapshot"), "migrate")) >= OF_THE_LOG - {"log-after-request"}
    assert not OF_THE_LOG & set(effective(find_proposal("snapshot"), "discard"))
    assert "early-release" in set(effective(find_proposal("free_page_hint"), "discard"))
    assert "lock-timeout" in set(effective(find_proposal("locked"), "discard"))
    assert not set(effective(find_proposal("everything"), "discard"))
