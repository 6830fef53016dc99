"""A position of the debate: what guest and host do, and who said so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from freepages.debate.world import World
from freepages.engine.run import Steps


@dataclass(frozen=True)
class Proposal:
    """One proposal, for both purposes.

    guest, host  process functions over a World; ``guest`` is None where the guest has no part
    who, date    whose position it is, and the day of the mail or commit
    claim        what was argued, in our own words
    source       where: the address of the mail, or of the patch in whose thread it is
    answers      the name of the proposal that it answers, whose source it is shown beside
    switches     the switches that concern what only this proposal does
    shrinks      whether its driver holds pages that it may give back early
    """

    name: str
    title: str
    guest: Callable[[World], Steps] | None
    host: Callable[[World], Steps]
    who: str
    date: str
    claim: str
    source: str
    answers: str = ""
    switches: tuple[str, ...] = ()
    in_order: bool = False
    shrinks: bool = False
