"""A prediction: the reader's guess beside what the model did.

A guess that is not there yet gives nothing away, so a notebook can be stored executed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from freepages.exercises.exercise import Remark
from freepages.pages.pageset import PageSet

NO_GUESS = "no guess yet. Put yours in place of the three dots, run that cell, and then this one again."


class Remarks(tuple[Remark, ...]):
    """Several remarks, one to a line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(map(repr, self))


def compare(
    guess: Any, found: Any, why: str = "", wrong: Mapping[Any, Any] | None = None
) -> Remark | Remarks:
    """Whether `guess` is `found`, and why. A wrong guess is not told the answer: the reader may try again.

    `why` explains the right answer. `wrong` says of each likely wrong guess why it is wrong. Two dicts are
    compared key by key; `why` and `wrong` may then have the same keys. A guess of ``...`` is none yet.
    What counts is the value and not its form: "6" is 6, "Bug" is "bug", [1, 2] is (1, 2), "2s" is "2 s".
    """
    if isinstance(guess, Mapping) and isinstance(found, Mapping):
        return Remarks(_each(guess, found, why, wrong or {}))
    if guess is ... or (isinstance(guess, tuple | list) and ... in guess):
        return Remark(None, NO_GUESS)
    if isinstance(found, PageSet) and isinstance(guess, Iterable):
        guess, found = set(guess), set(found)
    if value(guess) == value(found):
        return Remark(True, f"{found}. {why}".rstrip())
    for likely, reason in (wrong or {}).items():
        if value(likely) == value(guess):
            return Remark(False, f"{guess}. {reason}")
    if isinstance(guess, str) and guess.isalpha():
        words = [word for word in (found, *(wrong or {})) if isinstance(word, str) and word.isalpha()]
        if near := get_close_matches(guess.casefold(), map(str.casefold, words), 1, 0.8):
            meant = next(word for word in words if word.casefold() == near[0])
            return Remark(None, f"{guess}: did you mean {meant!r}?")
    return Remark(False, f"{guess}. Try again, or open the answer below.")


def _each(guess: Mapping[Any, Any], found: Mapping[Any, Any], why: Any, wrong: Any) -> Iterable[Remark]:
    for key, answer in found.items():
        reason, likely = (one.get(key) if isinstance(one, Mapping) else one for one in (why, wrong))
        remark = compare(guess.get(key, ...), answer, reason or "", likely)
        yield Remark(remark.right, f"{key}: {remark.text}") if isinstance(remark, Remark) else remark[0]


def value(said: Any) -> Any:
    """What a reader means, whatever the form: numbers as numbers, words in small letters, lists as tuples.

    "2 s" and "2s" are one text.
    """
    if isinstance(said, bool):
        return "yes" if said else "no"
    if isinstance(said, str):
        text = "".join(said.split()).strip(".\"'").casefold().replace(",", "")
        try:
            return float(text)
        except ValueError:
            return {"true": "yes", "false": "no"}.get(text, text)
    if isinstance(said, set | frozenset):
        return frozenset(map(value, said))
    if isinstance(said, Iterable) and not isinstance(said, Mapping):
        return tuple(map(value, said))
    try:
        return float(said)
    except (TypeError, ValueError):
        return said
