"""Versions "MAJOR.MINOR.PATCH": reading, comparing and raising them. There are no pre-releases."""

import re
from enum import IntEnum
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, StringConstraints

from promptpilot.errors import Invalid

LARGEST = 999_999_999
"""The largest of each of the three numbers: nine digits, to which sort keys are padded."""

_DIGITS = len(str(LARGEST))
_NUMBER = r"(0|[1-9]\d*)"
_SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}", re.ASCII)


BumpWord = Literal["major", "minor", "patch"]
"""A bump as the API writes it."""


class Bump(IntEnum):
    """How far a version is raised; a larger one is a larger promise broken."""

    PATCH = 1
    MINOR = 2
    MAJOR = 3

    @property
    def word(self) -> str:
        """As the API writes it: major, minor or patch."""
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> "Bump":
        """The bump of that word."""
        return cls[word.upper()]


class Semver(NamedTuple):
    """One version. Tuples compare number by number, which is the order of versions."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> "Semver":
        """Read "1.2.3". Raises `Invalid` for anything else, also for numbers over `LARGEST`."""
        match = _SEMVER.fullmatch(text) if len(text) <= 3 * _DIGITS + 2 else None
        if match is None:
            raise Invalid(reason=f"{text[:40]!r} is not a version of the form MAJOR.MINOR.PATCH.")
        version = cls(*map(int, match.groups()))
        if max(version) > LARGEST:
            raise Invalid(reason=f"The numbers of a version go up to {LARGEST}.")
        return version

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def bumped(self, bump: Bump) -> "Semver":
        """The next version of that size. Raises `Invalid` where a number would pass `LARGEST`."""
        next_versions = {
            Bump.MAJOR: Semver(self.major + 1, 0, 0),
            Bump.MINOR: Semver(self.major, self.minor + 1, 0),
            Bump.PATCH: Semver(self.major, self.minor, self.patch + 1),
        }
        version = next_versions[bump]
        if max(version) > LARGEST:
            raise Invalid(reason=f"The numbers of a version go up to {LARGEST}.")
        return version

    @property
    def padded(self) -> str:
        """A form whose alphabetical order is the order of versions, for sort keys."""
        return ".".join(str(number).zfill(_DIGITS) for number in self)


def is_semver(text: str) -> bool:
    """Whether the text is a version."""
    try:
        Semver.parse(text)
    except Invalid:
        return False
    return True


def _checked(text: str) -> str:
    if not is_semver(text):
        raise ValueError(
            f"not a version of the form MAJOR.MINOR.PATCH, each number at most {LARGEST}"
        )
    return text


Version = Annotated[
    str,
    StringConstraints(pattern=r"^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$"),
    AfterValidator(_checked),
]
"""A version as documents write it: "1.2.0"."""
