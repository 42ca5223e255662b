"""Who acts, in which workspace, with which role."""

import re

from promptpilot import keys
from promptpilot.domain.identity import Member
from promptpilot.domain.principal import Principal
from promptpilot.errors import NotFound, Unauthenticated
from promptpilot.ports.table import Table

_WORKSPACE_ID = re.compile(r"ws_[0-9A-HJKMNP-TV-Z]{26}")


def personal_workspace(user: str) -> str:
    """The id of a user's personal workspace: it has the user's own ULID, so none has to be read."""
    return f"ws_{user.partition('_')[2]}"


def principal_of(user: str, workspace: str | None, *, table: Table) -> Principal:
    """The user as a principal of a workspace, of their personal one where none is named.

    The membership is read each time, so that a role that was taken away is gone at once. Raises
    `NotFound` for a workspace that the user is no member of, `Unauthenticated` for a user who is
    not there (any more).
    """
    named = personal_workspace(user) if workspace is None else workspace
    item = table.get(keys.member(named, user)) if _WORKSPACE_ID.fullmatch(named) else None
    if item is None:
        if workspace is None:
            raise Unauthenticated(reason="The account of this token is not there.")
        raise NotFound(kind="workspace", id=workspace)
    member = Member.model_validate_json(item.body)
    return Principal(user=user, workspace=named, role=member.role)
