"""How long the searches take: `freepages check` on every default row, and on the whole table of the debate.

Each row is searched in a process of its own, whose start is not timed and whose peak memory is its own. The
two tables are searched by two processes. How many states a second are seen is measured on the snapshot
scenario with all reductions off, since with them it is over before it can be timed.

Beside it stands a model checker of the same kind, breadth first in plain Python, where it is installed
(minicheck 0.4), on the one proposal that is short enough to write down again as a function from states to
states: two pages without reductions, where both see the same states, but that those after the end, whose rest
cannot matter, are not all kept apart here; and three pages with them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from time import perf_counter
from typing import Any

from freepages.bench import Row
from freepages.debate.content import LETTERS, ZERO
from freepages.engine.errors import FreepagesError
from freepages.engine.memory import peak
from freepages.scenarios.debate import debate
from freepages.search import Question, check_all, default_rows
from freepages.search.check_many import processes
from freepages.search.debate_table import questions
from freepages.search.fast import PROVED, explore

QUICK = ("snapshot", "log_late", "no_wait", "locked")
QUICK_S, OTHERS_S, TABLE_S = 5, 30, 180
STATES_PER_S = 40_000
SPEED = "states a second"


def limit_s(question: Question) -> float:
    """The seconds that a default row may take."""
    return QUICK_S if question.purpose == "discard" or question.proposal in QUICK else OTHERS_S


def row(what: str, of: str, states: int, wall: float, **more: Any) -> Row:
    keys = {"wall_limit_s": None, "states_per_s": round(states / wall), "states_per_s_limit": None}
    return (
        {"what": what, "of": of, "verdict": None, "states": states, "wall_s": round(wall, 3)}
        | keys
        | {"peak_mib": None}
        | more
    )


def alone(measure: Callable[..., Row], *arguments: Any) -> Row:
    """The row, measured in a new process; with the most memory that it had."""
    with processes(1) as executor:
        return executor.submit(_with_peak, measure, *arguments).result()


def _with_peak(measure: Callable[..., Row], *arguments: Any) -> Row:
    measured = measure(*arguments)
    return measured | {"peak_mib": peak() >> 20}


def default_row(question: Question) -> Row:
    start = perf_counter()
    answer = question.answer()
    wall = perf_counter() - start
    of = f"{question.proposal}, {question.purpose}"
    return row("default row", of, answer.states, wall, verdict=answer.verdict, wall_limit_s=limit_s(question))


def together(what: str, of: str, asked: list[Question]) -> Row:
    start = perf_counter()
    with processes(2) as executor:
        answers = check_all(asked, executor)
    wall = perf_counter() - start
    return row(what, of, sum(answer.states for answer in answers), wall, wall_limit_s=TABLE_S)


def searched(what: str, name: str, pages: int, reduce: bool, **more: Any) -> Row:
    start = perf_counter()
    found = explore(debate(name, pages=pages), reduce=reduce)
    wall = perf_counter() - start
    of = f"{name}, migrate, {pages} pages" + ", no reduction" * (not reduce)
    return row(what, of, found.states, wall, verdict=found.verdict, **more)


def by_minicheck(pages: int) -> Row:
    """The proposal "everything" as a function from states to states, searched by minicheck.

    A page is (free, written, here, there, to send, dirty); before the pages stand whether the log is on and
    whether all is over.
    """
    minicheck = import_module("minicheck")

    def transitions(state: Any) -> list[tuple[str, Any]]:
        on, over, *all_pages = state
        if over:
            return []
        ways: list[tuple[str, Any]] = []

        def with_page(label: str, at: int, page: tuple[Any, ...]) -> None:
            ways.append((label, (on, over, *all_pages[:at], page, *all_pages[at + 1 :])))

        if on:
            synced = ((f, w, here, there, s or d, False) for f, w, here, there, s, d in all_pages)
            ways.append(("sync", (on, over, *synced)))
            last = (
                (f, w, here, here if s or d else there, False, False) for f, w, here, there, s, d in all_pages
            )
            ways.append(("stop", (on, True, *last)))
        else:
            ways.append(("log on", (True, over, *all_pages)))
        for at, (free, written, here, there, send, dirty) in enumerate(all_pages):
            if on and send:
                with_page("send", at, (free, written, here, here, False, dirty))
            if free:
                with_page("allocate", at, (False, written, here, there, send, dirty))
                continue
            new = next(token for token in range(LETTERS, LETTERS + 3) if token not in (here, there))
            with_page("write", at, (False, True, new, there, send, dirty or on))
            with_page("free", at, (True, False, here, there, send, dirty))
        return ways

    def safe(state: dict[str, Any]) -> bool:
        held = (value for name, value in state.items() if name.startswith("page"))
        return not state["over"] or all(not page[1] or page[2] == page[3] for page in held)

    start = perf_counter()
    model = minicheck.Protocol(
        name="everything",
        candidate=False,
        fields=("on", "over", *(f"page {at}" for at in range(pages))),
        initial=(False, False, *[(True, False, LETTERS, ZERO, True, False)] * pages),
        transitions=transitions,
        invariants={"safe": safe},
    )
    found = minicheck.check_safety(model, max_states=10_000_000)
    wall = perf_counter() - start
    if not (found["exhaustive"] and found["properties"]["safe"]["holds"]):
        raise FreepagesError("bench check: minicheck does not prove what the search proves")
    of = f"everything, migrate, {pages} pages, written for it"
    return row("minicheck", of, found["reachable_states"], wall, verdict=PROVED)


def rows() -> Iterator[Row]:
    for question in default_rows():
        yield alone(default_row, question)
    yield together("table", "every default row, two processes", default_rows())
    yield together("table", "every row under every assumption, two processes", list(questions()))
    yield alone(_snapshot)
    for pages, reduce in ((2, False), (3, True)):
        yield alone(searched, "beside minicheck", "everything", pages, reduce)
        if find_spec("minicheck"):
            yield alone(by_minicheck, pages)
    if not find_spec("minicheck"):
        print("freepages: minicheck is not installed: its rows are left out", file=sys.stderr)


def _snapshot() -> Row:
    return searched(SPEED, "snapshot", 2, False, states_per_s_limit=STATES_PER_S)
