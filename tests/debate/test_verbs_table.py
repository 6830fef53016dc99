"""The table of the verbs: all of them, and what is said is what they do."""

import inspect

from freepages.debate import guest_verbs, host_verbs
from freepages.debate.proposals import PROPOSALS
from freepages.debate.verbs_table import GUEST, HOST, METHODS, VALUES, verbs
from freepages.engine import Run
from freepages.scenarios.debate import debate


def test_every_verb_is_in_it_once() -> None:
    for module, listed in ((guest_verbs, GUEST), (host_verbs, HOST)):
        functions = [function for function in vars(module).values() if inspect.isfunction(function)]
        own = {f for f in functions if hasattr(f, "__wrapped__") and f.__module__ == module.__name__}
        assert {*listed} == own and len(listed) == len(own)


def test_each_row_says_what_it_takes_does_and_gives() -> None:
    rows = {row.call.partition("(")[0]: row for group in verbs().groups.values() for row in group}
    assert rows["precopy"].call == "precopy(w, sync=True, stop=True, asks=False, tells_sync=False)"
    assert rows["next_request"].gives == "its id, or None for a guest that falls silent instead."
    assert rows["w.request"].gives == "its id." and rows["drop_lock"].gives == ""
    for row in rows.values():
        assert row.does.endswith(".") and "``" not in row.does + row.gives
        assert not row.gives or row.gives.endswith(".")


def test_a_verb_that_gives_something_says_so() -> None:
    for function in (*GUEST, *HOST):
        lines = inspect.getsource(function).splitlines()
        returns = [line for line in lines if line.strip().startswith("return ")]
        gives = any(len(line) - len(line.lstrip()) == 4 for line in returns)
        assert gives == ("Gives " in (function.__doc__ or "")), function.__name__


def test_what_is_named_of_the_world_is_there() -> None:
    world = Run(debate("request_id")).world
    for name in [*METHODS, *(part for names in VALUES for part in names.split(", "))]:
        at = world
        for part in name.split(".")[1:]:
            assert hasattr(at, part), name
            at = getattr(at, part)


def test_text_and_html_have_all_rows_and_the_text_is_narrow() -> None:
    table = verbs()
    text, html = repr(table), table._repr_html_()
    assert max(map(len, text.splitlines())) <= 120
    for one in PROPOSALS.values():
        for side in (one.guest, one.host):
            for function in (*GUEST, *HOST):
                if side and f"{function.__name__}(" in inspect.getsource(side):
                    assert f"{function.__name__}(w" in text and f"<code>{function.__name__}(w" in html
