"""What the balloon's buffers mean."""

from struct import pack

import pytest

from freepages.balloon.messages import MEANINGS, order, sentence
from freepages.virtqueue.chain import Chain
from freepages.virtqueue.guest_memory import GuestMemory


def meaning(queue, *buffers, data=b"", endian="little"):
    memory = GuestMemory({0x1000: data}, endian)
    return MEANINGS[queue](Chain(0, list(buffers), [0]), memory, endian)


def read(size):
    return 0x1000, size, False


@pytest.mark.parametrize("queue", ["inflate", "deflate"])
@pytest.mark.parametrize("endian, form", [("little", "<4I"), ("big", ">4I")])
def test_a_message_of_inflate_or_deflate_is_an_array_of_pfns(queue, endian, form):
    said = meaning(queue, read(16), data=pack(form, 5, 6, 7, 0x40000), endian=endian)
    assert said == {"count": 4, "pfns": [5, 6, 7, 0x40000]}
    assert sentence(said) == "4 PFNs: 0x5-0x7 0x40000"


def test_pfns_that_the_memory_does_not_hold_are_counted():
    said = meaning("inflate", read(1024))
    assert said == {"count": 256, "pfns": None} and sentence(said) == "256 PFNs, not in the memory"


def test_many_spans_of_pfns_are_cut_short_in_words_only():
    said = meaning("inflate", read(24), data=pack("<6I", 1, 3, 5, 7, 9, 11))
    assert said["pfns"] == [1, 3, 5, 7, 9, 11]
    assert sentence(said) == "6 PFNs: 0x1 0x3 0x5 0x7 and 2 more spans"


def test_statistics_are_packed_pairs_of_tag_and_value():
    said = meaning("stats", read(25), data=pack("<HQHQ5x", 4, 1 << 40, 0xFFFF, 7))
    assert said == {
        "stats": [{"tag": 4, "name": "MEMFREE", "value": 1 << 40}, {"tag": 0xFFFF, "name": None, "value": 7}]
    }
    assert sentence(said) == f"MEMFREE {1 << 40}, tag 65535 7"
    assert meaning("stats", read(10)) == {"stats": None}


@pytest.mark.parametrize("cmd_id, name", [(0, "STOP"), (1, "DONE"), (0x80000000, None)])
def test_what_the_device_reads_on_the_hint_queue_is_a_command_id(cmd_id, name):
    said = meaning("free_page_hint", read(4), data=pack("<I", cmd_id))
    assert said == {"cmd_id": cmd_id, "name": name}
    assert sentence(said) == f"command id {name or hex(cmd_id)}"


def test_a_command_id_that_is_cut_short_is_none():
    assert meaning("free_page_hint", read(3), data=b"abc") == {"cmd_id": None, "name": None}
    assert meaning("free_page_hint", read(4)) == {"cmd_id": None, "name": None}


def test_what_the_device_may_write_on_the_hint_queue_is_a_block():
    said = meaning("free_page_hint", (0x40000000, 4 << 20, True))
    assert said == {"blocks": [{"addr": 0x40000000, "len": 4 << 20, "order": 10}]}
    assert sentence(said) == "a block of order 10"


def test_a_report_is_a_list_of_blocks():
    said = meaning("reporting", (0, 4 << 20, True), (1 << 30, 4 << 20, True), (5, 6000, True))
    assert [block["order"] for block in said["blocks"]] == [10, 10, None]
    assert sentence(said) == "2 blocks of order 10, a block of 6000 bytes"


@pytest.mark.parametrize(
    "size, result", [(0, None), (4096, 0), (8192, 1), (12288, None), (4097, None), (1 << 22, 10)]
)
def test_the_order_of_a_block_is_that_of_its_pages(size, result):
    assert order(size) == result


def test_a_gigantic_buffer_is_looked_at_no_further_than_a_message_goes():
    said = meaning("inflate", (0x1000, 1 << 20, False), data=bytes(1 << 20))
    assert said["count"] == 1 << 18 and len(said["pfns"]) == 1 << 14
