"""Negotiation, which queues there are, and the configuration space."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.virtqueue.features import (
    APRIL_2016,
    EVENT_IDX,
    FREE_PAGE_HINT,
    GET_FREE_PAGES,
    INDIRECT_DESC,
    MERGED,
    PAGE_POISON,
    PAGE_REPORTING,
    STATS_VQ,
    VERSION_1,
    Config,
    NegotiationError,
    checked,
    is_legacy,
    names,
    queues,
)

FEATURES = st.frozensets(st.sampled_from([*range(6), 17, INDIRECT_DESC, EVENT_IDX, VERSION_1]))


@given(FEATURES, FEATURES)
def test_a_device_takes_a_subset_of_its_offer_and_nothing_else(
    offered: frozenset, accepted: frozenset
) -> None:
    if accepted <= offered:
        assert checked(offered, accepted) == accepted
    else:
        with pytest.raises(NegotiationError, match="accepts what was not offered"):
            checked(offered, accepted)


def test_bit_3_has_had_two_lives() -> None:
    assert GET_FREE_PAGES == FREE_PAGE_HINT == 3
    assert names((1, 3, 32), APRIL_2016) == "STATS_VQ GET_FREE_PAGES VERSION_1"
    assert names((1, 3, 32), MERGED) == "STATS_VQ FREE_PAGE_HINT VERSION_1"
    assert names((17,)) == "bit 17"
    assert names(()) == "none"


def test_without_version_1_it_is_legacy_which_a_device_may_refuse() -> None:
    assert is_legacy((STATS_VQ,)) and not is_legacy((VERSION_1,))
    assert checked((STATS_VQ, VERSION_1), (STATS_VQ,)) == {STATS_VQ}
    with pytest.raises(NegotiationError, match="leaves VERSION_1 out"):
        checked((STATS_VQ, VERSION_1), (STATS_VQ,), transitional=False)


@given(FEATURES)
def test_a_queue_exists_with_its_feature_and_keeps_its_number(features: frozenset) -> None:
    found = queues(features)
    assert {"inflate": 0, "deflate": 1}.items() <= found.items()
    assert ("stats" in found) == (STATS_VQ in features)
    assert found.get("free_pages", 3) == 3 and ("free_pages" in found) == (FREE_PAGE_HINT in features)
    assert found.get("reporting", 4) == 4 and ("reporting" in found) == (PAGE_REPORTING in features)


@given(FEATURES)
def test_linux_and_qemu_number_the_queues_that_there_are(features: frozenset) -> None:
    found = queues(features, without_gaps=True)
    assert list(found) == list(queues(features)) and list(found.values()) == list(range(len(found)))


def test_reporting_without_hints_is_queue_4_by_the_specification_and_3_in_qemu() -> None:
    offer = (STATS_VQ, PAGE_REPORTING)
    assert queues(offer)["reporting"] == 4
    assert queues(offer, always_stats=True, without_gaps=True)["reporting"] == 3


def test_qemu_makes_the_statistics_queue_in_any_case() -> None:
    assert queues((), always_stats=True) == {"inflate": 0, "deflate": 1, "stats": 2}


@given(st.sampled_from(Config.FIELDS), st.integers(0, (1 << 32) - 1))
def test_the_fields_are_little_endian_words_one_after_the_other(field: str, value: int) -> None:
    config = Config()
    config[field] = value
    at = 4 * Config.FIELDS.index(field)
    assert config.bytes[at : at + 4] == value.to_bytes(4, "little")
    assert config.fields() == dict.fromkeys(Config.FIELDS, 0) | {field: value}


def test_the_driver_writes_two_of_them() -> None:
    config = Config()
    config.driver_writes("actual", 7)
    config.driver_writes("poison_val", 0xAAAAAAAA)
    assert (config["actual"], config["poison_val"]) == (7, 0xAAAAAAAA)
    for field in ("num_pages", "free_page_hint_cmd_id"):
        with pytest.raises(NegotiationError, match=f"may only read {field}"):
            config.driver_writes(field, 1)


@pytest.mark.parametrize("value", [-1, 1 << 32])
def test_a_field_is_32_bits_wide(value: int) -> None:
    with pytest.raises(NegotiationError, match=f"{value} does not fit"):
        Config()["num_pages"] = value


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(NegotiationError, match="no field is named 'size'"):
        Config()["size"]


def test_page_poison_has_bit_4() -> None:
    assert names((PAGE_POISON,)) == "PAGE_POISON"
