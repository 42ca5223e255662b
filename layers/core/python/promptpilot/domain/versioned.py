"""What everything that has versions has in common: a head that may change."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.ids import WorkspaceId
from promptpilot.domain.semver import Version
from promptpilot.domain.version_choice import LATEST

MAX_LABELS = 100

_LABEL = r"^[a-z][a-z0-9_.-]{0,63}$"


def _not_reserved(label: str) -> str:
    if label == LATEST:
        raise ValueError(f"{LATEST!r} always is the newest version and cannot be moved")
    return label


Label = Annotated[str, StringConstraints(pattern=_LABEL), AfterValidator(_not_reserved)]
"""A movable pointer's name. It begins with a letter, so it never looks like a version."""


class Versioned(Model):
    """A head, as far as prompts and workflows share it. Its revision is that of its item.

    `latest` is None where there is no version yet.
    """

    id: str
    workspace: WorkspaceId
    name: str
    labels: Mapping[str, Version] = {}
    protected_labels: tuple[str, ...] = ()
    latest: Version | None
    created_at: Timestamp
    updated_at: Timestamp
