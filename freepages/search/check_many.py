"""Many questions at once: they have nothing to do with each other, so any executor may answer them.

A question is plain values, which travel to another process or machine; scenario and search are made there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import NamedTuple

from freepages.debate.proposals import PROPOSALS
from freepages.debate.world import PURPOSES, Purpose
from freepages.search.fast import LIMIT
from freepages.search.verdict import MEMORY, Checked, Watch, check

POLL = 0.2  # seconds


class Question(NamedTuple):
    """The arguments of :func:`freepages.search.check`."""

    proposal: str
    purpose: Purpose
    assume: tuple[str, ...] = ()
    pages: int = 2
    requests: int | None = None
    limit: int = LIMIT
    memory: int = MEMORY

    def answer(self) -> Checked:
        proposal, purpose, assume, pages, requests, limit, memory = self
        return check(proposal, purpose, assume, pages=pages, requests=requests, limit=limit, memory=memory)


def processes(jobs: int | None = None, begin: Callable[[], None] | None = None) -> ProcessPoolExecutor:
    """So many processes, one a processor if not given; each calls ``begin()`` first.

    They are started afresh: a forked copy of a process that has threads may wait for ever for a lock that one
    of them held (https://docs.python.org/3.12/library/os.html#os.fork).
    """
    return ProcessPoolExecutor(jobs, get_context("spawn"), begin)


def default_rows(assume: Iterable[str] = (), purposes: Iterable[Purpose] = PURPOSES) -> list[Question]:
    """Every proposal, for each purpose, under the same assumptions."""
    switches = tuple(assume)
    return [Question(name, purpose, switches) for name in PROPOSALS for purpose in purposes]


def check_all(
    questions: Sequence[Question] | None = None,
    executor: Executor | None = None,
    watch: Watch | None = None,
) -> list[Checked]:
    """The answers to the questions (:func:`default_rows`, if none are given), in their order.

    They are found by ``executor``, or here one after the other. ``watch`` is told how many there are, now and
    then and after each; if it returns True, those answers that are there already are all that is returned.
    """
    asked = default_rows() if questions is None else questions
    if executor is None:
        answers: list[Checked] = []
        for question in asked:
            if watch and watch(len(answers)):
                break
            answers.append(question.answer())
        return answers
    futures = [executor.submit(question.answer) for question in asked]
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, timeout=POLL, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        if watch and watch(len(futures) - len(waiting)):
            break
    for future in waiting:
        future.cancel()
    return [future.result() for future in futures if future not in waiting]
