"""The exercise about the balloon: every tempting answer is told why it is none."""

import pytest

from freepages.balloon.encodings import PfnArray, runs_of
from freepages.exercises.inflate import encode


def test_the_dots_are_no_answer_and_every_hint_is_one_line():
    assert encode.check(...).right is None
    for number in range(len(encode.hints) + 2):
        hint = repr(encode.hint(number))
        assert hint.startswith("○ hint") and "\n" not in hint


def pieces(pfns, size):
    return [pfns[at : at + size] for at in range(0, len(pfns), size)]


def good(pfns):
    return [b"".join(pfn.to_bytes(4, "little") for pfn in piece) for piece in pieces(pfns, 256)]


def sorted_first(pfns):
    return good(sorted(pfns))


def as_the_driver_does(pfns):
    return PfnArray().messages(runs_of(pfns))


def in_one(pfns):
    return [b"".join(pfn.to_bytes(4, "little") for pfn in pfns)]


def one_by_one(pfns):
    return [pfn.to_bytes(4, "little") for pfn in pfns]


def big_endian(pfns):
    return [b"".join(pfn.to_bytes(4, "big") for pfn in piece) for piece in pieces(pfns, 256)]


def of_64_bits(pfns):
    return [b"".join(pfn.to_bytes(8, "little") for pfn in piece) for piece in pieces(pfns, 128)]


def addresses(pfns):
    return [b"".join((pfn << 12).to_bytes(4, "little") for pfn in piece) for piece in pieces(pfns, 256)]


def forgets_the_rest(pfns):
    return good(pfns)[: max(len(pfns) // 256, 1)]


def full_messages_only(pfns):
    return [message.ljust(1024, b"\0") for message in good(pfns)]


def repeats(pfns):
    return [message + message[:4] if len(message) < 1024 else message for message in good(pfns)]


def cut_short(pfns):
    return [message[:-1] for message in good(pfns)]


def nothing(pfns):
    return []


def text(pfns):
    return [" ".join(map(str, pfns))]


@pytest.mark.parametrize(
    ("answer", "right", "words"),
    [
        (good, True, "are what the device inflates"),
        (sorted_first, True, ""),
        (as_the_driver_does, True, ""),
        (in_one, False, "1 to 1024 are possible"),
        (one_by_one, False, "255 messages; 1 are enough"),
        (big_endian, False, "Little endian puts the low byte first"),
        (of_64_bits, False, "does not own"),
        (addresses, False, "These are addresses"),
        (forgets_the_rest, False, "was not told of 1 pages"),
        (full_messages_only, False, "does not own"),
        (repeats, False, "named twice"),
        (cut_short, False, "a PFN has 4"),
        (nothing, False, "was not told of"),
        (text, False, "a message is bytes, and one of them is str"),
        (lambda pfns: good(pfns)[0], False, "a list of messages is wanted"),
        (lambda pfns: ..., None, "no answer yet"),
        (lambda pfns: None, False, "returns None"),
        (7, False, "the function itself"),
    ],
)
def test_encode(answer, right, words):
    remark = encode.check(answer)
    assert remark.right is right and words in remark.text and "\n" not in remark.text, remark
