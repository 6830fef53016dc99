"""The snapshot file: what is known in one line of JSON, then the free runs, compressed.

    {"freepages snapshot": 1, "runs": 2287, "max_pfn": 6553600, ...} newline
    a zlib stream of 2 * runs numbers: the gap before a run and the run's length, run by run, in pages

A number is LEB128: seven bits a byte, the lowest first, the top bit set on all bytes but the last. The
first gap counts from pfn 0; every other is at least 1, as is every length, so runs cannot overlap or touch.
The same snapshot is always the same bytes (for one version of zlib), and nothing in a file is executed.
"""

from __future__ import annotations

import io
import json
import zlib
from pathlib import Path
from typing import Any

from freepages.engine.errors import FreepagesError
from freepages.engine.later import NDArray, np
from freepages.pages.ranges import Pfns as Numbers
from freepages.real.files import open_file

KIND = "freepages snapshot"
VERSION = 1

HEADER_LIMIT = 1 << 24  # bytes of JSON
FILE_LIMIT = 1 << 30
MAX_RUNS = 1 << 26  # 1 TiB in runs of mean length 2 has as many
MAX_BYTES = 6  # of one number: pfns have 40 bits
PIECE = 1 << 20  # bytes decompressed at a time, checked before the next: a bomb ends at its first bad number


def encode(header: dict[str, Any], starts: Numbers, lengths: Numbers) -> bytes:
    """The bytes of a snapshot file; `header` is what follows the kind and the count of runs."""
    if len(starts) > MAX_RUNS:
        raise FreepagesError(f"{len(starts)} free runs, a snapshot file holds {MAX_RUNS}")
    numbers = np.empty((len(starts), 2), np.int64)
    numbers[:, 0] = starts - np.append(0, (starts + lengths)[:-1])[: len(starts)]
    numbers[:, 1] = lengths
    line = json.dumps({KIND: VERSION, "runs": len(starts), **header}, separators=(",", ":"))
    return line.encode() + b"\n" + zlib.compress(_leb128(numbers.ravel()).tobytes(), 9)


def decode(path: Path) -> tuple[dict[str, Any], Numbers, Numbers]:
    """Header, starts and lengths of a snapshot file; a FreepagesError says what is wrong with another."""
    try:
        with io.BufferedReader(open_file(path)) as file:
            line, body = file.readline(HEADER_LIMIT), file.read(FILE_LIMIT)
    except OSError as error:
        raise FreepagesError(f"{path}: {error.strerror}") from None
    header = _header(path, line)
    runs = header.pop("runs", None)
    if type(runs) is not int or not 0 <= runs <= MAX_RUNS:
        raise FreepagesError(f"{path}: field 'runs' is not a count of free runs")
    numbers = _numbers(path, body, 2 * runs)
    lengths = numbers[1::2]
    return header, np.cumsum(numbers)[0::2], lengths


def _header(path: Path, line: bytes) -> dict[str, Any]:
    if not line.startswith(b'{"' + KIND.encode() + b'"') or not line.endswith(b"\n"):
        raise FreepagesError(f"{path}: not a snapshot of freepages" + (" (empty)" if not line else ""))
    try:
        header = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FreepagesError(f"{path}: line 1 is not JSON: {error}") from None
    version = header.pop(KIND)
    if version != VERSION:
        raise FreepagesError(
            f"{path}: snapshot version {version!r:.40}, this freepages reads version {VERSION}"
        )
    return header


def _leb128(numbers: Numbers) -> NDArray[np.uint8]:
    sizes = np.ones(len(numbers), np.int64)
    for byte in range(1, MAX_BYTES):
        sizes += numbers >> 7 * byte > 0
    ends = np.cumsum(sizes)
    encoded = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    for byte in range(MAX_BYTES):
        has = sizes > byte
        more = (sizes[has] > byte + 1).astype(np.uint8) << 7
        encoded[ends[has] - sizes[has] + byte] = (numbers[has] >> 7 * byte & 0x7F) | more
    return encoded


def _numbers(path: Path, body: bytes, count: int) -> Numbers:
    """The numbers of the compressed runs, `count` of them and no other byte behind them."""
    pieces, have, rest = [], 0, b""
    stream = zlib.decompressobj()
    try:
        while not stream.eof and (piece := stream.decompress(body, PIECE)):
            body = stream.unconsumed_tail
            numbers, rest = _from_leb128(rest + piece)
            _check(path, numbers, have)
            pieces.append(numbers)
            have += len(numbers)
            if have > count or len(rest) > MAX_BYTES:
                break
    except zlib.error:
        raise FreepagesError(f"{path}: the compressed runs are damaged") from None
    if have != count:
        raise FreepagesError(
            f"{path}: {have // 2} free runs, line 1 says {count // 2}; is the file cut short?"
        )
    if rest or not stream.eof or stream.unused_data:
        raise FreepagesError(f"{path}: the compressed runs do not end with the file; is it cut short?")
    return np.concatenate([np.empty(0, np.int64), *pieces])


def _from_leb128(encoded: bytes) -> tuple[Numbers, bytes]:
    """The whole numbers in these bytes (-1 for one that is too long) and the bytes after the last."""
    data = np.frombuffer(encoded, np.uint8)
    last = np.flatnonzero(data < 0x80)
    first = np.append(0, last + 1)[: len(last)]
    sizes = last - first + 1
    numbers = np.zeros(len(last), np.int64)
    for byte in range(MAX_BYTES):
        has = sizes > byte
        numbers[has] |= (data[first[has] + byte] & 0x7F).astype(np.int64) << 7 * byte
    numbers[sizes > MAX_BYTES] = -1
    return numbers, encoded[int(last[-1]) + 1 if len(last) else 0 :]


def _check(path: Path, numbers: Numbers, before: int) -> None:
    bad = numbers < 1
    bad[: before == 0] = numbers[: before == 0] < 0  # the first run may start at pfn 0
    if bad.any():
        at = int(np.argmax(bad))
        run, part = divmod(before + at, 2)
        what = (
            "has a number that is too long" if numbers[at] else ("touches the one before", "is empty")[part]
        )
        raise FreepagesError(f"{path}: free run {run} {what}")
