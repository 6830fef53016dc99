import json
import os
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.real import files
from freepages.real import snapshot_file as file

RUNS = st.lists(st.tuples(st.integers(1, 1 << 20), st.integers(1, 1 << 20)), max_size=60)


def write(path, numbers: bytes, runs, **header):
    line = json.dumps({"freepages snapshot": 1, "runs": runs, **header}).encode() + b"\n"
    path.write_bytes(line + zlib.compress(numbers))
    return path


@given(RUNS, st.booleans(), st.sampled_from([3, 1 << 20]))
def test_runs_come_back(tmp_path_factory, gaps_and_lengths, from_zero, piece):
    numbers = np.array(gaps_and_lengths, np.int64).reshape(-1, 2)
    if from_zero and len(numbers):
        numbers[0, 0] = 0
    ends = np.cumsum(numbers.ravel())[1::2]
    starts, lengths = ends - numbers[:, 1], numbers[:, 1]
    path = tmp_path_factory.mktemp("file") / "a.snapshot"
    path.write_bytes(file.encode({"field": [1]}, starts, lengths))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file, "PIECE", piece)
        header, *read = file.decode(path)
    assert header == {"field": [1]}
    assert np.array_equal(read[0], starts) and np.array_equal(read[1], lengths)


def test_a_number_is_leb128(tmp_path):
    path = write(tmp_path / "a", bytes([0x80, 0x01, 0x05, 0xFF, 0x7F, 0x01]), 2)
    _, starts, lengths = file.decode(path)
    assert starts.tolist() == [128, 128 + 5 + 16383] and lengths.tolist() == [5, 1]


@pytest.mark.parametrize(
    "numbers, runs, fault",
    [
        (b"\x01\x00", 1, "free run 0 is empty"),
        (b"\x01\x01\x00\x01", 2, "free run 1 touches the one before"),
        (b"\x01\x01\x01\x00", 2, "free run 1 is empty"),
        (b"\x80\x80\x80\x80\x80\x80\x01\x01", 1, "free run 0 has a number that is too long"),
        (b"\x01\x01", 2, "1 free runs, line 1 says 2"),
        (b"\x01\x01\x01", 1, "line 1 says 1"),
        (b"\x01\x81", 1, "line 1 says 1"),
        (b"", 1, "0 free runs, line 1 says 1"),
        (b"\x01\x01", -1, "field 'runs'"),
        (b"\x01\x01", True, "field 'runs'"),
        (b"\x01\x01", None, "field 'runs'"),
        (b"\x01\x01", 10**12, "field 'runs'"),
    ],
)
def test_runs_that_are_none_are_named(tmp_path, numbers, runs, fault):
    path = write(tmp_path / "a.snapshot", numbers, runs)
    with pytest.raises(FreepagesError, match=fault) as error:
        file.decode(path)
    assert str(path) in str(error.value)


def test_a_bomb_goes_off_in_a_small_room(tmp_path):
    """A gigabyte of zeros, of long numbers or of valid runs, in a megabyte: refused after a piece or two."""
    for byte in (b"\x00", b"\x80", b"\x01"):
        packer = zlib.compressobj(9)
        body = b"".join([packer.compress(byte * (1 << 20)) for _ in range(256)]) + packer.flush()
        path = tmp_path / "bomb"
        path.write_bytes(b'{"freepages snapshot":1,"runs":7}\n' + body)
        assert len(body) < 1 << 20
        with pytest.raises(FreepagesError):
            file.decode(path)


@pytest.mark.parametrize(
    "content, fault",
    [
        (b"", "not a snapshot of freepages \\(empty\\)"),
        (b"\x1f\x8b\x08\x00", "not a snapshot of freepages"),
        (struct.pack("<100Q", *range(100)), "not a snapshot of freepages"),
        (b'{"max_pfn": 1}\n', "not a snapshot of freepages"),
        (b'{"freepages snapshot":1', "not a snapshot of freepages"),
        (b'{"freepages snapshot":1,\n', "line 1 is not JSON"),
        (b'{"freepages snapshot":1,"a":' + b"[" * 100_000 + b"\n", "line 1 is not JSON"),
        (b'{"freepages snapshot":1,"a":' + b"9" * 10_000 + b"}\n", "line 1 is not JSON"),
        (b'{"freepages snapshot":1,"a":"\xff"}\n', "line 1 is not JSON"),
        (b'{"freepages snapshot":2}\n', "snapshot version 2, this freepages reads version 1"),
        (b'{"freepages snapshot":"1"}\n', "snapshot version '1'"),
        (b'{"freepages snapshot":1,"runs":1}\nnothing', "compressed runs are damaged"),
    ],
)
def test_what_is_no_snapshot_is_named(tmp_path, content, fault):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FreepagesError, match=fault):
        file.decode(path)


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FreepagesError, match="pipe: not a file"):
        file.decode(tmp_path / "pipe")


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(FreepagesError, match="file: No space left on device"):
        files.write_file(path, b"after")
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["file"]


def test_a_write_keeps_mode_and_link(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"before")
    path.chmod(0o640)
    link.symlink_to(path)
    files.write_file(link, b"after")
    assert link.is_symlink() and path.read_bytes() == b"after" and path.stat().st_mode & 0o777 == 0o640
    files.write_file(tmp_path / "new", b"new")
    assert (tmp_path / "new").read_bytes() == b"new"


def test_a_device_is_written_to_and_not_replaced():
    files.write_file(files.Path(os.devnull), b"gone")
    assert not os.path.isfile(os.devnull)


@pytest.mark.parametrize("where", [".", "no/such/folder/file"])
def test_where_no_file_can_be_is_named(tmp_path, where):
    with pytest.raises(FreepagesError, match=str(tmp_path)):
        files.write_file(tmp_path / where, b"data")
