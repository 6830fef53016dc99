"""A migration worked out on paper, beside what `freepages migrate --json` says of it.

The guest has 64 MiB: 16 blocks of 4 MiB, 16,384 pages. Half of the blocks are in use: 8,192 pages that hold
something, and as many free ones that hold zeros. Nothing is written meanwhile.
"""

import json

import pytest

from freepages.cli.main import main

PAPER = ["--ram", "64M", "--free", "0.5", "--workload", "still", "--bandwidth", "125MB/s", "--link", "1GB/s"]
NAME, END = 1 + len("pc.ram"), 8
NORMAL, ZERO = 8192 * (8 + 4096), 8192 * (8 + 1)


def migrated(capsys, *args):
    assert main(["migrate", *PAPER, *args, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_everything_is_sent_once(capsys):
    done = migrated(capsys)
    assert (done["normal_pages"], done["zero_pages"], done["never_sent"]) == (8192, 8192, 0)
    # 12.5 MB are the limit of the first window, and one section; then 300 ms are enough for what is left.
    assert done["transferred_bytes"] == NORMAL + ZERO + NAME + END == 33_693_711
    assert done["rounds"] == 3  # at first, when it might stop, and when it has stopped
    # 100 ms of the window; 2 ms to stop; the rest at 1 GB/s, of which 4 MiB are still in the socket's buffer.
    rest = (33_693_711 - 12_500_000 - (4 << 20)) / 1e9 * 1e3
    assert done["downtime_ms"] == pytest.approx(2 + rest, rel=0.02)
    assert done["total_ms"] == pytest.approx(100 + 2 + rest, rel=0.01)


def test_where_the_link_is_slower_than_the_thread_the_link_is_all_that_counts(capsys):
    done = migrated(capsys, "--bandwidth", "1GB/s", "--link", "20MB/s")
    # The thread needs 500 ns for a normal page and 908 for one of zeros, the link 205,200 and 450. When the
    # thread has handed over the last page, 4 MiB are still in the socket's buffer.
    assert done["transferred_bytes"] == NORMAL + ZERO + NAME + END * done["section_end_bytes"] // END
    assert done["total_ms"] == pytest.approx((NORMAL + ZERO - (4 << 20)) / 20e6 * 1e3, rel=0.003)


def test_a_snapshot_leaves_the_free_half_out(capsys):
    done = migrated(capsys, "--proposal", "snapshot")
    assert (done["normal_pages"], done["zero_pages"]) == (8192, 0)
    assert done["skipped_pages"] == done["never_sent"] == done["free_pages"] == 8192
    assert done["transferred_bytes"] == NORMAL + NAME + END == 33_619_983
    assert done["lock_held_us"] == pytest.approx(8192 * 9.5 / 1000, rel=0.001)  # 9.5 ns for each free page


def test_what_a_program_writes_meanwhile_is_sent_again_after_the_stop(capsys):
    # Without a limit all is sent in 30.4 ms. Every 5 ms a program writes what 16 MiB/s, 4,096 pages a second,
    # make due: 122 pages after 30 ms, of a working set of 1,024.
    done = migrated(capsys, "--workload", "dirty:16MiB/s:4MiB", "--bandwidth", "1GB/s")
    assert 30 < done["total_ms"] - done["downtime_ms"] < 35
    assert (done["normal_pages"], done["zero_pages"], done["rounds"]) == (8192 + 122, 8192, 2)
    assert done["transferred_bytes"] == NORMAL + 122 * 4104 + ZERO + NAME + END
