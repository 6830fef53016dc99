"""The host's side of the free-pages queue of 2016: ask, read the answer, skip what it lists.

What a host of the patch of 19 April 2016 must do; Li's own host of April is not in the thread. Two requests
speak of two migrations if the first was given up, and which of them an answer belongs to only the repaired
protocol says. An answer is believed when it is possible; what is refused is kept with the reason.
"""

from __future__ import annotations

from typing import Any

from freepages.balloon.device import BalloonDevice
from freepages.balloon.free_pages_messages import AS_PATCHED, Protocol, Reply, ReplyError
from freepages.engine import Act, Steps
from freepages.engine.later import np
from freepages.pages.bitmap import PageBitmap, bitmap_bytes
from freepages.virtqueue.chain import Chain

WRITES_REQUEST = Act(
    "asks for the free pages: writes ctrl {0}, id {1}, returns the buffer and interrupts",
    cost="interrupt_guest",
)
PUTS_REQUEST = Act("writes the request: ctrl {0}, id {1}", cost="store")
READS_REPLY = Act("reads the answer, to skip what it lists", cost="answer")
STARTS = Act("begins to migrate: request {0}, every page is to be sent", cost="none")
STARTS_AGAIN = Act(
    "gives the migration up and begins another: request {0}, every page is to be sent", cost="none"
)
CANCELS = Act("gives the migration up", cost="none")


class FreePagesDevice(BalloonDevice):
    """A balloon device that asks for the free pages.

    current   the number of the migration under way, which is its request's id
    skips     pages that it will not send, as far as it was told
    applied   the answers that were believed, each with what was current then
    overflow  bytes of an answer's bitmap that a trusting host wrote past its own

    How a host behaves where the patch leaves it open is a switch:

    returns   whether it gives an answer's buffer back when it has read it (the patches of March 2016 did not)
    trusting  takes a bitmap as it comes, however long, as those patches did
    """

    def __init__(
        self,
        *args: Any,
        protocol: Protocol = AS_PATCHED,
        returns: bool = True,
        trusting: bool = False,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self.protocol, self.returns, self.trusting = protocol, returns, trusting
        self.current = self.asked = self.overflow = 0
        self.skips = PageBitmap(self.pages)
        self.applied: list[tuple[int, Reply]] = []

    def start(self) -> Steps:
        """Begin a migration: all is to be sent, and what was answered before speaks of another."""
        yield STARTS, self.current + 1
        self.current += 1
        self.skips = PageBitmap(self.pages)

    def cancel(self) -> Steps:
        """Give the migration up. The protocol has no word for it: the driver goes on with its answer."""
        yield (CANCELS,)
        self.skips = PageBitmap(self.pages)

    def start_again(self) -> Steps:
        """Give the migration up and begin another at once."""
        return self.grain(self._start_again(), STARTS_AGAIN, self.current + 1)

    def _start_again(self) -> Steps:
        yield from self.cancel()
        yield from self.start()

    def ask(self, ctrl: int = 0) -> Steps:
        """Fill a request's buffer and return it, which interrupts the guest."""
        chain = yield from self.next("free_pages", lambda chain: chain.writable)
        yield from self.ask_in(chain, ctrl)

    def ask_in(self, chain: Chain, ctrl: int = 0) -> Steps:
        """The same, where the request's buffer was taken from the queue."""
        return self.grain(self._ask(chain, ctrl), WRITES_REQUEST, ctrl, self.current)

    def _ask(self, chain: Chain, ctrl: int) -> Steps:
        yield PUTS_REQUEST, ctrl, self.current
        request = self.protocol.request(ctrl, self.current, self.transport.accepted, self.memory.endian)
        written = chain.scatter(self.memory, request)
        self.asked += 1
        yield from self.give_back("free_pages", chain, written)

    def take_reply(self) -> Steps:
        """The buffer of the next answer, not yet read."""
        return self.next("free_pages", lambda chain: chain.readable)

    def read_reply(self, chain: Chain) -> Steps:
        """Read an answer and act on it; returns whether it was believed."""
        yield (READS_REPLY,)
        most = None if self.trusting else self.protocol.header_bytes + bitmap_bytes(self.pages)
        data = chain.gather(self.memory, most)
        try:
            reply = self.protocol.reply(
                data, self.pages, self.transport.accepted, self.memory.endian, trusting=self.trusting
            )
            self.check(reply)
        except ReplyError as error:
            self.refused.append(str(error))
            return False
        self.apply(reply)
        return True

    def check(self, reply: Reply) -> None:
        """Raise ReplyError for an answer to another request than the current one."""
        if reply.id not in (None, self.current):
            raise ReplyError(f"an answer to request {reply.id}, the current one is {self.current}")

    def apply(self, reply: Reply) -> None:
        """Skip what the answer lists."""
        first = reply.start // 8
        room = len(self.skips.bytes) - first
        self.overflow = max(self.overflow, len(reply.bitmap) - room)
        listed = np.frombuffer(reply.bitmap[:room], np.uint8)
        self.skips.bytes[first : first + len(listed)] |= listed
        # Bits behind the last page, which only a trusting host has let in, are nobody's.
        self.skips.bytes[self.pages // 8 :][:1] &= (1 << self.pages % 8) - 1
        self.skips.bytes[self.pages // 8 + 1 :] = 0
        self.applied.append((self.current, reply))

    def finish_reply(self, chain: Chain, read: int | None = None) -> Steps:
        """Return an answer's buffer, of which so many bytes were read (all, if not given)."""
        if self.returns:
            size = sum(size for _, size in chain.readable)
            yield from self.use("free_pages", chain, 0, size if read is None else read)

    def receive(self) -> Steps:
        """Take, read and return answers until one is believed that reaches the end of memory."""
        believed = False
        while not believed or not self.protocol.complete(self.applied[-1][1], self.pages):
            chain = yield from self.take_reply()
            believed = yield from self.read_reply(chain)
            yield from self.finish_reply(chain)

    def migrate(self, requests: int = 1, ctrl: int = 0) -> Steps:
        """Ask and read the answer, so many times. Process."""
        for _ in range(requests):
            yield from self.start()
            yield from self.ask(ctrl)
            yield from self.receive()
