"""One question to the search, and its answer: is this proposal safe, for this purpose, if that is assumed?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from freepages.debate.assumptions import Assumptions
from freepages.debate.content import letter
from freepages.debate.proposals import PROPOSALS, Proposal, find_proposal
from freepages.debate.world import Purpose
from freepages.engine import Run, Scenario, Schedule
from freepages.engine.errors import FreepagesError
from freepages.engine.memory import in_use
from freepages.engine.text_table import columns
from freepages.scenarios.debate import debate
from freepages.search.fast import LIMIT, PROVED, UNDETERMINED, Verdict, explore
from freepages.search.without_effect import without_effect

Watch = Callable[[int], "bool | None"]
"""Told now and then how many states were seen; what is true ends the search."""

MAX_PAGES = 6
"""With more pages there are more states than a search of days would see."""

MEMORY = 1 << 30
"""Bytes that a search may take, beside what the process has already, before it gives up."""

DEEP_LIMIT, DEEP_MEMORY = 20 * LIMIT, 7 << 28
"""The same bounds for a search that may take long."""


VERDICTS = {
    "PROVED": "no schedule within the bounds that are printed loses a page",
    "REFUTED": "a shortest schedule that loses one is printed; paste it into a stepper",
    "UNDETERMINED": "the search ended before it had seen all states; with --deep it goes on for longer",
}
"""What the answers of a search say."""


class Page(NamedTuple):
    """A page whose content was lost: what it should hold, and what it holds, as letters."""

    should_hold: str
    holds: str


@dataclass(frozen=True)
class Checked:
    """What a search has shown; the fields are the JSON of ``freepages check --json``.

    verdict         of the content of pages: PROVED, no schedule loses any; REFUTED, ``schedule`` does
    bounds          what was searched, in words; for a search that gave up also where
    schedule        a shortest one that loses a page; ``steps`` are its sentences, ``lost`` the pages by pfn
    stuck           a shortest one after which the host can never move again; asked only where a guest may
                    fall silent
    without_effect  those of the assumptions that cannot matter here
    """

    proposal: str
    purpose: Purpose
    assumptions: tuple[str, ...]
    bounds: str
    verdict: Verdict
    states: int
    depth: int
    schedule: str | None = None
    steps: tuple[str, ...] = ()
    lost: Mapping[int, Page] = field(default_factory=dict)
    stuck: str | None = None
    without_effect: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        lost = {str(pfn): page._asdict() for pfn, page in self.lost.items()}
        lists = {name: list(getattr(self, name)) for name in ("assumptions", "steps", "without_effect")}
        return vars(self) | lists | {"lost": lost}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Checked:
        """What :meth:`as_json` told."""
        lists = {name: tuple(told[name]) for name in ("assumptions", "steps", "without_effect")}
        lost = {int(pfn): Page(**page) for pfn, page in told["lost"].items()}
        return cls(**{**told, **lists, "lost": lost})

    def text(self) -> str:
        """For people: the verdict, what it stands on, and the way to a loss."""
        about = [
            *([["who", one.said], ["where", one.source]] if (one := PROPOSALS.get(self.proposal)) else []),
            ["bounds", self.bounds],
            ["states", f"{self.states:,}"],
            ["depth", f"{self.depth} moves"],
        ]
        if self.without_effect:
            about.append(["no effect", ", ".join(self.without_effect)])
        for pfn, page in self.lost.items():
            about.append(["lost", f"page {pfn} holds {page.holds} and should hold {page.should_hold}"])
        if self.schedule:
            about.append(["schedule", self.schedule])
        if self.stuck:
            about.append(["stuck", f"the host waits for ever after {self.stuck}"])
        steps = [[f"{number}", text] for number, text in enumerate(self.steps, 1)]
        head = f"{self.proposal}, {self.purpose}: {self.verdict}"
        return "\n".join([head, *columns(about), *[""] * bool(steps), *columns(steps, {0})])

    def __str__(self) -> str:
        return self.text()


def check(
    position: Proposal | str,
    purpose: Purpose = "migrate",
    assume: Assumptions | Iterable[str] = (),
    *,
    pages: int = 2,
    requests: int | None = None,
    limit: int = LIMIT,
    memory: int = MEMORY,
    watch: Watch | None = None,
) -> Checked:
    """Search every interleaving of a proposal; a counterexample is replayed before it is told.

    ``limit`` is the number of states, ``memory`` the bytes that it takes beside what the process has already,
    at which the search gives up; so it does when ``watch`` returns True.

    Parameters
    ----------
    position : Proposal or str
    purpose : str
        "migrate" or "discard".
    assume : Assumptions or iterable of str
    pages : int
    requests : int, optional
        The bounds of the search; the proposal's own, if not given.
    limit : int
        States.
    memory : int
        Bytes.
    watch : callable, optional
        Called with the number of states; returns whether to stop.

    Returns
    -------
    Checked

    Raises
    ------
    FreepagesError
        For a proposal, a purpose, an assumption or a bound that cannot be.

    Examples
    --------
    >>> found = check("no_wait", pages=1)
    >>> found.verdict, found.schedule
    ('REFUTED', 'h h0r g g g g g w0a w0w h0y h0t h0x')
    >>> check("snapshot", pages=1).verdict
    'PROVED'
    """
    chosen = find_proposal(position)
    switches = assume if isinstance(assume, Assumptions) else Assumptions.of(assume)
    if pages > MAX_PAGES:
        raise FreepagesError(f"pages: {pages} is more than {MAX_PAGES}, the most that a search takes")
    scenario = debate(chosen, purpose, switches, pages=pages, requests=requests)
    enough = _Enough(memory, watch)
    found = explore(
        scenario, waiter="h" if switches.silent_guest else "", limit=limit, watch=enough, reduce=True
    )
    bounds = scenario.bounds
    if found.verdict == UNDETERMINED:
        why = enough.why or f"more than {limit:,} states"
        bounds += f"; the search ended after {found.states:,} states: {why}"
    if found.verdict == PROVED and purpose == "migrate" and not found.ends:
        bounds += "; no schedule ends the migration, so none could lose a page"
    steps, lost = _replayed(scenario, purpose, found.schedule) if found.schedule is not None else ((), {})
    return Checked(
        chosen.name,
        purpose,
        switches.switches,
        bounds,
        found.verdict,
        found.states,
        found.depth,
        None if found.schedule is None else str(found.schedule),
        steps,
        lost,
        None if found.stuck is None else _replayed_stuck(scenario, found.stuck),
        without_effect(chosen, purpose, switches.switches),
    )


class _Enough:
    """Whether a search should end, and why."""

    def __init__(self, memory: int, watch: Watch | None):
        self.memory, self.watch, self.why = memory, watch, ""
        self.before = in_use()

    def __call__(self, states: int) -> bool:
        if self.watch and self.watch(states):
            self.why = "it was stopped"
        elif in_use() > self.before + self.memory:
            self.why = f"{self.memory >> 20:,} MiB were taken"
        return bool(self.why)


def _replayed(
    scenario: Scenario, purpose: Purpose, schedule: Schedule
) -> tuple[tuple[str, ...], dict[int, Page]]:
    """The sentences of a schedule that loses something, and what it loses."""
    run = Run(scenario, schedule)
    if not run.world.lost:
        raise AssertionError(f"{scenario.title}: the search says that {schedule} loses a page; it does not")
    memory = run.world.memory
    now = memory.source if purpose == "discard" else memory.destination
    lost = {pfn: Page(letter(should), letter(now[pfn])) for pfn, should in sorted(run.world.lost.items())}
    return tuple(f"{step.who}: {step.text}" for step in run.steps), lost


def _replayed_stuck(scenario: Scenario, schedule: Schedule) -> str:
    run = Run(scenario, schedule)
    if run.processes["h"].done or run.processes["h"].options():
        raise AssertionError(f"{scenario.title}: the search says that {schedule} ends the host; it does not")
    return str(schedule)
