"""Who one is."""

from functions.api.documentation import answers
from functions.api.principal import User
from functions.api.router import Routes
from functions.api.routes import examples
from promptpilot.errors import NotFound
from promptpilot.platform import current
from promptpilot.services import accounts
from promptpilot.services.accounts import Profile

router = Routes()


@router.get(
    "/me",
    summary="Read who you are",
    description="The signed-in user, and every workspace they are in with their role there.",
    operation_id="read_me",
    tags=["me"],
    responses=answers(
        200,
        "You, and your workspaces.",
        examples.PROFILE,
        refusals=[NotFound(kind="user", id=examples.USER_ID)],
    ),
)
def read_me(user: User) -> Profile:
    """The signed-in user."""
    return accounts.profile(user, table=current().table)
