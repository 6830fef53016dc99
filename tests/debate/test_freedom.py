"""What each side is free to do at each point: the semantics of a verdict, read off the possible moves."""

import pytest

from freepages.debate.proposals import PROPOSALS
from freepages.engine import Move, Run
from freepages.scenarios.debate import debate

ASKING = {name for name in PROPOSALS if name not in {"everything", "page_reporting"}}
AGAIN = {"locked", "pause_vm", "request_id", "request_id_unchecked", "inflate_deflate"}
"""Who may send a second request while the answer to the first is still under way."""


def may(run, letter):
    return {move.choice for move in run.moves() if move.letter == letter}


def until(run, letter, text):
    """Let that process move alone until it is about to do what begins like that."""
    while not run.processes[letter].next().startswith(text):
        choices = may(run, letter)
        run.move(letter + ("" if "" in choices else min(choices)))
    return run


def asked(name, purpose, *switches):
    """A run in which the host has just sent its request."""
    run = Run(debate(name, purpose, switches))
    while not run.world.mail.asked:
        run.move("h0r" if "0r" in may(run, "h") else "h")
    return run


@pytest.mark.parametrize("name", sorted(ASKING))
def test_what_a_migrating_host_may_do_between_its_request_and_the_answer(name) -> None:
    run = asked(name, "migrate")
    freedom = {"0s", "1s"}  # it may always send
    if name not in {"snapshot", "log_late"}:
        freedom |= {"0y"}  # only these two wait
    if name not in {"snapshot", "log_late", "no_wait"}:
        freedom |= {"0x"}
    if name in AGAIN:
        freedom |= {"0r"}
    assert may(run, "h") == freedom
    run.move("h1s")
    assert may(run, "h") == freedom - {"1s"}


@pytest.mark.parametrize("name", sorted(ASKING))
def test_a_host_that_only_discards_sends_nothing_and_has_no_log(name) -> None:
    run = asked(name, "discard")
    assert not {"0s", "1s"} & may(run, "h") and not run.world.log.on


@pytest.mark.parametrize("name", [name for name in PROPOSALS if name != "log_late"])
def test_the_log_is_on_before_anything_is_asked_or_sent(name) -> None:
    run = Run(debate(name))
    assert may(run, "h") == {""} and not run.world.log.on
    run.move("h")
    assert run.world.log.on and {"0s", "1s", "0y", "0x"} <= may(run, "h")


@pytest.mark.parametrize("switch", [(), ("log-after-request",)])
def test_log_late_switches_the_log_on_after_the_answer_or_after_the_request(switch) -> None:
    run = asked("log_late", "migrate", *switch)
    if switch:
        assert run.processes["h"].next() == "switches the dirty log on"
        run.move("h")
    assert run.world.log.on == bool(switch)
    for move in "g g g g g".split():
        run.move(move)
    run.move("h0t")
    if not switch:
        assert (
            run.processes["h"].next() == "switches the dirty log on" and run.world.host.to_send.count() == 2
        )
        run.move("h")
    assert run.world.log.on and not run.world.host.to_send


def test_no_more_is_asked_than_the_bounds_allow() -> None:
    run = Run(debate("request_id", requests=2), "h h0r h0r")
    assert "0r" not in may(run, "h")
    assert Run(debate("request_id", assume=["id-bits=2"])).world.requests == 5


def test_the_workload_may_do_anything_but_with_what_is_the_drivers() -> None:
    run = Run(debate("inflate_deflate", pages=3))
    assert may(run, "w") == {"0a", "1a", "2a"}
    run.move("w0a")
    assert may(run, "w") == {"0w", "0f", "1a", "2a"}
    for move in "h h0r g g".split():
        run.move(move)
    assert set(run.world.guest.held) == {1, 2} and may(run, "w") == {"0w", "0f"}
    why = [run.why_not(Move("w", choice)) for choice in ("1a", "1w", "0a", "9w")]
    assert why == [
        "workload cannot: page 1 is held by the driver",
        "workload cannot: page 1 is held by the driver",
        "workload cannot: page 0 is in use",
        "workload cannot: there is no page 9",
    ]


def test_the_zone_lock_blocks_allocation_and_freeing_and_no_write() -> None:
    run = Run(debate("locked"), "w0a h h0r g g")
    assert run.world.lock.holder and may(run, "w") == {"0w"}
    why = run.why_not(Move("w", "1a"))
    assert why == "workload waits for the zone lock, held by the driver"


def test_the_lock_of_locked_is_held_until_the_host_has_used_each_chunk() -> None:
    run = Run(debate("locked"), "h h0r g g g g")  # the first half of the pages is on its way
    assert run.world.lock.holder and not may(run, "g")
    assert str(run.world.mail.answers[0].pages) == "page 0"
    run.move("h0t")
    assert not run.world.host.to_send[0] and may(run, "g")
    run = until(run, "g", "takes the zone lock")
    assert run.world.lock.holder is None
    run = until(run, "g", "sees that the host is done")
    assert str(run.world.mail.answers[0].pages) == "page 1" and run.world.lock.holder


def test_a_lock_that_times_out_is_dropped_untold_and_the_answer_still_stands() -> None:
    run = Run(debate("locked", assume=["lock-timeout"]), "h h0r g g g g g0d w0a w0w h0y h0t")
    assert run.world.lock.holder is None and run.world.guest.written[0]
    assert not run.world.host.to_send[0]


def test_a_discard_goes_page_by_page_and_the_buffer_is_returned_after_the_last() -> None:
    run = Run(debate("inflate_deflate", "discard"), "h0r g g g h0t")
    assert not run.world.mail.returned and run.processes["h"].next() == "discards page 0"
    run.move("h")
    assert not run.world.mail.returned and run.processes["h"].next() == "discards page 1"
    run.move("h")
    assert run.world.mail.returned == 1 and not run.world.lost


def test_a_stale_answer_is_ignored_and_a_matching_one_applied_once() -> None:
    for name, left in (("request_id", 2), ("request_id_unchecked", 0)):
        run = Run(debate(name), "h h0r g g g g g h0r h0t")  # asked again before the first answer was taken
        assert run.world.host.to_send.count() == left
    run = Run(debate("request_id"), "h h0r g g g g g h0t")
    assert not run.world.host.to_send and run.world.mail.answers == []
    run = Run(debate("request_id"), "h h0r h0r g g g g g h0t g g g g g h0t")
    assert not run.world.host.to_send  # the second is the current one


def test_ids_come_round_with_few_bits() -> None:
    run = Run(debate("request_id", assume=["id-bits=1"]), "h h0r g g g g g h0r h0r h0t")
    assert not run.world.host.to_send  # the answer to the first is taken for one to the third


def test_page_reporting_isolates_what_it_has_not_reported_and_puts_it_back_as_reported() -> None:
    run = Run(debate("page_reporting", "discard"), "w0a g g")
    assert set(run.world.guest.isolated) == {1} and may(run, "w") == {"0w", "0f"} and not may(run, "g")
    for move in "h0t h g g".split():
        run.move(move)
    assert set(run.world.guest.reported) == {1} == set(run.world.guest.free)
    run.move("w0f")
    run.move("g")
    assert set(run.world.guest.isolated) == {0}  # page 1 was reported, and nobody has had it since


# -- hints


def hinting(*switches):
    """The guest has announced the first window, and the host has seen it."""
    return Run(debate("free_page_hint", assume=switches), "h h0r g g h0t")


def test_a_hint_holds_its_block_and_counts_once_the_window_is_open() -> None:
    run = hinting()
    assert may(run, "g") == {"0h", "1h", "0n"}
    run.move("g1h")
    assert set(run.world.guest.held) == {1} and run.world.host.to_send[1]
    run.move("h0t")
    assert not run.world.host.to_send[1] and set(run.world.guest.held) == {1}


def test_a_full_queue_makes_the_driver_free_its_block_and_go_on() -> None:
    run = hinting("early-release")
    for move in "g0h g1h d0e d1e".split():
        run.move(move)
    assert may(run, "g") == {"0h", "1h", "0n"} and len(run.world.mail.answers) == 2
    run.move("g1h")
    assert run.world.guest.free[1] and len(run.world.mail.answers) == 2
    run.move("h0t")
    run.move("g1h")
    assert run.world.guest.held[1] and len(run.world.mail.answers) == 2


def test_a_sync_closes_the_window_and_what_comes_later_is_ignored() -> None:
    run = hinting()
    for move in "g1h h0y h0t".split():
        run.move(move)
    assert run.world.host.to_send[1] and run.world.guest.held[1]
    assert may(run, "g") == {"0n"}  # another id is shown: no more hints


def test_the_stop_of_a_window_that_a_sync_has_closed_opens_none() -> None:
    run = hinting()
    for move in "h0y g0n g h0t".split():
        run.move(move)
    assert "0r" in may(run, "h")  # it may ask anew, which it does only while no window is open


def test_a_hint_before_its_window_was_seen_waits_its_turn_in_the_queue() -> None:
    run = Run(debate("free_page_hint"), "h h0r g g g0h")
    assert [answer.id for answer in run.world.mail.answers] == [2, None]


def test_without_the_pause_a_sync_leaves_the_window_open() -> None:
    run = hinting("no-pause-around-sync")
    for move in "g1h h0y h0t".split():
        run.move(move)
    assert not run.world.host.to_send[1]


def test_held_blocks_stay_held_until_the_migration_is_over() -> None:
    run = hinting()
    for move in "g0h g1h h0t h0t h0y g0n g".split():
        run.move(move)
    assert set(run.world.guest.held) == {0, 1} and not may(run, "w")
    run.move("h0x")
    assert not run.world.lost and run.world.mail.register == 1  # DONE
    run.move("g")
    assert not run.world.guest.held


@pytest.mark.parametrize("name", ["inflate_deflate", "free_page_hint"])
def test_a_page_that_was_given_back_early_is_free_and_still_reported(name) -> None:
    start = "h h0r g g g" if name == "inflate_deflate" else "h h0r g g g0h h0t"
    run = Run(debate(name, assume=["early-release"]), start)
    assert "0e" in may(run, "d")
    run.move("d0e")
    assert run.world.guest.free[0] and not run.world.guest.held[0]
    run.move("h0t")
    assert not run.world.host.to_send[0]


@pytest.mark.parametrize("name", PROPOSALS)
def test_pages_are_given_back_early_only_by_who_holds_some_and_only_if_assumed(name) -> None:
    assert "d" not in Run(debate(name)).processes
    shrinks = "d" in Run(debate(name, assume=["early-release"])).processes
    assert shrinks == (name in {"inflate_deflate", "free_page_hint"})


# -- late bits


def test_a_late_bit_is_seen_by_nobody_until_it_settles() -> None:
    run = Run(debate("everything", assume=["log-bit-late"]), "h w0a w0w h0s h0y")
    assert set(run.world.log.pending) == {0} and not run.world.host.to_send[0]
    run.move("k0l")
    run.move("h0y")
    assert run.world.host.to_send[0] and may(run, "k") == set()


def test_a_sync_that_flushes_sees_it() -> None:
    run = Run(debate("everything", assume=["log-bit-late-flushed"]), "h w0a w0w h0s h0y")
    assert run.world.host.to_send[0] and not run.world.log.pending


def test_nobody_settles_where_nothing_is_late_or_nothing_is_logged() -> None:
    assert "k" not in Run(debate("everything")).processes
    assert "k" not in Run(debate("everything", "discard", ["log-bit-late"])).processes


def test_an_older_windows_stop_does_not_close_the_window_that_was_asked_for_since() -> None:
    run = Run(debate("free_page_hint"), "h h0r g g g0h h0t h0t h0y g0n g h0r h0t g g g1h h0t h0t")
    assert run.steps[-1].text == "takes the guest's answer" and not list(run.world.host.to_send)
