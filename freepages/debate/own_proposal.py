"""A proposal of a learner's own: one or two functions, and what is wrong with a function that is none."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from itertools import chain
from textwrap import dedent
from typing import Any

from freepages.debate.learner_errors import NAMES
from freepages.debate.proposals import PROPOSALS, Proposal, locked_host, snapshot_guest
from freepages.engine.errors import FreepagesError
from freepages.host.migration import ASKS_WHEN, AsksWhen

EVERY_SWITCH = tuple(dict.fromkeys(switch for one in PROPOSALS.values() for switch in one.switches))
"""What may matter to a proposal of which nothing is known."""


def proposal(
    guest: Callable[..., Any] | None = None,
    host: Callable[..., Any] | None = None,
    name: str = "yours",
    title: str = "a proposal of your own",
    asks: AsksWhen = "once",
) -> Proposal:
    """A proposal of your own: ``proposal(host=host)``, ``proposal(guest=guest)`` or both.

    Each side is a function of the world that takes its steps with ``yield from`` and a verb
    (:func:`freepages.debate.verbs_table.verbs` lists them). The guest that is left out is that of Li's
    patch: it answers each request with the bitmap of its free pages, built under the zone lock, and drops
    the lock first. The host that is left out asks, uses each answer when it comes, and gives the buffer back.

    ``asks`` says when the host asks by the clock: "once", before the first page is sent, "after every sync",
    or "never". By hand and in a search it may ask whenever precopy(w, asks=True) can.

    It is taken wherever the name of a proposal is: Stepper, Game, check, migrate, price, difference.

    Parameters
    ----------
    guest, host : generator function of a World, optional
        One side each.
    name, title : str
        How it is called where it is shown.
    asks : str
        "once", "after every sync" or "never".

    Returns
    -------
    Proposal

    Raises
    ------
    FreepagesError
        In one sentence, for a function that cannot be one side of a proposal.

    Examples
    --------
    >>> from freepages.debate.host_verbs import log_on, precopy
    >>> def host(w):
    ...     yield from log_on(w)
    ...     yield from precopy(w)
    >>> proposal(host=host, name="mine").when
    'In a timed run its host asks once.'
    >>> proposal(host=host(None))
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: host: the answer is the function itself, without brack...
    """
    if guest is None and host is None:
        raise FreepagesError("proposal(): give a guest, a host or both: proposal(host=host)")
    if not isinstance(name, str) or not name or name in PROPOSALS:
        raise FreepagesError(f"proposal(): name={name!r:.40} must be a text, and no name of the debate's own")
    if asks not in ASKS_WHEN:
        raise FreepagesError(f"proposal(): asks={asks!r:.40} is none of {', '.join(ASKS_WHEN)}")
    for which, function in (("guest", guest), ("host", host)):
        if function is not None and (wrong := wrong_with(function, which)):
            raise FreepagesError(f"{which}: {wrong}")
    return Proposal(
        name=name,
        title=title,
        guest=guest or snapshot_guest,
        host=host or locked_host,
        who="you",
        date="",
        claim="",
        source="",
        status="yours",
        asks=asks,
        switches=EVERY_SWITCH,
        tells="pages" if guest else "bitmap",
        guest_keeps=None if guest else ("request",),
        host_keeps=None if host else (),
        panels=("copy", "buffers given back"),
        in_order=True,
        shrinks=True,
    )


def wrong_with(function: Any, which: str = "host") -> str:
    """What is wrong with it as one side of a proposal, as a sentence; "" if nothing is.

    Examples
    --------
    >>> wrong_with(print), wrong_with(snapshot_guest)
    ("it has no step: each verb is called with 'yield from' before it.", '')
    """
    if inspect.isgenerator(function):
        return f"the answer is the function itself, without brackets behind it: {which}, not {which}(w)."
    if not callable(function):
        return f"the answer is the function itself, without brackets behind it, and not {function!r:.40}."
    if not inspect.isgeneratorfunction(function):
        return "it has no step: each verb is called with 'yield from' before it."
    try:
        inspect.signature(function).bind(None)
    except TypeError:
        takes = inspect.signature(function)
        return f"it is called with one argument, the world; write def {which}(w), not {which}{takes}."
    return next(chain(_looks_across(function, which), _loops_over_what_changes(function)), "")


def _looks_across(function: Callable[..., Any], which: str) -> Iterator[str]:
    """What one side reads that only the other can know."""
    other = "guest" if which == "host" else "host"
    code = getattr(function, "__code__", None)
    if code is not None and other in code.co_names:
        yield f"it looks at w.{other}, which a {which} cannot see: what it knows came in a message."


def _loops_over_what_changes(function: Callable[..., Any]) -> Iterator[str]:
    """The loops with a step in them that run over what others change meanwhile: how far such a loop is,
    nobody can compare."""
    try:
        lines, first = inspect.getsourcelines(function)
        tree = ast.parse(dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):  # its source is not to be had
        return
    for loop in (node for node in ast.walk(tree) if isinstance(node, ast.For)):
        if not any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(loop)):
            continue
        for node in ast.walk(loop.iter):
            read = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if read.partition(".")[2] in NAMES:
                yield (
                    f"line {first + loop.lineno - 1} runs over {read}, which changes while it takes steps: "
                    f"write pages = {read}.copy() before it, and run over pages."
                )
