"""Send everything: the guest is not asked, and the bulk stage sends every page (QEMU of 2016)."""

from __future__ import annotations

from freepages.debate.host_verbs import log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal


def host(w: World) -> Steps:
    yield from log_on(w)
    yield from precopy(w)


EVERYTHING = Proposal(
    name="everything",
    title="send everything",
    guest=None,
    host=host,
    who="QEMU of 2016",
    date="2016-04-19",
    claim="Every page counts as dirty at first and is looked at and sent, the free ones too.",
    source="https://lore.kernel.org/r/1461076474-3864-1-git-send-email-liang.z.li@intel.com",
)
