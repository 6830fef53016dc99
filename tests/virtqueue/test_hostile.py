"""A sample of what freepages/bench/hostile_rings.py does two hundred thousand times."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.bench.hostile_rings import Campaign, run_trial
from freepages.real.data_path import data_path
from freepages.virtqueue import chain as faults


@settings(max_examples=300)
@given(st.binary(min_size=8, max_size=300))
def test_no_ring_makes_either_side_leave_memory_or_hang_or_disagree_with_the_decoder(data):
    run_trial(data)


def test_a_short_campaign_breaks_queues_in_every_way_and_does_no_harm():
    campaign = Campaign(seed=2016)
    campaign.run(2000)
    assert campaign.trials == 2000 and campaign.accesses > 100_000
    reasons = {reason.partition(": ")[2] for reason in campaign.broken}
    assert reasons >= {
        *(faults.INDEX_JUMP, faults.HEAD_RANGE, faults.NEXT_RANGE, faults.LOOP, faults.TOO_LONG),
        *(faults.ZERO_LENGTH, faults.OVERFLOW, faults.OUTSIDE, faults.WRITE_BEFORE_READ),
        *(faults.INDIRECT_OFF, faults.INDIRECT_NEXT, faults.INDIRECT_NESTED, faults.INDIRECT_LENGTH),
        *(faults.NEVER_OFFERED, faults.USED_LENGTH, faults.TABLE_CHANGED),
    }


def test_the_long_run_that_is_recorded_was_long():
    recorded = json.loads(data_path("bench", "hostile_rings.json").read_text(encoding="utf-8"))
    assert recorded["rings"] == sum(recorded["outcomes"].values()) >= 200_000
