"""The one family of errors that freepages raises on purpose.

Every message is a single line that names the file, the field or the value at fault. A command prints it
and exits with status 2; whatever was being changed is as it was before the call.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class FreepagesError(ValueError):
    """Something outside freepages (a file, an argument, a learner's move) is not what it must be."""


def unknown(what: str, name: str, names: Iterable[str]) -> FreepagesError:
    """The error for a name that is none of ``names``: it has the nearest of them, or all."""
    there = list(names)
    near = get_close_matches(name, there, 1)
    return FreepagesError(
        f"{what} {name!r:.60} is not known"
        + (f"; did you mean {near[0]}?" if near else f": there are {', '.join(there)}")
    )
