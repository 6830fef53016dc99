"""QEMU's answers to query-migrate, of several years, and what is none."""

import json

import pytest

from freepages.engine.errors import FreepagesError
from freepages.migrate.query_migrate import read

RAM = {"total": 1 << 30, "normal": 70, "duplicate": 5000, "transferred": 9000, "dirty-sync-count": 3}
OLD = {"status": "completed", "total-time": 100, "downtime": 10, "setup-time": 1, "ram": RAM}
NEW = OLD | {"ram": RAM | {"precopy-bytes": 8000, "downtime-bytes": 500, "page-size": 4096}}


def put(tmp_path, told):
    path = tmp_path / "run.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told), encoding="utf-8")
    return path


def test_bytes_are_those_of_ram_where_qemu_tells_them(tmp_path):
    assert read(put(tmp_path, OLD)).ram_bytes == 9000
    assert read(put(tmp_path, {"return": NEW, "id": "x"})).ram_bytes == 8500


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(NEW), encoding="utf-8-sig")
    assert read(path).ram_bytes == 8500


def test_what_is_not_modelled_is_named(tmp_path):
    assert read(put(tmp_path, NEW)).unmodelled == ()
    ram = RAM | {"multifd-bytes": 1, "postcopy-requests": 2}
    more = {"ram": ram, "xbzrle-cache": {"pages": 3}, "compression": {"pages": 4}}
    assert read(put(tmp_path, OLD | more)).unmodelled == ("multifd", "postcopy", "XBZRLE", "compression")


def test_the_last_answer_of_a_session_counts(tmp_path):
    active = json.dumps({"return": OLD | {"status": "active"}})
    session = "\n".join(['{"QMP": {}}', '{"return": {}}', active, json.dumps({"return": NEW})])
    run = read(put(tmp_path, session))
    assert (run.normal, run.duplicate, run.syncs, run.ram_pages) == (70, 5000, 3, 1 << 18)


def test_what_is_not_the_guests_is_taken_off_roms_first(tmp_path):
    run = read(put(tmp_path, NEW))
    assert run.others((1 << 18) - 130) == (52, 78)
    assert run.others((1 << 18) - 4226) == (52, 4174)
    assert run.others(1 << 18) == (0, 0)
    with pytest.raises(
        FreepagesError, match="5200 pages of RAM are not the guest's, and its counts have fewer"
    ):
        run.others((1 << 18) - 5200)
    with pytest.raises(FreepagesError, match="262144 pages of RAM were migrated, and the guest has 262145"):
        run.others((1 << 18) + 1)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ('{"return": {"status": "compl', "no answer to query-migrate in it, or one that is cut"),
        ([1, 2], "no answer to query-migrate"),
        (
            OLD | {"status": "failed", "error-desc": "no route"},
            "status is 'failed', not 'completed': no route",
        ),
        (OLD | {"status": "failed", "error-desc": "two\nlines"}, "not 'completed': two lines"),
        (OLD | {"status": "active"}, "status is 'active'"),
        ("[" * 100_000, "no answer to query-migrate"),
        ({"status": "completed"}, "no field 'ram'"),
        (OLD | {"total-time": "long"}, "total-time is 'long', not a count"),
        (OLD | {"downtime": 101}, "downtime is 101 ms, and total-time only 100"),
        (OLD | {"ram": {"total": 1 << 30}}, "no field"),
        (OLD | {"ram": RAM | {"page-size": 65536}}, "page-size is 65536"),
    ],
)
def test_what_is_none_is_said_in_one_line(tmp_path, told, why):
    path = put(tmp_path, told)
    with pytest.raises(FreepagesError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ") and why in str(caught.value)
    assert "\n" not in str(caught.value)
