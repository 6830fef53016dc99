"""The one family of errors that freepages raises on purpose.

Every message is a single line that names the file, the field or the value at fault. A command prints it
and exits with status 2; whatever was being changed is as it was before the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar


class FreepagesError(ValueError):
    """Something outside freepages (a file, an argument, a learner's move) is not what it must be."""


E = TypeVar("E", bound=FreepagesError)


def unknown(what: str, name: Any, names: Iterable[str], error: type[E] = FreepagesError) -> E:  # type: ignore[assignment]
    """The error for a name that is none of ``names``: it has the nearest of them, or all there are."""
    there = list(names)
    listed = "are " + ", ".join(there) if there else "is none"
    return error(f"{what} {name!r:.60} is not known" + (nearest(name, there) or f": there {listed}"))


def nearest(name: Any, names: Iterable[str]) -> str:
    """The end of a message that names the one of ``names`` that was meant; empty where none is near."""
    there = {some.lower(): some for some in names}
    near = get_close_matches(str(name).lower(), there, 1)
    return f"; did you mean {there[near[0]]}?" if near else ""
