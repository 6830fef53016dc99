"""A prediction: the reader's guess beside what the model did.

A guess that is not there yet gives nothing away, so a notebook can be stored executed. What explains a right
guess and a wrong one stands in the library, so that nobody reads it in the cell that asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from numbers import Real
from reprlib import repr as short
from typing import Any

from freepages.exercises.exercise import Remark, Wrong
from freepages.pages.pageset import PageSet

NO_GUESS = "no guess yet. Put yours in place of the three dots, run that cell, and then this one again."
TRY_AGAIN = "Try again, or open the answer below."


class Remarks(tuple[Remark, ...]):
    """Several remarks, one to a line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))


@dataclass(frozen=True, repr=False)
class Forecast:
    """What a notebook asks before it shows, and what is said of a guess.

    ``found(...)`` runs the model, or looks at a run that the notebook has made, and returns the right value.
    `why` and `wrong` are those of :func:`compare`.
    """

    found: Callable[..., Any]
    why: Any = ""
    wrong: Mapping[Any, Any] = field(default_factory=dict)

    def compare(self, guess: Any, *run: Any) -> Remark | Remarks:
        """Whether the guess is right, and why; without a guess nothing is run and nothing is told."""
        parts = guess.values() if isinstance(guess, Mapping) else [guess]
        if all(part is ... for part in parts):
            return Remark(None, NO_GUESS)
        return compare(guess, self.found(*run), self.why, self.wrong)


def compare(
    guess: Any, found: Any, why: Any = "", wrong: Mapping[Any, Any] | None = None
) -> Remark | Remarks:
    """Whether `guess` is `found`, and why. A wrong guess is not told the answer: the reader may try again.

    `why` explains the right answer. `wrong` says of each likely wrong guess why it is wrong. Two dicts are
    compared key by key; `why` and `wrong` may then have the same keys. A guess of ``...`` is none yet.
    What counts is the value and not its form: "6" is 6, "Bug" is "bug", "1, 2" and (1, 2) are [1, 2], "2s" is
    "2 s". A guess of another kind, or a word that is none of those in question, is told what is asked for.

    Examples
    --------
    >>> compare(..., 3)
    ○ no guess yet. Put yours in place of the three dots, run that cell, and then this one again.
    >>> compare(4, 3, wrong={4: "that counts the hole"})
    ✗ Not so: 4. that counts the hole
    >>> compare(3, 3, "two are free, and one is on its way")
    ✓ Right: 3. two are free, and one is on its way
    """
    if isinstance(found, Mapping) and isinstance(guess, Mapping):
        return Remarks(_each(guess, found, why, wrong or {}))
    if guess is ... or (isinstance(guess, list | tuple) and any(part is ... for part in guess)):
        return Remark(None, NO_GUESS)
    try:
        said = _read(guess, found)
    except Wrong as error:
        return Remark(None, str(error))
    shown = guess if isinstance(guess, str) else short(guess)
    if said == value(found):
        return Remark(True, f"{found}. {why}".rstrip())
    for likely, reason in (wrong or {}).items():
        if said == value(likely):
            return Remark(False, f"{shown}. {reason}")
    if isinstance(found, str) and (asked := _another_word(str(said), [found, *(wrong or {})])):
        return Remark(None, f"{shown}: {asked}")
    return Remark(False, f"{shown}. {TRY_AGAIN}")


def _each(guess: Mapping[Any, Any], found: Mapping[Any, Any], why: Any, wrong: Any) -> Iterable[Remark]:
    for key, answer in found.items():
        reason, likely = (one.get(key) if isinstance(one, Mapping) else one for one in (why, wrong))
        remark = compare(guess.get(key, ...), answer, reason or "", likely)
        yield Remark(remark.right, f"{key}: {remark.text}") if isinstance(remark, Remark) else remark[0]
    for key in guess:
        if key not in found:
            yield Remark(None, f"{key}: nobody asks this. The questions are {', '.join(map(str, found))}.")


def _another_word(said: str, known: Iterable[Any]) -> str:
    """What to ask somebody whose word is none of those that are known; "" where too few are."""
    words = sorted(word for word in known if isinstance(word, str))
    if len(words) < 2:
        return ""
    if near := get_close_matches(said, map(value, words), 1, 0.8):
        return f"did you mean {next(word for word in words if value(word) == near[0])!r}?"
    return f"the guess is one of {', '.join(map(repr, words))}."


def _read(guess: Any, found: Any) -> Any:
    """A guess as the value of the kind that was found. Raises Wrong where it is of another kind."""
    guess, found = _plain(guess), _plain(found)
    if isinstance(found, Mapping):
        form = ", ".join(f"{key!r}: ..." for key in found)
        raise Wrong(f"several things are asked for: write {{{form}}}, with a guess for each of the dots.")
    if isinstance(found, set | frozenset | PageSet):
        if isinstance(guess, Real) and not isinstance(guess, bool):
            guess = [guess]
        return frozenset(_parts(guess, "a set of pages is asked for, such as {1, 2}"))
    if isinstance(found, Sequence) and not isinstance(found, str):
        if isinstance(guess, set | frozenset):
            raise Wrong("a set has no order. Write a list, such as [3, 2, 1].")
        return tuple(_parts(guess, "several values are asked for, as a list such as [3, 2, 1]"))
    if isinstance(found, str | bool):
        if _several(guess) and all(isinstance(part, str) for part in guess):
            guess = "".join(guess)
        if not isinstance(guess, str | Real):
            raise Wrong(f"a word is asked for, as a text in quotes, and not {short(guess)}.")
        return value(str(guess) if isinstance(guess, Real) and not isinstance(guess, bool) else guess)
    if isinstance(guess, list | tuple | set | frozenset) and len(guess) == 1:
        (guess,) = guess
    said = value(guess)
    if not isinstance(said, float) or said != said or isinstance(guess, bool):
        raise Wrong(f"a number is asked for, in digits, and not {short(guess)}.")
    return said


def _plain(said: Any) -> Any:
    """An array as a list, and what comes out of one as Python's own number."""
    return said.tolist() if hasattr(said, "tolist") else said


def _several(guess: Any) -> bool:
    return isinstance(guess, Iterable) and not isinstance(guess, str | bytes | Mapping)


def _parts(guess: Any, asked: str) -> Iterable[Any]:
    """What a list or a set has, also if it is written as one text."""
    if isinstance(guess, str):
        guess = re.split(r"[,;\s]+", guess.strip("[](){} "))
    if not _several(guess):
        raise Wrong(f"{asked}, and not {short(guess)}.")
    return map(value, guess)


def value(said: Any) -> Any:
    """What a reader means, whatever the form: numbers as numbers, words in small letters, lists as tuples.

    "2 s" and "2s" are one text.
    """
    said = _plain(said)
    if isinstance(said, bool):
        return "yes" if said else "no"
    if isinstance(said, str):
        text = "".join(said.split()).strip(".\"'").casefold().replace(",", "")
        try:
            return float(text)
        except ValueError:
            return {"true": "yes", "false": "no", "y": "yes", "n": "no"}.get(text, text)
    if isinstance(said, set | frozenset | PageSet):
        return frozenset(map(value, said))
    if isinstance(said, Iterable) and not isinstance(said, Mapping):
        return tuple(map(value, said))
    try:
        return float(said)
    except (TypeError, ValueError):
        return said
