"""Costs: each has a unit and a source, and an act costs what its name and its amount say."""

import pkgutil
import re
from importlib import import_module

import pytest

import freepages
from freepages.engine import Act
from freepages.engine.costs import NAMES, NO_TIME, Costs
from freepages.engine.errors import FreepagesError


def test_every_cost_has_a_unit_and_a_source():
    for told in Costs().table():
        assert re.fullmatch("ns(/page|/block)?|bytes(/s)?", told.unit), told.name
        assert told.value > 0 and told.what and told.source, told.name


def test_the_walk_of_eight_gib_takes_the_published_twenty_ms():
    walk = Act("walks {0} pages", cost="walk_page", amount=0)
    assert Costs().ns(walk, (2 << 20,)) == pytest.approx(20e6, rel=0.01)


def test_an_act_without_a_cost_takes_no_time_and_without_an_amount_one_unit():
    assert Costs().ns(Act("looks"), ()) == 0
    assert Costs(kick=7).ns(Act("kicks", cost="kick"), ()) == 7


def test_a_cost_that_nobody_knows_is_refused():
    with pytest.raises(FreepagesError, match="'jumps' costs 'jump', which is none of walk_page"):
        Costs().ns(Act("jumps", cost="jump"), ())


def test_every_act_has_a_known_cost_or_says_that_it_takes_none():
    acts = {}
    for module in pkgutil.walk_packages(freepages.__path__, "freepages."):
        if not module.name.endswith("__main__"):
            for name, some in vars(import_module(module.name)).items():
                if isinstance(some, Act):
                    acts[f"{module.name}.{name}"] = some.cost
    assert len(acts) > 100
    assert {name: cost for name, cost in acts.items() if cost not in (*NAMES, NO_TIME)} == {}
