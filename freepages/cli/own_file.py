"""A proposal named at the command line: one of the debate's, or FILE.py:NAME, one in a file of your own."""

from __future__ import annotations

import runpy
from functools import cache
from pathlib import Path
from traceback import extract_tb
from typing import Any

from freepages.debate.own_proposal import proposal
from freepages.debate.proposals import Proposal, find_proposal
from freepages.engine.errors import FreepagesError, unknown

SIDES = ("guest", "host")


@cache
def read_proposal(text: str) -> Proposal:
    """The proposal of that name. NAME in FILE.py:NAME is what proposal(...) made, or a function that is
    called guest or host.

    Raises FreepagesError, which names the file, for a file that cannot be run and for what is no proposal.
    """
    path, colon, name = text.rpartition(":")
    if not (colon and path.endswith(".py")):
        if text.endswith(".py"):
            raise FreepagesError(f"proposal {text}: say which of its names, as in {text}:host")
        return find_proposal(text)
    known = _run(Path(path))
    if name not in known:
        public = [key for key, value in known.items() if isinstance(value, Proposal) or key in SIDES]
        if not public:
            raise FreepagesError(f"{path}: it has no {name}, and no other proposal, guest or host")
        raise unknown(f"{path}:", name, public)
    found = known[name]
    if isinstance(found, Proposal):
        return found
    if name in SIDES:
        try:
            return proposal(**{name: found})
        except FreepagesError as error:
            raise FreepagesError(f"{path}: {error}") from None
    raise FreepagesError(
        f"{path}: {name} is not a proposal but of type {type(found).__name__}: "
        f"write {name} = proposal(host=...), or name the function guest or host"
    )


def _run(path: Path) -> dict[str, Any]:
    """The names that a file has when it was run."""
    if not path.is_file():
        raise FreepagesError(f"{path}: there is no such file")
    try:
        return runpy.run_path(str(path), run_name=f"own_{path.stem}")
    except FreepagesError as error:
        raise FreepagesError(f"{path}: {error}") from None
    except SyntaxError as error:
        line = f"line {error.lineno}: " if error.lineno else ""
        raise FreepagesError(f"{path}: {line}{error.msg}") from None
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f"line {lines[-1]}: " if lines else ""
        raise FreepagesError(f"{path}: {where}{type(error).__name__}: {error}") from None
