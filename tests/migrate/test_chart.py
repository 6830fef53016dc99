"""Many migrations as maps."""

from freepages.migrate.chart import heat_maps


def test_maps_stand_side_by_side_with_their_marks() -> None:
    figure = heat_maps(
        {"a": [[0.0, 1.0]], "b": [[0.5, 0.5]]}, [1, 2], ["x"], "across", "gain", {"b": [(1, 0, "here")]}
    )
    assert [axes.get_title() for axes in figure.axes[:2]] == ["a", "b"]
    assert [text.get_text() for text in figure.axes[1].texts] == ["here"] and not figure.axes[0].texts
