"""Bugs planted in a guest, a host or the log: the search finds each, where the proposal itself is proved."""

from dataclasses import replace

import pytest

from freepages.debate.guest_verbs import answer, drop_lock, free_page_bitmap, next_request, until_returned
from freepages.debate.host_verbs import ASK, apply, log_on, precopy
from freepages.debate.proposals import proposal
from freepages.debate.world import World
from freepages.engine.run import Steps
from freepages.host.dirty_log import DirtyLog
from freepages.host.migration import Migration
from freepages.search import check


def forgets_the_last_sync(w: World) -> Steps:
    """The host of snapshot, but what it does at the end leaves the log unread."""
    yield from log_on(w)
    while (yield from precopy(w, asks=True, stop=False)) is ASK:
        w.request()
        report = yield from precopy(w, sync=False, stop=False)
        yield from apply(w, report.pages)
        yield ("stops without a sync",)
        w.host.sync = lambda: None
        w.stop()
        del w.host.sync
        return


def syncs_before_it_clears(w: World) -> Steps:
    """The host of snapshot with its last two lines the other way round."""
    yield from log_on(w)
    while (yield from precopy(w, asks=True)) is ASK:
        w.request()
        report = yield from precopy(w, sync=False, stop=False)
        yield ("syncs before it clears",)
        w.sync()
        yield from apply(w, report.pages)


def drops_the_lock_early(w: World) -> Steps:
    """The guest of locked, but the lock is gone before the host has answered."""
    while (request := (yield from next_request(w))) is not None:
        for start, end in w.chunks:
            bitmap = yield from free_page_bitmap(w, w.range(start, end))
            yield from drop_lock(w)
            yield from answer(w, bitmap, request)
            yield from until_returned(w)


def looks_without_the_lock(w: World) -> Steps:
    """The guest of locked, but the lock is taken when the bitmap is already there."""
    while (request := (yield from next_request(w))) is not None:
        yield ("walks the free lists without the lock",)
        bitmap = w.guest.free.copy()
        yield from w.lock.acquire("the driver")
        yield from answer(w, bitmap, request)
        yield from until_returned(w)
        yield from drop_lock(w)


def returns_the_buffer_at_once(w: World) -> Steps:
    """The host of inflate_deflate, but it gives the buffer back before it has used what it lists."""
    yield from log_on(w)
    while event := (yield from precopy(w, asks=True)):
        if event is ASK:
            w.request()
        else:
            w.mail.returned += 1
            yield from apply(w, event.pages)


@pytest.mark.parametrize(
    "name, purpose, sides",
    [
        ("snapshot", "migrate", {"host": forgets_the_last_sync}),
        ("snapshot", "migrate", {"host": syncs_before_it_clears}),
        ("locked", "migrate", {"guest": drops_the_lock_early}),
        ("locked", "discard", {"guest": drops_the_lock_early}),
        ("locked", "migrate", {"guest": looks_without_the_lock}),
        ("inflate_deflate", "discard", {"host": returns_the_buffer_at_once}),
    ],
)
def test_a_planted_bug_is_found(name, purpose, sides) -> None:
    assert check(name, purpose).verdict == "PROVED"
    found = check(replace(proposal(name), **sides), purpose)
    assert found.verdict == "REFUTED" and found.lost


@pytest.mark.parametrize("name", ["everything", "page_reporting"])
def test_a_write_that_is_not_logged_is_found(name, monkeypatch) -> None:
    assert check(name).verdict == "PROVED"
    monkeypatch.setattr(DirtyLog, "write", lambda log, pages: None)
    assert check(name).verdict == "REFUTED"


def test_a_sync_that_the_copy_does_not_hear_of_is_found(monkeypatch) -> None:
    def sync(host: Migration) -> None:
        host.to_send |= host.log.read()

    monkeypatch.setattr(Migration, "sync", sync)
    assert check("request_id").verdict == "REFUTED"
    assert check("snapshot").verdict == "PROVED"
