"""What a host does in a proposal, one verb each.

Between the steps that a proposal prescribes the host is free: it sends, it syncs, it stops, and it takes the
guest's answers as they come. :func:`precopy` is that freedom. How it is used is not the proposal's matter but
the scheduler's: by hand and under the search every choice is the schedule's (:func:`freely`); by the clock it
is QEMU's (:mod:`freepages.host.precopy`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from freepages.debate.mailbox import Answer
from freepages.debate.verb import verb
from freepages.debate.world import World
from freepages.engine import Act, Choose, Steps
from freepages.host.migration import ASK, SYNC

LOGS = Act("switches the dirty log on", cost="log_start", amount=0)
ASKS = Act("asks for the free pages", cost="interrupt_guest")
CHOOSES = Act("goes on with the migration", cost="none")
PAUSES = Act("pauses the VM", cost="pause")
RESUMES = Act("lets the VM go on", cost="pause")
DISCARDS = Act("discards {0}", cost="madvise")


@verb
def log_on(w: World) -> Steps:
    """Switch the dirty log on. A host that only discards needs none.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(log_on(w)); w.log.on
    True
    """
    if w.purpose == "migrate":
        yield LOGS, w.pages
        w.log.start()


@verb
def ask(w: World) -> Steps:
    """Send a request now, without waiting for ASK.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(ask(w)); w.mail.requests
    [0]
    """
    yield (ASKS,)
    w.request()


@verb
def precopy(
    w: World, *, sync: bool = True, stop: bool = True, asks: bool = False, tells_sync: bool = False
) -> Steps:
    """Migrate on until there is something that only the proposal can decide. ``sync`` and ``stop`` say
    whether the host may sync or stop the guest meanwhile.

    Gives an answer of the guest, with its ``.id`` and ``.pages``; or ASK, with ``asks``, when it may ask; or
    SYNC, with ``tells_sync``, when it is to call w.sync(); or None when the migration is over.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> act, menu = next(iter(precopy(w, asks=True, sync=False)))
    >>> list(menu.options())
    ['0r', '0s', '1s', '0x']
    """
    return w.pace(w, sync, stop, asks, tells_sync)


@verb
def pause(w: World) -> Steps:
    """Pause the whole VM: no vCPU runs, neither the driver nor the workload.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(pause(w)); w.guest.paused
    True
    """
    yield (PAUSES,)
    w.pause()


@verb
def resume(w: World) -> Steps:
    """Let the vCPUs of a paused VM go on.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(pause(w)); straight(resume(w)); w.guest.paused
    False
    """
    yield (RESUMES,)
    w.resume()


@verb
def apply(w: World, pages: Any, *, in_copy: bool = False) -> Steps:
    """Use what an answer lists: do not send those pages, or discard them one by one. With ``in_copy`` clear
    them in the copy, and add what the log has brought since it was taken.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(apply(w, w.page(1))); list(w.host.to_send)
    [0]
    """
    pages = w.as_set(pages)
    if w.purpose == "discard":
        for page in pages:
            yield DISCARDS, f"page {page}"
            w.discard(w.page(page))
    elif in_copy:
        w.host.skip_in_copy(pages)
    else:
        w.host.skip(pages)


def freely(w: World, sync: bool, stop: bool, asks: bool, tells_sync: bool) -> Steps:
    """The host's freedom, step by step, as the schedule chooses; it may send any page.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> act, menu = next(freely(w, sync=True, stop=False, asks=False, tells_sync=False))
    >>> menu.options()
    {'0s': 'sends page 0', '1s': 'sends page 1', '0y': 'syncs with the dirty log'}
    """

    def sends() -> dict[str, str]:
        return {f"{page}s": _sends(page) for page in w.host.to_send} if w.purpose == "migrate" else {}

    def send(choice: str) -> None:
        w.host.send(w.page(int(choice[:-1])))

    return as_chosen(w, sync, stop, asks, tells_sync, sends, send)


def as_chosen(
    w: World,
    sync: bool,
    stop: bool,
    asks: bool,
    tells_sync: bool,
    sends: Callable[[], dict[str, str]],
    send: Callable[[str], None],
) -> Steps:
    """What all paces by hand have in common: ``sends()`` are the choices of what to send, ``send(choice)``
    does it.

    Examples
    --------
    >>> w = World(2, pace=freely)
    >>> menu = next(as_chosen(w, True, True, False, False, lambda: {"0s": "sends all"}, print))[1]
    >>> list(menu.options())
    ['0s', '0y', '0x']
    """
    migrates = w.purpose == "migrate"

    def options() -> dict[str, str]:
        can = {}
        if w.mail.answers:
            can["0t"] = "takes the guest's answer"
        if asks and w.mail.asked < w.requests:
            can["0r"] = "asks for the free pages"
        can |= sends()
        if sync:
            can["0y"] = "syncs with the dirty log" if migrates else "has other things to do"
        if stop:
            can["0x"] = "stops the guest, syncs, sends the rest" if migrates else "takes no more answers"
        return can

    def refuse(choice: str) -> str:
        if choice == "0y":
            return "does not sync between its request and the answer"
        if choice == "0x":
            return "does not stop between its request and the answer"
        if choice == "0t":
            return "has no answer to take"
        return f"need not send page {choice[:-1]}" if choice.endswith("s") else ""

    menu = Choose(options, refuse, "waits for the guest's answer")
    while True:
        choice = yield CHOOSES, menu
        if choice == "0t":
            return w.mail.answers.pop(0)
        if choice == "0r":
            return ASK
        if choice == "0y":
            if tells_sync:
                return SYNC
            w.sync()
        elif choice == "0x":
            if migrates:
                w.stop()
            return None
        else:
            send(choice)


@lru_cache
def _sends(page: int) -> str:
    return f"sends page {page}"


__all__ = [
    "ASK",
    "SYNC",
    "Answer",
    "apply",
    "as_chosen",
    "ask",
    "freely",
    "log_on",
    "pause",
    "precopy",
    "resume",
]
