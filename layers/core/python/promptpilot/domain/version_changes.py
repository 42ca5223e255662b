"""Changes between two versions, and the number that they call for."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from promptpilot.domain.semver import Bump, Semver
from promptpilot.errors import AlreadyExists, Conflict, Invalid, VersionBumpTooSmall


class Change(NamedTuple):
    """One change between two versions, how far it raises the version, and a sentence about it."""

    bump: Bump
    reason: str


def largest_first(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes, those first that raise the version the most."""
    return tuple(sorted(changes, key=lambda change: -change.bump))


def raised_version(
    latest: str,
    changes: Sequence[Change],
    *,
    version: Semver | None = None,
    bump: Bump | None = None,
) -> Semver:
    """The version after `latest` with those changes, the largest of which is first: the one asked
    for, or the smallest legal.

    Raises `Conflict` where nothing changed, `VersionBumpTooSmall` where more was changed than the
    version or bump asked for says.
    """
    if not changes:
        raise Conflict(reason=f"Nothing changed since version {latest}.")
    base = Semver.parse(latest)
    required = changes[0].bump
    asked = bump if version is None else _size(base, version)
    if asked is not None and asked < required:
        raise VersionBumpTooSmall(
            required=required.word,
            minimum=str(base.bumped(required)),
            reasons=tuple(change.reason for change in changes if change.bump > asked),
        )
    return version or base.bumped(asked or required)


def _size(base: Semver, version: Semver) -> Bump:
    if version.major > base.major:
        return Bump.MAJOR
    return Bump.MINOR if version.minor > base.minor else Bump.PATCH


def free_version(asked: str | None, latest: str, exists: Callable[[str], bool]) -> Semver | None:
    """The version asked for, which must be greater than the latest. Raises `AlreadyExists`,
    `Invalid`.
    """
    if asked is None:
        return None
    version = Semver.parse(asked)
    if version > Semver.parse(latest):
        return version
    if exists(asked):
        raise AlreadyExists(kind="version", id=asked)
    raise Invalid(reason=f"A new version must be greater than the latest, {latest}.")


def only_one(version: str | None, bump: str | None) -> None:
    """Raise `Invalid` where both a version and a bump are named."""
    if version is not None and bump is not None:
        raise Invalid(reason="Name a version or a bump, not both.")
