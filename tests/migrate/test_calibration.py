"""Calibration: what is told of a guest comes from its bytes, and only the RFC's times are fitted to."""

from dataclasses import fields, replace

import pytest

from freepages.engine.costs import CHOICE, Costs
from freepages.migrate import calibration
from freepages.migrate.calibration import (
    FREE,
    Prediction,
    Predictions,
    beforehand,
    building,
    fit,
    idle,
    of_bytes,
    predict,
    run,
)
from freepages.pages.orders import PAGE_SIZE
from freepages.real import published

FITTED = fit()
RFC = {case.name: case for case in published.cases() if case.table == "rfc"}
OTHERS = ("unused-pages", "hint-v28", "hint-2s", "hint-400ms")


@pytest.mark.parametrize("name", RFC)
def test_a_guest_filled_by_its_bytes_is_migrated_in_as_many(name):
    case = RFC[name]
    for way, kib in case.ram_kib.items():
        assert run(case, way, Costs()).transferred_bytes / 1024 == pytest.approx(kib, rel=0.001)


def test_the_bytes_of_the_rfc_are_zero_pages_of_9_and_others_of_4104():
    for case in RFC.values():
        memory = of_bytes(case)
        other = memory.in_use + memory.left
        sent = 4104 * other + 9 * (memory.pages - other)
        assert sent / 1024 == pytest.approx(case.ram_kib["everything"], abs=4)


def test_only_what_is_free_is_changed_by_the_fit():
    changed = {
        one.name for one in fields(Costs) if getattr(FITTED, one.name) != getattr(beforehand(), one.name)
    }
    assert changed == set(FREE)


def test_the_fit_meets_what_each_cost_is_fitted_to():
    for rows in FREE.values():
        total = sum(RFC[case].total_ms[way] for case, way in rows)
        model = sum(run(RFC[case], way, FITTED).total / 1e6 for case, way in rows)
        assert model == pytest.approx(total, rel=0.002)


def test_the_fit_finds_again_costs_that_made_the_times(monkeypatch):
    made = replace(beforehand(), link=1.5e9, zero_scan=3e9, log_start=20.0)
    rows = {}
    for name, case in RFC.items():
        times = {way: round(run(case, way, made).total / 1e6) for way in case.total_ms}
        rows[name] = replace(case, total_ms=times)
    monkeypatch.setattr(calibration, "_rfc", lambda: rows)
    found = fit()
    for name in FREE:
        assert getattr(found, name) == pytest.approx(getattr(made, name), rel=0.01)


def test_no_time_but_the_rfcs_moves_the_fit(monkeypatch):
    def doubled():
        for case in everything:
            own = case.table == "rfc"
            yield case if own else replace(case, total_ms={way: 2 * ms for way, ms in case.total_ms.items()})

    everything = list(published.cases())
    monkeypatch.setattr(calibration, "cases", doubled)
    calibration._rfc.cache_clear()
    assert fit() == FITTED


def test_before_the_fit_no_cost_comes_from_wangs_rows():
    with_source = {told.name: told.source for told in Costs().table()}
    wangs = {name for name, source in with_source.items() if "Wang" in source}
    assert wangs == {"hint"}
    parts = {"lock", "allocate", "unlock", "kick"}
    assert all(with_source[part] == CHOICE for part in parts)
    assert beforehand().hint == sum(getattr(Costs(), part) for part in parts)


def test_every_published_case_is_predicted_and_off_by_what_it_says():
    told = predict(FITTED, OTHERS)
    assert [one.case for one in told] == [case for case in published.cases() if case.table in OTHERS]
    assert len(told.times()) == 2 * len(told) == 4 * len(told.times("idle", skips=True)) - 4
    for time in told.times():
        assert time.published == time.case.total_ms[time.way]
        assert time.published * (1 + time.error / 100) == pytest.approx(time.predicted)
    assert len(repr(told).splitlines()) == len(told) + 3


def test_the_model_agrees_that_skipping_is_faster_in_every_case():
    for one in predict(FITTED, OTHERS):
        everything, skipping = one.predicted.values()
        assert skipping < everything


def test_a_larger_idle_guest_has_more_in_use_by_the_records_of_its_pages():
    small, large = idle(8 << 30), idle(128 << 30)
    assert (large.in_use - small.in_use) * PAGE_SIZE == 64 * (large.pages - small.pages)
    assert large.left == small.left


def test_a_build_adds_its_cache_to_what_is_in_use():
    assert building(8 << 30, 1 << 30).in_use - idle(8 << 30).in_use == 1 << 18


def test_pairs_in_order_are_those_of_one_table_whose_shorter_is_the_models_shorter():
    def case(table, everything, skipping, model):
        times = {"everything": everything, "snapshot": skipping}
        return Prediction(
            replace(RFC["case 1"], table=table, total_ms=times), dict(zip(times, model, strict=True))
        )

    right = case("a", 1000, 500, (3.0, 2.0))
    wrong = case("b", 1000, 500, (2.0, 3.0))
    near = case("c", 1000, 950, (2.0, 3.0))
    assert Predictions((right,)).in_order() == (1, 1)
    assert Predictions((wrong,)).in_order() == (0, 1)
    assert Predictions((near,)).in_order() == (0, 0)
    assert Predictions((right, wrong, near)).in_order() == (1, 2)
