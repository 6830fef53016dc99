import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.pages.bitmap import PageBitmap
from freepages.pages.pageset import PageSet
from freepages.view.frame import Bits, Frame, FreeLists, LockRow, Locks, PageMap, State
from tests.view.frames import frames, sample


def test_a_state_is_its_letter() -> None:
    assert [state.letter for state in State] == list("·acskpbu/?")
    assert PageMap("m", 0, "·a/").states == bytes([State.FREE, State.ANONYMOUS, State.HOLE])


def test_a_panel_keeps_what_it_was_given_while_the_model_goes_on() -> None:
    states, bitmap = bytearray([State.FREE] * 8), PageBitmap(8)
    memory, bits = PageMap("m", 0, states), Bits("b", 0, bitmap)
    states[0] = State.SLAB
    bitmap.set_range(0, 8)
    assert set(memory.states) == {State.FREE}
    assert not any(bits.bits)


@given(frames())
def test_a_frame_equals_itself_and_its_twin(frame: Frame) -> None:
    twin = Frame(frame.title, frame.panels, frame.note)
    assert frame == twin


def test_frames_differ_where_one_page_differs() -> None:
    assert PageMap("m", 0, "··") == PageMap("m", 0, "··")
    assert PageMap("m", 0, "··") != PageMap("m", 0, "·a")
    assert PageMap("m", 0, "··", marks={"dirty": "01"}) != PageMap("m", 0, "··", marks={"dirty": "10"})
    assert Bits("b", 0, "01") != Bits("b", 0, "011")
    assert sample() == sample()


def test_a_bitmap_shows_its_pages_and_not_the_padding() -> None:
    bitmap = PageBitmap(70)
    bitmap.set(69)
    assert Bits("b", 0, bitmap).bits == bytes([0] * 69 + [1])


@given(st.integers(0, 40).flatmap(lambda pages: st.lists(st.booleans(), min_size=pages, max_size=pages)))
def test_bits_are_the_same_in_whatever_form_they_are_given(bits: list[bool]) -> None:
    pages = [page for page, bit in enumerate(bits) if bit]
    forms = (
        PageBitmap.of(len(bits), pages),
        PageSet.of(len(bits), pages),
        "".join(str(int(bit)) for bit in bits),
        bytes(7 * bit for bit in bits),
        np.array(bits, bool),
    )
    assert {Bits("b", 0, form).bits for form in forms} == {bytes(bits)}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: PageMap("zone DMA", 4, "·x"), "zone DMA: page 5 has no known state: 120"),
        (lambda: PageMap("zone DMA", 0, "·", marks={"red": "1"}), "zone DMA: mark 'red' is not known"),
        (lambda: PageMap("zone DMA", 0, "·", marks={"dirty": "10"}), "marks 'dirty' are 2, its pages 1"),
        (lambda: PageMap("zone DMA", 0, "···", tokens=["A"]), "tokens are 1, its pages 3"),
        (lambda: FreeLists("f", [0], {(3, 0): [8]}), "f: a list of order 3, of 1 orders"),
    ],
)
def test_a_panel_that_cannot_be_says_what_is_wrong(make, says) -> None:
    with pytest.raises(FreepagesError, match=says.replace("(", r"\(")):
        make()


def test_a_lock_may_be_given_as_a_plain_tuple() -> None:
    assert Locks((("lock", "guest", 3, ["host"]),)) == Locks((LockRow("lock", "guest", 3, ("host",)),))  # type: ignore[arg-type]
