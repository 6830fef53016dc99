"""Pages written at random in bulk: as many as the binomial law says, each as likely as any other."""

from math import expm1, log, sqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from freepages.migrate.workload.random_pages import RUNGS, THROW, ladder, write_at_random
from freepages.pages.bitmap import CHUNK_WORDS, count_bits, set_bits

MEANS = [1e-6, 1e-3, 0.02, 0.3, log(2), 1.0, 3.0, 12.0, 60.0]
SIGMAS = 5


def written(rng: np.random.Generator, mean: float, words: int) -> NDArray[np.uint64]:
    into = np.zeros(words, np.uint64)
    write_at_random(rng, mean, np.full(words, ~np.uint64(0)), into)
    return into


@given(st.floats(1e-9, log(2)))
def test_a_ladder_stays_below_the_probability_and_leaves_less_than_its_last_rung(mean: float) -> None:
    digits, rungs = ladder(mean)
    assert 0 <= rungs <= RUNGS
    assert 0 <= -expm1(-mean) - digits / 2**rungs < 1 / 2**rungs


def test_a_ladder_is_as_long_as_it_saves_throws() -> None:
    assert ladder(log(2)) == (1, 1)
    assert ladder(1 / (64 * THROW) / 100) == (0, 0)
    assert ladder(1 / 3)[1] > 8


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("words", [900, 3 * CHUNK_WORDS + 5])
def test_as_many_pages_are_written_as_a_poisson_number_of_writes_to_each_says(
    mean: float, words: int
) -> None:
    rng, times = np.random.default_rng(1), 20
    count = sum(count_bits(written(rng, mean, words)) for _ in range(times))
    pages, p = times * words * 64, -expm1(-mean)
    assert abs(count - pages * p) <= SIGMAS * sqrt(pages * p * (1 - p)) + 1


@pytest.mark.parametrize("mean", [0.02, 0.3, 1.0])
def test_the_number_of_written_pages_varies_as_a_binomial_one(mean: float) -> None:
    rng, words, times = np.random.default_rng(2), 3 * CHUNK_WORDS, 200
    counts = [count_bits(written(rng, mean, words)) for _ in range(times)]
    p = -expm1(-mean)
    assert np.var(counts) == pytest.approx(words * 64 * p * (1 - p), rel=SIGMAS * sqrt(2 / times))


@pytest.mark.parametrize("mean", [0.003, 0.3, 2.0])
def test_every_page_is_as_likely_and_its_neighbour_has_no_say(mean: float) -> None:
    rng, words, times = np.random.default_rng(3), 20, 600
    hits, both, p = np.zeros(words * 64), np.zeros(words * 64), -expm1(-mean)
    for _ in range(times):
        page = np.zeros(words * 64)
        page[set_bits(written(rng, mean, words))] = 1
        hits += page
        both += page * np.roll(page, 1)
    assert abs(hits - times * p).max() <= SIGMAS * sqrt(times * p * (1 - p)) + 1
    assert abs(both - times * p * p).max() <= SIGMAS * sqrt(times * p * p) + 1


@pytest.mark.parametrize("mean", [0.02, 0.3, 1.0])
def test_pages_that_are_words_apart_have_no_say_either(mean: float) -> None:
    map_, p = written(np.random.default_rng(4), mean, 2 * CHUNK_WORDS), -expm1(-mean)
    for apart in (1, 2, 3, 64, CHUNK_WORDS):
        pairs = (len(map_) - apart) * 64
        both = count_bits(map_[apart:] & map_[:-apart])
        # The variance of one pair, and its covariance with the two that share a page with it.
        spread = sqrt(pairs * (p**2 * (1 - p**2) + 2 * p**3 * (1 - p)))
        assert abs(both - pairs * p**2) <= SIGMAS * spread


@given(st.sampled_from(MEANS), st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=9), st.randoms())
def test_only_the_given_pages_are_written_and_none_is_forgotten(
    mean: float, masks: list[int], random: Random
) -> None:
    pages = np.array(masks, np.uint64)
    before = np.array([random.getrandbits(64) for _ in masks], np.uint64)
    after = before.copy()
    write_at_random(np.random.default_rng(random.getrandbits(32)), mean, pages, after)
    assert not (before & ~after).any()
    assert not (after & ~before & ~pages).any()
    if mean == MEANS[-1]:
        assert (after == before | pages).all()
