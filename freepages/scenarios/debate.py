"""The proposals as scenarios: a small guest, the host that migrates it or discards what it reports, and a
workload that may do anything at any step."""

from __future__ import annotations

from collections.abc import Iterable

from freepages.assumptions import Assumptions
from freepages.content import letter
from freepages.engine import Process, Run, Scenario
from freepages.errors import FreepagesError
from freepages.pageset import PageSet
from freepages.proposals import Proposal, proposal
from freepages.proposals.environment import processes, shrinker
from freepages.proposals.world import PURPOSES, Purpose, World
from freepages.scenarios.pictures import locks
from freepages.view.frame import Bits, Facts, Frame, Memory, Panel, State


def debate(
    position: Proposal | str,
    purpose: Purpose = "migrate",
    assume: Assumptions | Iterable[str] = (),
    *,
    pages: int = 2,
    requests: int | None = None,
    free: Iterable[int] | None = None,
    story: str = "",
) -> Scenario:
    """One proposal of the debate, for one purpose, under some assumptions.

    ``requests`` is at most how many the host sends; 2, or with "id-bits" as many as make an id come round.
    ``free`` are the pages that are free at the start; all, if not given.

    Raises FreepagesError for a purpose that is none, and for bounds that are not positive.
    """
    chosen = proposal(position) if isinstance(position, str) else position
    switches = assume if isinstance(assume, Assumptions) else Assumptions.of(assume)
    if purpose not in PURPOSES:
        raise FreepagesError(f"purpose {purpose!r:.60} is not one of {', '.join(PURPOSES)}")
    if requests is None:
        requests = (1 << switches.id_bits) + 1 if switches.id_bits else 2
    for name, value in (("pages", pages), ("requests", requests)):
        if value < 1:
            raise FreepagesError(f"{name}: {value} is not a positive number")
    alike = purpose == "migrate" and not chosen.in_order and not switches.no_lock_while_building

    def build() -> tuple[World, list[Process]]:
        start = None if free is None else PageSet.of(pages, free)
        world = World(
            pages, purpose=purpose, assume=switches, requests=requests, free=start, interchangeable=alike
        )
        others = [shrinker] if chosen.shrinks and switches.early_release else []
        return world, list(processes(world, chosen.guest, chosen.host, others))

    under = f", under {', '.join(switches.switches)}" if switches.switches else ""
    return Scenario(
        chosen.name,
        f"{chosen.title}: {purpose}",
        build,
        picture,
        story,
        f"{pages} pages, at most {requests} requests{under}; the workload allocates, writes and frees any "
        "page at any step, whatever was free at the start",
    )


def picture(run: Run) -> Frame:
    """The pages on both sides, what is to be sent, what the log has, and what is under way."""
    w: World = run.world
    states = [
        State.BALLOON if w.guest.held[page] else State.FREE if w.guest.free[page] else State.ANONYMOUS
        for page in range(w.pages)
    ]
    discards = w.purpose == "discard"
    panels: list[Panel] = [
        Memory(
            "the guest",
            0,
            states,
            tokens=[letter(token) for token in w.memory.source],
            lost={page: letter(token) for page, token in w.lost.items()} if discards else {},
        )
    ]
    if not discards:
        panels += [
            Bits("dirty log", 0, [w.log.bits[page] for page in range(w.pages)]),
            Bits("to send", 0, [w.host.to_send[page] for page in range(w.pages)]),
            Memory(
                "the destination",
                0,
                [State.IN_USE] * w.pages,
                tokens=[letter(token) for token in w.memory.destination],
                lost={page: letter(token) for page, token in w.lost.items()},
            ),
        ]
    answers = "; ".join(
        f"{a.pages or 'no pages'}" + f" (id {a.id})" * (a.id is not None) for a in w.mail.answers
    )
    panels += [
        locks(run, w.lock),
        Facts(
            "under way",
            {
                "requests": ", ".join(map(str, w.mail.requests)) or "none",
                "answers": answers or "none",
            },
        ),
    ]
    return Frame(run.scenario.title, tuple(panels))
