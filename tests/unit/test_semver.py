import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from promptpilot.domain.semver import LARGEST, Bump, Semver, is_semver
from promptpilot.errors import Invalid

numbers = st.integers(min_value=0, max_value=LARGEST)
semvers = st.builds(Semver, numbers, numbers, numbers)
many = example_settings(deadline=None, database=None, max_examples=200)


@many
@given(semvers)
def test_a_version_is_read_as_it_is_written(version: Semver) -> None:
    assert Semver.parse(str(version)) == version


@many
@given(semvers, semvers)
def test_padded_versions_are_ordered_as_versions_are(left: Semver, right: Semver) -> None:
    assert (left.padded < right.padded) == (left < right)
    assert (left.padded == right.padded) == (left == right)


@many
@given(semvers, st.sampled_from(Bump))
def test_a_bumped_version_is_greater_or_refused(version: Semver, bump: Bump) -> None:
    number = {Bump.MAJOR: version.major, Bump.MINOR: version.minor, Bump.PATCH: version.patch}
    if number[bump] == LARGEST:
        with pytest.raises(Invalid):
            version.bumped(bump)
    else:
        assert version.bumped(bump) > version


@many
@given(st.text(max_size=40))
def test_any_text_is_a_version_or_refused(text: str) -> None:
    if is_semver(text):
        assert str(Semver.parse(text)) == text
    else:
        with pytest.raises(Invalid):
            Semver.parse(text)


@pytest.mark.parametrize(
    ("bump", "expected"), [("major", "2.0.0"), ("minor", "1.3.0"), ("patch", "1.2.4")]
)
def test_a_bump_raises_its_number_and_clears_those_after_it(bump: str, expected: str) -> None:
    assert str(Semver(1, 2, 3).bumped(Bump.of(bump))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "v1.2.3",
        "01.2.3",
        "1.2.3-beta",
        "1.2.3+x",
        " 1.2.3",
        "1.2.3\n",
        "-1.2.3",
        "1.2.1000000000",
        "1.2.٣",
        "latest",
        "production",
        "9" * 5000 + ".0.0",
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    assert not is_semver(text)
    with pytest.raises(Invalid):
        Semver.parse(text)
