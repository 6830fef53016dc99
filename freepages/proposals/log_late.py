"""What Rik van Riel asks about: the log is switched on only when the bitmap has been built."""

from __future__ import annotations

from freepages.debate.host_verbs import apply, ask, log_on, precopy
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.proposals.proposal import Proposal
from freepages.proposals.snapshot import guest


def host(w: World) -> Steps:
    yield from ask(w)
    if w.assume.log_after_request:
        yield from log_on(w)
    report = yield from precopy(w, sync=False, stop=False)
    if not w.assume.log_after_request:
        yield from log_on(w)
    yield from apply(w, report.pages)
    yield from precopy(w)


LOG_LATE = Proposal(
    name="log_late",
    title="the log switched on too late",
    guest=guest,
    host=host,
    who="Rik van Riel",
    date="2016-04-19",
    claim="What keeps the guest from using a page again between the bitmap and the end of the migration?",
    source="https://lore.kernel.org/r/1461076474-3864-2-git-send-email-liang.z.li@intel.com",
    answers="snapshot",
    switches=("no-lock-while-building", "silent-guest", "log-after-request"),
)
