"""What is in a bucket when clocks do not agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptpilot.domain.token_bucket import MAX_SKEW_MS, Bucket, filled, seconds_until

NOW = 1_800_000_000_000


def test_a_new_bucket_is_full() -> None:
    assert filled(None, 10, 1, NOW) == Bucket(10, NOW)


@pytest.mark.parametrize(
    ("level", "seconds", "expected"), [(0, 3, 6), (9, 3, 10), (-20, 5, -10), (4, 0, 4)]
)
def test_a_bucket_gains_up_to_its_capacity(level: float, seconds: int, expected: float) -> None:
    bucket = Bucket(level, NOW - seconds * 1000)

    assert filled(bucket, 10, 2, NOW) == Bucket(expected, NOW)


@given(st.lists(st.integers(-MAX_SKEW_MS, 0), min_size=1, max_size=20))
def test_clocks_that_disagree_gain_nothing_by_turns(behind: list[int]) -> None:
    bucket = Bucket(0, NOW)
    for each in behind:
        bucket = filled(bucket, 10, 1, NOW + each)
        bucket = filled(bucket, 10, 1, NOW)

    assert bucket == Bucket(0, NOW)


def test_a_clock_that_was_set_back_stops_no_bucket_for_long() -> None:
    bucket = filled(Bucket(0, NOW + 3_600_000), 10, 1, NOW)

    assert filled(bucket, 10, 1, NOW + 4_000) == Bucket(4, NOW + 4_000)


def test_a_level_is_reached_after_what_lacks_is_gained() -> None:
    assert seconds_until(3, Bucket(-7, NOW), 2) == 5
    assert seconds_until(3, Bucket(4, NOW), 2) == 0
