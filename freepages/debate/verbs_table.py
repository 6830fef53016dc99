"""The words that a proposal is written in: what each takes, does and gives. It is read off the verbs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import Any, NamedTuple

from freepages.debate import guest_verbs, host_verbs
from freepages.debate.ownership import Ownership
from freepages.debate.world import World
from freepages.engine.text_table import columns
from freepages.host.migration import Migration

GUEST: tuple[Callable[..., Any], ...] = (
    guest_verbs.next_request,
    guest_verbs.free_page_bitmap,
    guest_verbs.drop_lock,
    guest_verbs.answer,
    guest_verbs.until_returned,
    guest_verbs.inflate,
    guest_verbs.deflate,
    guest_verbs.isolate,
    guest_verbs.put_back,
    guest_verbs.next_command,
    guest_verbs.hint,
)
HOST: tuple[Callable[..., Any], ...] = (
    host_verbs.log_on,
    host_verbs.ask,
    host_verbs.precopy,
    host_verbs.apply,
    host_verbs.pause,
    host_verbs.resume,
)
METHODS: dict[str, Callable[..., Any]] = {
    "w.request": World.request,
    "w.sync": World.sync,
    "w.next_id": World.next_id,
    "w.page": World.page,
    "w.range": World.range,
    "w.host.keep_copy": Migration.keep_copy,
    "w.guest.hold": Ownership.hold,
    "w.guest.release": Ownership.release,
}
VALUES = {
    "w.pages": "how many pages the guest has",
    "w.every": "the set of all of them; w.kind(w.pages) is an empty set",
    "w.chunks": "(start, end) of each chunk of memory: what one answer lists at most",
    "w.host.to_send": "the pages that are still to be sent",
    "w.host.copy, w.host.brought": "the copy, and what the log has brought since; None without a copy",
    "w.log.bits": "the pages that the dirty log has",
    "w.guest.free, w.guest.held": "the free pages, and those that the driver holds; a host cannot see them",
    "w.mail.returned": "buffers that the host has given back: a host that is done with one adds 1",
    "w.mail.register": "the command id that the guest is shown",
}
"""What of the world is read or set, and takes no call."""

HEADS = {
    "guest": "a guest's verbs, with 'yield from' before each",
    "host": "a host's verbs, with 'yield from' before each",
    "world": "the world w, without 'yield from': part of the step that is being made",
}

GIVES = "Gives "
LEFT = 'style="text-align:left"'


class VerbRow(NamedTuple):
    """How a word is written, what it does, and what it gives; "" where it gives nothing.

    Examples
    --------
    >>> verbs().groups["host"][0]
    VerbRow(call='log_on(w)', does='Switch the dirty log on. A host that only discards needs none.', gives='')
    """

    call: str
    does: str
    gives: str


@dataclass(frozen=True, repr=False)
class VerbTable:
    """All words, in groups: guest, host and world.

    Examples
    --------
    >>> list(verbs().groups)
    ['guest', 'host', 'world']
    """

    groups: dict[str, tuple[VerbRow, ...]]

    def __repr__(self) -> str:
        lines: list[str] = []
        for group, rows in self.groups.items():
            cells = [[fill(row.call, 34), fill(row.does, 44), fill(row.gives, 28)] for row in rows]
            lines += [HEADS[group], "", *columns([["", "does", "gives"], *cells], rule=True), ""]
        return "\n".join(lines).rstrip()

    def _repr_html_(self) -> str:
        body = ""
        for group, rows in self.groups.items():
            body += f'<tr><th colspan="3" {LEFT}>{escape(HEADS[group])}</th></tr>'
            for row in rows:
                cells = (f"<code>{escape(row.call)}</code>", escape(row.does), escape(row.gives))
                body += "<tr>" + "".join(f"<td {LEFT}>{cell}</td>" for cell in cells) + "</tr>"
        heads = "".join(f"<th {LEFT}>{head}</th>" for head in ("", "does", "gives"))
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def verbs() -> VerbTable:
    """The verbs of guest and host and what they may use of the world, to be shown in a notebook.

    Examples
    --------
    >>> [row.call for row in verbs().groups["host"][:2]]
    ['log_on(w)', 'ask(w)']
    """
    rows = (VerbRow(name, f"{text}.", "") for name, text in VALUES.items())
    return VerbTable(
        {
            "guest": tuple(_row(function.__name__, function) for function in GUEST),
            "host": tuple(_row(function.__name__, function) for function in HOST),
            "world": (*(_row(name, function) for name, function in METHODS.items()), *rows),
        }
    )


def _row(name: str, function: Callable[..., Any]) -> VerbRow:
    paragraphs = [" ".join(text.split()) for text in (inspect.getdoc(function) or "").split("\n\n")]
    gives = next((text.removeprefix(GIVES) for text in paragraphs if text.startswith(GIVES)), "")
    plain = [text.replace("``", "") for text in (paragraphs[0], gives)]
    return VerbRow(f"{name}({', '.join(_taken(function))})", *plain)


def _taken(function: Callable[..., Any]) -> Iterator[str]:
    """What it takes, without types."""
    for name, parameter in inspect.signature(function).parameters.items():
        if name != "self":
            default = parameter.default
            yield name if default is parameter.empty else f"{name}={default}"
