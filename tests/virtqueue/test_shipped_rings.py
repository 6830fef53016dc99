"""The virtqueues of real guests in data/rings, which their README tells of."""

import pytest

from freepages.balloon.decoded_dump import as_json, decode
from freepages.real.data_path import data_path
from freepages.virtqueue.dump import read_dump

FILES = sorted(path.name for path in data_path("rings").glob("*.json"))

TOLD = {
    cells[1].strip("`"): cells[2:-1]
    for line in data_path("rings", "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `") and len(cells := [cell.strip() for cell in line.split("|")]) == 8
}


def read(name):
    dump = read_dump(data_path("rings", name))
    queue = TOLD[name][0]
    return dump, as_json(dump, decode(dump), None if queue == "a disk's" else queue)


def test_the_readme_tells_of_every_file():
    assert sorted(TOLD) == FILES and len(FILES) >= 10


@pytest.mark.parametrize("name", FILES)
def test_a_real_ring_is_whole_and_as_the_readme_has_it(name):
    dump, told = read(name)
    assert told["broken"] is None
    assert [told["num"], told["avail_idx"], told["used_idx"]] == [int(cell) for cell in TOLD[name][1:4]]
    assert len(told["in_flight"]) == told["avail_idx"] - told["used_idx"]
    assert (32 in dump.features) == name.startswith("modern-")
    assert all(chain["descriptors"] for chain in told["in_flight"])


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_a_stats_buffer_in_flight_holds_the_guests_memory(era):
    _, told = read(f"{era}-stats.json")
    ((chain),) = told["in_flight"]
    values = {stat["name"]: stat["value"] for stat in chain["meaning"]["stats"]}
    assert values["MEMTOT"] > values["MEMFREE"] > 500 << 20


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_hinting_is_a_command_id_and_blocks_of_order_10(era):
    _, told = read(f"{era}-hinting.json")
    (first, *blocks) = [chain["meaning"] for chain in told["in_flight"]]
    assert first["cmd_id"] >= 0x8000_0000
    for meaning in blocks:
        (block,) = meaning["blocks"]
        assert block["len"] == 4 << 20 and block["addr"] % block["len"] == 0


@pytest.mark.parametrize("era", ["modern", "legacy"])
def test_a_disks_chain_is_followed_through_its_indirect_table(era):
    dump, told = read(f"{era}-blk.json")
    assert 28 in dump.features
    ((chain),) = told["in_flight"]
    first, *_, last = chain["descriptors"]
    assert (first["len"], first["write"]) == (16, False)  # virtio_blk_outhdr
    assert (last["len"], last["write"]) == (1, True)  # the status
