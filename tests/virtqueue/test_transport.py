"""The registers, the doorbells and the interrupts between a driver and a device."""

import pytest

from freepages.virtqueue.features import STATS_VQ, VERSION_1, NegotiationError
from freepages.virtqueue.transport import CONFIG_CHANGED, Transport


def test_features_are_known_once_the_driver_has_written_them() -> None:
    transport = Transport((STATS_VQ, VERSION_1), {0: 8})
    with pytest.raises(NegotiationError, match="no features were negotiated"):
        _ = transport.accepted
    transport.accept((VERSION_1,))
    assert transport.accepted == {VERSION_1}


def test_a_feature_that_was_not_offered_is_refused_and_nothing_negotiated() -> None:
    transport = Transport((VERSION_1,), {0: 8})
    with pytest.raises(NegotiationError, match="STATS_VQ"):
        transport.accept((STATS_VQ,))
    assert transport.features is None


def test_a_queue_that_does_not_exist_has_no_entries() -> None:
    transport = Transport((), {0: 8})
    assert (transport.queue_size(0), transport.queue_size(2)) == (8, 0)


def test_queues_interrupt_in_their_order_and_the_configuration_last() -> None:
    transport = Transport((), {})
    assert transport.next_interrupt() is None
    transport.pending |= {CONFIG_CHANGED, 3, 1}
    order = []
    while (number := transport.next_interrupt()) is not None:
        order.append(number)
        transport.pending.discard(number)
    assert order == [1, 3, CONFIG_CHANGED]
