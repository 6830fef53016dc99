"""Tsirkin's meaning made an action: the free pages go into the balloon and straight out again."""

from __future__ import annotations

from freepages.debate.guest_verbs import answer, deflate, inflate, next_request, until_returned
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.locked import host
from freepages.proposals.proposal import Proposal


def guest(w: World) -> Steps:
    while (request := (yield from next_request(w))) is not None:
        pages = yield from inflate(w)
        yield from answer(w, pages, request)
        yield from until_returned(w)
        yield from deflate(w, pages)


INFLATE_DEFLATE = Proposal(
    name="inflate_deflate",
    title="into the balloon and out again",
    guest=guest,
    host=host,
    who="Michael S. Tsirkin",
    date="2016-04-25",
    claim="To call a page free is to put it into the balloon and take it out: inside, it is the driver's.",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    answers="locked",
    switches=("silent-guest", "early-release"),
    shrinks=True,
)
