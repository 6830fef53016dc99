import pytest

from freepages.lab.key import key
from freepages.lab.shipped import letters, shipped_scenario


@pytest.mark.parametrize("kind", ["state", "mark", "move"])
def test_the_table_has_every_sign_of_a_scenario_and_fits_a_page(kind: str) -> None:
    lines = letters(kind).splitlines()
    for sign in key(shipped_scenario("free_page_hint")):
        assert sign.kind != kind or any(sign.words in line for line in lines)
    assert max(map(len, lines)) <= 100


def test_a_sign_with_two_meanings_is_written_once() -> None:
    lines = letters("move").splitlines()
    stopping = next(at for at, line in enumerate(lines) if line.startswith("h0x "))
    assert lines[stopping + 1].startswith("   ") and "takes no more answers" in lines[stopping + 1]
