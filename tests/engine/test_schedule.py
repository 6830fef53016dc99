"""The text of a schedule and what it says."""

from hypothesis import given
from hypothesis import strategies as st

from freepages.engine import Move, Schedule, ScheduleError


def test_a_schedule_may_be_written_with_and_without_spaces():
    assert Schedule.parse("hggw1aw0f") == Schedule.parse(" h, g g\nw1a w0f ")
    assert str(Schedule.parse("hggw1aw0f")) == "h g g w1a w0f"
    assert Schedule.parse("") == ()


moves = st.builds(
    Move, st.sampled_from("abcxyz"), st.one_of(st.just(""), st.from_regex(r"[0-9]{1,7}[a-z]", fullmatch=True))
)


@given(st.lists(moves))
def test_schedule_text_and_parse_are_inverse(listed):
    schedule = Schedule(listed)
    assert Schedule.parse(str(schedule)) == schedule
    assert Schedule.parse(str(schedule).replace(" ", "")) == schedule


@given(st.text())
def test_any_text_is_a_schedule_or_one_clear_line(text):
    try:
        Schedule.parse(text)
    except ScheduleError as error:
        assert "\n" not in str(error)
