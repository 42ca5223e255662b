"""People signing up and logging in: the records that go with their credentials."""

import unicodedata

from pydantic import SecretStr, ValidationError

from promptpilot import keys
from promptpilot.clock import now
from promptpilot.domain.base import Model
from promptpilot.domain.event import Event, EventType
from promptpilot.domain.identity import Member, SignUp, Tokens, User, Workspace
from promptpilot.domain.passwords import check_password
from promptpilot.domain.permissions import Role
from promptpilot.errors import (
    AlreadyExists,
    ChallengeRequired,
    ConditionFailed,
    CredentialsRejected,
    Invalid,
    NotFound,
    PasswordResetRequired,
)
from promptpilot.ports.identity import Identity
from promptpilot.ports.table import Create, Index, Item, Table
from promptpilot.services.outbox import outbox
from promptpilot.services.principals import personal_workspace

MAX_WORKSPACES = 100
"""How many workspaces of a user are listed."""


class Account(Model):
    """A user and their personal workspace."""

    user: User
    workspace: Workspace


class NewAccount(Account):
    """What a sign-up makes. `needs_confirmation` is true where a code was sent by mail, which has
    to be given back before the first log-in.
    """

    needs_confirmation: bool


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


def sign_up(draft: SignUp, *, identity: Identity, table: Table) -> NewAccount:
    """Make a user with a personal workspace. Raises `AlreadyExists`, `Invalid`, `SignUpClosed`,
    `Unavailable`, and `AccountUnconfirmed` where only the confirmation is left to do.

    Credentials come first, then the records in one transaction with the event. Should the process
    die in between, then signing up again with the same password, or logging in, makes the records:
    no email is ever blocked by half an account.
    """
    email = normal_email(draft.email)
    check_password(draft.password.get_secret_value(), email)
    try:
        new = identity.sign_up(email, draft.password.get_secret_value())
    except AlreadyExists:
        return _finish_sign_up(draft, email, identity, table)
    account = _record(_new_user(new.user, email, draft.name), table)
    return _new_account(account, needs_confirmation=new.needs_confirmation)


def _finish_sign_up(draft: SignUp, email: str, identity: Identity, table: Table) -> NewAccount:
    taken = AlreadyExists(kind="account", id=email)
    try:
        tokens = identity.log_in(email, draft.password.get_secret_value())
    except (CredentialsRejected, ChallengeRequired, PasswordResetRequired):
        raise taken from None
    user = identity.verify(tokens.access_token).user
    if table.get(keys.user(user)) is not None:
        raise taken
    account = _record(_new_user(user, email, draft.name), table)
    return _new_account(account, needs_confirmation=False)


def _new_account(account: Account, *, needs_confirmation: bool) -> NewAccount:
    return NewAccount(
        user=account.user, workspace=account.workspace, needs_confirmation=needs_confirmation
    )


def confirm(email: str, code: str, *, identity: Identity) -> None:
    """Confirm an account with the code of its sign-up. Raises `CodeRejected`, `Unavailable`."""
    identity.confirm(normal_email(email), code)


def resend_code(email: str, *, identity: Identity) -> None:
    """Send that code again, where there is an account that needs it. Raises `Unavailable`."""
    identity.resend_code(normal_email(email))


def log_in(email: str, password: SecretStr, *, identity: Identity, table: Table) -> Tokens:
    """Tokens for right credentials. Raises `CredentialsRejected`, `LogInIncomplete`,
    `Unavailable`.
    """
    tokens = identity.log_in(normal_email(email), password.get_secret_value())
    return _with_records(tokens, identity, table)


def answer_challenge(
    email: str,
    session: str,
    *,
    code: str | None = None,
    password: SecretStr | None = None,
    identity: Identity,
    table: Table,
) -> Tokens:
    """Tokens for the answer that a log-in asked for: a code, or a new password. Raises what
    `Identity.answer_challenge` raises.
    """
    email = normal_email(email)
    chosen = None if password is None else password.get_secret_value()
    if chosen is not None:
        check_password(chosen, email)
    tokens = identity.answer_challenge(email, session, code=code, password=chosen)
    return _with_records(tokens, identity, table)


def _with_records(tokens: Tokens, identity: Identity, table: Table) -> Tokens:
    """The same tokens; their user's records are there, though it may be an operator who made the
    account, or a sign-up that died. What the address is, the issuer says, not the client.
    """
    user = identity.verify(tokens.access_token).user
    if table.get(keys.user(user)) is None:
        email = normal_email(identity.email_of(tokens.access_token))
        _record(_new_user(user, email, email.partition("@")[0]), table)
    return tokens


def forgot_password(email: str, *, identity: Identity) -> None:
    """Send a code that allows a new password, where there is such an account. Raises
    `Unavailable`.
    """
    identity.forgot_password(normal_email(email))


def reset_password(email: str, code: str, password: SecretStr, *, identity: Identity) -> None:
    """Set a new password by that code. Raises `CodeRejected`, `Invalid`, `Unavailable`."""
    email, chosen = normal_email(email), password.get_secret_value()
    check_password(chosen, email)
    identity.reset_password(email, code, chosen)


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
