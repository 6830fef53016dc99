"""Kconfig: the value of every option, and the reason that is given for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.review.kconfig import VALUES, KbuildError, Kconfig, Option, settle

TREE = (
    Option("EMBEDDED", forced=True, selects=("EXPERT",)),
    Option("EXPERT"),
    Option("MODULES"),
    Option("PROC_FS", asked="EXPERT", default="y"),
    Option("SYSCTL", asked=None),
    Option("VIRTIO", tristate=True),
    Option("BALLOON", tristate=True, depends=("VIRTIO",)),
    Option("STATS", depends=("BALLOON",)),
)


def values(otherwise="", **answers):
    return {
        name: setting.value for name, setting in settle(TREE, Kconfig("c", otherwise, answers, "")).items()
    }


def test_nobody_is_asked_about_proc_without_expert_and_its_default_holds():
    assert values(PROC_FS="n")["PROC_FS"] == "y"
    assert values(EXPERT="y", PROC_FS="n")["PROC_FS"] == "n"


def test_allnoconfig_sees_every_question_and_answers_no():
    found = values("n")
    assert found.pop("EMBEDDED") == found.pop("EXPERT") == "y"
    assert set(found.values()) == {"n"}


def test_allmodconfig_answers_m_where_there_is_an_m():
    found = values("m")
    assert found["MODULES"] == found["PROC_FS"] == "y"
    assert found["VIRTIO"] == found["BALLOON"] == "m"


def test_m_is_y_in_a_kernel_without_modules():
    assert values(VIRTIO="m")["VIRTIO"] == "y"
    assert values(VIRTIO="m", MODULES="y")["VIRTIO"] == "m"


def test_a_tristate_is_no_more_than_what_it_depends_on_and_a_bool_may_be_y():
    assert values(MODULES="y", VIRTIO="m", BALLOON="y", STATS="y")["BALLOON"] == "m"
    assert values(MODULES="y", VIRTIO="m", BALLOON="y", STATS="y")["STATS"] == "y"
    assert values(MODULES="y", BALLOON="y")["BALLOON"] == "n"


def test_without_a_prompt_only_a_select_counts():
    assert values("y")["SYSCTL"] == "n"
    selecting = (Option("PROC", selects=("SYSCTL",)), Option("SYSCTL", asked=None))
    assert settle(selecting, Kconfig("c", "y", {}, "")).value("SYSCTL") == "y"
    off = settle(selecting, Kconfig("c", "n", {}, ""))
    assert off.explain("SYSCTL") == [
        "CONFIG_SYSCTL=n: only PROC could select it",
        "CONFIG_PROC=n: the answer is n",
    ]


def test_what_an_answer_or_a_dependency_names_must_exist():
    with pytest.raises(KbuildError, match="config c: answers NUMA, which is no option"):
        values(NUMA="y")
    with pytest.raises(KbuildError, match="option A stands before B"):
        settle((Option("A", depends=("B",)), Option("B")), Kconfig("c", "", {}, ""))
    with pytest.raises(KbuildError, match="option A stands before B"):
        settle((Option("A", asked=None), Option("B", selects=("A",))), Kconfig("c", "", {}, ""))


@st.composite
def options(draw):
    """Options that depend on and are selected by earlier ones only."""
    names = [f"O{n}" for n in range(draw(st.integers(1, 7)))]
    found = [Option("MODULES")]
    for at, name in enumerate(names):
        earlier = [option.name for option in found]
        found.append(
            Option(
                name,
                tristate=draw(st.booleans()),
                asked=draw(st.sampled_from([None, "", *earlier])),
                default=draw(st.sampled_from("ny")),
                depends=tuple(draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2))),
                selects=tuple(draw(st.lists(st.sampled_from(names[at + 1 :] or ["none"]), max_size=1))),
            )
        )
    return tuple(found)


@given(
    options(),
    st.sampled_from(["", "n", "m", "y"]),
    st.dictionaries(st.integers(0, 6), st.sampled_from("nmy")),
)
def test_dependencies_limit_and_selects_force(tree, otherwise, answers):
    known = {option.name for option in tree}
    given_answers = {f"O{n}": value for n, value in answers.items() if f"O{n}" in known}
    found = settle(tree, Kconfig("c", otherwise, given_answers, ""))
    for option in tree:
        value = found.value(option.name)
        assert value in ("nmy" if option.tristate and found.on("MODULES") else "ny")
        forced = [found.value(o.name) for o in tree if option.name in o.selects]
        if any(found.value(name) == "n" for name in option.depends) and not any(v != "n" for v in forced):
            assert value == "n"
        for strongest in forced:
            assert VALUES.index(value) >= VALUES.index(strongest)
        assert found.explain(option.name)[0].startswith(f"CONFIG_{option.name}={value}: ")
