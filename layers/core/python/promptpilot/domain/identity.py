"""Users, workspaces and the tokens that prove who somebody is."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import EmailStr, Field, SecretStr, StringConstraints

from promptpilot.domain.base import Model, Timestamp
from promptpilot.domain.ids import UserId, WorkspaceId
from promptpilot.domain.permissions import Role

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class User(Model):
    """A person. Every user has a personal workspace of the same age."""

    id: UserId
    email: EmailStr
    name: Name
    personal_workspace: WorkspaceId
    created_at: Timestamp


class Workspace(Model):
    """What belongs together; everything else belongs to exactly one."""

    id: WorkspaceId
    name: Name
    created_at: Timestamp


class Member(Model):
    """A user's role in a workspace."""

    user: UserId
    workspace: WorkspaceId
    role: Role


class Tokens(Model):
    """What a login gives: a short-lived access token (`expires_in` seconds) and a refresh token
    that works once.
    """

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int


class Claims(Model):
    """What a verified access token says: whose it is and when it ends (seconds since 1970)."""

    user: UserId
    expires_at: int


NewPassword = Annotated[SecretStr, Field(min_length=10, max_length=256)]


class SignUp(Model):
    """What a new user sends."""

    email: EmailStr
    password: NewPassword
    name: Name


class Registration(Model):
    """New credentials: whose they are, and whether a code that was sent by mail has to be given
    back before they can log in.
    """

    user: UserId
    needs_confirmation: bool


class ChallengeKind(StrEnum):
    """What may be asked of somebody whose password was right."""

    TOTP = "totp"
    """The code that an authenticator app shows."""
    SMS = "sms"
    """The code that was sent to their telephone."""
    EMAIL = "email"
    """The code that was sent to their email address."""
    NEW_PASSWORD = "new_password"
    """A password of their own, in place of the temporary one that an operator gave."""
