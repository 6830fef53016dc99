"""One exercise: a question, hints, and a judge."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from reprlib import repr as short
from typing import Any

from freepages.engine import Schedule
from freepages.engine.errors import FreepagesError


@dataclass(frozen=True, repr=False)
class Remark:
    """What a check or a hint answers; a notebook shows it as one line of text."""

    right: bool | None
    text: str

    def __repr__(self) -> str:
        return {True: "✓ Right: ", False: "✗ Not so: ", None: "○ "}[self.right] + self.text


class Wrong(FreepagesError):
    """What is not right about an answer, as a sentence."""


def called(function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    """A reader's function called: the call as it is written, and what it returns. Wrong where the function
    takes other arguments.
    """
    call = f"{getattr(function, '__name__', 'the function')}({', '.join(map(short, arguments))})"
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        raise Wrong(f"it is called as {call}, and that does not fit: {error}.") from None
    except ValueError:  # a function that does not tell what it takes
        pass
    return call, function(*arguments)


def returned(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a reader's function returns; Wrong where it takes other arguments, or returns nothing."""
    call, found = called(function, *arguments)
    if found is None:
        raise Wrong(f"{call} returns None. Is the line with return missing?")
    return found


Wanted = Callable[[Any], str]
"""What is wrong with the kind of an answer; "" if nothing."""


def anything(answer: Any) -> str:
    return ""


def function(answer: Any) -> str:
    return "" if callable(answer) else "the answer is the function itself, without brackets behind it."


def unanswered(answer: Any) -> bool:
    """Whether it is the three dots, a dict of nothing else, or a function in which they still stand."""
    if isinstance(answer, dict) and answer:
        return all(one is ... for one in answer.values())
    code = getattr(answer, "__code__", None)
    return answer is ... or (code is not None and ... in code.co_consts)


def written(example: str) -> Wanted:
    """The answer is a text such as ``example``."""
    return lambda answer: "" if isinstance(answer, str) else f"the answer is {example}, not {answer!r}."


def same_everywhere(
    answer: Callable[..., Any],
    name: str,
    cases: Mapping[tuple[Any, ...], Any],
    likely: Mapping[str, Callable[..., Any]],
) -> None:
    """Raise Wrong unless the learner's function returns what it should in every case (arguments -> result).

    The first wrong case is told. If a likely mistake, the values of `likely`, gives the learner's results in
    all cases, then what its key says of it is told too.
    """
    given = {case: called(answer, *case)[1] for case in cases}
    wrong = [case for case, wanted in cases.items() if given[case] != wanted]
    if not wrong:
        return
    if all(one is None for one in given.values()):
        raise Wrong("the function returns nothing. Is there a `return`?")
    call = f"{name}({', '.join(map(str, wrong[0]))})"
    reasons = (why for why, rule in likely.items() if all(rule(*case) == given[case] for case in cases))
    lost = "Does every way through the function end with return?" if given[wrong[0]] is None else ""
    said = f"{call} is {given[wrong[0]]!r:.60}, and it should be {cases[wrong[0]]}. {next(reasons, lost)}"
    raise Wrong(said.rstrip())


def beside_the_shortest(moves: int, shortest: str) -> str:
    """How many moves a right schedule has, beside the shortest there is."""
    more = moves - len(Schedule.parse(shortest))
    return f"{moves} moves, " + (f"{more} more than the shortest." if more else "and no schedule is shorter.")


@dataclass(frozen=True)
class Exercise:
    """A question, and how an answer to it is judged.

    ``judge(answer)`` returns one sentence about why the answer is right, or raises :class:`Wrong`. An answer
    of ``...`` is no answer yet, nor is a function with ``...`` in it. ``wants`` says of an answer of another
    kind what is wanted. An error in the answer (a schedule that cannot be, a function that raises) is told as
    what is not right about it.
    """

    question: str
    judge: Callable[[Any], str]
    hints: tuple[str, ...]
    wants: Wanted = anything

    def check(self, answer: Any) -> Remark:
        if unanswered(answer):
            helps = " .hint() helps." if self.hints else ""
            return Remark(None, f"no answer yet: put yours in place of the three dots.{helps}")
        try:
            if wrong := self.wants(answer):
                return Remark(False, wrong)
            return Remark(True, self.judge(answer))
        except FreepagesError as error:
            return Remark(False, str(error))
        except Exception as error:  # the learner's own code may do anything
            return Remark(False, f"it ends with {type(error).__name__}: {error}")

    def hint(self, number: int = 1) -> Remark:
        """The hint of that number, from 1; the last one for any beyond."""
        if not self.hints:
            return Remark(None, "there are no hints here.")
        at = min(max(number, 1), len(self.hints))
        more = f" (.hint({at + 1}) says more)" if at < len(self.hints) else ""
        return Remark(None, f"hint {at} of {len(self.hints)}: {self.hints[at - 1]}{more}")

    def __repr__(self) -> str:
        if not self.hints:
            return self.question
        return f"{self.question}\n(Hints are shown when you ask: .hint(1) to .hint({len(self.hints)}).)"

    def _repr_html_(self) -> str:
        """The question, and under it each hint behind a click."""
        folded = (
            f"<details><summary>Hint {n} of {len(self.hints)}</summary><pre>{escape(hint)}</pre></details>"
            for n, hint in enumerate(self.hints, 1)
        )
        return f"<p>{escape(self.question).replace(chr(10), '<br>')}</p>{''.join(folded)}"
