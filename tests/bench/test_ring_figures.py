"""`freepages bench ring`: what is timed is what is said."""

import json

import pytest

from freepages.balloon.decoded_dump import decode
from freepages.bench import ring_figures as ring
from freepages.engine import straight
from freepages.engine.errors import FreepagesError
from freepages.virtqueue.dump import dumped, parse_dump
from freepages.virtqueue.ring_layout import EVENT_IDX, VERSION_1

FEATURES = frozenset((VERSION_1, EVENT_IDX))


def test_every_figure_has_its_row(monkeypatch):
    monkeypatch.setattr(ring, "ROUNDS", 1)
    monkeypatch.setattr(ring, "TRIPS", 50)
    rows = list(ring.rows())
    assert [row["what"] for row in rows] == [ring.TRIP] * 4 + [ring.DECODE]
    for row in rows:
        assert list(row) == ["what", "buffers", "features", "median_us", "per_s"]
        assert row["median_us"] > 0 and row["per_s"] > 0


def test_the_dump_that_is_decoded_is_full():
    pair = ring.Pair(FEATURES)
    straight(pair.fill())
    file = dumped(pair.memory, pair.layout, FEATURES)
    state = decode(parse_dump(file))
    assert (len(state.in_flight), len(state.completed), state.broken) == (1024, 1024, None)
    assert len(json.loads(ring.through_the_decoder(json.dumps(file)))["in_flight"]) == 1024


def test_a_lost_request_is_an_error_and_not_a_figure():
    pair = ring.Pair(FEATURES)
    straight(pair.driver.add_inbuf([ring.PAGE], "stray"))
    with pytest.raises(FreepagesError, match="lost"):
        straight(pair.trips(1, [], [ring.PAGE], None))
