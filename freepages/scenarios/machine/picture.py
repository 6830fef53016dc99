"""How the machine looks: its zones, what the host knows, what is under way, and the small world's story."""

from __future__ import annotations

from dataclasses import replace

from freepages.balloon.driver_queues import KICKS, RINGS
from freepages.debate.content import ZERO, letter
from freepages.engine import Run
from freepages.scenarios.balloon import WAYS
from freepages.scenarios.exchange_picture import Way, ring_now, sequence_panel
from freepages.scenarios.machine.ram_content import token
from freepages.scenarios.machine.workload import blocks
from freepages.scenarios.machine.world import WAKES, WholeMachine
from freepages.scenarios.panels import locks, memory, touched
from freepages.view.frame import Bits, Facts, Frame, Panel, Tokens
from freepages.zone.zone import Zone

COLUMNS = {"g": "guest driver", "i": "interrupt handler", "d": "device", "h": "host", "s": "store buffer"}

TOLD = {
    **WAYS,
    KICKS: Way("signal", "kick: {0}", to="d"),
    RINGS: Way("signal", "kick: {0}", to="d"),
    WAKES: Way("alone", "wakes"),
}


def picture(run: Run) -> Frame:
    """The zones by pfn; under them, by page of ram_addr, what the host has; the queue; the small world."""
    w: WholeMachine = run.world
    small = w.projection
    lost = {page: letter(token) for page, token in w.lost.items()}
    panels: list[Panel] = [
        replace(memory(zone, touched(run)), tokens=tokens(w, zone), lost=lost_in(w, zone, lost))
        for zone in w.zones
    ]
    panels += [
        Bits("dirty log", 0, [w.log.bits[page] for page in range(w.pages)]),
        Bits("to send", 0, [w.host.to_send[page] for page in range(w.pages)]),
        Tokens("destination", 0, [letter(some) for some in w.memory.destination], letter(ZERO), lost),
        sequence_panel(
            run, {key: name for key, name in COLUMNS.items() if key in run.processes}, TOLD, room=8
        ),
        ring_now(w.parts.place("free_pages")),
        locks(run, *(zone.lock for zone in w.zones)),
        Facts(
            "under way",
            {
                "requests not made yet": ", ".join(map(str, w.mail.requests)) or "none",
                "answers not taken yet": "; ".join(f"id {a.id}: {a.pages}" for a in w.mail.answers) or "none",
            },
        ),
        Facts(
            "the small world",
            {
                "this step is": " ".join(small.moves[:12]) + " ..." * (len(small.moves) > 12) or "no move",
                "moves so far": small.made,
                "it says": small.refused or "the same",
            },
        ),
    ]
    return Frame(run.scenario.title, tuple(panels), outcome(w))


def tokens(w: WholeMachine, zone: Zone) -> tuple[str, ...]:
    """What is in the pages that programs have, a letter a page of the zone."""
    shown = [""] * zone.spanned
    for pfn, order in blocks(w):
        if zone.start_pfn <= pfn < zone.end_pfn:
            for page in range(pfn, pfn + (1 << order)):
                shown[page - zone.start_pfn] = letter(token(w.memory.page(w.page_of[page])))
    return tuple(shown)


def lost_in(w: WholeMachine, zone: Zone, lost: dict[int, str]) -> dict[int, str]:
    """The zone's pages that were lost, by pfn, and what each should hold."""
    by_pfn = {w.ram.pfn(page): should for page, should in lost.items()}
    return {pfn: should for pfn, should in by_pfn.items() if zone.start_pfn <= pfn < zone.end_pfn}


def outcome(w: WholeMachine) -> str:
    """What has come of it, once that is known."""
    if w.lost:
        pages = ", ".join(f"{page} (pfn {w.ram.pfn(page)})" for page in sorted(w.lost))
        return f"Lost, of ram_addr: {pages}."
    return "The guest stands still, and no page that it needs differs on the destination." * w.host.stopped
