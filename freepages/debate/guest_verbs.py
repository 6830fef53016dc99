"""What a guest does in a proposal, one verb each; every ``yield`` stands before one atomic step.

Which steps commute with all that others may do meanwhile is said at each (``mover``), with the reason; a
search then need not try them in every order, and a test holds it to that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freepages.debate.mailbox import Answer
from freepages.debate.verb import verb
from freepages.debate.world import World
from freepages.engine import Act, Choose, Steps, Until

# The host only adds to the end of the requests, and the guest's answer only to the end of the answers:
# looking may as well be later, answering sooner, whatever the others do in between.
LOOKS = Act("looks at the request", cost="interrupt", mover="right")
ANSWERS = Act("answers: {0}", cost="kick", mover="left")
READS_ID = Act("reads the command id", cost="interrupt")
WALKS = Act("walks the free lists and marks what is free: {0:page}", cost="walk_page", amount=0)
LOOKS_AT_PAGE = Act("marks page {0} if it is free", cost="walk_page")
NOTICES = Act("sees that the host is done with its buffer", cost="interrupt", mover="right")
WAITS = Act("waits for its buffer, or not", cost="none")
INFLATES = Act("takes the free pages into the balloon: {1:page}", cost="inflate", amount=1)
DEFLATES = Act("takes its pages out of the balloon: {1:page}", cost="deflate", amount=1)
ISOLATES = Act("isolates the free pages it has not reported", cost="isolate")
HINTS = Act("allocates a block and hints at it", cost="hint")
TAKES_BLOCKS = Act("allocates blocks and hints at them", cost="none")
HINTED = Act("has hinted at {0:block}", cost="hint", amount=0)
FILLS = Act("zeroes what it has allocated: {0:page}", cost="fill", amount=0)
TOUCHES = Act("has touched {0:page} for the first time", cost="first_touch", amount=0)
PUTS_BACK = Act("puts its pages back on the free lists, as reported: {1:page}", cost="isolate", amount=1)
DRIVER = "the driver"
SILENCE = {"0g": "goes on", "0s": "falls silent for ever"}


@verb
def next_request(w: World) -> Steps:
    """Wait for a request.

    Gives its id, or None for a guest that falls silent instead.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> w.request(), straight(next_request(w))
    (0, 0)
    """
    if (yield from _goes_on(w, LOOKS, lambda: bool(w.mail.requests), "waits for a request")):
        return w.mail.requests.pop(0)
    return None


@verb
def next_command(w: World, seen: int) -> Steps:
    """Wait until the register shows another command id than the one seen.

    Gives that id, or None for a guest that falls silent instead.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> w.mail.register = 2; straight(next_command(w, 0))
    2
    """
    if (yield from _goes_on(w, READS_ID, lambda: w.mail.register != seen, "waits for another command id")):
        return w.mail.register
    return None


def _goes_on(w: World, act: Act, ready: Callable[[], bool], why: str) -> Steps:
    if not w.assume.silent_guest:
        yield act, Until(ready, why)
        return True
    choice = yield act, Choose(lambda: SILENCE if ready() else {}, why=why)
    return choice == "0g"


@verb
def free_page_bitmap(w: World, within: Any = None) -> Steps:
    """Take the zone lock and find the free pages, or only those ``within`` a set. The lock is still held
    afterwards.

    Gives the free pages.

    How long the lock is held is what the proposals differ in, so it is theirs to drop.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> w.guest.allocate(w.page(0))
    >>> list(straight(free_page_bitmap(w))), w.lock.holder
    ([1], 'the driver')
    """
    if within is not None:
        within = w.as_set(within)
    if w.assume.no_lock_while_building:
        found = w.kind(w.pages)
        for page in w.every if within is None else within:
            yield LOOKS_AT_PAGE, page
            if w.guest.free[page]:
                found.set(page)
        yield from w.lock.acquire(DRIVER)
        return found
    yield from w.lock.acquire(DRIVER)
    yield WALKS, w.guest.free.count()
    found = w.guest.free.copy()
    if within is not None:
        found &= within
    return found


@verb
def drop_lock(w: World) -> Steps:
    """Drop the zone lock, if it was not dropped before.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> bitmap = straight(free_page_bitmap(w))
    >>> straight(drop_lock(w)); w.lock.ready()
    True
    """
    if w.lock.holder == DRIVER:
        yield from w.lock.release(DRIVER)


@verb
def answer(w: World, pages: Any, request: int | None = None) -> Steps:
    """Send the host a buffer that lists these pages. If pages is None, it has only the id.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(answer(w, w.page(1), w.request())); w.mail.answers
    [Answer(id=0, pages=<PageSet: page 1 of 2>)]
    """
    if pages is not None:
        pages = w.as_set(pages)
    yield ANSWERS, f"the id {request}" if pages is None else pages
    w.mail.answers.append(Answer(request, None if pages is None else w.message(pages)))


@verb
def until_returned(w: World) -> Steps:
    """Wait until the host has given the buffer back. With "lock-timeout" the zone lock may be dropped
    meanwhile.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> w.mail.returned += 1
    >>> straight(until_returned(w)); w.mail.returned
    0
    """
    if w.assume.lock_timeout and w.lock.holder == DRIVER:

        def options() -> dict[str, str]:
            if w.guest.paused:
                return {}
            back = {"0g": "sees that the host is done with its buffer"} if w.mail.returned else {}
            return back | {"0d": "drops the zone lock: the host takes too long"}

        choice = yield WAITS, Choose(options)
        if choice == "0g":
            w.mail.returned -= 1
            return
        w.lock.drop(DRIVER)
    yield NOTICES, Until(lambda: w.mail.returned > 0, "waits for its buffer")
    w.mail.returned -= 1


@verb
def inflate(w: World) -> Steps:
    """Allocate every free page for the balloon.

    Gives those pages.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> list(straight(inflate(w))), list(w.guest.free)
    ([0, 1], [])
    """
    yield INFLATES, w.lock, w.guest.free.count()
    pages = w.guest.free.copy()
    w.guest.hold(pages)
    return pages


@verb
def deflate(w: World, pages: Any) -> Steps:
    """Free these pages of the balloon, except those that were given back before.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(deflate(w, straight(inflate(w)))); list(w.guest.free)
    [0, 1]
    """
    pages = w.as_set(pages)
    yield DEFLATES, w.lock, pages.count()
    still = pages.copy()
    still &= w.guest.held
    w.guest.release(still)


@verb
def isolate(w: World) -> Steps:
    """Take the free pages that are not reported yet off the free lists.

    Gives those pages, or None for a guest that falls silent instead.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> list(straight(isolate(w))), list(w.guest.isolated)
    ([0, 1], [0, 1])
    """
    if not (yield from _goes_on(w, ISOLATES, lambda: w.lock.ready(), "waits for the zone lock")):
        return None
    pages = w.guest.free.copy()
    pages -= w.guest.reported
    w.guest.isolate(pages)
    return pages


@verb
def put_back(w: World, pages: Any) -> Steps:
    """Return isolated pages to the free lists.

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> straight(put_back(w, straight(isolate(w)))); list(w.guest.reported)
    [0, 1]
    """
    pages = w.as_set(pages)
    yield PUTS_BACK, w.lock, pages.count()
    w.guest.put_back(pages)


@verb
def hint(w: World, command: int) -> Steps:
    """Allocate a free block, keep it and queue it as a hint, if the command id is still shown.

    Gives whether there was one.

    Which block the allocator gives is the schedule's choice, and that it has none may be at any time; or it
    is the world's, which then has an allocator of blocks, and many are taken at a time. Where the queue is
    full the driver does not wait: it frees the block and goes on (get_free_page_and_send).

    Examples
    --------
    >>> from freepages.debate.host_verbs import freely
    >>> from freepages.engine import straight
    >>> w = World(2, pace=freely)
    >>> w.mail.register = 2
    >>> act, menu = next(iter(hint(w, 2))); menu.options()
    {'0n': 'has no more hints', '0h': 'takes page 0 and hints at it', '1h': 'takes page 1 and hints at it'}
    """
    if w.blocks is not None:
        return (yield from _hint_many(w, command))

    def full() -> bool:
        return sum(answer.pages is not None for answer in w.mail.answers) >= w.pages

    def options() -> dict[str, str]:
        blocks = w.guest.free if w.mail.register == command and w.lock.ready() else ()
        then = "frees it again: the queue is full" if full() else "hints at it"
        return {"0n": "has no more hints"} | {f"{page}h": f"takes page {page} and {then}" for page in blocks}

    choice = yield HINTS, Choose(options)
    if choice == "0n":
        return False
    block = w.page(int(choice[:-1]))
    w.guest.hold(block)
    if full():
        w.guest.release(block)
    else:
        w.mail.answers.append(Answer(None, block))
    return True


def _hint_many(w: World, command: int) -> Steps:
    yield TAKES_BLOCKS, w.lock
    if w.mail.register != command:
        return False
    count, blocks = w.blocks.take(command)
    if count:
        new = w.untouched(blocks) if w.assume.init_on_alloc else 0
        w.guest.hold(blocks)
        w.blocks.taken(blocks)
        if w.assume.init_on_alloc:
            yield FILLS, blocks.count()
            yield TOUCHES, new
        w.mail.answers.append(Answer(None, blocks))
        yield HINTED, count
    return count > 0
