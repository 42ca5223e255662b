"""How a version is meant: by its number, by a label, or by naming nothing."""

from collections.abc import Mapping

from promptpilot.errors import Invalid, NotFound

LATEST = "latest"
"""The reserved name that always means the newest version."""

PRODUCTION = "production"
"""The label that is meant where nothing is named."""


def default_version(labels: Mapping[str, str], latest: str) -> str:
    """The version that is meant where nothing is named: `production` if set, else the latest."""
    return labels.get(PRODUCTION, latest)


def pick_version(
    labels: Mapping[str, str], latest: str, *, version: str | None, label: str | None
) -> str:
    """The version meant by a version or a label, which may not be there.

    Raises `Invalid` for both at once, `NotFound` for an unknown label: never a silent fallback.
    """
    if version is not None and label is not None:
        raise Invalid(reason="Name a version or a label, not both.")
    if version is not None:
        return version
    if label is None:
        return default_version(labels, latest)
    if label == LATEST:
        return latest
    if label not in labels:
        raise NotFound(kind="label", id=label)
    return labels[label]
