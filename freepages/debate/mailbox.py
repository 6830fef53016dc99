"""The queue as a proposal sees it: messages that arrive in order, each once.

How a message crosses in descriptors and rings is the matter of :mod:`freepages.virtqueue.ring`; what a
proposal's safety depends on is only who has sent what and who has seen it.

    host  -> guest   requests (their ids), in order; a register that shows the newest id only
    guest -> host    answers, in order, each an id, a set of pages, or both
    host  -> guest   buffers that the host is done with, counted
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A buffer from the guest: the id it carries, if any, and the pages it lists, if any.

    Examples
    --------
    >>> Answer(id=3).pages is None
    True
    """

    id: int | None = None
    pages: Any = None


class Mailbox:
    """What is under way between guest and host.

    asked     how many requests there were
    requests  ids that the guest has not looked at yet, the oldest first
    answers   answers that the host has not looked at yet, the oldest first
    returned  buffers that the host has given back and the guest has not noticed yet
    register  what the device's configuration shows as command id (free page hinting)

    Examples
    --------
    >>> mail = Mailbox()
    >>> mail.answers.append(Answer(id=0)); mail.answers
    [Answer(id=0, pages=None)]
    """

    def __init__(self) -> None:
        self.asked = 0
        self.requests: list[int] = []
        self.answers: list[Answer] = []
        self.returned = 0
        self.register = 0
