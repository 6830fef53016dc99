"""A verb of a proposal: a call that takes steps, and so does nothing until it is used with ``yield from``.

Python says nothing when the two words are forgotten: the call makes a generator that nobody runs. So a verb
gives a :class:`Called`, which knows whether somebody ran it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, ClassVar, NoReturn, ParamSpec, cast

from freepages.engine import Steps
from freepages.engine.errors import FreepagesError
from freepages.pages.operators import PageOperators

P = ParamSpec("P")


class Called:
    """The steps of a call, to be used once.

    step       the number of the step that is being made; whoever watches steps counts it
    forgotten  the last verb of which this step has lost the steps: nobody ran them

    Examples
    --------
    >>> from freepages.debate.guest_verbs import drop_lock
    >>> called = drop_lock(None)
    >>> called.pages
    Traceback (most recent call last):
        ...
    freepages.engine.errors.FreepagesError: drop_lock(...) is called without 'yield from' before i...
    """

    __slots__ = ("_since", "_steps", "name", "ran")
    step: ClassVar[int] = 0
    forgotten: ClassVar[str] = ""

    def __init__(self, name: str, steps: Steps):
        self.name, self.ran, self._steps, self._since = name, False, steps, Called.step

    def __iter__(self) -> Iterator[Any]:
        self.ran = True
        return self._steps

    def __del__(self) -> None:
        if not self.ran and self._since == Called.step:  # no older one, which is collected by chance now
            Called.forgotten = self.name

    def _refuse(self) -> NoReturn:
        self.ran = True  # it is told of here
        raise FreepagesError(without_yield_from(self.name))

    def __bool__(self) -> bool:
        self._refuse()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        self._refuse()


def without_yield_from(name: str) -> str:
    """What is wrong with such a call, as a sentence.

    Examples
    --------
    >>> without_yield_from("drop_lock")
    "drop_lock(...) is called without 'yield from' before it, so it does nothing"
    """
    return f"{name}(...) is called without 'yield from' before it, so it does nothing"


def verb(function: Callable[P, Steps]) -> Callable[P, Steps]:
    """Make a function that gives steps a verb: what it gives is a :class:`Called`.

    Examples
    --------
    >>> @verb
    ... def looks(w):
    ...     yield "looks"
    >>> type(looks(None)).__name__, list(looks(None))
    ('Called', ['looks'])
    """

    @wraps(function)
    def calls(*args: P.args, **kwargs: P.kwargs) -> Steps:
        if args and isinstance(args[0], PageOperators):
            raise FreepagesError(f"the world comes first: write {function.__name__}(w, ...)")
        return cast(Steps, Called(function.__name__, function(*args, **kwargs)))

    return calls
