"""The reader of /proc/meminfo: real files of several kernels, and what it says to one that is none."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.real.data_path import data_path
from freepages.real.meminfo import NAMES, Meminfo, read_meminfo

# As Linux 2.6.32 prints it: neither MemAvailable nor KReclaimable.
LINUX_2_6_32 = """\
MemTotal:        8061164 kB
MemFree:         3245672 kB
Buffers:          165924 kB
Cached:          3411208 kB
SwapCached:            0 kB
Active:          2243364 kB
Inactive:        1954700 kB
Active(anon):     632420 kB
Inactive(anon):    12308 kB
Active(file):    1610944 kB
Inactive(file):  1942392 kB
Unevictable:        5000 kB
Mlocked:            4000 kB
SwapTotal:       4194296 kB
SwapFree:        4194296 kB
Dirty:               300 kB
Writeback:            12 kB
AnonPages:        620984 kB
Mapped:            61852 kB
Shmem:             23796 kB
Slab:             416372 kB
SReclaimable:     370160 kB
SUnreclaim:        46212 kB
HugePages_Total:       0
Hugepagesize:       2048 kB
DirectMap4k:        6144 kB
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "meminfo"
    path.write_text(text)
    return path


def test_a_file_of_linux_2_6_32(tmp_path: Path) -> None:
    assert read_meminfo(write(tmp_path, LINUX_2_6_32)) == Meminfo(
        total=8061164 // 4,
        free=3245672 // 4,
        buffers=165924 // 4,
        cached=3411208 // 4,
        dirty=75,
        writeback=3,
        mapped=61852 // 4,
        shmem=23796 // 4,
        unevictable=1250,
        mlocked=1000,
        reclaimable=370160 // 4,
    )


def test_files_of_linux_6_1() -> None:
    before = read_meminfo(data_path("drop_caches", "busy-3", "before", "meminfo"))
    after = read_meminfo(data_path("drop_caches", "busy-3", "after", "meminfo"))
    assert before.total == after.total == 983732 // 4
    assert (before.dirty, before.mapped) == (after.dirty, after.mapped)
    assert before.cached > after.cached > after.shmem > 0


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda text: "", "empty"),
        (lambda text: "\n \n", "empty"),
        (lambda text: text.replace("Cached:", "Cached", 1), "line 4: not a line of meminfo"),
        (lambda text: text.replace("3411208", "-3411208"), "line 4: not a line of meminfo"),
        (lambda text: text.replace("3411208", "34e5"), "line 4: not a line of meminfo"),
        (lambda text: text.replace("3411208", "9" * 40), "line 4: not a line of meminfo"),
        (lambda text: text.replace("3411208 kB", "3411208 MB"), "line 4: not a line of meminfo"),
        (lambda text: text.replace("3411208 kB", "3411208"), "line 4: Cached is not in kB"),
        (
            lambda text: text.replace("3411208 kB", "93411208 kB"),
            "line 4: Cached is 93411208 kB, and MemTotal",
        ),
        (lambda text: text + "Dirty: 12 kB\n", "line 27: Dirty for the second time"),
        (lambda text: text[: text.index("Mapped")], "no line 'Mapped'; is the file cut short"),
        (lambda text: text[: text.index("12 kB") + 1], "line 17: Writeback without the end of its line"),
        (lambda text: text.replace("MemTotal", "MemTotäl"), "no line 'MemTotal'"),
        (lambda text: "\0" + text, "not text"),
    ],
)
def test_what_is_not_meminfo_is_told_with_file_and_line(tmp_path: Path, edit, says: str) -> None:
    path = write(tmp_path, edit(LINUX_2_6_32))
    with pytest.raises(FreepagesError) as error:
        read_meminfo(path)
    message = str(error.value)
    assert message.startswith(f"{path}: ") and says in message and "\n" not in message


def test_what_cannot_be_read_is_the_operating_systems_error_and_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_meminfo(tmp_path / "meminfo")
    with pytest.raises((FreepagesError, OSError)):
        read_meminfo(tmp_path)


@given(st.data())
def test_a_damaged_file_is_an_error_of_one_line_or_still_meminfo(
    tmp_path_factory, data: st.DataObject
) -> None:
    raw = bytearray(LINUX_2_6_32.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=6))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(raw)
    try:
        meminfo = read_meminfo(path)
    except FreepagesError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
    else:
        assert all(0 <= getattr(meminfo, field) <= meminfo.total for field in NAMES.values())


def test_every_field_has_its_line() -> None:
    assert set(NAMES.values()) == set(Meminfo.__dataclass_fields__) - {"absent"}
    assert all(re.fullmatch("[A-Z][A-Za-z]+", name) for name in NAMES)
