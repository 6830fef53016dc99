"""Switches by name: one spelling each, and an error that helps for any other."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.debate.assumptions import MEANINGS, Assumptions
from freepages.engine.errors import FreepagesError

VALUES = {"init-on-free": ["zero", "poison"], "id-bits": ["1", "7", "32"]}
TEXTS = [f"{name}={value}" for name, values in VALUES.items() for value in values]
TEXTS += [name for name in MEANINGS if name not in VALUES]


def test_every_field_has_a_meaning_in_one_sentence_and_the_other_way_round() -> None:
    assert [some.name.replace("_", "-") for some in fields(Assumptions)] == list(MEANINGS)
    assert all(meaning and not meaning.endswith(".") and "\n" not in meaning for meaning in MEANINGS.values())


def test_all_are_off_by_default() -> None:
    assert Assumptions.of([]) == Assumptions() and Assumptions().switches == ()
    assert not Assumptions().late


@given(
    st.sets(st.sampled_from(TEXTS)).filter(lambda texts: len({t.split("=")[0] for t in texts}) == len(texts))
)
def test_texts_and_switches_are_each_others_inverse(texts) -> None:
    made = Assumptions.of(texts)
    assert set(made.switches) == texts
    assert Assumptions.of(made.switches) == made
    order = [switch.split("=")[0] for switch in made.switches]
    assert order == sorted(order, key=list(MEANINGS).index)


def test_spaces_around_a_name_do_not_matter_and_the_last_value_stands() -> None:
    assert Assumptions.of([" early-release\n"]).early_release
    assert Assumptions.of(["init-on-free=zero", "init-on-free=poison"]).init_on_free == "poison"


def test_the_bits_are_late_with_either_switch() -> None:
    assert Assumptions.of(["log-bit-late"]).late and Assumptions.of(["log-bit-late-flushed"]).late


@pytest.mark.parametrize(
    "text, message",
    [
        ("earl-release", "did you mean early-release"),
        ("early_release", "did you mean early-release"),
        ("init-on-fre=zero", "did you mean init-on-free"),
        ("log-late", "'log-late' is not known; did you mean"),
        ("xyzzy", "there are every-page-in-use, write-at-alloc"),
        ("", "'' is not known"),
        ("init-on-free", "init-on-free=: the value is zero or poison"),
        ("init-on-free=one", "init-on-free=one: the value is zero or poison"),
        ("id-bits", "id-bits=: the value is 1 to 32 bits"),
        ("id-bits=0", "id-bits=0: the value is 1 to 32 bits"),
        ("id-bits=33", "1 to 32 bits"),
        ("id-bits=-1", "1 to 32 bits"),
        ("id-bits=²", "1 to 32 bits"),
        ("early-release=yes", "early-release takes no value, 'yes' was given"),
        ("early-release=", "early-release takes no value"),
    ],
)
def test_what_is_none_is_refused_in_one_line(text, message) -> None:
    with pytest.raises(FreepagesError) as refused:
        Assumptions.of([text])
    assert message in str(refused.value) and "\n" not in str(refused.value)


def test_a_long_or_odd_text_does_not_flood_the_message() -> None:
    with pytest.raises(FreepagesError) as refused:
        Assumptions.of(["x" * 10_000 + "\n"])
    assert len(str(refused.value)) < 1000 and "\n" not in str(refused.value)
    with pytest.raises(FreepagesError) as refused:
        Assumptions.of(["id-bits=" + "9" * 10_000])
    assert len(str(refused.value)) < 1000
