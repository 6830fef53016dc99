"""The decoder of dumped rings: what it says, what it survives, and the naive decoder beside it."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freepages.balloon.decoded_dump import as_json, as_text, decode
from freepages.cli.main import main
from freepages.engine import straight
from freepages.engine.errors import FreepagesError
from freepages.virtqueue.dump import dumped, parse_dump, read_dump
from freepages.virtqueue.guest_memory import GuestMemory
from freepages.virtqueue.ring import DeviceQueue, DriverQueue
from freepages.virtqueue.ring_layout import EVENT_IDX, INDIRECT_DESC, VERSION_1, Layout
from tests.virtqueue import reference

BASE, DATA, TABLE = 0x1000, 0x10000, 0x20000
FEATURES = frozenset({VERSION_1, EVENT_IDX, INDIRECT_DESC})
RINGS = sorted((Path(__file__).parents[2] / "data" / "rings").glob("*.json"))


def a_dump(num=4, features=FEATURES, endian="little", rounds=3, indirect=False, waiting=2):
    """A ring after so many requests, with `waiting` chains in flight whose buffers are not in the dump."""
    memory = GuestMemory({BASE: 0x200, TABLE: 0x100}, endian)
    layout = Layout.at(num, BASE)
    driver, device = DriverQueue(memory, layout, features), DeviceQueue(memory, layout, features)
    for token in range(rounds):
        straight(driver.add([(DATA, 8)], [(DATA + 64, 32)], token))
        [head] = driver.offers
        straight(device.push(head, 32))
        straight(driver.get_buf())
    for at in range(waiting):
        straight(driver.add([(DATA, 8)], [(DATA + 64, 32)], "t", table=TABLE + 64 * at if indirect else None))
    return dumped(memory, layout, features)


def said(file, queue=None):
    dump = parse_dump(file)
    return json.loads(json.dumps(as_json(dump, decode(dump), queue)))


def text(file, queue=None):
    dump = parse_dump(file)
    return as_text(dump, decode(dump), queue)


CHAIN = [{"addr": DATA, "len": 8, "write": False}, {"addr": DATA + 64, "len": 32, "write": True}]


# -- what it says


def test_a_ring_is_said_in_these_words():
    assert said(a_dump()) == {
        "num": 4,
        "avail_idx": 5,
        "used_idx": 3,
        "avail_flags": 0,
        "used_flags": 0,
        "used_event": 3,
        "avail_event": 0,
        "in_flight": [
            {"slot": 3, "head": 0, "descriptors": CHAIN},
            {"slot": 0, "head": 2, "descriptors": CHAIN},
        ],
        "completed": [{"head": 0, "len": 32}] * 3,
        "broken": None,
    }


def test_indirect_tables_are_followed_where_their_memory_is_in_the_dump():
    file = a_dump(indirect=True)
    assert [chain["descriptors"] for chain in said(file)["in_flight"]] == [CHAIN, CHAIN]
    del file["memory"][1]
    assert said(file)["broken"] is None
    assert [chain["descriptors"] for chain in said(file)["in_flight"]] == [
        [{"addr": TABLE + at, "len": 32, "write": False, "indirect": True}] for at in (0, 64)
    ]


def test_the_events_are_there_only_with_event_idx():
    assert (said(a_dump(features={VERSION_1}))["used_event"], said(a_dump(features=()))["avail_event"]) == (
        None,
        None,
    )


def test_the_byte_order_of_a_legacy_ring_is_taken_from_the_file():
    big = a_dump(features={EVENT_IDX}, endian="big")
    assert big["endian"] == "big" and said(big)["in_flight"] == said(a_dump())["in_flight"]
    del big["endian"]
    assert said(big)["broken"]


def test_names_of_features_are_as_good_as_bits():
    file = a_dump()
    file["features"] = ["VIRTIO_F_VERSION_1", "event_idx", "VIRTIO_RING_F_INDIRECT_DESC"]
    assert said(file) == said(a_dump())


@pytest.mark.parametrize(
    "features",
    [
        ["VIRTIO_RING_F_EVENT_IDX: VIRTIO_RING_F_EVENT_IDX is set", "bit 33", 8, "VIRTIO_F_VERSION_1: v1"],
        {"transports": ["VIRTIO_RING_F_EVENT_IDX: on"], "dev-features": ["VIRTIO_F_IOMMU_PLATFORM"],
         "unknown-dev-features": 1 << 32 | 1 << 8},
        1 << 29 | 1 << 33 | 1 << 8 | 1 << 32,
        hex(1 << 29 | 1 << 33 | 1 << 8 | 1 << 32),
        "".join("01"[bit in (8, 29, 32, 33)] for bit in range(64)),
    ],
)  # fmt: skip
def test_features_are_read_as_qemu_and_linux_print_them(features):
    dump = parse_dump(a_dump() | {"features": features})
    assert dump.features == {8, 29, 32, 33}


def test_a_feature_of_another_device_is_kept_by_name():
    dump = parse_dump(a_dump() | {"features": ["VIRTIO_BLK_F_FLUSH: Flush command supported", 32]})
    assert dump.features == {32} and dump.foreign == ("VIRTIO_BLK_F_FLUSH",)
    assert "features: VERSION_1 VIRTIO_BLK_F_FLUSH" in text(
        a_dump() | {"features": ["VIRTIO_BLK_F_FLUSH", 32]}
    )


def test_qemus_answer_says_where_the_queue_is_and_may_be_given_its_memory():
    file = a_dump()
    answer = {
        "return": {
            "name": "virtio-balloon",
            "queue-index": 0,
            "vring-num": file["num"],
            "vring-desc": file["desc_addr"],
            "vring-avail": file["avail_addr"],
            "vring-used": file["used_addr"],
            "used-idx": 3,
        }
    }
    told = said(answer)
    assert told["num"] == file["num"] and told["avail_idx"] is None and told["broken"] is None
    assert told["told"] == {"name": "virtio-balloon", "queue-index": 0, "used-idx": 3}
    assert "the rings are not given" in text(answer)
    filled = said(answer | {"memory": file["memory"], "features": file["features"]})
    assert {**filled, "told": None} == {**said(file), "told": None}


def test_completed_chains_are_shown_as_long_as_the_table_still_has_them():
    dump = parse_dump(a_dump(waiting=0))
    assert [used.chain and used.chain.buffers for used in decode(dump).completed] == [
        None,
        None,
        [(DATA, 8, False), (DATA + 64, 32, True)],
    ]
    assert [used.chain for used in decode(parse_dump(a_dump(waiting=1))).completed] == [None] * 3


def test_with_a_queue_every_chain_has_a_meaning():
    file = a_dump(waiting=1)
    told = said(file, "reporting")
    assert told["in_flight"][0]["meaning"] == {"blocks": [{"addr": DATA + 64, "len": 32, "order": None}]}
    assert told["completed"][-1] == {"head": 0, "len": 32, "descriptors": None, "meaning": None}


def test_the_text_has_every_entry_chain_and_length():
    assert (
        text(a_dump()).splitlines()
        == """\
Split queue of 4 entries, features: INDIRECT_DESC EVENT_IDX VERSION_1
                  address  flags  idx  event
descriptor table  0x1000
available ring    0x1040   0      5    used_event 3
used ring         0x1050   0      3    avail_event 0

Entries: 4 of 4 slots have been used
slot  avail head  used head  used len
0     2           0          32        in flight
1-2   0           0          32
3     0                                in flight

Chains in flight, the oldest first: 2
slot  head  descriptors
3     0     0x10000 + 8 read
            0x10040 + 32 write
0     2     0x10000 + 8 read
            0x10040 + 32 write

Completed chains, the oldest first, and what the table still has of them: 3
slot  head  len  of  descriptors
0-2   0     32   -   -

Not broken.""".splitlines()
    )


# -- what makes a ring broken, and what does not


def poked(addr, value, size, **how):
    file = a_dump(**how)
    data = bytearray.fromhex(file["memory"][0]["hex"])
    data[addr - BASE : addr - BASE + size] = value.to_bytes(size, "little")
    file["memory"][0]["hex"] = data.hex()
    return file


def test_one_chain_at_fault_does_not_hide_the_others():
    file = poked(BASE + 14, 0xFFFF, 2)  # desc[0].next
    told = said(file)
    assert (
        told["broken"]
        == told["in_flight"][0]["broken"]
        == "next out of range: desc[0] goes on at 65535, there are 4"
    )
    assert told["in_flight"][0]["descriptors"] == CHAIN[:1] and told["in_flight"][1]["descriptors"] == CHAIN
    assert "BROKEN: next out of range" in text(file)


def test_a_loop_is_shown_once_round():
    told = said(
        poked(BASE + 16 + 12, 3, 2, waiting=1)
    )  # desc[1] goes on, at desc[2], which is free: no length
    assert told["broken"].startswith("zero-length buffer: desc[2]")
    file = poked(BASE + 14, 0, 2, waiting=1)
    assert (
        said(file)["broken"].startswith("descriptor loop")
        and said(file)["in_flight"][0]["descriptors"] == CHAIN[:1]
    )


def test_an_index_that_jumped_leaves_nothing_in_flight():
    told = said(poked(0x1042, 8, 2))
    assert told["in_flight"] == [] and told["broken"].startswith("index jump")


@pytest.mark.parametrize("head", [3, 4, 1 << 31])
def test_a_used_id_that_was_never_offered_breaks_the_ring(head):
    told = said(poked(0x1054 + 8, head, 4, num=4, waiting=0))
    assert told["broken"] == f"used id never offered: used->ring[1] says {head}"


@pytest.mark.parametrize("avail_idx, used_idx", [(0, 0xFFFF), (1, 0xFFFF), (0, 0)])
def test_an_index_that_has_wrapped_tells_nothing_of_what_was_offered(avail_idx, used_idx):
    file = poked(0x1042, avail_idx, 2, waiting=0)
    data = bytearray.fromhex(file["memory"][0]["hex"])
    data[0x52:0x54] = used_idx.to_bytes(2, "little")
    file["memory"][0]["hex"] = data.hex()
    assert said(file)["broken"] is None


@pytest.mark.parametrize(
    "key, addr", [("desc_addr", 0x1008), ("avail_addr", 0x1041), ("used_addr", 2**64 - 8)]
)
def test_a_ring_that_lies_where_none_may_is_broken(key, addr):
    assert said(a_dump() | {key: addr})["broken"].startswith("ring misplaced")


@pytest.mark.parametrize("kept", range(0, 0x80, 3))
def test_of_a_dump_that_was_cut_short_is_said_what_can_be_said(kept):
    file = a_dump()
    file["memory"] = [{"addr": BASE, "hex": file["memory"][0]["hex"][: 2 * kept]}]
    told = said(file)
    assert (told["broken"] or "").startswith("ring outside memory") == (kept < 0x50 + 6 + 32)
    assert told["avail_idx"] == (5 if kept >= 0x44 else None)
    assert told["used_idx"] == (3 if kept >= 0x54 else None)
    assert len(told["in_flight"]) == (2 if kept >= 0x54 else 0)
    assert len(told["completed"]) == (3 if kept >= 0x54 else 0)
    assert "?" in text(file) or kept >= 0x50 + 6 + 32


def test_a_hostile_dump_of_the_largest_queue_is_decoded_in_bounded_work():
    num = 1 << 15
    memory = GuestMemory({0: 1 << 20})
    layout = Layout.at(num, 0)
    for index in range(num):  # every head leads through all of the table
        memory.write(16 * index, b"\0" * 8 + b"\1\0\0\0\1\0" + ((index + 1) % num).to_bytes(2, "little"))
        memory.write(layout.avail + 4 + 2 * index, index.to_bytes(2, "little"))
    memory.write(layout.avail + 2, num.to_bytes(2, "little"))
    dump = parse_dump(dumped(memory, layout, FEATURES))
    state = decode(dump)
    assert len(state.in_flight) == num and str(state.broken).startswith("descriptor loop")
    kinds = {str(offered.fault).partition(":")[0] for offered in state.in_flight}
    assert kinds == {"descriptor loop", "chains share descriptors"}
    assert sum(len(offered.chain.buffers) for offered in state.in_flight if offered.chain) <= 16 * num


# -- files that are none


def changed(key, value):
    return json.dumps(a_dump() | {key: value})


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "is not an object"),
        ("{}", "has no num"),
        (changed("num", 100), "num 100 is not a power of two"),
        (changed("num", 0), "num 0 is not a power of two"),
        (changed("num", "4"), 'num: "4" is not an integer'),
        (changed("num", True), "num: true is not an integer"),
        (changed("num", 4.0), "num: 4.0 is not an integer"),
        (changed("desc_addr", -1), "desc_addr: -1 is not an integer"),
        (changed("used_addr", 2**64), "used_addr: 18446744073709551616 is not an integer"),
        (changed("features", -5), "features: -5 is not a list"),
        (changed("features", {"transports": {}}), "features: transports: {} is not a list"),
        (changed("features", [29, -1]), "features[1]: -1 is not a feature"),
        (changed("features", ["SPARKLE"]), "features[0]: feature 'SPARKLE' is not known: there are"),
        (changed("features", ["VERSION_2"]), "did you mean VERSION_1?"),
        ('{"error": {"class": "GenericError", "desc": "No such device"}}', 'is an error: "No such device"'),
        (changed("features", [34]), "a packed ring"),
        (changed("legacy", 1), "legacy: 1 is not true or false"),
        (changed("endian", "middle"), 'endian: "middle" is not little or big'),
        (changed("memory", {}), "memory: {} is not a list"),
        (changed("memory", [7]), "memory[0]: 7 is not an object"),
        (changed("memory", [{"addr": 0}]), "memory[0]: has no hex"),
        (changed("memory", [{"addr": 0, "hex": "abc"}]), 'memory[0]: hex: "abc" is not an even number'),
        (changed("memory", [{"addr": 0, "hex": "zz"}]), 'memory[0]: hex: "zz" is not an even number'),
        (changed("memory", [{"addr": 0, "hex": None}]), "memory[0]: hex: null is not an even number"),
        (changed("memory", [{"addr": 2**64 - 1, "hex": "0000"}]), "memory[0]: 2 bytes at"),
        (
            changed("memory", [{"addr": 2, "hex": "01"}, {"addr": 0, "hex": "000000"}]),
            "memory[0]: contradicts another piece",
        ),
    ],
)
def test_a_file_that_is_no_dump_is_refused_in_one_line(tmp_path, capsys, content, message):
    path = tmp_path / "dump.json"
    path.write_text(content, encoding="utf-8")
    assert main(["ring", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith(f"freepages: {path}: ") and message in err and err.count("\n") == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path, capsys):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in "missing", "binary", ".":
        assert main(["ring", str(tmp_path / name)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and str(tmp_path / name) in err and err.count("\n") == 1


def test_the_command_prints_what_was_decoded(tmp_path, capsys):
    path = tmp_path / "dump.json"
    path.write_text(json.dumps(a_dump()), encoding="utf-8")
    assert main(["ring", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == said(a_dump())
    assert main(["ring", str(path), "--queue", "reporting"]) == 0
    assert capsys.readouterr().out == text(a_dump(), "reporting") + "\n"


def test_pieces_of_memory_may_touch_overlap_and_come_in_any_order():
    file = a_dump()
    whole = bytes.fromhex(file["memory"][0]["hex"])
    cuts = [(0, 30), (60, 200), (30, 60), (50, 100), (200, len(whole)), (7, 9), (40, 40)]
    file["memory"] = [{"addr": BASE + low, "hex": whole[low:high].hex()} for low, high in reversed(cuts)]
    assert said(file) == said(a_dump())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 70_000) | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["addr", "hex"]), inner),
    max_leaves=6,
)
KEYS = ["num", "desc_addr", "avail_addr", "used_addr", "features", "legacy", "endian", "memory"]


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=3))
def test_whatever_a_field_is_there_is_an_answer_or_one_line(fields):
    try:
        said(a_dump() | fields)
    except FreepagesError as error:
        assert "\n" not in str(error)


@settings(max_examples=300)
@given(st.data())
def test_whatever_bytes_a_file_has_there_is_an_answer_or_one_line(data):
    content = bytearray(json.dumps(a_dump(num=2, rounds=1)).replace("00" * 200, "").encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        text(json.loads(content))
    except FreepagesError as error:
        assert "\n" not in str(error)
    except ValueError:
        pass  # no JSON: test_a_file_that_is_no_dump... has what becomes of that


# -- beside the naive decoder


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from([1, 2, 4]),
    st.integers(0, 9),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 0x13F), st.binary(min_size=1, max_size=2)), max_size=5),
    st.integers(0, 0x140),
)
def test_it_says_what_the_naive_decoder_says(num, rounds, indirect, pokes, cut):
    file = a_dump(num=max(num, 2), rounds=rounds, waiting=1, indirect=indirect)
    data = bytearray.fromhex(file["memory"][0]["hex"])
    for addr, value in pokes:
        data[addr : addr + len(value)] = value
    file["memory"][0]["hex"] = data[: cut if cut < 0x100 else None].hex()
    agree(said(file), reference.decode(file))


def agree(told, expected):
    assert bool(told.pop("broken")) == expected.pop("broken")
    for chain, other in zip(told["in_flight"], expected["in_flight"], strict=True):
        assert ("descriptors" in other) == ("broken" not in chain)
        if chain.pop("broken", None):
            chain.pop("descriptors")
    assert told == expected


@pytest.mark.parametrize("path", RINGS, ids=lambda path: path.stem)
def test_a_real_ring_is_read_as_the_naive_decoder_reads_it_and_is_not_broken(path):
    dump = read_dump(path)
    told = json.loads(json.dumps(as_json(dump, decode(dump))))
    assert told["broken"] is None
    agree(told, reference.decode(json.loads(path.read_text(encoding="utf-8"))))
