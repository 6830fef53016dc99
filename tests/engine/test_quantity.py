"""freepages.engine.quantity: what people write, to the last byte, and what is refused in one line."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freepages.engine.errors import FreepagesError
from freepages.engine.quantity import (
    format_bandwidth,
    format_bytes,
    format_seconds,
    parse_bandwidth,
    parse_bytes,
    parse_fraction,
    parse_rate,
    parse_seconds,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8G", 8 << 30),
        ("8GiB", 8 << 30),
        ("8GB", 8 * 10**9),
        ("512MiB", 512 << 20),
        ("1.5T", 3 << 39),
        ("4kB", 4000),
        ("4K", 4096),
        ("4096", 4096),
        ("1.2 GiB", 1288490189),
        ("0.1B", 1),
    ],
)
def test_a_size_is_exact_and_a_bare_letter_is_a_power_of_1024(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1Gbit", 125e6),
        ("10Gbit/s", 1.25e9),
        ("100kbit/s", 12500),
        ("125MB/s", 125e6),
        ("32MiB/s", 32 << 20),
        ("32M", 32 << 20),
        ("4bit/s", 0.5),
    ],
)
def test_a_bandwidth_counts_bits_or_bytes_and_may_leave_out_the_second(text: str, rate: float) -> None:
    assert parse_bandwidth(text) == rate


@pytest.mark.parametrize(
    ("text", "seconds"), [("300ms", 0.3), ("2s", 2), ("0s", 0), ("50us", 5e-5), ("9ns", 9e-9)]
)
def test_a_time_has_a_unit(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(("text", "rate"), [("300k/s", 3e5), ("2M/s", 2e6), ("500/s", 500), (".5/s", 0.5)])
def test_a_rate_is_so_many_a_second(text: str, rate: float) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(("text", "share"), [("0.25", 0.25), ("25%", 0.25), ("0", 0), ("1", 1), ("100%", 1)])
def test_a_fraction_is_a_number_up_to_1_or_a_percentage(text: str, share: float) -> None:
    assert parse_fraction(text) == share


Reader = Callable[[str], float]


@pytest.mark.parametrize(
    ("read", "text", "fault"),
    [
        (parse_bandwidth, "0Gbit", "bandwidth '0Gbit' is not more than 0"),
        (parse_bandwidth, "-1Gbit", "bandwidth '-1Gbit' is negative"),
        (
            parse_bandwidth,
            "1Gb/s",
            "bandwidth '1Gb/s' is not a decimal number and one of bit, kbit, Mbit, Gbit",
        ),
        (parse_bandwidth, "1Gbit/h", "kB, MB, GB, TB, K, M, G, T (with or without /s)"),
        (parse_bandwidth, "inf", "bandwidth 'inf' is not a decimal number"),
        (parse_bytes, "nan", "size 'nan' is not a decimal number and one of KiB, MiB, GiB, TiB, B, kB"),
        (parse_bytes, "8X", "size '8X' is not"),
        (parse_bytes, "1e9", "size '1e9' is not"),
        (parse_bytes, "٣G", "is not a decimal number"),
        (parse_bytes, "9" * 5000, "is not a decimal number"),
        (parse_bytes, "0", "size '0' is not more than 0"),
        (parse_seconds, "300", "time '300' is not a decimal number and one of s, ms, us, ns"),
        (parse_seconds, "-1s", "time '-1s' is negative"),
        (parse_rate, "300k", "rate '300k' is not a decimal number and one of /s, k/s, M/s, G/s, T/s"),
        (parse_rate, "0/s", "rate '0/s' is not more than 0"),
        (parse_fraction, "1.01", "fraction '1.01' is more than 1"),
        (parse_fraction, "half", "fraction 'half' is not a decimal number and one of % or no unit"),
    ],
)
def test_what_is_no_such_quantity_is_refused_with_its_value_and_the_units(
    read: Reader, text: str, fault: str
) -> None:
    with pytest.raises(FreepagesError) as error:
        read(text)
    assert fault in str(error.value)


READERS: list[Reader] = [parse_bytes, parse_bandwidth, parse_seconds, parse_rate, parse_fraction]


@given(
    st.sampled_from(READERS), st.text() | st.from_regex(r"-?[0-9.]{1,25} ?[A-Za-z/%]{0,6}\n?", fullmatch=True)
)
def test_any_text_is_a_finite_number_or_an_error_of_one_line(read: Reader, text: str) -> None:
    try:
        assert 0 <= read(text) < 1e40
    except FreepagesError as error:
        assert "\n" not in str(error) and len(str(error)) < 250


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (format_bytes(1288490188), "1.2 GiB"),
        (format_bytes(0), "0 B"),
        (format_bytes(1023), "1023 B"),
        (format_bytes(1 << 60), "1048576 TiB"),
        (format_bandwidth(125e6), "119.2 MiB/s"),
        (format_seconds(0.3), "300 ms"),
        (format_seconds(0), "0 ns"),
        (format_seconds(12345), "12345 s"),
    ],
)
def test_quantities_are_shown_in_a_unit_that_fits(shown: str, expected: str) -> None:
    assert shown == expected


@given(st.floats(1, 1e18))
def test_what_is_shown_reads_back_to_four_digits(size: float) -> None:
    assert parse_bytes(format_bytes(size)) == pytest.approx(size, rel=5e-4, abs=1)
    assert parse_bandwidth(format_bandwidth(size)) == pytest.approx(size, rel=5e-4)
    assert parse_seconds(format_seconds(size)) == pytest.approx(size, rel=5e-4)
