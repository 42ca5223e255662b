"""On whose behalf a request acts."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Header

from functions.api import requests
from promptpilot.domain.principal import Principal
from promptpilot.errors import Unauthenticated
from promptpilot.platform import current
from promptpilot.services.principals import principal_of


def signed_in(request: Request) -> str:
    """The id of the user whom the authorizer vouches for. Raises `Unauthenticated`."""
    user = requests.user(request)
    if not user:
        raise Unauthenticated
    return user


User = Annotated[str, Depends(signed_in)]
"""A route's argument: the signed-in user's id, where no workspace matters."""

WorkspaceHeader = Annotated[
    str | None,
    Header(
        alias="X-Workspace-Id",
        description="The workspace to act in; without it your personal one.",
    ),
]


def caller(user: User, workspace: WorkspaceHeader = None) -> Principal:
    """The signed-in user in the workspace they name, with their role there as of now."""
    return principal_of(user, workspace, table=current().table)


Caller = Annotated[Principal, Depends(caller)]
"""A route's argument: the principal. A route that has none is public."""
