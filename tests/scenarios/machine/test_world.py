"""The machine: what a step does to the pages, and what the host knows of them."""

from freepages.engine import Run
from freepages.engine.step_size import fine
from freepages.scenarios.machine.scenario import one_machine

ASKED = "h h0r d d d i g g g g g g g d d d d"


def test_what_the_driver_reports_is_what_is_free_by_ram_addr() -> None:
    run = Run(one_machine(), ASKED)
    (answer,) = run.world.mail.answers
    assert answer.pages == run.world.guest.free and answer.id == 0
    high = [run.world.ram.pfn(page) for page in answer.pages if page >= 32]
    assert min(high) >= 48  # above the hole of 16 pfns


def test_a_page_on_a_cpus_own_list_is_in_use() -> None:
    run = Run(one_machine(batch=2), "w0a")
    zone = run.world.zones[1]
    waiting = {pfn for pages in zone.pageset["cpu 1"] for pfn in pages}
    assert waiting and not any(run.world.guest.free[run.world.page_of[pfn]] for pfn in waiting)
    assert run.world.projection.refused is None


def test_every_write_is_logged_the_drivers_and_the_devices_too() -> None:
    run = Run(one_machine(), ASKED)
    w = run.world
    logged = {w.ram.pfn(page) for page in w.log.bits}
    ring = w.parts.driver.vqs["free_pages"].ring.layout.desc >> 12
    assert {ring, w.parts.driver.address >> 12, w.parts.driver.free_pages >> 12} == logged


def test_what_is_done_under_a_zones_lock_is_done_when_it_is_dropped() -> None:
    run = Run(one_machine(grain=fine), "w0a")
    free = run.world.guest.free.copy()
    lock, changed = run.world.zones[1].lock, []
    while not run.processes["w"].options().get("0a"):
        held, before = lock.holder, run.world.guest.free.copy()
        run.move("w")
        if run.world.guest.free != before:
            changed.append((held, lock.holder))
    assert changed == [("cpu 1", None)]
    assert run.world.guest.free.count() == free.count() - 1


def test_a_freed_page_does_not_matter_any_more() -> None:
    run = Run(one_machine(), "w54f")
    page = run.world.page_of[54]
    assert run.world.guest.free[page] and not run.world.guest.matters()[page]


def test_two_requests_may_be_under_way_and_are_answered_in_turn() -> None:
    run = Run(one_machine("request_id"), ASKED + " h0r")
    assert [answer.id for answer in run.world.mail.answers] == [0]
    while move := next((move for move in run.moves() if move.letter in "dig"), None):
        run.move(move)
    assert [answer.id for answer in run.world.mail.answers] == [0, 1]
    assert run.world.projection.refused is None


def test_after_the_stop_programs_stand_still() -> None:
    run = Run(one_machine(), "h h0x")
    assert run.processes["w"].why_not() == "stand still"
