"""What driver and device share beside memory: the registers of a virtio device, its doorbells and interrupts.

From the specification, "Basic Facilities of a Virtio Device" and "Virtio Over PCI Bus". A doorbell is rung
when the driver notifies, an interrupt is pending until it is taken; ringing twice before anybody comes is
ringing once. The registers are written in steps of the driver's and the device's processes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from freepages.virtqueue.features import APRIL_2016, Config, Features, NegotiationError, checked
from freepages.virtqueue.ring_layout import Layout

CONFIG_CHANGED = -1  # the interrupt that is not a queue's


class Transport:
    """One device as its driver finds it.

    `offered` are the feature bits, `sizes` gives the number of entries of every queue that exists, by queue
    number. What the driver sets: `features` (None before), `layouts`, the place of every queue it set up.

    Examples
    --------
    >>> from freepages.virtqueue.features import STATS_VQ
    >>> device = Transport({STATS_VQ}, sizes={0: 128, 1: 128, 2: 128})
    >>> device.accept({STATS_VQ}); device.accepted
    frozenset({1})
    >>> device.pending |= {2, CONFIG_CHANGED}; device.next_interrupt()
    2
    """

    def __init__(
        self,
        offered: Collection[int],
        sizes: Mapping[int, int],
        *,
        transitional: bool = True,
        bits: Mapping[int, str] = APRIL_2016,
    ):
        self.offered = frozenset(offered)
        self.sizes = dict(sizes)
        self.transitional, self.bits = transitional, bits
        self.features: Features | None = None
        self.layouts: dict[int, Layout] = {}
        self.config = Config()
        self.rung: set[int] = set()
        self.pending: set[int] = set()

    def accept(self, features: Collection[int]) -> None:
        """The driver writes its features; NegotiationError where the device refuses them."""
        self.features = checked(self.offered, features, transitional=self.transitional, bits=self.bits)

    @property
    def accepted(self) -> Features:
        """The negotiated features; NegotiationError before there are any."""
        if self.features is None:
            raise NegotiationError("no features were negotiated yet")
        return self.features

    def queue_size(self, number: int) -> int:
        """How many entries the queue has, 0 where there is none: "0 means the queue is unavailable"."""
        return self.sizes.get(number, 0)

    def next_interrupt(self) -> int | None:
        """The interrupt to be taken first: queues by number, then the change of the configuration."""
        return min((n for n in self.pending), key=lambda n: (n == CONFIG_CHANGED, n), default=None)
