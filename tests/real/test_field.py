"""Files of machines elsewhere: a folder of tests/data/field for each kind that was seen, and what it gives.

The inputs are synthetic, in the form of public reports; cases.json names these.
"""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.cli.main import main
from freepages.engine import memory
from freepages.engine.errors import FreepagesError
from freepages.migrate.guest import Guest
from freepages.migrate.hint_floors import default
from freepages.real import Snapshot
from freepages.real.procfs import ZoneInfo

FIELD = Path(__file__).parent.parent / "data" / "field"
CASES = json.loads((FIELD / "cases.json").read_text(encoding="utf-8"))


def look(data: Any, path: str) -> Any:
    """The value at a path such as "zones.0.name" or "len(zones)"."""
    if path.startswith("len("):
        return len(look(data, path[4:-1]))
    for part in path.split("."):
        data = data[int(part) if part.isdigit() else part]
    return data


def run(case, folder: Path, capsys) -> tuple[int, str, str]:
    """Exit status, standard output and error of a case's command, which is freepages' or a shell's."""
    if isinstance(case["command"], str):
        ours = shlex.join([sys.executable, "-m", "freepages"])
        done = subprocess.run(
            ["bash", "-c", case["command"]],
            cwd=folder,
            env={**os.environ, "F": ours, "PYTHONPATH": str(FIELD.parents[2])},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60,
        )
        return done.returncode, done.stdout, done.stderr
    return main(case["command"]), *capsys.readouterr()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_of_the_field(case, capsys, monkeypatch, tmp_path):
    folder = tmp_path
    for file in (FIELD / case["name"]).glob("*"):
        (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(folder)
    status, out, err = run(case, folder, capsys)
    expected = case["expected"]
    assert "Traceback" not in err
    if case.get("either_rc0") and status == 0:  # to read it well is as good as to refuse it clearly
        return
    assert status == expected.get("rc", status), err
    for pattern in expected.get("stderr", []):
        assert re.search(pattern, err)
    if status == 2:
        assert err.count("\n") == 1 and err.startswith("freepages: ")
    for path, value in expected.get("json", {}).items():
        assert look(json.loads(out), path) == value


CONTROL = FIELD / "text-crlf"  # with iomem, meminfo and version
TEXTS = ("buddyinfo", "zoneinfo", "iomem", "meminfo", "version")


def plain(name: str) -> str:
    return (CONTROL / name).read_text(encoding="ascii").replace("\r\n", "\n")


def quoted(text: str, mark: str) -> str:
    return "".join(f"{mark}{line}\n" for line in text.splitlines())


WAYS = {
    "CR LF": lambda text: text.replace("\n", "\r\n").encode(),
    "CR": lambda text: text.replace("\n", "\r").encode(),
    "a mark before UTF-8": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.replace("\n", "\r\n").encode("utf-16"),
    "UTF-16, big end first": lambda text: "\ufeff".encode("utf-16-be") + text.encode("utf-16-be"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "a mail": lambda text: quoted(text, "> ").encode(),
    "an answer to an answer": lambda text: quoted(text, "> > ").encode(),
    "a mail without blanks": lambda text: quoted(text, ">").encode(),
    "indented": lambda text: quoted(text, "        ").encode(),
    "tabs": lambda text: quoted(text, "\t").encode(),
    "a code block": lambda text: f"```\n{text}```\n".encode(),
    "blank lines": lambda text: text.replace("\n", "\n\n").encode(),
    "no blanks at the ends": lambda text: "\n".join(map(str.rstrip, text.splitlines())).encode() + b"\n",
    "blanks of the web": lambda text: text.replace("  ", "\xa0 ").encode(),
}


@pytest.mark.parametrize("way", WAYS)
def test_text_is_read_as_it_was_whatever_way_it_came(tmp_path, way):
    read = []
    for folder, write in ((tmp_path / "plain", str.encode), (tmp_path / "way", WAYS[way])):
        folder.mkdir()
        for name in TEXTS:
            (folder / name).write_bytes(write(plain(name)))
        read.append(Snapshot.from_proc(folder))
    assert read[0] == read[1] and read[0].ram and read[0].about


def test_a_prompt_is_shown_in_the_error(tmp_path):
    for name in TEXTS:
        (tmp_path / name).write_text(plain(name))
    (tmp_path / "buddyinfo").write_text("root@vm:~# cat /proc/buddyinfo\n" + plain("buddyinfo"))
    with pytest.raises(FreepagesError, match=r"line 1: not a line of buddyinfo .*; it begins with 'root@vm"):
        Snapshot.from_proc(tmp_path)


@pytest.mark.parametrize("name", ["pagetypeinfo", "iomem", "version", "meminfo", "kpageflags"])
@pytest.mark.parametrize("content", [b"", b" \n", b"cat: /proc/x: Permission denied\n"])
def test_a_file_that_could_not_be_copied_is_as_one_that_is_not_there(tmp_path, name, content):
    for text in TEXTS:
        (tmp_path / text).write_text(plain(text))
    (tmp_path / name).unlink(missing_ok=True)
    without = Snapshot.from_proc(tmp_path)
    if name == "kpageflags" and content:
        return  # binary: no words of it are 8 bytes
    (tmp_path / name).write_bytes(content)
    empty = Snapshot.from_proc(tmp_path)
    assert (empty.zones, empty.ram, empty.about) == (without.zones, without.ram, without.about)
    assert any(name in note for note in empty.notes)


def zone_text(zone: ZoneInfo, managed: bool = True) -> str:
    return (
        f"Node {zone.node}, zone {zone.name:>8}\n  pages free     1\n        min      10\n"
        f"        low      12\n        high     15\n        spanned  {zone.spanned}\n"
        f"        present  {zone.present}\n"
        + (f"        managed  {zone.managed}\n" if managed else "")
        + f"        protection: (0, 0)\n  start_pfn:         {zone.start_pfn}\n"
    )


def write_machine(folder: Path, zones: list[tuple[ZoneInfo, list[int]]], managed: bool = True) -> None:
    """A machine's zoneinfo and buddyinfo."""
    folder.mkdir(exist_ok=True)
    (folder / "zoneinfo").write_text("".join(zone_text(zone, managed) for zone, _ in zones))
    (folder / "buddyinfo").write_text(
        "".join(
            f"Node {zone.node}, zone {zone.name:>8} {''.join(f'{count:6} ' for count in counts)}\n"
            for zone, counts in zones
        )
    )


def zone(start: int, pages: int, name: str = "Normal", node: int = 0) -> ZoneInfo:
    return ZoneInfo(
        node=node, name=name, start_pfn=start, spanned=pages, present=pages, managed=pages - pages // 50
    )


@pytest.mark.parametrize("size", [4 << 10, 16 << 10, 64 << 10])
@pytest.mark.parametrize("orders", [1, 7, 9, 11, 12, 14, 17])
@pytest.mark.parametrize("told_by", ["meminfo", "iomem", "option"])
def test_any_number_of_orders_and_any_size_of_pages(tmp_path, orders, size, told_by):
    base, pages = (1 << 30) // size, (2 << 30) // size
    some = zone(base, pages)
    counts = (
        [1] * orders
        if 1 << orders < pages // 4
        else [0] * (orders - 1) + [1 if 1 << orders - 1 < pages else 0]
    )
    write_machine(tmp_path, [(some, counts)])
    if told_by == "meminfo":
        (tmp_path / "meminfo").write_text(f"MemTotal: {some.managed * size >> 10} kB\n")
    elif told_by == "iomem":
        (tmp_path / "iomem").write_text("40000000-bfffffff : System RAM\n")
    snapshot = Snapshot.from_proc(tmp_path, page_size=size if told_by == "option" else None)
    assert snapshot.page_size == size and snapshot.zones[0].nr_free == tuple(counts)
    assert snapshot.free_pages == sum(count << order for order, count in enumerate(counts))
    assert not any("taken for 4 KiB" in note for note in snapshot.notes)
    snapshot.save(tmp_path / "kept")
    assert Snapshot.load(tmp_path / "kept") == snapshot
    guest = Guest.of(snapshot)
    assert guest.ram.pages == (2 << 30) >> 12 and guest.free.count() == snapshot.free_pages * (size >> 12)


@pytest.mark.parametrize("iomem", [True, False])
def test_memory_that_is_not_managed_yet_makes_no_larger_pages(tmp_path, iomem):
    """A guest just after its start: two fifths of its pages are still to be given to the allocator."""
    some = replace(zone(1 << 20, 5 << 20), managed=3 << 20)
    write_machine(tmp_path, [(some, [0] * 10 + [9])])
    (tmp_path / "meminfo").write_text(f"MemTotal: {(5 << 20) * 4} kB\n")
    if iomem:
        (tmp_path / "iomem").write_text("100000000-5ffffffff : System RAM\n")
    snapshot = Snapshot.from_proc(tmp_path)
    assert snapshot.page_size == 4096
    assert iomem != any("taken for 4 KiB" in note for note in snapshot.notes)


@pytest.mark.parametrize("iomem", [True, False])
@pytest.mark.parametrize("start", [0, 16, 512, 1 << 15, 1 << 18, (1 << 20) - (1 << 15), 1 << 20, 1 << 35])
def test_ram_may_lie_anywhere(tmp_path, monkeypatch, start, iomem):
    monkeypatch.setattr(memory, "available", lambda: 1 << 30)
    pages = 1 << 18
    write_machine(tmp_path, [(zone(start, pages), [4] * 11)])
    if iomem:
        (tmp_path / "iomem").write_text(f"{start << 12:x}-{(start + pages << 12) - 1:x} : System RAM\n")
    snapshot = Snapshot.from_proc(tmp_path)
    if start > 1 << 30:
        with pytest.raises(FreepagesError, match="of memory here"):
            Guest.of(snapshot)
        return
    guest = Guest.of(snapshot)
    first = 0 if start < 1 << 15 else start // 256 * 256
    assert guest.ram.pages == -(-(start + pages) // 256) * 256 - first
    assert guest.free.count() == snapshot.free_pages == 4 * 2047


def test_before_linux_3_8_more_can_be_free_than_present_has(tmp_path):
    some = ZoneInfo(node=0, name="DMA", start_pfn=1, spanned=4095, present=3841, managed=3841)
    counts = [2, 2, 1, 1, 1, 0, 1, 0, 1, 1, 3]
    write_machine(tmp_path, [(some, counts)], managed=False)
    assert Snapshot.from_proc(tmp_path).free_pages == 3938
    write_machine(tmp_path, [(some, [*counts[:-1], 4])], managed=False)
    with pytest.raises(FreepagesError, match="4962 free pages in node 0 zone DMA"):
        Snapshot.from_proc(tmp_path)


def test_zones_of_one_node_may_overlap(tmp_path):
    write_machine(
        tmp_path,
        [(zone(1 << 20, 1 << 17), [3] * 11), (zone((1 << 20) + (1 << 16), 1 << 15, "Movable"), [2] * 11)],
    )
    snapshot = Snapshot.from_proc(tmp_path)
    assert snapshot.free_pages == 5 * 2047 and snapshot.churn() == (None, None)
    guest = Guest.of(snapshot)  # whose free pages are whose is not known: a PC's defaults
    assert guest.floors == default(guest.ram)


def test_zones_that_only_buddyinfo_has_are_without_pages_or_an_error(tmp_path):
    write_machine(tmp_path, [(zone(0, 1 << 15), [1] * 11)])
    path = tmp_path / "buddyinfo"
    text = path.read_text()
    path.write_text(text + "Node 0, zone  Movable " + "     0 " * 11 + "\n")
    assert Snapshot.from_proc(tmp_path).free_pages == 2047
    path.write_text(text + "Node 0, zone  Movable " + "     1 " * 11 + "\n")
    with pytest.raises(FreepagesError, match="free blocks in node 0 zone Movable, which zoneinfo has not"):
        Snapshot.from_proc(tmp_path)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["command"][0] == "bitmap"], ids=lambda c: c["name"]
)
def test_what_is_captured_is_what_was_read(case, tmp_path):
    if case["expected"].get("rc") != 0:
        return
    snapshot = Snapshot.from_proc(FIELD / case["name"])
    snapshot.save(tmp_path / "kept")
    kept = Snapshot.load(tmp_path / "kept")
    assert kept == snapshot and kept.page_size == snapshot.page_size


PIECES = st.sampled_from(
    [
        b"",
        b"0",
        b"9",
        b"-1",
        b"9" * 20,
        b"\n",
        b" ",
        b"\xff",
        b"\0",
        b":",
        b"> ",
        b"Node",
        b"\r\n",
        b"\t",
        b"1" * 7,
    ]
)
LARGE = "bitmap-out-too-large"
SMALL = sorted(path.parent.name for path in FIELD.glob("*/zoneinfo") if path.parent.name != LARGE)


@st.composite
def damaged(draw):
    """A case, and the bytes of its files after a few changes to one of them."""
    name = draw(st.sampled_from(SMALL))
    files = {path.name: path.read_bytes() for path in sorted((FIELD / name).iterdir())}
    which = draw(st.sampled_from(sorted(files)))
    data = files[which]
    for _ in range(draw(st.integers(1, 3))):
        at, out = draw(st.integers(0, len(data))), draw(st.integers(0, 12))
        change = draw(st.sampled_from(["put", "number", "line", "cut"]))
        numbers = list(re.finditer(rb"\d+", data))
        if change == "put" or not numbers:
            data = data[:at] + draw(PIECES) + data[at + out :]
        elif change == "number":
            found = draw(st.sampled_from(numbers))
            value = int(found[0])
            new = draw(st.sampled_from([0, 1, value + 1, value * 2, value << 10, value << 30, 1 << 63]))
            data = data[: found.start()] + str(new).encode() + data[found.end() :]
        elif change == "line":
            lines = data.split(b"\n")
            lines.insert(draw(st.integers(0, len(lines))), lines.pop(draw(st.integers(0, len(lines) - 1))))
            data = b"\n".join(lines)
        else:
            data = data[:at]
    files[which] = data
    return files


@settings(max_examples=150, deadline=None)
@given(
    damaged(),
    st.sampled_from([["bitmap", "--json"], ["bitmap"], ["migrate", "--proposal", "free_page_hint"]]),
)
def test_a_damaged_file_is_an_answer_or_one_line(tmp_path_factory, files, command):
    folder = tmp_path_factory.mktemp("damaged")
    for name, data in files.items():
        (folder / name).write_bytes(data)
    pace = ["--bandwidth", "100Gbit", "--link", "100Gbit"] if command[0] == "migrate" else []
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main([*command, *pace, "--proc", str(folder)])
    told = err.getvalue()
    assert status in (0, 2) and (not status or (told.startswith("freepages: ") and told.count("\n") == 1))
