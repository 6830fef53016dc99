"""What a discarded page reads as."""

import numpy as np
import pytest

from freepages.engine.errors import FreepagesError
from freepages.host.discard import HostMemory


def memory(backing="private"):
    return HostMemory(np.array([7, 8, 9, 10], np.uint32), backing)


def test_dontneed_drops_private_memory_at_once_and_leaves_a_shared_files():
    private, shared = memory(), memory("shared")
    assert private.advise(1, "dontneed") and shared.advise(1, "dontneed")
    assert private.tokens.tolist() == [7, 0, 9, 10] and shared.tokens.tolist() == [7, 8, 9, 10]


def test_free_keeps_the_content_until_the_host_takes_it_and_a_write_cancels():
    host = memory()
    host.advise(0, "free")
    host.advise(2, "free")
    assert host.tokens.tolist() == [7, 8, 9, 10]
    host.write(2, 5)
    assert host.reclaim() == 1 and host.tokens.tolist() == [0, 8, 5, 10]
    assert host.reclaim() == 0


def test_a_page_that_was_dropped_is_not_taken_again():
    host = memory()
    host.advise(3, "free")
    host.advise(3, "dontneed")
    host.write(3, 4)
    assert host.reclaim() == 0 and host.tokens[3] == 4


@pytest.mark.parametrize(("poison", "dropped"), [(None, True), (0, True), (0xAAAAAAAA, False)])
def test_a_guest_that_poisons_keeps_its_pages_unless_the_fill_is_zero(poison, dropped):
    host = memory()
    assert host.advise(0, "dontneed", poison=poison) is dropped
    assert host.tokens[0] == (0 if dropped else 7)


def test_advice_that_cannot_be_is_refused():
    with pytest.raises(FreepagesError, match="madvise 'cold'"):
        memory().advise(0, "cold")  # type: ignore[arg-type]
    with pytest.raises(FreepagesError, match="private anonymous memory only"):
        memory("shared").advise(0, "free")
