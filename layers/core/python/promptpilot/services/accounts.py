"""People signing up and logging in: the records that go with their credentials."""

import unicodedata

from pydantic import SecretStr, ValidationError

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.base import Model
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.identity import Member, SignUp, Tokens, User, Workspace
from promptpilot.domain.ids import new_id
from promptpilot.domain.permissions import Role
from promptpilot.errors import (
    AlreadyExists,
    ConditionFailed,
    CredentialsRejected,
    Invalid,
    NotFound,
)
from promptpilot.ports import Create, Identity, Index, Item, Table
from promptpilot.services.outbox import outbox
from promptpilot.services.principals import personal_workspace

MAX_WORKSPACES = 100
"""How many workspaces of a user are listed."""


class Account(Model):
    """A user and their personal workspace."""

    user: User
    workspace: Workspace


class Membership(Model):
    """A workspace of a user, and their role in it."""

    workspace: Workspace
    role: Role


class Profile(Model):
    """A user and every workspace they are in."""

    user: User
    workspaces: tuple[Membership, ...]


def normal_email(email: str) -> str:
    """The one spelling of an email address that it is kept and looked up by: lower case, composed.

    Two mailboxes that differ in case only are one to every provider that matters, and two accounts
    for them would be a trap.
    """
    return unicodedata.normalize("NFC", email.strip()).casefold()


def sign_up(draft: SignUp, *, identity: Identity, table: Table) -> Account:
    """Make a user with a personal workspace. Raises `AlreadyExists`, `Invalid`, `Unavailable`.

    Credentials come first, then the records in one transaction with the event. Should the process
    die in between, then signing up again with the same password, or logging in, makes the records:
    no email is ever blocked by half an account.
    """
    email = normal_email(draft.email)
    user = _new_user(new_id("user"), email, draft.name)
    password = draft.password.get_secret_value()
    try:
        identity.sign_up(user.id, email, password)
    except AlreadyExists:
        return _finish_sign_up(draft, email, password, identity, table)
    return _record(user, table)


def _finish_sign_up(
    draft: SignUp, email: str, password: str, identity: Identity, table: Table
) -> Account:
    taken = AlreadyExists(kind="account", id=email)
    try:
        tokens = identity.log_in(email, password)
    except CredentialsRejected:
        raise taken from None
    user = identity.verify(tokens.access_token).user
    if table.get(keys.user(user)) is not None:
        raise taken
    return _record(_new_user(user, email, draft.name), table)


def log_in(email: str, password: SecretStr, *, identity: Identity, table: Table) -> Tokens:
    """Tokens for right credentials. Raises `CredentialsRejected`, `Unavailable`."""
    email = normal_email(email)
    tokens = identity.log_in(email, password.get_secret_value())
    user = identity.verify(tokens.access_token).user
    if table.get(keys.user(user)) is None:
        _record(_new_user(user, email, email.partition("@")[0]), table)
    return tokens


def profile(user: str, *, table: Table) -> Profile:
    """The user and the workspaces they are in. Raises `NotFound`."""
    item = table.get(keys.user(user))
    if item is None:
        raise NotFound(kind="user", id=user)
    partition = keys.user_workspaces(user).partition
    page = table.query(partition, index=Index.GSI1, limit=MAX_WORKSPACES)
    members = [Member.model_validate_json(each.body) for each in page.items]
    workspaces = table.get_many([keys.workspace(member.workspace) for member in members])
    return Profile(
        user=User.model_validate_json(item.body),
        workspaces=tuple(
            Membership(workspace=Workspace.model_validate_json(each.body), role=member.role)
            for member, each in zip(members, workspaces, strict=True)
            if each is not None
        ),
    )


def _new_user(id: str, email: str, name: str) -> User:
    try:
        return User(
            id=id,
            email=email,
            name=name,
            personal_workspace=personal_workspace(id),
            created_at=now(),
        )
    except ValidationError as error:
        # Some letters become several in lower case, which makes an address too long.
        raise Invalid(reason="This email address cannot be used.") from error


def _record(user: User, table: Table) -> Account:
    workspace = Workspace(
        id=user.personal_workspace,
        name=f"{user.name}'s workspace"[:200],
        created_at=user.created_at,
    )
    member = Member(user=user.id, workspace=workspace.id, role=Role.OWNER)
    event = Event.of(
        EventType.USER_SIGNED_UP, workspace=workspace.id, actor=user.id, subject=user.id
    )
    items = [
        Item(key=keys.user(user.id), kind="user", body=user.model_dump_json()),
        Item(key=keys.workspace(workspace.id), kind="workspace", body=workspace.model_dump_json()),
        Item(
            key=keys.member(workspace.id, user.id),
            kind="member",
            body=member.model_dump_json(),
            gsi1=keys.user_workspaces(user.id, workspace.id),
        ),
    ]
    try:
        table.write([*map(Create, items), outbox(event)])
    except ConditionFailed:
        # A log-in that ran at the same moment has made the records already.
        return _recorded(user.id, table)
    return Account(user=user, workspace=workspace)


def _recorded(user: str, table: Table) -> Account:
    user_item, workspace_item = table.get_many(
        [keys.user(user), keys.workspace(personal_workspace(user))]
    )
    assert user_item is not None
    assert workspace_item is not None
    return Account(
        user=User.model_validate_json(user_item.body),
        workspace=Workspace.model_validate_json(workspace_item.body),
    )
